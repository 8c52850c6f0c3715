"""The recipe of reasons: a logistic regression, tempered towards how common each reason is.

On the public data no classifier tells the reasons of unheard babies apart better than their shares do,
so its probabilities have to stay near those shares. The posterior is ``prior x q^T``, normalised, where
q are the probabilities of a class-balanced logistic regression and T is what suits babies that were
not fitted on. That is a logistic regression again, whose coefficients are T times those of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.evaluation.figures import Labels, Probabilities
from convert.evaluation.folds import FOLDS, Fold, grouped_folds
from convert.evaluation.procedures import Rows
from convert.evaluation.protocol import spread
from edgecry.decision import EVIDENCE_DIGITS
from edgecry.features.spec import FeatureSpec
from edgecry.models.rules import Conformal

#: Highest frequency in Hz that telephones of 8 kHz and other recorders hear alike.
TOP: Final = 3800.0
#: Level removed: with it in, a classifier learns whose telephone is how loud.
SPEC: Final = FeatureSpec(level="remove", mel_fmax=TOP)
#: Strong, as there are half as many values as recordings.
C: Final = 0.003
#: Exponents T that are tried. Never 0, the prior alone: the evidence that sets are made of would be lost
#: in float32.
TEMPERATURES: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
#: Added to the count of each reason, so that no share is 0 (Jeffreys).
SMOOTHING: Final = 0.5
COVERAGE: Final = 0.9
#: A reason may be named that so many recordings, of so many groups, spoke for.
NAMEABLE_RECORDINGS: Final = 20
NAMEABLE_GROUPS: Final = 10
#: In place of a probability of 0, of which there is no logarithm: of a class that was not fitted on.
TINY: Final = 1e-12
SEED: Final = 0


@dataclass(frozen=True, eq=False)
class Tempered:
    """The fitted recipe.

    Parameters
    ----------
    pipeline : fitted scikit-learn pipeline
        Scaler and logistic regression, whose probabilities are the calibrated ones.
    prior : float in (0, 1) [shape=(n_classes,)]
        Share of each class of the training part.
    temperature : float
        T, one of ``TEMPERATURES``.
    scores : tuple of float [shape=(varies,)]
        Of each class the evidence that its recordings gave for it out of fold, in rising order.
    """

    pipeline: Any
    prior: NDArray[np.float64]
    temperature: float
    scores: tuple[NDArray[np.float64], ...]

    @property
    def classes_(self) -> NDArray[Any]:
        """Classes of the training part."""
        classes: NDArray[Any] = self.pipeline.classes_
        return classes

    def predict_proba(self, X: Rows, /) -> Probabilities:
        """Calibrated probabilities [shape=(len(X), len(classes_))]."""
        P: Probabilities = self.pipeline.predict_proba(X)
        return P

    def rule(self, labels: Sequence[str], nameable: Sequence[str]) -> Conformal:
        """By which the device decides; ``labels`` are the names of ``classes_``."""
        return Conformal(
            COVERAGE,
            {label: tuple(found.tolist()) for label, found in zip(labels, self.scores, strict=True)},
            dict(zip(labels, self.prior.tolist(), strict=True)),
            tuple(nameable),
        )


@dataclass(frozen=True)
class Recipe:
    """The procedure: everything that is fitted, seen by the evaluation as one thing to fit in a fold."""

    def fit(self, X: Rows, y: NDArray[Any], groups: Sequence[str], seed: int, /) -> Tempered:
        """Choose T and collect the evidence out of inner folds by group, then fit to all rows."""
        classes, place = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ConversionError(
                f"labels: only {classes[0]} in a part to learn from; add recordings of others, of more babies"
            )
        Q, priors = np.full((2, len(y), len(classes)), np.nan)
        for train, test in inner_folds(place, groups, seed):
            Q[test] = spread(_logistic(X[train], place[train]), X[test], len(classes))
            priors[test] = shares(place[train], len(classes))
        tested = ~np.isnan(Q[:, 0])
        owners = [group for group, there in zip(groups, tested, strict=True) if there]
        T = choose_temperature(place[tested], Q[tested], priors[tested], owners)
        evidence = temper(Q, np.ones(len(classes)), T)
        scores = [evidence[tested & (place == k), k] for k in range(len(classes))]
        prior = shares(place, len(classes))
        return Tempered(
            _tempered(_logistic(X, y), prior, T),
            prior,
            T,
            tuple(np.sort(np.round(found, EVIDENCE_DIGITS)) for found in scores),
        )


def shares(y: Labels, n_classes: int) -> NDArray[np.float64]:
    """Share of each class, none of them 0."""
    counts = np.bincount(y, minlength=n_classes) + SMOOTHING
    found: NDArray[np.float64] = counts / counts.sum()
    return found


def temper(Q: Probabilities, prior: NDArray[np.float64], T: float) -> Probabilities:
    """``prior x Q^T``, rows brought to the sum 1.

    Parameters
    ----------
    Q : float in [0, 1] [shape=(n, n_classes)]
    prior : float [shape=(n_classes,) or (n, n_classes)]
        All the same gives the evidence alone, see :func:`edgecry.decision.evidence`.
    T : float
        0 gives the prior, 1 takes Q at its word.
    """
    P: Probabilities = prior * np.maximum(Q, TINY) ** T
    P /= P.sum(axis=1, keepdims=True)
    return P


def choose_temperature(
    y: Labels, Q: Probabilities, prior: NDArray[np.float64], groups: Sequence[str]
) -> float:
    """Return the least exponent whose log-loss is within a standard error of the best one's.

    Of paired differences, summed by group, as recordings of one baby err alike. The rule is that of
    Breiman et al., "Classification and regression trees" (1984), section 3.4.3. Without anything to
    tell by, the least.
    """
    if not len(y):
        return TEMPERATURES[0]
    rows = np.arange(len(y))
    losses = np.array([-np.log(temper(Q, prior, T)[rows, y]) for T in TEMPERATURES])
    excess = losses - losses[losses.mean(axis=1).argmin()]
    who = np.unique(groups, return_inverse=True)[1]
    by_group = np.array([np.bincount(who, one) for one in excess])
    error = np.sqrt((by_group**2).sum(axis=1)) / len(y)
    # The relative 1e-9 forgives rounding, where a single group's excess is its own error.
    return TEMPERATURES[int(np.argmax(excess.mean(axis=1) <= error * (1 + 1e-9)))]


def inner_folds(y: Labels, groups: Sequence[str], seed: int) -> Iterator[Fold]:
    """Split a training part by group; a class that is in one group only is learned, never tested.

    It has no scores then, and so is never ruled out.
    """
    who = np.unique(groups, return_inverse=True)[1]
    testable = np.flatnonzero(n_groups(y, groups)[y] > 1)
    most = np.bincount(y[testable]).max(initial=0)
    n_splits = min(FOLDS, len(np.unique(who[testable])), int(most))
    if n_splits < 2:
        return
    names = [str(k) for k in y[testable]], [str(k) for k in who[testable]]
    for _, test in grouped_folds(*names, n_splits, seed):
        rows = testable[test]
        train = np.flatnonzero(~np.isin(who, who[rows]))
        if len(np.unique(y[train])) > 1:
            yield train, rows


def n_groups(y: Labels, groups: Sequence[str]) -> NDArray[np.intp]:
    """Number of groups each class occurs in."""
    who = np.unique(groups, return_inverse=True)[1]
    return np.bincount([k for k, _ in {*zip(y.tolist(), who.tolist(), strict=True)}], minlength=y.max() + 1)


def nameable(y: Labels, groups: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Labels with recordings, and groups, enough to be given as an answer."""
    recordings, spoke = np.bincount(y, minlength=len(labels)), n_groups(y, groups)
    return tuple(
        label
        for label, n, m in zip(labels, recordings, spoke, strict=True)
        if n >= NAMEABLE_RECORDINGS and m >= NAMEABLE_GROUPS
    )


def heard() -> NDArray[np.bool_]:
    """Which values of the vector are of sound up to ``TOP``.

    The contrast of higher octaves, of which a telephone has nothing, would tell recorders apart.
    """
    found = np.ones(SPEC.n_features, dtype=bool)
    tops = SPEC.fmin * 2.0 ** np.arange(SPEC.n_bands + 1)
    found[SPEC.slices["contrast"]] = tops <= TOP
    return found


def _logistic(X: Rows, y: NDArray[Any]) -> Any:
    """Fit to the values that are heard; the others get coefficients of 0.

    Values are held between the extremes that were fitted on: what a better microphone hears lies far
    outside, and a straight line would make certainty of it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    classifier = LogisticRegression(C=C, class_weight="balanced", max_iter=5000)
    pipeline = make_pipeline(MinMaxScaler(clip=True), StandardScaler(), classifier)
    return pipeline.fit(np.where(heard(), X, 0.0) if X.shape[1] == SPEC.n_features else X, y)


def _tempered(pipeline: Any, prior: NDArray[np.float64], T: float) -> Any:
    """Put T and the prior into the regression's coefficients, in place."""
    regression, weights = pipeline[-1], np.log(prior)
    if len(prior) == 2:  # one row of coefficients: of the second class against the first
        weights = weights[1:] - weights[:1]
    regression.coef_ = regression.coef_ * T
    regression.intercept_ = regression.intercept_ * T + weights
    return pipeline
