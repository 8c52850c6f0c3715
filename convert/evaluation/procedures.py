"""Procedures: everything that is fitted, from vectors to probabilities, as one thing to fit in a fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convert.evaluation.figures import Probabilities

#: A row a recording: vectors [shape=(n, n_features)], or an object array of what a procedure reads.
Rows = NDArray[Any]
Labels = NDArray[np.intp]


class Fitted(Protocol):
    """What fitting gives. A fitted scikit-learn classifier is one."""

    @property
    def classes_(self) -> NDArray[np.intp]:
        """Classes of the training part, in the order of the columns."""

    def predict_proba(self, X: Rows, /) -> NDArray[Any]:
        """Probabilities [shape=(len(X), len(classes_))] of rows that were not fitted on."""


class Procedure(Protocol):
    """All of a recipe: scaling, oversampling, choice of settings, calibration, threshold.

    It sees a training part alone, so whatever it fits cannot know the tests. What it chooses by an
    inner cross-validation it splits by the groups it is given, with the seed it is given.
    """

    def fit(self, X: Rows, y: Labels, groups: Sequence[str], seed: int, /) -> Fitted:
        """Fit to the rows of a training part, without keeping anything from an earlier call."""


@dataclass(frozen=True)
class Estimator:
    """A scikit-learn estimator or pipeline as a procedure: cloned and seeded for each fit.

    Parameters
    ----------
    estimator : scikit-learn classifier with ``predict_proba``, not fitted
    """

    estimator: Any

    def fit(self, X: Rows, y: Labels, groups: Sequence[str], seed: int, /) -> Fitted:  # noqa: ARG002
        """Fit a clone, every ``random_state`` in it set to the seed."""
        from sklearn.base import clone

        fresh = clone(self.estimator)
        states = [name for name in fresh.get_params() if name.split("__")[-1] == "random_state"]
        fitted: Fitted = fresh.set_params(**dict.fromkeys(states, seed)).fit(X, y)
        return fitted


@dataclass(frozen=True)
class Constant:
    """Says the same of every row."""

    classes_: NDArray[np.intp]
    row: NDArray[np.float64]

    def predict_proba(self, X: Rows, /) -> Probabilities:
        """That row, once for each."""
        return np.tile(self.row, (len(X), 1))


@dataclass(frozen=True)
class Prior:
    """Baseline: the classes' shares in the training part, whatever is heard."""

    def fit(self, X: Rows, y: Labels, groups: Sequence[str], seed: int, /) -> Constant:  # noqa: ARG002
        """Count."""
        classes, counts = np.unique(y, return_counts=True)
        return Constant(classes, counts / len(y))


@dataclass(frozen=True)
class Majority:
    """Baseline: the most frequent class of the training part (of equals the first), quite sure."""

    def fit(self, X: Rows, y: Labels, groups: Sequence[str], seed: int, /) -> Constant:  # noqa: ARG002
        """Count."""
        classes, counts = np.unique(y, return_counts=True)
        return Constant(classes, np.eye(len(classes))[np.argmax(counts)])


#: By the name they have in tables.
BASELINES: dict[str, Procedure] = {"majority": Majority(), "prior": Prior()}
