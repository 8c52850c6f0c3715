"""The protocol: a procedure run over splits that keep groups apart, several times, always out of fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.evaluation.figures import Probabilities, threshold_at_fpr
from convert.evaluation.folds import FOLDS, Fold, grouped_folds
from convert.evaluation.procedures import Fitted, Labels, Procedure, Rows

SEEDS: Final = (0, 1, 2)
LEAKY: Final = "LEAKY"


@dataclass(frozen=True)
class Splits:
    """How recordings are split, and what to call it.

    Make one with :meth:`by` or, for figures that fool us, with :meth:`leaky`.

    Parameters
    ----------
    groups : tuple of str
        Of each recording; those of a group are never on both sides.
    grouping : str
        What the groups are, such as "instance".
    seeds : tuple of int
        One repeat each.
    n_splits : int
    is_leaky : bool
        Whether the split is a random one, by no group.
    """

    groups: tuple[str, ...]
    grouping: str
    seeds: tuple[int, ...] = SEEDS
    n_splits: int = FOLDS
    is_leaky: bool = False

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ConversionError("seeds: none; expected one for each repeat")
        if self.n_splits < 2:
            raise ConversionError(f"n_splits: {self.n_splits} is too few; expected at least 2")

    @classmethod
    def by(
        cls, grouping: str, groups: Sequence[str], seeds: Sequence[int] = SEEDS, n_splits: int = FOLDS
    ) -> Splits:
        """Keep groups apart."""
        return cls(tuple(groups), grouping, tuple(seeds), n_splits)

    @classmethod
    def leaky(cls, n: int, seeds: Sequence[int] = SEEDS, n_splits: int = FOLDS) -> Splits:
        """Split n recordings at random, one baby on both sides; everything made of it says LEAKY."""
        return cls(tuple(map(str, range(n))), "none", tuple(seeds), n_splits, is_leaky=True)

    def folds(self, y: Labels, seed: int) -> list[Fold]:
        """Indices (train, test) of one repeat, with about equal shares of each class."""
        return grouped_folds([str(k) for k in y], self.groups, self.n_splits, seed)

    def __str__(self) -> str:
        repeats = f"{len(self.seeds)} repeat{'s' if len(self.seeds) > 1 else ''}"
        if self.is_leaky:
            return (
                f"{LEAKY}: out of fold, StratifiedKFold({self.n_splits}), {repeats}, {len(self.groups)} "
                "recordings; one baby may be on both sides, so these figures say nothing of another baby"
            )
        return (
            f"out of fold, StratifiedGroupKFold({self.n_splits}) by {self.grouping} "
            f"({len(set(self.groups))} groups), {repeats}, {len(self.groups)} recordings; all that is "
            "fitted is fitted inside the fold"
        )


def cross_validate(
    procedure: Procedure,
    X: Rows,
    y: Labels,
    splits: Splits,
    *,
    n_classes: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Probabilities]:
    """Probabilities of each row by a procedure fitted without its group, once for each seed.

    Parameters
    ----------
    procedure : Procedure
        Fitted anew in each fold, on the training part alone, with the repeat's seed.
    X : array [shape=(n, ...)]
    y : int [shape=(n,)]
        Class of each row.
    splits : Splits
        The same splits give baselines and rivals the same folds.
    n_classes : int, optional
        Columns of the result; ``y.max() + 1`` if left out. A class that a training part lacks has
        probability 0 there.
    tell : callable
        Called with a line after each repeat.

    Returns
    -------
    list of float [shape=(n, n_classes)]
        One for each seed.

    Raises
    ------
    ConversionError
        X, y and groups differ in length, or cannot be split.
    """
    _check_lengths(X, y, splits.groups)
    columns = n_classes or int(y.max()) + 1
    found = []
    for number, seed in enumerate(splits.seeds, start=1):
        P = np.zeros((len(y), columns))
        for train, test in splits.folds(y, seed):
            fitted = procedure.fit(X[train], y[train], _of(splits.groups, train), seed)
            P[test] = spread(fitted, X[test], columns)
        found.append(P)
        tell(f"repeat {number} of {len(splits.seeds)}")
    return found


def leave_one_out(
    procedure: Procedure,
    X: Rows,
    y: Labels,
    groups: Sequence[str],
    corpora: Sequence[str],
    *,
    seeds: Sequence[int] = SEEDS,
    n_classes: int | None = None,
) -> dict[str, tuple[NDArray[np.intp], list[Probabilities]]]:
    """Test on each corpus what was fitted to all the others; for two, both ways.

    A group that is in the tested corpus as well as in another is left out of training. A corpus without
    which there are fewer than two classes to learn is not tested.

    Parameters
    ----------
    procedure, X, y, n_classes
        As in :func:`cross_validate`.
    groups : sequence of str
        Of each row.
    corpora : sequence of str
        Of each row; at least two.
    seeds : sequence of int
        The procedure is fitted once for each.

    Returns
    -------
    dict of str to (rows, probabilities)
        For each corpus the indices of its rows, and their probabilities for each seed.
    """
    _check_lengths(X, y, groups)
    _check_lengths(X, y, corpora)
    names = sorted(set(corpora))
    if len(names) < 2:
        raise ConversionError(f"corpora: only {', '.join(names)}; testing on another needs two")
    columns = n_classes or int(y.max()) + 1
    where, who = np.asarray(corpora), np.asarray(groups)
    found = {}
    for name in names:
        test = np.flatnonzero(where == name)
        train = np.flatnonzero((where != name) & ~np.isin(who, who[test]))
        if len(np.unique(y[train])) > 1:
            own = _of(groups, train)
            fitted = (procedure.fit(X[train], y[train], own, seed) for seed in seeds)
            found[name] = test, [spread(one, X[test], columns) for one in fitted]
    return found


@dataclass(frozen=True, eq=False)
class Detections:
    """What a threshold that was chosen inside the fold let through.

    Attributes
    ----------
    P : float [shape=(n, 2)]
    detected : bool [shape=(n,)]
        The positive class's probability reached the fold's threshold.
    thresholds : tuple of float
        One for each fold.
    """

    P: Probabilities
    detected: NDArray[np.bool_]
    thresholds: tuple[float, ...]


def detect(
    procedure: Procedure, X: Rows, y: Labels, splits: Splits, *, positive: int = 1, max_fpr: float = 0.01
) -> list[Detections]:
    """Cross-validate a detector together with its threshold, once for each seed.

    In each fold the threshold is chosen on the training part's own out-of-fold scores, split by the
    same groups, then the procedure is fitted to all of the training part. The false positives it
    then has on the test part are what a user gets, not what was asked for.

    Parameters
    ----------
    procedure, X, y, splits
        As in :func:`cross_validate`; two classes.
    positive : {0, 1}
        The class that is detected.
    max_fpr : float in [0, 1]
        False positives that the threshold may have where it is chosen.
    """
    _check_lengths(X, y, splits.groups)
    found = []
    for seed in splits.seeds:
        P, detected, thresholds = np.zeros((len(y), 2)), np.zeros(len(y), dtype=bool), []
        for train, test in splits.folds(y, seed):
            groups = _of(splits.groups, train)
            threshold = choose_threshold(
                procedure,
                X[train],
                y[train],
                groups,
                seed,
                splits.n_splits,
                positive=positive,
                max_fpr=max_fpr,
            )
            P[test] = spread(procedure.fit(X[train], y[train], groups, seed), X[test], 2)
            detected[test] = P[test, positive] >= threshold
            thresholds.append(threshold)
        found.append(Detections(P, detected, tuple(thresholds)))
    return found


def choose_threshold(
    procedure: Procedure,
    X: Rows,
    y: Labels,
    groups: Sequence[str],
    seed: int,
    n_splits: int = FOLDS,
    *,
    positive: int = 1,
    max_fpr: float = 0.01,
) -> float:
    """Threshold with the highest recall at a bounded false-positive rate, on grouped out-of-fold scores.

    See :func:`~convert.evaluation.figures.threshold_at_fpr`.
    """
    (P,) = cross_validate(procedure, X, y, Splits.by("", groups, (seed,), n_splits), n_classes=2)
    return threshold_at_fpr(y == positive, P[:, positive], max_fpr)


def spread(fitted: Fitted, X: Rows, n_classes: int) -> Probabilities:
    """Probabilities with a column for every class, 0 for those the fitted one does not know."""
    P = np.zeros((len(X), n_classes))
    P[:, fitted.classes_] = fitted.predict_proba(X)
    return P


def _of(groups: Sequence[str], rows: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(groups[row] for row in rows)


def _check_lengths(X: Rows, y: Labels, groups: Sequence[str]) -> None:
    if not len(X) == len(y) == len(groups):
        raise ConversionError(
            f"found {len(X)} rows, {len(y)} labels and {len(groups)} groups; expected equal"
        )
