"""The hot loops. Families say what is computed; here is how, once for each engine."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.errors import SpecError

#: An engine's own.
MelBank = Any
Powers = Any


class Band(NamedTuple):
    """A stretch of bins, and how many of its largest and smallest are averaged."""

    bins: slice
    n_extremes: int


class Basis(NamedTuple):
    """The wavelets of one octave, folded at their middle, for products from the right.

    ``even`` and ``odd``, float of shape (n_fft // 2, 36), are the real and imaginary parts of the
    wavelets' second halves. Every three neighbours among the columns are one note, beginning a bin
    below C. ``early`` tells how often the signal is halved before its first octave.
    """

    n_fft: int
    even: NDArray[np.floating]
    odd: NDArray[np.floating]
    early: int


class Kernels(Hashable, Protocol):
    """What an engine does. All engines give the same numbers, to the last bit where a bit decides."""

    name: str

    def frames_at_once(self, n_fft: int) -> int:
        """Number of frames that are best transformed at a time."""

    def powers(
        self, window: Float64, hop_length: int, n_fft: int, rows: int, block: int
    ) -> Callable[[Float32], Powers]:
        """Prepare to transform stretches of up to ``rows`` frames to their power, for the two below.

        A window shorter than ``n_fft`` stands at the frame's start, not in its middle: that turns
        phases, and every family reads magnitudes. In float64 as in librosa, whose window is float64:
        in float32 the noise floor of upsampled audio rises by up to 0.9 dB.

        Parameters
        ----------
        window : float64 [shape=(win_length,)]
        hop_length, n_fft, rows : int
        block : int
            Products are taken of so many frames at a time, of which there is a multiple, and so do
            not depend on how many there are; of all at once if 0.

        Returns
        -------
        callable
            Of a stretch, float32 of shape ((frames - 1) * hop_length + win_length,). What it
            returns is written over by its next call.
        """

    def sizes(self, powers: Powers, bins: slice) -> Float64:
        """Magnitudes of some bins, float64 (frames, n), or (blocks, block, n).

        There may be more frames, of no meaning, after those of the stretch.
        """

    def mel_bank(self, weights: Float64) -> MelBank:
        """Lay out the filters (n_mels, 1 + n_fft // 2), which are mostly zeros, for :meth:`mel_power`."""

    def mel_power(self, powers: Powers, bank: MelBank, out: Float32) -> None:
        """Power through a filter bank, into the first frames of ``out``; ``powers`` is used up.

        ``out`` (frames, n_mels) is of whole blocks of sixteen; frames after the last are of no meaning.
        """

    def magnitudes(
        self, window: Float64, hop_length: int, n_fft: int, rows: int
    ) -> Callable[[Float32, Float32], object]:
        """As :meth:`powers`, but magnitudes by way of complex64, as librosa's, into a second argument.

        That has the shape (frames, 1 + n_fft // 2).
        """

    def band_extremes(self, S: Float32, bands: Sequence[Band]) -> tuple[Float64, Float64]:
        """Mean of each band's largest and of its smallest magnitudes, both (frames, n_bands + 1)."""

    def spectral_peaks(self, S: Float32, bins: slice, sr: int, n_fft: int) -> tuple[Float32, Float32]:
        """Peaks above a tenth of their frame's maximum, placed by a parabola (librosa.piptrack).

        Returns
        -------
        pitches, magnitudes : float32 [shape=(n_peaks,)]
            In Hz, and in the units of ``S``.
        """

    def histogram(self, x: Float32, edges: Float64) -> NDArray[np.intp]:
        """Counts of ``x`` between evenly spaced ``edges``, each bin [low, high), to the last bit."""

    def octave_notes(self, stretch: Float32, hop_length: int, basis: Basis, out: Float64) -> None:
        """One octave of a constant-Q transform, every three neighbouring bins summed into a note.

        The wavelets' halves are conjugates, so a frame is first folded at its middle, which halves
        the products. A sample is taken off all others beforehand: no wavelet answers to a constant,
        and so none answers to its rounding either, which would be normalised to 1.

        Parameters
        ----------
        stretch : float32 [shape=((frames - 1) * hop_length + n_fft,)]
        hop_length : int
        basis : Basis
            Products are taken in its precision.
        out : float64 [shape=(frames, 12)]
        """

    def moments(self, values: Float64) -> tuple[Float64, Float64, Float64]:
        """Mean, second and third central moment of each column of ``values`` (n, k), each (k,)."""

    def slopes(self, frames: Float64, half: int, out: Float64) -> None:
        """Slope of the line through each frame and ``half`` on both sides of it, by least squares.

        ``frames`` (n, k), ``out`` (n - 2 * half, k).
        """


ENGINES = ("numpy", "numba")


@cache  # so that the log gets one line, not one for each extractor
def load(engine: str) -> Kernels:
    """Import an engine's kernels; numba's are compiled, or read from its cache, on the way.

    Where numba fails, NumPy's serve instead, and a line in the log says so. It fails where it finds no
    folder for its cache (a read-only system; compiling anew in every process would cost more than it
    saves), where that is damaged or its disk full, and where it is too old for this NumPy.

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
            f"engine: {engine!r} needs {error.name}, which is not installed; pip install 'edgecry[{engine}]'"
        ) from error
    except Exception as error:  # of numba, pickle or the system
        if engine == "numpy":
            raise
        import logging  # 10 ms of a new process, which hardly ever comes here

        log = logging.getLogger("edgecry")
        log.warning("numba's kernels cannot be used (%s); using numpy. See 'edgecry warmup'", error)
        return load("numpy")
    return cast(Kernels, module)
