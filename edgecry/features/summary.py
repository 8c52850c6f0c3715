"""Summary of frames over time: mean, spread, extremes, percentiles and shape, also of slope and curvature."""

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
    float64 [shape=(n,)]
        The first statistic of all columns, then the second, and so on. One of all values together
        ("all_") is a single number.
    """
    columns: _Columns | None = None
    derived: dict[str, _Columns] = {}
    out = []
    for stat in stats:
        if stat == "mean":
            mean = _mean(frames)
            out.append(mean if projection is None else projection @ mean)
            continue
        if columns is None:
            values = frames.astype(np.float64)
            columns = _Columns(values if projection is None else _projected(values, projection), kernels)
        prefix, _, plain = stat.rpartition("_")
        if prefix not in derived:
            derived[prefix] = _Columns(_derived(prefix, columns.values, kernels), kernels)
        out.append(derived[prefix].statistic(plain))
    return np.concatenate(out)


def _derived(prefix: str, values: Float64, kernels: Kernels) -> Float64:
    """Return what the statistics of a prefix are taken of."""
    if prefix == "delta":
        return delta(values, kernels)
    if prefix == "delta2":
        return curvature(values)
    return values.reshape(-1, 1) if prefix == "all" else values


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
    half = _half_width(len(frames))
    out = np.zeros_like(frames)
    if half:
        kernels.slopes(frames, half, out=out[half : len(out) - half])
        _hold_ends(out, half)
    return out


def curvature(frames: Float64) -> Float64:
    """Compute the second derivative, as librosa.feature.delta(order=2): of the parabola through nine frames.

    Ends and short clips are as in :func:`delta`.
    """
    n, half = len(frames), _half_width(len(frames))
    out = np.zeros_like(frames)
    if half:
        squares = np.arange(-half, half + 1) ** 2.0
        weights = squares - squares.mean()
        weights *= 2 / (weights @ weights)
        inner = out[half : n - half]
        for k, weight in enumerate(weights):
            inner += weight * frames[k : k + len(inner)]
        _hold_ends(out, half)
    return out


def _half_width(n_frames: int) -> int:
    """Return on how many frames before and after a frame its derivatives are fitted."""
    return (min(_DELTA_WIDTH, n_frames if n_frames % 2 else n_frames - 1) - 1) // 2


def _hold_ends(out: Float64, half: int) -> None:
    out[:half], out[len(out) - half :] = out[half], out[len(out) - half - 1]


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
        if stat == "var":
            return self._moments[1]
        if stat == "skew":
            return self._skew()
        if stat == "kurtosis":
            return self._kurtosis()
        if stat.startswith("p"):
            return percentile(self.values, int(stat[1:]))
        out: Float64 = self.values.min(axis=0) if stat == "min" else self.values.max(axis=0)
        return out

    @cached_property
    def _moments(self) -> tuple[Float64, Float64, Float64]:
        return self._kernels.moments(self.values)

    def _skew(self) -> Float64:
        """Compute the third standardised moment, biased, as scipy.stats.skew; 0 if nothing varies."""
        _, second, third = self._moments
        out: Float64 = np.zeros_like(second)
        np.divide(third, second**1.5, out=out, where=self._varies)
        return out

    def _kurtosis(self) -> Float64:
        """Compute the fourth standardised moment less 3, as scipy.stats.kurtosis; 0 if nothing varies."""
        mean, second, _ = self._moments
        squares = np.square(self.values - mean)
        fourth = np.einsum("ij,ij->j", squares, squares) / len(squares)
        out: Float64 = np.zeros_like(second)
        np.divide(fourth, second**2, out=out, where=self._varies)
        out[self._varies] -= 3
        return out

    @property
    def _varies(self) -> NDArray[np.bool_]:
        """Tell which columns vary. A constant that went through a product differs in its last bits."""
        mean, second, _ = self._moments
        return np.asarray(second > (1e-12 * mean) ** 2)


def percentile(values: Float64, q: int) -> Float64:
    """Compute the linear percentile of each column, as np.percentile, which would import numpy.ma."""
    ordered = np.sort(values, axis=0)
    at = (len(values) - 1) * q / 100
    low = int(at)
    high = min(low + 1, len(values) - 1)
    out: Float64 = ordered[low] + (ordered[high] - ordered[low]) * (at - low)
    return out
