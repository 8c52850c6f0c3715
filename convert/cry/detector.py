"""The detector as a procedure: what is fitted inside a fold, and how a recording is then judged."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from convert.cry import recipe
from convert.cry.examples import Example, Vectors
from convert.errors import ConversionError
from convert.evaluation.figures import Probabilities
from edgecry.decision import pool

#: Their number and the leaves of each bound the file to a megabyte and a half.
TREES: Final = 60
LEAVES: Final = 300
#: Several small ones are steadier than one that is larger.
NETWORKS: Final = 4
UNITS: Final = 64


class Classifier(Protocol):
    """A scikit-learn classifier of windows."""

    def fit(self, X: Vectors, y: NDArray[np.intp], **weights: Any) -> Any:
        """Fit."""

    def predict_proba(self, X: Vectors) -> Probabilities:
        """Probabilities of "other" and "cry"."""


def trees(seed: int) -> Any:
    """Extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(TREES, max_leaf_nodes=LEAVES, max_features=0.3, random_state=seed)


def vote(seed: int) -> Any:
    """The trees and small networks, half the voice each.

    They err on different sounds. And where a network is sure of something unlike all that it learned, as
    networks are, the trees are not: so neither can call it a cry alone.
    """
    from sklearn.ensemble import VotingClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    settings = {"alpha": 0.2, "learning_rate_init": 0.002, "max_iter": 30}
    nets = [
        (f"network{i}", MLPClassifier((UNITS,), random_state=seed + i, **settings)) for i in range(NETWORKS)
    ]
    shares = [NETWORKS, *[1] * NETWORKS]
    both = VotingClassifier([("trees", trees(seed)), *nets], voting="soft", weights=shares)
    return make_pipeline(StandardScaler(), both)


def logistic(seed: int) -> Any:
    """Logistic regression: a hundred numbers, for comparison."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=3000, random_state=seed))


#: Rivals for the tables, after what is shipped.
DEFAULT: Final = "trees and networks"
ESTIMATORS = {DEFAULT: vote, "trees": trees, "logistic": logistic}


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
        sounding = [~np.isnan(vectors[:, 0]) for vectors in recordings]
        # All at once: a forest takes as long for a vector as for a thousand.
        given = [vectors[heard] for vectors, heard in zip(recordings, sounding, strict=True) if heard.any()]
        found = self.classifier.predict_proba(np.concatenate(given))[:, 1] if given else np.empty(0)
        answers = iter(found.tolist())
        pooled = [
            pool([next(answers) if heard else 0.0 for heard in windows], recipe.POOL) for windows in sounding
        ]
        p = np.array(pooled)
        return np.column_stack([1 - p, p])


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
    estimator: str = DEFAULT

    @property
    def rows(self) -> NDArray[np.intp]:
        """All rows."""
        return np.arange(len(self.examples))

    def fit(
        self,
        X: NDArray[np.intp],
        y: NDArray[np.intp],
        groups: Sequence[str],  # noqa: ARG002 - of a procedure
        seed: int,
        /,
    ) -> FittedDetector:
        """Learn from the examples of some rows."""
        vectors, truth, weights = self.lessons(X, y)
        classifier = ESTIMATORS[self.estimator](seed)
        steps = getattr(classifier, "steps", None)
        name = f"{steps[-1][0]}__sample_weight" if steps else "sample_weight"
        with warnings.catch_warnings():
            # Networks learn for as long as they are told to, whether or not they would go on.
            warnings.filterwarnings("ignore", "Stochastic Optimizer", module="sklearn")
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
