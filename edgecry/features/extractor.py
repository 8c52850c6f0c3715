"""FeatureExtractor: turns samples into the vector that a model reads. Families share their transforms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.errors import AudioError, SpecError
from edgecry.features.chroma import N_CHROMA, chroma_frames, normalise
from edgecry.features.contrast import contrast_bands, contrast_frames
from edgecry.features.cqt import BINS_PER_OCTAVE, chroma_cqt
from edgecry.features.frames import ShortFrames, short_frames
from edgecry.features.kernels import Band, Kernels, load
from edgecry.features.logmel import logmel_frames
from edgecry.features.mel import power_to_db, without_level
from edgecry.features.mfcc import dct_matrix
from edgecry.features.once import once
from edgecry.features.spec import FeatureSpec
from edgecry.features.spec_checks import FRAMES
from edgecry.features.stft import Geometry, Magnitudes
from edgecry.features.summary import summarise
from edgecry.features.tonnetz import tonnetz_matrix
from edgecry.features.tuning import join, octaves_of_peaks, track_bins, tuning_of_octaves

#: Bytes of the block that is freed once: glibc then keeps twice as much, far more than a clip takes.
_KEPT = 16 * 2**20
#: The geometry of librosa.estimate_tuning(y), which librosa.feature.tonnetz calls.
TUNING_GEOMETRY = Geometry(2048, 512, 2048)
#: Families that are made of ShortFrames alone.
_SHORT = {"mel", "mfcc", "voice", "logmel"}
_NO_SAMPLES = np.empty(0, np.float32)


class FeatureExtractor:
    """Computes the vector that a spec describes, equal to librosa 0.11 within stated tolerances.

    Against librosa over real recordings (``tests/parity``): mfcc 2e-4, chroma 3e-6, contrast
    1e-5 dB and tonnetz 1e-6 absolute, mel 2e-6 relative, and the same tuning. (`voice` is our own.)

    Parameters
    ----------
    spec : FeatureSpec
    engine : {"numpy", "numba"}
        The engine of the hot loops. numba takes 0.5 s to load if ``edgecry warmup`` has compiled its
        kernels, and many seconds if not. It pays in a process that lives long.

    only : collection of str, optional
        Families to compute; all if left out. The values of the others are 0.

    Raises
    ------
    SpecError
        The engine is unknown or not installed, or ``only`` names what the spec does not have.
    """

    def __init__(
        self,
        spec: FeatureSpec | None = None,
        engine: str = "numpy",
        only: Collection[str] | None = None,
    ) -> None:
        self.spec = FeatureSpec() if spec is None else spec
        self.only = tuple(f for f in self.spec.families if only is None or f in only)
        if only is not None and (strange := sorted(set(only) - set(self.only))):
            raise SpecError(f"only: {strange[0]!r} is not among families ({', '.join(self.spec.families)})")
        self._kernels = load(engine)
        _keep_freed_memory()

    @property
    def engine(self) -> str:
        """The engine that runs: "numpy" also where numba was asked for but cannot keep its kernels."""
        return self._kernels.name

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each value, such as ``mfcc_0`` or ``mel_3_std``."""
        return self.spec.names

    @property
    def families(self) -> dict[str, slice]:
        """Where each family lies in the vector."""
        return self.spec.slices

    def extract(self, y: NDArray[np.floating]) -> Float64:
        """Compute the feature vector of one clip or window. Safe to call from several threads.

        Parameters
        ----------
        y : float [shape=(n,)]
            Mono samples at ``spec.sr``, nominally -1 to 1. They are taken as float32, as librosa.load
            gives them, and brought to ``spec.length`` if that is set.

        Returns
        -------
        float64 [shape=(n_features,)]

        Raises
        ------
        AudioError
            ``y`` is not a mono float signal, or not finite, or so loud that its power overflows.
        """
        clip = _Clip(fitted(_checked(y), self.spec), self.spec, self.only, self._kernels)
        vector = self._vector(clip)
        if not np.isfinite(vector).all():
            raise AudioError(f"samples reach {np.abs(y).max():g}: too loud to measure; scale them to -1 to 1")
        return vector

    @property
    def is_short(self) -> bool:
        """True if the vector is made only of frames that lie wholly inside the clip.

        Clips that overlap by a multiple of ``spec.hop_length`` then have frames in common.
        """
        return not self.spec.center and set(self.only) <= _SHORT

    def frames(self, y: Float32) -> ShortFrames:
        """Compute the frames that :meth:`summarise` takes, of samples as :meth:`extract` takes them."""
        with np.errstate(over="ignore", invalid="ignore"):
            return short_frames(y, self.spec, self._kernels, self.only)

    def summarise(self, frames: ShortFrames) -> Float64:
        """Make the vector of a clip from its frames, equal to what :meth:`extract` makes from its samples.

        Parameters
        ----------
        frames : ShortFrames
            All frames of the clip, as :meth:`frames` gives them. They are written over. The clip is not
            brought to ``spec.length``.

        Returns
        -------
        float64 [shape=(n_features,)]

        Raises
        ------
        SpecError
            A family of the vector needs more than these frames.
        AudioError
            Their power overflows.
        """
        if not self.is_short:
            raise SpecError(f"summarise: {', '.join(self.only)} cannot be made of frames inside a clip alone")
        clip = _Clip(_NO_SAMPLES, self.spec, self.only, self._kernels, frames)
        vector = self._vector(clip)
        if not np.isfinite(vector).all():
            raise AudioError("frames: too loud to measure; scale samples to -1 to 1")
        return vector

    def _vector(self, clip: _Clip) -> Float64:
        vector = np.zeros(self.spec.n_features)
        slices, stats = self.spec.slices, dict(self.spec.stats_by_family)
        # Overflow shows in the vector, where it is reported.
        with np.errstate(over="ignore", invalid="ignore"):
            for family in clip.wanted:
                vector[slices[family.name]] = clip.summary(family, stats[family.name])
        return vector


def _keep_freed_memory() -> None:
    """Have glibc keep the memory that one clip frees, so that the next clip uses it again.

    The threshold above which glibc gives memory back to the system follows the largest block that was
    ever freed. So one large block is allocated and freed. It is never touched, and so costs no memory.
    Without it the system hands out the same pages again for every clip. Other allocators ignore this.
    """
    np.empty(_KEPT, np.uint8)


def _checked(y: NDArray[np.floating]) -> Float32:
    y = np.asarray(y)
    if y.ndim != 1:
        raise AudioError(f"y: shape {y.shape}; expected one channel, shape (n,); mix channels down first")
    if not np.issubdtype(y.dtype, np.floating):
        raise AudioError(f"y: {y.dtype} samples; expected float, -1 to 1 (int16 is divided by 32768)")
    with np.errstate(over="ignore"):
        samples = np.ascontiguousarray(y, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise AudioError("y: holds NaN or infinity; repair or leave out those samples")
    return samples


def fitted(y: Float32, spec: FeatureSpec) -> Float32:
    """Bring a clip to the spec's length by its padding and crop; leave it as it is if the length is None."""
    if spec.length is None:
        return y
    size = spec.n_samples
    if len(y) > size:
        start = (len(y) - size) // 2 if spec.crop == "center" else 0
        return y[start : start + size]
    if len(y) == size or spec.padding == "none":
        return y
    if spec.padding == "repeat" and len(y):
        return np.resize(y, size)
    return np.concatenate((y, np.zeros(size - len(y), np.float32)))


#: Frames of a family, and the linear map that is still to be applied to each, if there is one.
_Frames = tuple[NDArray[np.floating], Float64 | None]


class _Survey(NamedTuple):
    """What one pass over the magnitudes of a clip finds."""

    octaves: Float32
    peak: Float64
    valley: Float64


class _Clip:
    """One clip under extraction. What several families read is computed once, when it is first read.

    It is dropped after the last of them: of an hour of sound each such result is as large as the samples.
    """

    def __init__(
        self,
        y: Float32,
        spec: FeatureSpec,
        only: Sequence[str],
        kernels: Kernels,
        short: ShortFrames | None = None,
    ) -> None:
        self._y, self._spec, self._only, self._kernels = y, spec, only, kernels
        if short is not None:
            self._short = short
        self._stft = Geometry(spec.stft_n_fft, spec.stft_hop_length, spec.stft_win_length or spec.stft_n_fft)
        self.wanted = [family for family in _FAMILIES if family.name in only]

    def summary(self, family: _Family, stats: Sequence[str]) -> Float64:
        """Compute the values of ``family``, and drop the results that no later family reads."""
        frames, projection = family.frames(self)
        if stats == FRAMES:
            values = frames.ravel().astype(np.float64)
        else:
            values = summarise(frames, stats, self._kernels, projection)
        later = self.wanted[self.wanted.index(family) + 1 :]
        for result in set(family.reads).difference(*(other.reads for other in later)):
            self.__dict__.pop(result, None)
        return values

    # -- the families ----------------------------------------------------------------------------------

    def voice(self) -> _Frames:
        return self._short.voice, None

    def logmel(self) -> _Frames:
        return logmel_frames(self._short.mel, self._spec.n_frames, self._spec.floor_db), None

    def mel(self) -> _Frames:
        return self._mel, None

    def mfcc(self) -> _Frames:
        return power_to_db(self._mel), dct_matrix(self._spec.n_mfcc, self._spec.n_mels)  # in place

    def contrast(self) -> _Frames:
        return contrast_frames(self._survey.peak, self._survey.valley), None

    def chroma(self) -> _Frames:
        tuning = tuning_of_octaves(self._survey.octaves, N_CHROMA, self._kernels)
        return chroma_frames(self._magnitudes, self._spec.sr, tuning), None

    def tonnetz(self) -> _Frames:
        tuning = tuning_of_octaves(self._tonnetz_octaves(), BINS_PER_OCTAVE, self._kernels)
        notes = normalise(chroma_cqt(self._y, self._spec.sr, tuning, self._kernels), np.inf)
        return normalise(notes, 1), tonnetz_matrix()

    # -- what they share -------------------------------------------------------------------------------

    @once
    def _short(self) -> ShortFrames:
        return short_frames(self._y, self._spec, self._kernels, self._only)

    @once
    def _mel(self) -> Float32:
        return without_level(self._short.mel) if self._spec.level == "remove" else self._short.mel

    @once
    def _magnitudes(self) -> Magnitudes:
        return self._spectra()

    def _spectra(self) -> Magnitudes:
        return Magnitudes(self._y, self._stft, self._kernels)

    @once
    def _survey(self) -> _Survey:
        """Read peaks and extremes off the magnitudes in one pass, since those of a long clip are not kept."""
        spec = self._spec
        wants_peaks = "chroma" in self._only or ("tonnetz" in self._only and self._stft == TUNING_GEOMETRY)
        bands: tuple[Band, ...] = ()
        if "contrast" in self._only:
            bands = contrast_bands(spec.sr, spec.stft_n_fft, spec.n_bands, spec.fmin)
        bins = track_bins(spec.sr, spec.stft_n_fft)
        peaks, extremes = [], []
        # Only chroma reads them again.
        for S in self._magnitudes if "chroma" in self._only else self._spectra():
            if wants_peaks:
                peaks.append(self._kernels.spectral_peaks(S, bins, spec.sr, spec.stft_n_fft))
            extremes.append(self._kernels.band_extremes(S, bands))
        peak, valley = map(np.concatenate, zip(*extremes, strict=True))
        return _Survey(octaves_of_peaks(join(peaks)), peak, valley)

    def _tonnetz_octaves(self) -> Float32:
        """librosa.feature.tonnetz tunes by the default STFT, whatever the other families use."""
        if self._stft == TUNING_GEOMETRY:
            return self._survey.octaves
        sr, n_fft = self._spec.sr, TUNING_GEOMETRY.n_fft
        bins = track_bins(sr, n_fft)
        spectra = Magnitudes(self._y, TUNING_GEOMETRY, self._kernels)
        return octaves_of_peaks(join([self._kernels.spectral_peaks(S, bins, sr, n_fft) for S in spectra]))


class _Family(NamedTuple):
    """A family: how its frames are made, and the shared results that must be there for them."""

    name: str
    frames: Callable[[_Clip], _Frames]
    reads: tuple[str, ...]


#: In the order of computation: _mel is written over _short, and mfcc over _mel, so that what reads the one
#: stands before what writes over it.
_FAMILIES = (
    _Family("voice", _Clip.voice, ("_short",)),
    _Family("logmel", _Clip.logmel, ("_short",)),
    _Family("mel", _Clip.mel, ("_short", "_mel")),
    _Family("mfcc", _Clip.mfcc, ("_short", "_mel")),
    _Family("contrast", _Clip.contrast, ("_survey",)),
    _Family("chroma", _Clip.chroma, ("_survey", "_magnitudes")),
    _Family("tonnetz", _Clip.tonnetz, ("_survey",)),
)
