"""Summary of frames over time: mean, spread, extremes, percentiles and skew, also of the slope."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64
from edgecry.features.kernels import Kernels

_DELTA_WIDTH = 9


def summarise(
    frames: NDArray[np.floating], stats: Sequence[str], kernels: Kernels, projection: Float64 | None = None
) -> Float64:
    """Summarise each column by each of ``stats``.

    Parameters
    ----------
    frames : float [shape=(n_frames, k)]
    stats : sequence of str
        Names as in FeatureSpec.
    kernels : Kernels
    projection : float64 [shape=(width, k)], or None
        Linear map of a frame to the values of the family. The mean is taken before it is applied, which
        gives the same and is far cheaper.

    Returns
    -------
    float64 [shape=(len(stats) * width,)]
        The first statistic of all columns, then the second, and so on.
    """
    columns: _Columns | None = None
    slopes: _Columns | None = None
    out = []
    for stat in stats:
        if stat == "mean":
            mean = _mean(frames)
            out.append(mean if projection is None else projection @ mean)
            continue
        if columns is None:
            values = frames.astype(np.float64)
            columns = _Columns(values if projection is None else _projected(values, projection), kernels)
        if stat.startswith("delta_"):
            slopes = _Columns(delta(columns.values, kernels), kernels) if slopes is None else slopes
            out.append(slopes.statistic(stat.removeprefix("delta_")))
        else:
            out.append(columns.statistic(stat))
    return np.concatenate(out)


def _mean(frames: NDArray[np.floating]) -> Float64:
    # np.mean in float64 gives the same and takes twice as long.
    out: Float64 = np.einsum("ij->j", frames, dtype=np.float64) / len(frames)
    return out


def _projected(values: Float64, projection: Float64) -> Float64:
    """Apply ``projection``. Equal frames stay equal, in whatever order their sums are taken."""
    first = values[:1]
    out: Float64 = (values - first) @ projection.T + first @ projection.T
    return out


def delta(frames: Float64, kernels: Kernels) -> Float64:
    """Compute the slope over nine frames, per frame, as librosa.feature.delta (Savitzky-Golay, order 1).

    The first and last frames take the slope of the line through the outermost nine. If there are fewer
    frames, the largest odd number that fits is used. One or two frames have a slope of 0.

    Parameters
    ----------
    frames : float64 [shape=(n_frames, k)]
    kernels : Kernels

    Returns
    -------
    float64 [shape=(n_frames, k)]
    """
    n = len(frames)
    half = (min(_DELTA_WIDTH, n if n % 2 else n - 1) - 1) // 2
    out = np.zeros_like(frames)
    if half < 1:
        return out
    inner = out[half : n - half]
    kernels.slopes(frames, half, out=inner)
    out[:half], out[n - half :] = inner[0], inner[-1]
    return out


class _Columns:
    """Columns of numbers, float64 (n, k). What several statistics share is computed once."""

    def __init__(self, values: Float64, kernels: Kernels) -> None:
        self.values, self._kernels = values, kernels

    def statistic(self, stat: str) -> Float64:
        """Compute one of the statistics of FeatureSpec for each column."""
        if stat == "mean":
            return _mean(self.values)
        if stat == "std":
            return np.sqrt(self._moments[1])
        if stat == "skew":
            return self._skew()
        if stat.startswith("p"):
            return percentile(self.values, int(stat[1:]))
        out: Float64 = self.values.min(axis=0) if stat == "min" else self.values.max(axis=0)
        return out

    @cached_property
    def _moments(self) -> tuple[Float64, Float64, Float64]:
        return self._kernels.moments(self.values)

    def _skew(self) -> Float64:
        """Compute the third standardised moment, biased, as scipy.stats.skew; 0 if nothing varies."""
        mean, second, third = self._moments
        # A constant column that went through a product differs in its last bits. They have no skew.
        varies = second > (1e-12 * mean) ** 2
        out: Float64 = np.zeros_like(second)
        np.divide(third, second**1.5, out=out, where=varies)
        return out


def percentile(values: Float64, q: int) -> Float64:
    """Compute the linear percentile of each column, as np.percentile, which would import numpy.ma."""
    ordered = np.sort(values, axis=0)
    at = (len(values) - 1) * q / 100
    low = int(at)
    high = min(low + 1, len(values) - 1)
    out: Float64 = ordered[low] + (ordered[high] - ordered[low]) * (at - low)
    return out
