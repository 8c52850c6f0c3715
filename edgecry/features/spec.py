"""FeatureSpec: every parameter of the extractor, frozen, checked, and carried inside the model file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, cast

from edgecry.errors import SpecError
from edgecry.features.digest import sha256
from edgecry.features.families import SEED_FAMILIES, TABLE
from edgecry.features.once import once
from edgecry.features.spec_checks import StatsByFamily, checked

#: Parameters that came after the first release.
_LATER: Final = (
    *("htk", "mel_norm", "mel_unit", "dct_type", "dct_norm", "lifter", "chroma_power", "tonnetz_of"),
    *("roll_percent", "poly_order"),
)


@dataclass(frozen=True)
class FeatureSpec:
    """The recipe of a feature vector. ``FeatureSpec()`` is that of the public model: 194 values.

    The families share two geometries: `mel`, `mfcc`, `onset`, `voice` and `logmel` use ``n_fft``,
    ``hop_length`` and ``win_length``; `chroma`, `contrast`, `centroid`, `bandwidth`, `rolloff`, `flatness`,
    `poly`, `rms` and `zcr` use the ``stft_`` ones (librosa.stft's defaults). `tonnetz`, `chroma_cqt` and
    `chroma_cens` follow the functions of librosa of these names, whose settings are fixed. Each parameter
    is checked on its own, and against the others where a family that is asked for depends on it.

    Parameters
    ----------
    sr : int in [1000, 192000]
        Sampling rate at which the features are computed, in Hz.
    families : sequence of str
        Which of "mfcc", "chroma", "mel", "contrast", "tonnetz", "voice", "logmel", "chroma_cqt",
        "chroma_cens", "centroid", "bandwidth", "rolloff", "flatness", "poly", "rms", "zcr" (zero
        crossing rate), "onset" (strength), in the order of the vector. "logmel" gives every frame of a
        window for a network to read, so it needs ``length`` and ``center=False``.
    stats : sequence of str, or mapping of family to sequence of str
        Statistics of the frames of each family: "mean", "std", "var", "min", "max", "skew", "kurtosis" or
        a percentile such as "p50". "delta_mean" and so on are the same statistics of the frames' slope
        (librosa.feature.delta), "delta2_mean" of their curvature (order=2), and "all_mean" is one number
        of all values of the family together. Families that a mapping leaves out get ("mean",). "logmel"
        has no statistics, and states ("frames",). dataclasses.replace with other ``families`` keeps the
        statistics of those that stay.
    n_mfcc : int in [1, n_mels]
        Cepstral coefficients.
    n_fft, hop_length, win_length : int
        Transform size (even), frame step and Hann window of mel, mfcc, onset, voice and logmel, in samples;
        the window is at most the transform.
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
    htk : bool
        Whether mel bands are spaced by the formula of HTK, not by Slaney's.
    mel_norm : {"slaney", "none"}
        Mel filters have unit area, or height 1.
    mel_unit : {"power", "db", "db_of_max"}
        What mel gives: power, ``power_to_db`` of it, or dB of the maximum (``ref=np.max``). In dB no value
        lies more than 80 dB under the maximum. mfcc and onset are always made of dB.
    dct_type : {1, 2, 3}
        The cosine transform of mfcc.
    dct_norm : {"ortho", "none"}
        Its norm.
    lifter : float, 0 or more
        Weight of higher cepstra; 0 leaves them as they are.
    chroma_power : {1, 2}
        What chroma is made of: magnitude (``S=np.abs(stft)``), or power, as ``chroma_stft(y=y)`` makes it.
    tonnetz_of : {"clip", "harmonic"}
        Of what tonnetz is taken: the clip, or its harmonic part (librosa.effects.harmonic).
    roll_percent : float in (0, 1]
        Part of the magnitude that lies below the rolloff.
    poly_order : int in [0, 8]
        Highest power of poly, which has ``poly_order + 1`` values.

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
    htk: bool = False
    mel_norm: str = "slaney"
    mel_unit: str = "power"
    dct_type: int = 2
    dct_norm: str = "ortho"
    lifter: float = 0.0
    chroma_power: int = 1
    tonnetz_of: str = "clip"
    roll_percent: float = 0.85
    poly_order: int = 1

    def __post_init__(self) -> None:
        for name, value in checked({f.name: getattr(self, f.name) for f in fields(self)}).items():
            object.__setattr__(self, name, value)
        for family in self.families:
            for check in TABLE[family].checks:
                check(self)

    # -- what the vector looks like ------------------------------------------------------------

    def width(self, family: str) -> int:
        """Return the number of values in a frame of ``family``."""
        return TABLE[family].width(self)

    @property
    def stats_by_family(self) -> StatsByFamily:
        """Statistics of each family, both in the order of the vector."""
        return cast(StatsByFamily, self.stats)

    @once
    def n_samples(self) -> int:
        """Number of samples in a clip of ``length``; 0 if that is None."""
        return 0 if self.length is None else max(1, round(self.length * self.sr))

    @once
    def n_frames(self) -> int:
        """Number of frames in the vector; 0 if no family gives its frames, as logmel does."""
        if not any(TABLE[family].gives_frames for family in self.families):
            return 0
        return 1 + (self.n_samples - self.n_fft) // self.hop_length

    @once
    def n_features(self) -> int:
        """Length of the vector."""
        return sum(self._size(family, stats) for family, stats in self.stats_by_family)

    @property
    def slices(self) -> dict[str, slice]:
        """Where each family lies in the vector."""
        out, start = {}, 0
        for family, stats in self.stats_by_family:
            stop = start + self._size(family, stats)
            out[family] = slice(start, stop)
            start = stop
        return out

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each value: ``mfcc_0`` for a mean, ``mfcc_0_std`` and so on for the others.

        A value of logmel is named after its band and its frame: ``logmel_7_t120``. One of a whole family
        has no number: ``chroma_all_mean``.
        """
        names: list[str] = []
        for family, stats in self.stats_by_family:
            for stat in self._row_names(family, stats):
                if stat.startswith("all_"):
                    names.append(f"{family}_{stat}")
                    continue
                ending = "" if stat == "mean" else f"_{stat}"
                names += [f"{family}_{i}{ending}" for i in range(self.width(family))]
        return tuple(names)

    def _size(self, family: str, stats: Sequence[str]) -> int:
        """Return how many values of the vector are of ``family``."""
        if TABLE[family].gives_frames:
            return self.width(family) * self.n_frames
        return sum(1 if stat.startswith("all_") else self.width(family) for stat in stats)

    def _row_names(self, family: str, stats: Sequence[str]) -> Sequence[str]:
        return [f"t{t}" for t in range(self.n_frames)] if TABLE[family].gives_frames else stats

    # -- in and out ----------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain types for JSON.

        Parameters that came after the first release are left out where they have their defaults. So the
        specs of older models keep their texts and hashes.
        """
        out = asdict(self)
        for field in fields(self):
            if field.name in _LATER and out[field.name] == field.default:
                del out[field.name]
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
