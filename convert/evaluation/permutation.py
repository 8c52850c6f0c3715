"""Permutation test: how often labels that mean nothing score as well.

Labels are moved in blocks, a group's together, because those of a group are alike; moved one by one
they would make any score look remarkable. That a p is never 0 follows Phipson and Smyth,
"Permutation p-values should never be zero", Statistical Applications in Genetics and Molecular
Biology 9 (2010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError

Labels = NDArray[np.intp]

#: Fewer groups of one size than these are pooled with the next size, so that labels do move.
POOL: Final = 5
#: Draws made in place of one that cannot be split.
TRIES: Final = 1000


@dataclass(frozen=True)
class Permutations:
    """How a score compares with those of permuted labels.

    Parameters
    ----------
    observed : float
        With the true labels; more is better.
    null_mean, null_p95 : float
        Mean and 95th percentile with permuted ones.
    p : float in (0, 1]
        One-sided: (1 + draws that score as much or more) / (1 + draws).
    draws : int
    """

    observed: float
    null_mean: float
    null_p95: float
    p: float
    draws: int

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals."""
        found = {name: getattr(self, name) for name in ("observed", "null_mean", "null_p95", "p")}
        return {**{name: round(value, 4) for name, value in found.items()}, "draws": self.draws}


def permuted(y: Labels, groups: Sequence[str], rng: np.random.Generator, pool: int = POOL) -> Labels:
    """Move the label vectors of groups between groups of the same size, or as near as possible.

    Groups are taken from the largest to the smallest; sizes that few groups have are pooled with the
    next until ``pool`` of them are together. In each pool the vectors are shuffled and laid end to
    end over its rows. Within one size a group so gets another's vector whole; in a mixed pool a
    vector may run over into the next group. Every label occurs as often as before.

    Parameters
    ----------
    y : int [shape=(n,)]
    groups : sequence of str
        Of each row.
    rng : numpy.random.Generator
    pool : int
        Least number of groups to move among.
    """
    moved = np.empty_like(y)
    for members in _pools(groups, pool):
        order = rng.permutation(len(members))
        moved[np.concatenate(members)] = np.concatenate([y[members[i]] for i in order])
    return moved


def _pools(groups: Sequence[str], least: int) -> list[list[Labels]]:
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    members = sorted((np.array(found, dtype=np.intp) for found in rows.values()), key=len, reverse=True)
    pools: list[list[Labels]] = [[]]
    for found in members:
        last = pools[-1]
        if len(last) >= least and len(last[-1]) != len(found):
            pools.append([])
        pools[-1].append(found)
    if len(pools) > 1 and len(pools[-1]) < least:
        pools[-2].extend(pools.pop())
    return pools


def permutation_test(
    score: Callable[[Labels], float],
    y: Labels,
    groups: Sequence[str],
    *,
    draws: int,
    seed: int = 0,
    pool: int = POOL,
) -> Permutations:
    """Compare a score with what it is when the labels are moved between groups.

    Parameters
    ----------
    score : callable
        Runs the whole procedure on the labels it is given (splits, choices and all) and returns a
        number, more is better: not a score of predictions that exist already. If every label is in
        two groups at least, it is so in what it is given: a draw where it is not, so that it could
        not be split, is made again.
    y : int [shape=(n,)]
    groups : sequence of str
        Of each row.
    draws : int
        The least p is 1 / (1 + draws).
    seed, pool : int
        See :func:`permuted`.

    Raises
    ------
    ConversionError
        There are no draws, one group only, or labels cannot move.
    """
    if draws < 1:
        raise ConversionError(f"permutations: {draws} is too few; expected at least 1")
    if len(set(groups)) < 2:
        raise ConversionError("groups: only one, so its labels cannot move; add recordings of others")
    observed = score(y)
    null = np.array([score(labels) for labels in _draw(y, groups, draws, seed, pool)])
    p = (1 + int((null >= observed).sum())) / (1 + draws)
    return Permutations(observed, float(null.mean()), float(np.quantile(null, 0.95)), p, draws)


def _draw(y: Labels, groups: Sequence[str], draws: int, seed: int, pool: int) -> Iterator[Labels]:
    rng = np.random.default_rng(seed)
    who = np.unique(groups, return_inverse=True)[1]
    testable = _fewest_groups(y, who) > 1
    for _ in range(draws):
        moved = permuted(y, groups, rng, pool)
        for _ in range(TRIES):
            if not testable or _fewest_groups(moved, who) > 1:
                break
            moved = permuted(y, groups, rng, pool)
        else:
            raise ConversionError(
                "groups: too few or too unlike in size to move labels between them and keep each in two; "
                "leave the permutation test out"
            )
        yield moved


def _fewest_groups(y: Labels, who: Labels) -> int:
    """Number of groups that the label in the fewest groups occurs in."""
    return min(len(np.unique(who[y == label])) for label in np.unique(y))
