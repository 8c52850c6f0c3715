"""Running median of 31 values, for the separation of harmonic sound (:mod:`edgecry.features.harmonic`).

Neighbouring windows share most of their values, so runs are sorted once and then merged: sixteen values are
two sorted runs of eight, and those are two of four. Each step compares whole arrays, which NumPy does many
times as fast as it sorts windows one by one.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from edgecry.arrays import Float32

#: Values of a window: an odd number, twice :data:`RUN` less one.
WINDOW = 31
#: Values of a sorted run, a power of two. Two runs overlap in the middle value of a window.
RUN = 16


def running_median(x: Float32) -> Float32:
    """Compute the median of each value and the fifteen before and after it, along the first axis.

    Parameters
    ----------
    x : float32 [shape=(n + 30, k)]

    Returns
    -------
    float32 [shape=(n, k)]
    """
    runs = [x]
    while len(runs) < RUN:
        size = len(runs)
        runs = [run[:-size] for run in runs] + [run[size:] for run in runs]
        _merge(runs, 0, 2 * size, 1)
    n = len(x) - WINDOW + 1
    early, late = [run[:n] for run in runs], [run[RUN - 1 :][:n] for run in runs]
    # The middle value is in both runs, so there are 32 values. If it lies below the median, its double takes
    # a place below, and the median is the 17th; otherwise it is the 16th.
    middle, above = x[RUN - 1 :][:n], _smallest(early, late, RUN + 1)
    return np.where(middle < above, above, _smallest(early, late, RUN))


def _merge(runs: list[Float32], first: int, size: int, step: int) -> None:
    """Merge two sorted halves of ``runs`` by the odd-even scheme (Batcher, "Sorting networks", 1968)."""
    if 2 * step >= size:
        _order(runs, first, first + step)
        return
    _merge(runs, first, size, 2 * step)
    _merge(runs, first + step, size, 2 * step)
    for i in range(first + step, first + size - step, 2 * step):
        _order(runs, i, i + step)


def _order(runs: list[Float32], i: int, j: int) -> None:
    runs[i], runs[j] = np.minimum(runs[i], runs[j]), np.maximum(runs[i], runs[j])


def _smallest(early: list[Float32], late: list[Float32], rank: int) -> Float32:
    """Return the value of a rank, counted from 1, among two sorted runs of as many values each.

    The smallest ``rank`` values are i of one run and rank - i of the other. Of all ways to take them, the
    best has the lowest maximum.
    """
    size = len(early)

    def highest(i: int) -> Float32:
        ends = [run[count - 1] for run, count in ((early, i), (late, rank - i)) if count]
        return np.maximum(*ends) if len(ends) == 2 else ends[0]

    return reduce(np.minimum, map(highest, range(max(0, rank - size), min(rank, size) + 1)))
