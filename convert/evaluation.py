"""Honest figures: out of fold, no group on both sides of a split, next to what guessing achieves.

Pure functions of labels, groups and probabilities; nothing here knows of files or features.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError

FOLDS: Final = 5
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
Probabilities = NDArray[np.float64]


def grouped_folds(
    labels: Sequence[str], groups: Sequence[str], n_splits: int = FOLDS, seed: int = 0
) -> list[Fold]:
    """Split so that each recording is tested once, apart from all others of its group.

    Parameters
    ----------
    labels, groups : sequence of str
        Of each recording. The folds have about equal shares of each label.
    n_splits, seed : int

    Returns
    -------
    list of (train, test) indices

    Raises
    ------
    ConversionError
        There are fewer groups than folds, or all recordings of a label are in one group.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups_of: dict[str, set[str]] = {}
    for label, group in zip(labels, groups, strict=True):
        groups_of.setdefault(label, set()).add(group)
    if len(set(groups)) < n_splits:
        raise ConversionError(
            f"groups: only {len(set(groups))}, and {n_splits} folds need one each; add others"
        )
    for label, members in sorted(groups_of.items()):
        if len(members) < 2:
            raise ConversionError(
                f"label {label!r}: only in group {members.pop()!r}, so it cannot be both learned and tested; "
                "add recordings of others, or leave the label out"
            )
    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label in fewer groups than folds is missing from some tests, which is no harm to the pool.
        warnings.filterwarnings("ignore", "The least populated class")
        return list(splitter.split(np.zeros(len(labels)), np.asarray(labels), np.asarray(groups)))


def out_of_fold(
    estimator: Any, X: NDArray[np.floating[Any]], y: NDArray[np.intp], folds: Sequence[Fold]
) -> Probabilities:
    """Probabilities of each recording by a model that never saw its group.

    Everything the estimator fits, scalers included, is fitted anew in each fold. A class missing
    from a training part gets probability 0 there.
    """
    from sklearn.base import clone

    P = np.zeros((len(y), y.max() + 1))
    for train, test in folds:
        fitted = clone(estimator).fit(X[train], y[train])
        P[np.ix_(test, fitted.classes_)] = fitted.predict_proba(X[test])
    return P


def prior_of_fold(y: NDArray[np.intp], folds: Sequence[Fold]) -> Probabilities:
    """What knowing the classes' shares alone achieves: those of each training part, for every recording."""
    P = np.zeros((len(y), y.max() + 1))
    for train, test in folds:
        P[test] = np.bincount(y[train], minlength=P.shape[1]) / len(train)
    return P


def decide(P: Probabilities) -> NDArray[np.intp]:
    """Class of each row as the device takes it: the first of the largest, to six decimals."""
    chosen: NDArray[np.intp] = np.argmax(np.round(P, 6), axis=1)
    return chosen


@dataclass(frozen=True)
class Figures:
    """What a set of probabilities achieved.

    Parameters
    ----------
    labels : tuple of str
    precision, recall, f1 : tuple of float
        A number a class; 0 where it is undefined.
    support : tuple of int
        Recordings of each class.
    accuracy, balanced_accuracy, macro_f1, log_loss : float
        Balanced accuracy is the mean recall (UAR); log-loss is in nats.
    """

    labels: tuple[str, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    support: tuple[int, ...]
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float

    def to_dict(self) -> dict[str, Any]:
        """Plain types, to four decimals, ready for JSON."""
        per_class = zip(self.labels, self.precision, self.recall, self.f1, self.support, strict=True)
        return {
            "accuracy": round(self.accuracy, 4),
            "balanced_accuracy": round(self.balanced_accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "log_loss": round(self.log_loss, 4),
            "classes": {
                label: {"precision": round(p, 4), "recall": round(r, 4), "f1": round(f, 4), "support": n}
                for label, p, r, f, n in per_class
            },
        }


def figures(y: NDArray[np.intp], P: Probabilities, labels: Sequence[str]) -> Figures:
    """Measure probabilities against the truth.

    Parameters
    ----------
    y : int [shape=(n,)]
        True class of each recording, an index into ``labels``; every class occurs.
    P : float [shape=(n, n_labels)]
        Probabilities, rows that sum to 1.
    labels : sequence of str
    """
    n_labels = len(labels)
    confusion = np.zeros((n_labels, n_labels))
    np.add.at(confusion, (y, decide(P)), 1)
    hits, said, support = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision = hits / np.maximum(said, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(said + support, 1)
    # A probability of 0 for what was true would cost infinitely much; clipped as scikit-learn does.
    true = np.clip(P[np.arange(len(y)), y], np.finfo(np.float64).eps, 1)
    return Figures(
        labels=tuple(labels),
        precision=tuple(precision.tolist()),
        recall=tuple(recall.tolist()),
        f1=tuple(f1.tolist()),
        support=tuple(int(n) for n in support),
        accuracy=float(hits.sum() / len(y)),
        balanced_accuracy=float(recall.mean()),
        macro_f1=float(f1.mean()),
        log_loss=float(-np.log(true).mean()),
    )


def table(title: str, model: Figures, majority: Figures) -> str:
    """Lay figures out for people: the classes, then the summary next to the majority baseline's."""
    width = max(map(len, (*model.labels, "balanced accuracy")))
    rows = [*_class_rows(model, width), "", *_summary_rows(model, majority, width)]
    return "\n".join([title, "", *rows])


def _class_rows(model: Figures, width: int) -> Iterator[str]:
    yield f"{'class':{width}}  precision  recall    f1  support"
    values = np.array([model.precision, model.recall, model.f1])
    rows = [*zip(model.labels, values.T, model.support, strict=True)]
    total = sum(model.support)
    rows.append(("macro avg", values.mean(axis=1), total))
    rows.append(("weighted avg", values @ model.support / total, total))
    for name, (precision, recall, f1), support in rows:
        yield f"{name:{width}}  {precision:9.2f}  {recall:6.2f}  {f1:4.2f}  {support:7d}"


def _summary_rows(model: Figures, majority: Figures, width: int) -> Iterator[str]:
    other = f"always {majority.labels[int(np.argmax(majority.recall))]}"
    yield f"{'':{width}}      model  {other}"
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss"):
        found, guessed = getattr(model, name), getattr(majority, name)
        yield f"{name.replace('_', ' '):{width}}  {found:9.3f}  {guessed:{len(other)}.3f}"
