"""The detector as a procedure: what is fitted inside a fold, and how a recording is then judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convert.cry import recipe
from convert.cry.examples import Example, Vectors
from convert.errors import ConversionError
from convert.evaluation import Probabilities, grouped_folds
from edgecry.decision import pool


class Classifier(Protocol):
    """A scikit-learn classifier of windows."""

    def fit(self, X: Vectors, y: NDArray[np.intp], **weights: Any) -> Any:
        """Fit."""

    def predict_proba(self, X: Vectors) -> Probabilities:
        """Probabilities of "other" and "cry"."""


def trees(seed: int) -> Any:
    """Extremely randomised trees; their leaves bound the file to a megabyte and a half."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(60, max_leaf_nodes=300, max_features=0.3, random_state=seed)


def logistic(seed: int) -> Any:
    """Logistic regression: a hundred numbers, for comparison."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=3000, random_state=seed))


ESTIMATORS = {"trees": trees, "logistic": logistic}


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A classifier of windows, asked about recordings."""

    classifier: Any
    heard: Sequence[Vectors]
    classes_: NDArray[np.intp]

    def predict_proba(self, X: NDArray[np.intp], /) -> Probabilities:
        """Probabilities of recordings, named by their rows, pooled as the device pools them."""
        return self.judge([self.heard[i] for i in X])

    def judge(self, recordings: Sequence[Vectors]) -> Probabilities:
        """Probabilities [shape=(n, 2)] of recordings, given by the vectors of their windows."""
        p = np.array([self._pooled(vectors) for vectors in recordings])
        return np.column_stack([1 - p, p])

    def _pooled(self, vectors: Vectors) -> float:
        p = np.zeros(len(vectors))
        sounding = ~np.isnan(vectors[:, 0])
        if sounding.any():
            p[sounding] = self.classifier.predict_proba(vectors[sounding])[:, 1]
        return pool(p.tolist(), recipe.POOL)


@dataclass(frozen=True, eq=False)
class CryDetector:
    """The procedure. Its rows are numbers of examples.

    Parameters
    ----------
    examples : sequence of Example
    distractors : float64 [shape=(n, n_features)]
        Vectors of sounds that are no cries, learned in every fold: they are of no recording.
    estimator : str
        One of ``ESTIMATORS``.
    """

    examples: Sequence[Example]
    distractors: Vectors
    estimator: str = "trees"

    @property
    def rows(self) -> NDArray[np.intp]:
        """All rows."""
        return np.arange(len(self.examples))

    def fit(
        self, X: NDArray[np.intp], y: NDArray[np.intp], groups: Sequence[str], seed: int, /
    ) -> FittedDetector:
        """Learn from the examples of some rows, but for cries that are none.

        Not every recording that a parent sent in holds a cry. Those that models of the others find
        unlike any are left out, unless that would be all; of a test part none ever is.
        """
        doubtful = (y == 1) & (self._opinion(X, y, groups, seed) < recipe.DOUBTFUL)
        doubtful &= not doubtful[y == 1].all()
        return self._fit(X[~doubtful], y[~doubtful], seed)

    def _opinion(
        self, X: NDArray[np.intp], y: NDArray[np.intp], groups: Sequence[str], seed: int
    ) -> NDArray[np.float64]:
        """Probability of a cry in each row, by models that were fitted without its group."""
        P = np.zeros(len(X))
        for train, test in grouped_folds([str(k) for k in y], groups, recipe.OPINIONS, seed):
            P[test] = self._fit(X[train], y[train], seed).predict_proba(X[test])[:, 1]
        return P

    def _fit(self, X: NDArray[np.intp], y: NDArray[np.intp], seed: int) -> FittedDetector:
        vectors, truth, weights = self.lessons(X, y)
        classifier = ESTIMATORS[self.estimator](seed)
        steps = getattr(classifier, "steps", None)
        name = f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
        classifier.fit(vectors, truth, **{name: weights})
        return FittedDetector(classifier, [e.heard for e in self.examples], np.array([0, 1]))

    def lessons(
        self, X: NDArray[np.intp], y: NDArray[np.intp]
    ) -> tuple[Vectors, NDArray[np.intp], NDArray[np.float64]]:
        """Vectors, classes and weights: a recording weighs as much as another, cries as much as the rest."""
        taught = [self.examples[i].taught for i in X]
        sizes = np.array([len(part) for part in taught])
        weights = np.repeat(1 / np.maximum(sizes, 1), sizes)
        truth = np.repeat(y, sizes)
        sounding = self.distractors[~np.isnan(self.distractors[:, 0])]
        weights = np.concatenate([weights, np.full(len(sounding), recipe.DISTRACTOR_WEIGHT)])
        truth = np.concatenate([truth, np.zeros(len(sounding), np.intp)])
        if not truth.any():
            raise ConversionError(
                f"cries: {int(y.sum())} to learn from, and all of them silent (under {recipe.FLOOR_DBFS:g} "
                "dB of full scale); add recordings that can be heard"
            )
        weights[truth == 1] *= weights[truth == 0].sum() / weights[truth == 1].sum()
        return np.concatenate([*taught, sounding]), truth, weights / weights.mean()
