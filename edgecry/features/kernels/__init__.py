"""The hot loops. Families say what is computed; the engines here say how, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.errors import SpecError

#: Types that each engine chooses for itself.
MelBank = Any
Powers = Any


class Band(NamedTuple):
    """A stretch of bins, and the number of its largest and of its smallest that are averaged."""

    bins: slice
    n_extremes: int


class Basis(NamedTuple):
    """The wavelets of one octave, folded at their middle, for products from the right.

    ``even`` and ``odd``, float of shape (n_fft // 2, 36), are the real and imaginary parts of the second
    halves of the wavelets. Three neighbouring columns are one note; the first note begins a bin below C.
    ``early`` tells how often the signal is halved before its first octave.
    """

    n_fft: int
    even: NDArray[np.floating]
    odd: NDArray[np.floating]
    early: int


class Kernels(Hashable, Protocol):
    """The methods of an engine. All engines give the same numbers, to the last bit where a bit decides."""

    name: str

    def frames_at_once(self, n_fft: int) -> int:
        """Return the number of frames that are best transformed at a time."""

    def powers(
        self, window: Float64, hop_length: int, n_fft: int, rows: int, block: int
    ) -> Callable[[Float32], Powers]:
        """Prepare to transform stretches of up to ``rows`` frames, for :meth:`sizes` and :meth:`mel_power`.

        A window shorter than ``n_fft`` stands at the start of the frame, not in its middle. That only
        turns phases, and every family reads magnitudes. The transform is float64, as in librosa, whose
        window is float64: with float32 the noise floor of upsampled audio rises by up to 0.9 dB.

        Parameters
        ----------
        window : float64 [shape=(win_length,)]
        hop_length, n_fft, rows : int
        block : int
            Number of frames in a product. The result has whole blocks, in which frames after the last mean
            nothing, so that a frame does not depend on how many there are. 0 takes all frames at once.

        Returns
        -------
        callable
            It takes a stretch, float32 of shape ((frames - 1) * hop_length + win_length,). Its next call
            writes over what it returns.
        """

    def sizes(self, powers: Powers, bins: slice) -> Float64:
        """Return magnitudes of some bins, float64 (frames, n) or (blocks, block, n).

        More frames may follow those of the stretch. They mean nothing.
        """

    def mel_bank(self, weights: Float64) -> MelBank:
        """Arrange the filters (n_mels, 1 + n_fft // 2), which are mostly zeros, for :meth:`mel_power`."""

    def mel_power(self, powers: Powers, bank: MelBank, out: Float32) -> None:
        """Apply a filter bank to powers, and write the first frames of ``out``; ``powers`` is written over.

        ``out`` (frames, n_mels) has whole blocks of sixteen frames. Those after the last mean nothing.
        """

    def magnitudes(
        self, window: Float64, hop_length: int, n_fft: int, rows: int
    ) -> Callable[[Float32, Float32], object]:
        """Prepare to transform as :meth:`powers` does, but to magnitudes of complex64, as in librosa.

        The callable writes them into its second argument, of shape (frames, 1 + n_fft // 2).
        """

    def band_extremes(self, S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
        """Return the mean of the largest and of the smallest magnitudes of each band.

        Both have the shape (frames, n_bands + 1).
        """

    def spectral_peaks(self, S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
        """Find peaks over a tenth of the maximum of their frame, placed by a parabola (librosa.piptrack).

        Returns
        -------
        pitches, magnitudes : float32 [shape=(n_peaks,)]
            In Hz, and in the units of ``S``.
        """

    def histogram(self, x: Float32, edges: Float64) -> NDArray[np.intp]:
        """Count ``x`` between evenly spaced ``edges``. Each bin is [low, high), exact to the last bit."""

    def octave_notes(self, stretch: Float32, hop_length: int, basis: Basis, out: Float64) -> None:
        """Compute one octave of a constant-Q transform, and sum three neighbouring bins to a note.

        The halves of a wavelet are conjugates, so a frame is first folded at its middle, which halves the
        products. Its middle sample is subtracted from all others before: wavelets do not answer to a
        constant, and then they do not answer to its rounding either, which would be normalised to 1.

        Parameters
        ----------
        stretch : float32 [shape=((frames - 1) * hop_length + n_fft,)]
        hop_length : int
        basis : Basis
            Products are computed in its precision.
        out : float64 [shape=(frames, 12)]
        """

    def moments(self, values: Float64) -> tuple[Float64, Float64, Float64]:
        """Return mean, second and third central moment of each column of ``values`` (n, k), each (k,)."""

    def slopes(self, frames: Float64, half: int, out: Float64) -> None:
        """Write the least-squares slope of the line through each frame and ``half`` frames on both sides.

        ``frames`` has the shape (n, k), ``out`` (n - 2 * half, k).
        """


ENGINES = ("numpy", "numba")


@cache  # so that the log gets one line, not one for each extractor
def load(engine: str) -> Kernels:
    """Import the kernels of an engine. Those of numba are compiled, or read from its cache.

    If numba fails, the kernels of NumPy are used instead, and a line in the log says so. numba fails if it
    finds no folder for its cache (on a read-only system; compiling in every process would cost more than
    it saves), if the cache is damaged or the disk full, and if it is too old for this NumPy.

    Raises
    ------
    SpecError
        The engine is unknown, or not installed.
    """
    if engine not in ENGINES:
        raise SpecError(f"engine: {engine!r} is unknown; allowed are {', '.join(ENGINES)}")
    try:
        module = import_module(f"edgecry.features.kernels.{engine}_kernels")
    except ModuleNotFoundError as error:
        raise SpecError(
            f"engine: {engine!r} needs {error.name}, which is not installed; pip install '.[{engine}]'"
        ) from error
    except Exception as error:  # from numba, pickle or the system
        if engine == "numpy":
            raise
        import logging  # 10 ms of a new process, and it seldom comes here

        log = logging.getLogger("edgecry")
        log.warning("numba's kernels cannot be used (%s); using numpy. See 'edgecry warmup'", error)
        return load("numpy")
    return cast(Kernels, module)
