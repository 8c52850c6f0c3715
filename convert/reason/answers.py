"""What the device would say of recordings whose babies were not fitted on, by the device's own decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.evaluation.bootstrap import Interval, bootstrap
from convert.evaluation.figures import Labels, Probabilities
from convert.evaluation.procedures import Rows
from convert.evaluation.protocol import Splits, spread
from convert.reason.recipe import Recipe, Tempered
from edgecry.decision import Decision, find_reasons, name_reason, top_label


@dataclass(frozen=True, eq=False)
class Answers:
    """Of one repeat, at one gain.

    Attributes
    ----------
    P : float [shape=(n, n_labels)]
        In float32's precision, as the device has them.
    sets : bool [shape=(n, n_labels)]
        Which reasons the evidence leaves.
    said : list of str
        A label, or "uncertain".
    likeliest : list of str
        The most probable label, whatever the sets are.
    """

    P: Probabilities
    sets: NDArray[np.bool_]
    said: list[str]
    likeliest: list[str]

    @property
    def left(self) -> list[str]:
        """The sets, as text that is alike where they are."""
        return ["".join("01"[there] for there in row) for row in self.sets.astype(int).tolist()]


@dataclass(frozen=True, eq=False)
class Repeat:
    """One seed's answers, each recording asked of the model that was fitted without its group.

    Attributes
    ----------
    at : dict of float to Answers
        By gain in dB, 0 among them, at the recipe's coverage.
    covering : dict of float to Answers
        By another coverage, as the recordings are.
    temperatures : tuple of float
        The exponent T that each fold chose.
    """

    at: Mapping[float, Answers]
    covering: Mapping[float, Answers]
    temperatures: tuple[float, ...]


def answer(
    fitted: Tempered,
    X: Rows,
    labels: Sequence[str],
    nameable: Sequence[str],
    coverage: float | None = None,
) -> Answers:
    """Answer for rows that were not fitted on, at the recipe's coverage if no other is given."""
    known = [labels[k] for k in fitted.classes_]
    rule = fitted.rule(known, [label for label in known if label in nameable])
    P = spread(fitted, X, len(labels)).astype(np.float32).astype(np.float64)
    sets, said, settings = np.zeros(P.shape, dtype=bool), [], Decision(coverage=coverage)
    for i, row in enumerate(P[:, fitted.classes_].tolist()):
        reasons = find_reasons(dict(zip(known, row, strict=True)), rule, settings)
        sets[i] = [label in reasons.set for label in labels]
        said.append(name_reason(reasons, rule.nameable))
    return Answers(P, sets, said, [top_label(row, labels) for row in P.tolist()])


def out_of_fold(
    X_at: Mapping[float, Rows],
    y: Labels,
    splits: Splits,
    labels: Sequence[str],
    nameable: Sequence[str],
    coverages: Sequence[float] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Repeat]:
    """Fit the recipe in each fold to the recordings as they are, and answer at every gain.

    Parameters
    ----------
    X_at : dict of float to float [shape=(n, n_features)]
        Vectors of the same recordings by gain in dB; 0 must be among them.
    y : int [shape=(n,)]
    splits : Splits
    labels, nameable : sequence of str
        Names of the classes, and those that may be given as an answer.
    coverages : sequence of float in (0, 1)
        That are tried besides the recipe's.
    tell : callable
        Called with a line after each repeat.
    """
    for number, seed in enumerate(splits.seeds, start=1):
        at = {gain: _unanswered(len(y), len(labels)) for gain in X_at}
        covering = {share: _unanswered(len(y), len(labels)) for share in coverages}
        temperatures = []
        for train, test in splits.folds(y, seed):
            fitted = Recipe().fit(X_at[0.0][train], y[train], [splits.groups[i] for i in train], seed)
            temperatures.append(fitted.temperature)
            for gain, X in X_at.items():
                _put(at[gain], test, answer(fitted, X[test], labels, nameable))
            for share, whole in covering.items():
                _put(whole, test, answer(fitted, X_at[0.0][test], labels, nameable, share))
        tell(f"repeat {number} of {len(splits.seeds)}")
        yield Repeat(at, covering, tuple(temperatures))


def _unanswered(n: int, n_labels: int) -> Answers:
    shape = (n, n_labels)
    return Answers(np.zeros(shape), np.zeros(shape, dtype=bool), [""] * n, [""] * n)


def _put(whole: Answers, rows: NDArray[np.intp], part: Answers) -> None:
    whole.P[rows], whole.sets[rows] = part.P, part.sets
    for i, row in enumerate(rows):
        whole.said[row], whole.likeliest[row] = part.said[i], part.likeliest[i]


# -- figures ---------------------------------------------------------------------------------------


def set_figures(
    answers: Sequence[Answers], y: Labels, labels: Sequence[str], groups: Sequence[str], draws: int
) -> dict[str, Interval]:
    """Coverage of the sets, by reason and as their mean, and how large they are; means over repeats."""

    def measure(truth: Labels, sets: NDArray[np.float64]) -> dict[str, float]:
        covered = sets[np.arange(len(truth)), :, truth].mean(axis=1)
        by_label = {label: float(covered[truth == k].mean()) for k, label in enumerate(labels)}
        size = sets.sum(axis=2)
        return {
            "coverage": float(covered.mean()),
            "coverage, mean of reasons": float(np.mean(list(by_label.values()))),
            **{f"coverage, {label}": found for label, found in by_label.items()},
            "mean size": float(size.mean()),
            "share with one reason": float((size == 1).mean()),
        }

    sets = np.stack([one.sets for one in answers], axis=1).astype(np.float64)
    return bootstrap(measure, y, [sets], groups, draws=draws)


def said_figures(
    answers: Sequence[Answers], y: Labels, labels: Sequence[str], groups: Sequence[str], draws: int
) -> dict[str, Interval]:
    """How often a reason is stated, how often rightly, and how often the most frequent would be right."""
    most = int(np.argmax(np.bincount(y)))

    def measure(truth: Labels, said: NDArray[np.float64]) -> dict[str, float]:
        stated, right = said >= 0, said == truth[:, None]
        usual = np.broadcast_to((truth == most)[:, None], stated.shape)
        return {
            "share of 'uncertain'": float((~stated).mean()),
            "share with a reason": float(stated.mean()),
            "accuracy of stated reasons": float(right[stated].mean()) if stated.any() else np.nan,
            f"always '{labels[most]}' on the same": float(usual[stated].mean()) if stated.any() else np.nan,
        }

    number = {label: k for k, label in enumerate(labels)}
    columns = [[number.get(label, -1) for label in one.said] for one in answers]
    return bootstrap(measure, y, [np.array(columns, dtype=np.float64).T], groups, draws=draws)
