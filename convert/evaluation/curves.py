"""Curves behind the report's pictures, as numbers. Repeats are averaged, never mixed into one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.evaluation.figures import Labels, Probabilities, Reliability, confusion, decide, reliability
from edgecry.decision import DIGITS

#: Where curves are given: false-positive rates in percent, and coverages in percent.
RATES: Final = tuple(range(101))
COVERAGES: Final = tuple(range(5, 101, 5))


@dataclass(frozen=True)
class Curves:
    """What the pictures show.

    Parameters
    ----------
    labels : tuple of str
    confusion : tuple of tuple of float
        How often each label (row) was said to be each (column), the mean over repeats.
    reliability : Reliability
        Of what is said; over all repeats together.
    roc : dict of str to tuple of float
        For each label against the rest, the recall at 0, 1, ..., 100 % false positives.
    coverage : tuple of float
        Accuracy where only the surest 5, 10, ..., 100 % are answered.
    majority : tuple of float
        Accuracy of always saying the most frequent label, over the same recordings.
    """

    labels: tuple[str, ...]
    confusion: tuple[tuple[float, ...], ...]
    reliability: Reliability
    roc: dict[str, tuple[float, ...]]
    coverage: tuple[float, ...]
    majority: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals."""
        bins = zip(
            self.reliability.confidence, self.reliability.accuracy, self.reliability.count, strict=True
        )
        return {
            "confusion": [[round(n, 4) for n in row] for row in self.confusion],
            "reliability": [
                {"confidence": round(c, 4), "accuracy": round(a, 4), "count": n} for c, a, n in bins
            ],
            "roc": {label: [round(r, 4) for r in recall] for label, recall in self.roc.items()},
            "coverage": {
                f"{share}": {"accuracy": round(found, 4), "majority": round(guessed, 4)}
                for share, found, guessed in zip(COVERAGES, self.coverage, self.majority, strict=True)
            },
        }


def curves(y: Labels, repeats: Sequence[Probabilities], labels: Sequence[str]) -> Curves:
    """Compute the curves of one model.

    Parameters
    ----------
    y : int [shape=(n,)]
    repeats : sequence of float [shape=(n, n_labels)]
        Probabilities of the same rows by each seed.
    labels : sequence of str
    """
    said = [decide(P) for P in repeats]
    counts = np.mean([confusion(y, s, len(labels)) for s in said], axis=0)
    hits = np.concatenate([s == y for s in said])
    surest = np.concatenate([P[np.arange(len(y)), s] for P, s in zip(repeats, said, strict=True)])
    frequent = int(np.argmax(np.bincount(y, minlength=len(labels))))
    return Curves(
        labels=tuple(labels),
        confusion=tuple(map(tuple, counts.tolist())),
        reliability=reliability(hits, surest),
        roc={
            label: _mean_roc(y == k, repeats, k) for k, label in enumerate(labels) if 0 < (y == k).mean() < 1
        },
        coverage=_mean(selective(s == y, P.max(axis=1)) for s, P in zip(said, repeats, strict=True)),
        majority=_mean(selective(y == frequent, P.max(axis=1)) for P in repeats),
    )


def selective(hit: NDArray[np.bool_], confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of hits among the surest 5, 10, ..., 100 %.

    Those equally sure (to six decimals) are taken at their common share of hits, so that their order
    in the table, which may well be by label, does not count.
    """
    levels, place = np.unique(-np.round(confidence, DIGITS), return_inverse=True)
    shares = np.bincount(place, hit, len(levels)) / np.bincount(place, minlength=len(levels))
    total = np.cumsum(shares[np.sort(place)])
    answered = np.maximum(1, np.round(np.array(COVERAGES) / 100 * len(hit)).astype(np.intp))
    found: NDArray[np.float64] = total[answered - 1] / answered
    return found


def _mean_roc(truth: NDArray[np.bool_], repeats: Sequence[Probabilities], k: int) -> tuple[float, ...]:
    from sklearn.metrics import roc_curve

    rows = []
    for P in repeats:
        fpr, tpr, _ = roc_curve(truth, P[:, k], drop_intermediate=False)
        # The last point within each rate; the tolerance forgives the rate's own rounding.
        rows.append(tpr[np.searchsorted(fpr, np.array(RATES) / 100 + 1e-12, side="right") - 1])
    return _mean(rows)


def _mean(rows: Any) -> tuple[float, ...]:
    return tuple(np.mean([*rows], axis=0).tolist())
