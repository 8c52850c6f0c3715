"""FeatureSpec: every parameter of the extractor, frozen, checked, and carried inside the model file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, cast

from edgecry.errors import SpecError
from edgecry.features.digest import sha256

#: Families of the public model. All of them are librosa's.
SEED_FAMILIES = ("mfcc", "chroma", "mel", "contrast", "tonnetz")
FAMILIES = (*SEED_FAMILIES, "voice", "logmel")
PADDINGS = ("none", "zero", "repeat")
CROPS = ("start", "center")
LEVELS = ("keep", "remove")

#: Statistics of the frames of a family. ``delta_<name>`` is the same statistic of their slope.
STATISTICS = ("mean", "std", "min", "max", "skew", "p<0-100>")
_STATISTIC = re.compile(r"(delta_)?(mean|std|min|max|skew|p(100|[1-9]?[0-9]))")

#: In place of statistics, of the one family whose frames are given as they are.
FRAMES = ("frames",)

#: The form to which every accepted ``stats`` is brought: a pair for each family, in the families' order.
StatsByFamily = tuple[tuple[str, tuple[str, ...]], ...]

#: Lowest rate at which the highest wavelet of tonnetz (seven octaves over C1, tuned half a bin up, and half
#: its bandwidth more) stays below Nyquist. librosa.vqt refuses lower rates.
TONNETZ_MIN_SR = 8413

#: Least and greatest value of every whole number.
_INTEGERS = {
    "sr": (1000, 192_000),
    "n_mels": (1, 512),
    "n_mfcc": (1, 512),
    "n_fft": (16, 65_536),
    "hop_length": (1, 65_536),
    "win_length": (2, 65_536),
    "stft_n_fft": (16, 65_536),
    "stft_hop_length": (1, 65_536),
    "stft_win_length": (2, 65_536),
    "n_bands": (1, 12),
}
#: Sizes that must be even: librosa gives an odd transform the frequencies of the even one below it.
_EVEN = ("n_fft", "stft_n_fft")
_REALS = ("mel_fmin", "mel_fmax", "voice_fmin", "voice_fmax", "floor_db", "fmin", "length")
_OPTIONAL = ("stft_win_length", "mel_fmax", "length")


@dataclass(frozen=True)
class FeatureSpec:
    """The recipe of a feature vector. ``FeatureSpec()`` is that of the public model: 194 values.

    The families share two geometries: `mel`, `mfcc`, `voice` and `logmel` use ``n_fft``,
    ``hop_length`` and ``win_length``; `chroma` and `contrast` use the ``stft_`` ones (librosa.stft's
    defaults). `tonnetz` follows librosa.feature.tonnetz, whose settings are fixed. Each parameter is
    checked on its own, and against the others where a family that is asked for depends on it.

    Parameters
    ----------
    sr : int in [1000, 192000]
        Sampling rate at which the features are computed, in Hz.
    families : sequence of str
        Which of "mfcc", "chroma", "mel", "contrast", "tonnetz", "voice", "logmel", in the order of the
        vector. "logmel" gives every frame of a window for a network to read, so it needs ``length`` and
        ``center=False``.
    stats : sequence of str, or mapping of family to sequence of str
        Statistics of the frames of each family: "mean", "std", "min", "max", "skew" or a percentile such
        as "p50". "delta_mean", "delta_std" and so on are the same statistics of the frames' slope.
        Families that a mapping leaves out get ("mean",). "logmel" has no statistics, and states
        ("frames",). dataclasses.replace with other
        ``families`` keeps the statistics of those that stay.
    n_mfcc : int in [1, n_mels]
        Cepstral coefficients.
    n_fft, hop_length, win_length : int
        Transform size (even), frame step and Hann window of mel, mfcc, voice and logmel, in samples; the
        window is at most the transform.
    n_mels : int in [1, 512]
        Mel bands.
    mel_fmin, mel_fmax : float
        Range of the mel bands, and of the harmonics of voice, in Hz. ``mel_fmax=None`` is ``sr / 2``.
    voice_fmin, voice_fmax : float
        Range of the pitch of voice in Hz.
    center : bool
        Whether frames of mel, mfcc and voice are centred, with zeros beyond the ends, or lie wholly inside
        the clip. Only those inside are the same in every window of a stream that holds them.
    level : {"keep", "remove"}
        "remove" divides the power of mel and mfcc by its mean over the clip, so that the microphone's
        gain is not seen; the other families hardly see it anyway, and logmel never does.
    floor_db : float in (0, 200]
        How far under the mean power of the window the values of logmel begin, in dB.
    stft_n_fft, stft_hop_length, stft_win_length : int
        The same for chroma and contrast; ``stft_win_length=None`` is ``stft_n_fft``.
    n_bands : int in [1, 12]
        Octave bands of the contrast, which has ``n_bands + 1`` values.
    fmin : float over 0
        Upper edge of the lowest contrast band in Hz.
    length : float in (0, 3600], or None
        Seconds to which a clip is brought, at least one sample. None takes it as it is.
    padding : {"none", "zero", "repeat"}
        A clip shorter than ``length`` is left short, followed by zeros, or repeated.
    crop : {"start", "center"}
        The part of a clip longer than ``length`` that is kept.

    Raises
    ------
    SpecError
        A parameter has the wrong type or is out of range, or two of them contradict each other.
    """

    sr: int = 16000
    families: Sequence[str] = SEED_FAMILIES
    stats: Sequence[str] | Mapping[str, Sequence[str]] | StatsByFamily = ("mean",)
    n_mfcc: int = 40
    n_fft: int = 1024
    hop_length: int = 160
    win_length: int = 400
    n_mels: int = 128
    mel_fmin: float = 0.0
    mel_fmax: float | None = None
    voice_fmin: float = 220.0
    voice_fmax: float = 700.0
    center: bool = True
    level: str = "keep"
    floor_db: float = 45.0
    stft_n_fft: int = 2048
    stft_hop_length: int = 512
    stft_win_length: int | None = None
    n_bands: int = 7
    fmin: float = 100.0
    length: float | None = None
    padding: str = "zero"
    crop: str = "start"

    def __post_init__(self) -> None:
        self._check_families()
        self._normalise_stats()
        self._check_integers()
        self._check_reals()
        self._check_policies()
        if self._uses("mel", "mfcc", "voice", "logmel"):
            self._check_mel()
        if self._uses("logmel"):
            self._check_logmel()
        if self._uses("voice"):
            self._check_voice()
        if self._uses("chroma", "contrast"):
            self._check_window("stft_win_length", "stft_n_fft")
        if self._uses("contrast"):
            self._check_contrast()
        if self._uses("tonnetz"):
            self._check_tonnetz()

    # -- what the vector looks like ------------------------------------------------------------

    def width(self, family: str) -> int:
        """Return the number of values in a frame of ``family``."""
        return {
            "mfcc": self.n_mfcc,
            "chroma": 12,
            "mel": self.n_mels,
            "contrast": self.n_bands + 1,
            "tonnetz": 6,
            "voice": 1,
            "logmel": self.n_mels,
        }[family]

    @property
    def stats_by_family(self) -> StatsByFamily:
        """Statistics of each family, both in the order of the vector."""
        return cast(StatsByFamily, self.stats)

    @property
    def n_frames(self) -> int:
        """Number of frames of logmel; 0 without that family."""
        if not self._uses("logmel"):
            return 0
        return 1 + (self._samples - self.n_fft) // self.hop_length

    @property
    def n_features(self) -> int:
        """Length of the vector."""
        return sum(self.width(f) * self._rows(f, names) for f, names in self.stats_by_family)

    @property
    def slices(self) -> dict[str, slice]:
        """Where each family lies in the vector."""
        out, start = {}, 0
        for family, names in self.stats_by_family:
            stop = start + self.width(family) * self._rows(family, names)
            out[family] = slice(start, stop)
            start = stop
        return out

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each value: ``mfcc_0`` for a mean, ``mfcc_0_std`` and so on for the others.

        A value of logmel is named after its band and its frame: ``logmel_7_t120``.
        """
        return tuple(
            f"{family}_{i}" if stat == "mean" else f"{family}_{i}_{stat}"
            for family, stats in self.stats_by_family
            for stat in self._row_names(family, stats)
            for i in range(self.width(family))
        )

    def _rows(self, family: str, stats: Sequence[str]) -> int:
        """Return how many times the vector holds the width of ``family``."""
        return self.n_frames if family == "logmel" else len(stats)

    def _row_names(self, family: str, stats: Sequence[str]) -> Sequence[str]:
        return [f"t{t}" for t in range(self.n_frames)] if family == "logmel" else stats

    @property
    def _samples(self) -> int:
        """Number of samples in a clip of ``length``; 0 if that is None."""
        return 0 if self.length is None else max(1, round(self.length * self.sr))

    # -- in and out ----------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain types for JSON."""
        out = asdict(self)
        out["families"] = list(self.families)
        out["stats"] = {family: list(names) for family, names in self.stats_by_family}
        return out

    def to_json(self) -> str:
        """Return canonical JSON: sorted keys, no spaces. Equal specs give equal text."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex. It is the same on all machines and Python versions."""
        return sha256(self.to_json().encode())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FeatureSpec:
        """Build a spec from plain types. A key that is left out takes its default.

        Raises
        ------
        SpecError
            A key is unknown, or a value is refused.
        """
        known = [f.name for f in fields(cls)]
        for key in values:
            if key not in known:
                raise SpecError(f"feature spec: unknown key {key!r}; the keys are {', '.join(known)}")
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> FeatureSpec:
        """Read what :meth:`to_json` wrote, or a hand-written part of it.

        Raises
        ------
        SpecError
            The text is not a JSON object, or a value is refused.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError(f'feature spec: not JSON ({error}); write an object, {{"sr": 22050}}') from error
        if not isinstance(values, dict):
            raise SpecError(f"feature spec: found a JSON {type(values).__name__}, expected an object")
        return cls.from_dict(values)

    # -- checks ----------------------------------------------------------------------------------

    def _check_families(self) -> None:
        families = _strings("families", self.families)
        for family in families:
            if family not in FAMILIES:
                raise SpecError(f"families: {family!r} is unknown; allowed are {', '.join(FAMILIES)}")
        if not families:
            raise SpecError(f"families: empty; name at least one of {', '.join(FAMILIES)}")
        if len(set(families)) < len(families):
            raise SpecError(f"families: {', '.join(families)} names one twice; name each once")
        object.__setattr__(self, "families", families)

    def _normalise_stats(self) -> None:
        given: Any = self._kept_stats() if _is_pairs(self.stats) else self.stats
        if not isinstance(given, Mapping):
            given = {family: given for family in self.families if family != "logmel"}
        for family in given:
            if family not in self.families:
                raise SpecError(f"stats: {family!r} is not among families ({', '.join(self.families)})")
        checked = tuple((f, _statistics(f, given.get(f, _default(f)))) for f in self.families)
        object.__setattr__(self, "stats", checked)

    def _kept_stats(self) -> dict[str, tuple[str, ...]]:
        """Return the statistics of a spec to which dataclasses.replace may have given other families."""
        pairs = self.stats_by_family
        if len({family for family, _ in pairs}) < len(pairs):
            raise SpecError(f"stats: {pairs!r} names a family twice; name each once")
        dropped = set(FAMILIES) - set(self.families)
        return {family: names for family, names in pairs if family not in dropped}

    def _check_integers(self) -> None:
        for name, (low, high) in _INTEGERS.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise SpecError(f"{name}: {value!r} is not a whole number; allowed are {low} to {high}")
            if not low <= int(value) <= high:
                raise SpecError(f"{name}: {value} is out of range; allowed are {low} to {high}")
            if name in _EVEN and int(value) % 2:
                raise SpecError(f"{name}: {value} is odd; allowed are even sizes, {low} to {high}")
            object.__setattr__(self, name, int(value))

    def _check_reals(self) -> None:
        for name in _REALS:
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
                raise SpecError(f"{name}: {value!r} is not a finite number")
            # Adding zero turns -0.0 into 0.0: equal specs must have equal hashes.
            object.__setattr__(self, name, float(value) + 0.0)
        if self.fmin <= 0:
            raise SpecError(f"fmin: {self.fmin} Hz is out of range; allowed are frequencies over 0 Hz")

    def _check_policies(self) -> None:
        if self.length is not None and not (0 < self.length <= 3600 and round(self.length * self.sr) >= 1):
            raise SpecError(
                f"length: {self.length} s is out of range; "
                f"allowed are a sample (1 / {self.sr} s) to 3600 s, or None"
            )
        if not isinstance(self.center, bool):
            raise SpecError(f"center: {self.center!r} is not true or false")
        for name, allowed in (("padding", PADDINGS), ("crop", CROPS), ("level", LEVELS)):
            choice = getattr(self, name)
            if choice not in allowed:
                raise SpecError(f"{name}: {choice!r} is unknown; allowed are {', '.join(allowed)}")

    def _uses(self, *families: str) -> bool:
        return any(family in self.families for family in families)

    def _check_window(self, window: str, transform: str) -> None:
        size, n_fft = getattr(self, window), getattr(self, transform)
        if size is not None and size > n_fft:
            raise SpecError(f"{window}: {size} is longer than {transform} = {n_fft}; make it at most that")

    def _check_mel(self) -> None:
        self._check_window("win_length", "n_fft")
        nyquist = self.sr / 2
        top = nyquist if self.mel_fmax is None else self.mel_fmax
        if not 0 <= self.mel_fmin < top <= nyquist:
            raise SpecError(
                f"mel_fmin, mel_fmax: {self.mel_fmin} to {top} Hz; "
                f"need 0 <= mel_fmin < mel_fmax <= sr / 2 = {nyquist} Hz"
            )
        if self._uses("mfcc") and self.n_mfcc > self.n_mels:
            raise SpecError(f"n_mfcc: {self.n_mfcc} exceeds n_mels = {self.n_mels}; make it at most that")

    def _check_logmel(self) -> None:
        if not 0 < self.floor_db <= 200:
            raise SpecError(f"floor_db: {self.floor_db} dB is out of range; allowed are over 0 to 200 dB")
        if self.center or self._samples < self.n_fft:
            raise SpecError(
                f"families: logmel with center={self.center} and length={self.length}; it needs "
                f"center=False and a length of n_fft = {self.n_fft} samples or more, so that every window "
                "has as many frames"
            )

    def _check_voice(self) -> None:
        # The longest lag must lie within half the transform, beyond which the autocorrelation repeats.
        lowest, highest = 2 * self.sr / self.n_fft, self.sr / 2
        if not lowest <= self.voice_fmin < self.voice_fmax <= highest:
            raise SpecError(
                f"voice_fmin, voice_fmax: {self.voice_fmin:g} to {self.voice_fmax:g} Hz; need "
                f"2 * sr / n_fft = {lowest:g} <= voice_fmin < voice_fmax <= sr / 2 = {highest:g} Hz"
            )

    def _check_contrast(self) -> None:
        # Every band but the last ends below Nyquist, and holds at least two bins to compare.
        nyquist = self.sr / 2
        lowest_of_last = self.fmin * 2.0 ** (self.n_bands - 1)
        if lowest_of_last >= nyquist:
            raise SpecError(
                f"fmin, n_bands: band {self.n_bands} of the contrast would begin at {lowest_of_last:g} Hz, "
                f"at or above sr / 2 = {nyquist:g} Hz; reduce fmin or n_bands"
            )
        if self.fmin * self.stft_n_fft / self.sr < 2:
            raise SpecError(
                f"fmin: the lowest contrast band, up to {self.fmin:g} Hz, holds under two bins of "
                f"{self.sr / self.stft_n_fft:g} Hz; raise fmin or stft_n_fft"
            )

    def _check_tonnetz(self) -> None:
        if self.sr < TONNETZ_MIN_SR:
            raise SpecError(
                f"sr: {self.sr} Hz is too low for tonnetz, whose highest note needs {TONNETZ_MIN_SR} Hz; "
                "raise sr or leave tonnetz out of families"
            )


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of float
        return False


def _strings(name: str, value: object) -> tuple[str, ...]:
    # A set is refused because the vector's order would change from run to run.
    if isinstance(value, str | Set | Mapping) or not isinstance(value, Iterable):
        raise SpecError(f'{name}: {value!r} is not a sequence of names, such as ("mfcc", "mel")')
    items = tuple(value)
    for item in items:
        if not isinstance(item, str):
            raise SpecError(f"{name}: {item!r} is not a name")
    return items


def _is_pairs(value: object) -> bool:
    """Tell the normalised form, which dataclasses.replace hands back, from a plain list of names."""
    return (
        isinstance(value, tuple)
        and value != ()
        and all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value)
    )


def _default(family: str) -> tuple[str, ...]:
    return FRAMES if family == "logmel" else ("mean",)


def _statistics(family: str, value: object) -> tuple[str, ...]:
    if family == "logmel":
        if _strings("stats of logmel", value) != FRAMES:
            raise SpecError(
                f"stats of logmel: found {value!r}; its frames are given as they are: leave them out"
            )
        return FRAMES
    names = _strings(f"stats of {family}", value)
    for name in names:
        if not _STATISTIC.fullmatch(name):
            raise SpecError(
                f"stats of {family}: {name!r} is unknown; allowed are {', '.join(STATISTICS)}, "
                "and each with delta_ in front"
            )
    if not names:
        raise SpecError(f"stats of {family}: empty; name at least one, or leave {family} out of families")
    if len(set(names)) < len(names):
        raise SpecError(f"stats of {family}: {', '.join(names)} names one twice; name each once")
    return names
