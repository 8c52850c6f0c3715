"""FeatureExtractor: turns samples into the vector that a model reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.errors import AudioError, SpecError
from edgecry.features.clip import Clip
from edgecry.features.frames import SHORT_FAMILIES, ShortFrames, short_frames
from edgecry.features.kernels import load
from edgecry.features.making import steps, values
from edgecry.features.spec import FeatureSpec
from edgecry.forks import unforked

if TYPE_CHECKING:
    from edgecry.features.ahead import Ahead

#: Bytes of the block that is freed once: glibc then keeps twice as much, far more than a clip takes.
_KEPT = 16 * 2**20
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
        self._plan, self._slices = steps(self.spec, self.only), self.spec.slices
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

    def extract(self, y: NDArray[np.floating], ahead: Ahead | None = None) -> Float64:
        """Compute the feature vector of one clip or window. Safe to call from several threads.

        Parameters
        ----------
        y : float [shape=(n,)]
            Mono samples at ``spec.sr``, nominally -1 to 1. They are taken as float32, as librosa.load
            gives them, and brought to ``spec.length`` if that is set.
        ahead : Ahead, optional
            What :meth:`work_ahead` began for the first samples of this very clip. It is used up.

        Returns
        -------
        float64 [shape=(n_features,)]

        Raises
        ------
        AudioError
            ``y`` is not a mono float signal, or not finite, or so loud that its power overflows.
        """
        clip = Clip(fitted(_checked(y), self.spec), self.spec, self.only, self._kernels)
        if ahead is not None:
            with unforked, np.errstate(over="ignore", invalid="ignore"):
                ahead.complete(clip)
        vector = self._vector(clip)
        if not np.isfinite(vector).all():
            raise AudioError(f"samples reach {np.abs(y).max():g}: too loud to measure; scale them to -1 to 1")
        return vector

    def work_ahead(self, y: Float32, ahead: Ahead | None = None) -> Ahead | None:
        """Compute what is certain already of a clip whose end is still to come.

        Parameters
        ----------
        y : float32 [shape=(n,)]
            The clip so far, from its first sample on, and finite.
        ahead : Ahead, optional
            What this method returned for fewer samples of the same clip.

        Returns
        -------
        Ahead or None
            For :meth:`extract`, which gives the same to the last bit with it. None if the spec is one of
            which nothing is computed ahead.
        """
        if not self.spec.center or self.spec.length is not None:
            return None
        from edgecry.features.ahead import Ahead  # 1 ms of a process that answers once, which needs none

        with unforked, np.errstate(over="ignore", invalid="ignore"):
            ahead = Ahead(self.spec, self.only, self._kernels) if ahead is None else ahead
            ahead.extend(y)
        return ahead

    @property
    def is_short(self) -> bool:
        """True if the vector is made only of frames that lie wholly inside the clip.

        Clips that overlap by a multiple of ``spec.hop_length`` then have frames in common.
        """
        return not self.spec.center and set(self.only) <= SHORT_FAMILIES

    def frames(self, y: Float32) -> ShortFrames:
        """Compute the frames that :meth:`summarise` takes, of samples as :meth:`extract` takes them."""
        with unforked, np.errstate(over="ignore", invalid="ignore"):
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
        clip = Clip(_NO_SAMPLES, self.spec, self.only, self._kernels, frames)
        vector = self._vector(clip)
        if not np.isfinite(vector).all():
            raise AudioError("frames: too loud to measure; scale samples to -1 to 1")
        return vector

    def _vector(self, clip: Clip) -> Float64:
        vector = np.zeros(self.spec.n_features)
        # Overflow shows in the vector, where it is reported.
        with unforked, np.errstate(over="ignore", invalid="ignore"):
            for family, part in values(clip, self._plan):
                vector[self._slices[family]] = part
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
