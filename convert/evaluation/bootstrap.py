"""Intervals: how far a figure would move with other babies, by drawing whole groups anew.

Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979) 1-26; of
clusters, as Davison and Hinkley, "Bootstrap methods and their application" (1997), section 3.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError

DRAWS: Final = 1000
LEVEL: Final = 0.95
#: Resamples tried for each that holds every class.
TRIES: Final = 20

#: Truth and probabilities of a resample to figures by name; NaN for one that is not defined there.
Measure = Callable[[NDArray[np.intp], NDArray[np.float64]], Mapping[str, float]]


@dataclass(frozen=True)
class Interval:
    """A figure and the percentile interval around it.

    Parameters
    ----------
    value : float
        On all rows, the mean over repeats.
    low, high : float
        Ends of the interval; NaN where no resample defines the figure.
    level : float in (0, 1)
    draws : int
        Resamples that hold every class and define the figure; the interval is over these.
    """

    value: float
    low: float
    high: float
    level: float
    draws: int

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals; None for what is undefined."""
        found = {name: getattr(self, name) for name in ("value", "low", "high")}
        rounded = {name: None if np.isnan(v) else round(float(v), 4) for name, v in found.items()}
        return {**rounded, "level": self.level, "draws": self.draws}

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        ends = "" if np.isnan(self.low) else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{ends}"


def resamples(groups: Sequence[str], draws: int = DRAWS, seed: int = 0) -> Iterator[NDArray[np.intp]]:
    """Draw groups with replacement, as many as there are, and give all their rows each time.

    Where every row is a group of its own this is the plain bootstrap.

    Parameters
    ----------
    groups : sequence of str
        Group of each row.
    draws, seed : int

    Yields
    ------
    int [shape=(varies,)]
        Rows, those of a group together, a group drawn twice twice.
    """
    if draws < 1:
        raise ConversionError(f"draws: {draws} is too few; expected at least 1")
    # Groups are numbered as they first appear, so singletons are numbered like the rows.
    number = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    if not number:
        raise ConversionError("groups: none; there is nothing to resample")
    place = np.array([number[group] for group in groups])
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])


def bootstrap(
    measure: Measure,
    y: NDArray[np.intp],
    repeats: Sequence[NDArray[np.float64]],
    groups: Sequence[str],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Interval]:
    """Measure, with a percentile interval for every figure.

    Parameters
    ----------
    measure : callable
        ``lambda y, P: figures(y, P, labels).flat()``, for one.
    y : int [shape=(n,)]
    repeats : sequence of float [shape=(n, n_labels)]
        Probabilities of the same rows by each seed. A figure is the mean over them, in each resample
        as on all rows, so the interval is of that mean: what other groups would change, not seeds.
    groups : sequence of str
        Of each row.
    draws : int
    level : float in (0, 1)
    seed : int
        The same draws serve every figure; the same seed gives the same intervals.

    Returns
    -------
    dict of str to Interval
        A resample that lacks a class is drawn again, so that a figure means the same in each: the
        intervals hold for sets in which every class occurs. Where that is rare, 20 times ``draws``
        are tried, and ``Interval.draws`` says how many were found. Chance gaps make the calibration
        error of a resample larger than that of all rows; its interval leans upwards.
    """
    if not repeats:
        raise ConversionError("repeats: none; there is nothing to measure")
    if not 0 < level < 1:
        raise ConversionError(f"level: {level} is out of range; allowed is what lies between 0 and 1")
    observed = _mean(measure, y, repeats)
    drawn = [
        _mean(measure, y[rows], [P[rows] for P in repeats]) for rows in _complete(y, groups, draws, seed)
    ]
    return {
        name: _interval(value, np.array([found[name] for found in drawn]), level)
        for name, value in observed.items()
    }


def bootstrap_mean(
    values: Sequence[float] | NDArray[Any],
    groups: Sequence[str],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Mean of a number a row, such as 1 for a hit and 0 for a miss, with its interval."""
    column = np.asarray(values, dtype=np.float64)[:, None]
    y = np.zeros(len(column), dtype=np.intp)

    def mean(_: NDArray[np.intp], rows: NDArray[np.float64]) -> Mapping[str, float]:
        return {"mean": float(rows.mean())}

    return bootstrap(mean, y, [column], groups, draws=draws, level=level, seed=seed)["mean"]


def _complete(
    y: NDArray[np.intp], groups: Sequence[str], draws: int, seed: int
) -> Iterator[NDArray[np.intp]]:
    """Resamples in which every class of ``y`` occurs."""
    n_classes = len(np.unique(y))
    drawn = resamples(groups, TRIES * draws, seed)
    return islice((rows for rows in drawn if len(np.unique(y[rows])) == n_classes), draws)


def _mean(measure: Measure, y: NDArray[np.intp], repeats: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    found = [measure(y, P) for P in repeats]
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]}


def _interval(value: float, drawn: NDArray[np.float64], level: float) -> Interval:
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if drawn.size else (np.nan, np.nan)
    return Interval(value, float(low), float(high), level, drawn.size)
