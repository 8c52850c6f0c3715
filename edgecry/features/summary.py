"""Frames over time to a few numbers: mean, spread, extremes, percentiles, skew, and those of the slope."""

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
        As in FeatureSpec.
    kernels : Kernels
    projection : float64 [shape=(width, k)], or None
        Linear map of a frame to the family's values. A mean is taken before it, which is the same
        and far cheaper.

    Returns
    -------
    float64 [shape=(len(stats) * width,)]
        All columns' first statistic, then all columns' second, and so on.
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
    # As np.mean in float64, which takes twice as long.
    out: Float64 = np.einsum("ij->j", frames, dtype=np.float64) / len(frames)
    return out


def _projected(values: Float64, projection: Float64) -> Float64:
    """Product with ``projection``; frames that are alike stay so, whatever order their sums are taken in."""
    first = values[:1]
    out: Float64 = (values - first) @ projection.T + first @ projection.T
    return out


def delta(frames: Float64, kernels: Kernels) -> Float64:
    """Slope over nine frames, in units a frame, as librosa.feature.delta (Savitzky-Golay, order 1).

    The first and last frames take the slope of the line through the outermost nine. Where there
    are fewer frames, the widest odd number that fits serves; one or two frames have no slope.

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
    """Columns of numbers, float64 (n, k), and what several statistics of them share."""

    def __init__(self, values: Float64, kernels: Kernels) -> None:
        self.values, self._kernels = values, kernels

    def statistic(self, stat: str) -> Float64:
        """One of FeatureSpec's, of each column."""
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
        """Third standardised moment, biased, as scipy.stats.skew; 0 where nothing varies."""
        mean, second, third = self._moments
        # A constant column that went through a product differs in its last bits, which have no shape.
        varies = second > (1e-12 * mean) ** 2
        out: Float64 = np.zeros_like(second)
        np.divide(third, second**1.5, out=out, where=varies)
        return out


def percentile(values: Float64, q: int) -> Float64:
    """Linear percentile of each column, as np.percentile (which would import numpy.ma)."""
    ordered = np.sort(values, axis=0)
    at = (len(values) - 1) * q / 100
    low = int(at)
    high = min(low + 1, len(values) - 1)
    out: Float64 = ordered[low] + (ordered[high] - ordered[low]) * (at - low)
    return out
