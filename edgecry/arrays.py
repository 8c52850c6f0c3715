"""Types of the arrays that pass from room to room, and a view of them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Complex64 = NDArray[np.complex64]
Complex128 = NDArray[np.complex128]

_Scalar = TypeVar("_Scalar", bound=np.generic)


def framed(y: NDArray[_Scalar], size: int, step: int) -> NDArray[_Scalar]:
    """View a contiguous signal [shape=(n,)] as frames of ``size`` samples, ``step`` samples apart.

    ``sliding_window_view`` gives the same, but takes as long as the work on a chunk.

    Returns
    -------
    view [shape=(1 + (n - size) // step, size)]
        Without rows if ``y`` is shorter than a frame.
    """
    rows = max(0, 1 + (len(y) - size) // step)
    return np.ndarray((rows, size), y.dtype, y, strides=(step * y.itemsize, y.itemsize))
