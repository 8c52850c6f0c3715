"""Figures: what a matrix of probabilities achieved against the truth. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from edgecry.decision import DIGITS

Probabilities = NDArray[np.float64]
Labels = NDArray[np.intp]
Scores = NDArray[np.floating[Any]]

#: Bins of the calibration error, equally wide over [0, 1]; bin k holds (k / 15, (k + 1) / 15].
BINS: Final = 15
#: What the summary holds, in its order: the attribute and what people call it.
SUMMARY: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "positive_calibration_error": "calibration error, positive",
    "roc_auc": "ROC AUC",
    "recall_at_fpr_01": "recall at 1 % false positives",
    "recall_at_fpr_05": "recall at 5 % false positives",
}
PER_CLASS: Final = ("precision", "recall", "f1")
#: Rows under the classes, as in scikit-learn's ``classification_report``.
AVERAGES: Final = ("macro avg", "weighted avg")


def decide(P: Probabilities) -> Labels:
    """Class of each row as the device takes it: the first of the largest, to six decimals."""
    chosen: Labels = np.argmax(np.round(P, DIGITS), axis=1)
    return chosen


def confusion(y: Labels, said: Labels, n_labels: int) -> NDArray[np.float64]:
    """How often each class (row) was said to be each (column)."""
    counts = np.bincount(y * n_labels + said, minlength=n_labels**2)
    return counts.reshape(n_labels, n_labels).astype(np.float64)


def log_loss(y: Labels, P: Probabilities) -> float:
    """Mean of -ln of the probability that what is true was given, in nats.

    A probability of 0 there would cost infinitely much; it is clipped as scikit-learn does.
    """
    true = np.clip(P[np.arange(len(y)), y], np.finfo(np.float64).eps, 1)
    return float(-np.log(true).mean())


def brier(y: Labels, P: Probabilities) -> float:
    """Mean squared distance to the truth: over the classes summed, for two classes halved.

    As scikit-learn's ``brier_score_loss``; Brier, "Verification of forecasts expressed in terms of
    probability", Monthly Weather Review 78 (1950) 1-3.
    """
    # Sum of (P - onehot)^2 without the one-hot matrix.
    total = (P**2).sum(axis=1) - 2 * P[np.arange(len(y)), y] + 1
    return float(total.mean()) / (2 if P.shape[1] == 2 else 1)


@dataclass(frozen=True)
class Reliability:
    """What was promised and what came true, in the bins that hold anything.

    Parameters
    ----------
    confidence, accuracy : tuple of float
        Mean score, and share of hits, in each bin.
    count : tuple of int
    """

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    count: tuple[int, ...]

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap between both, weighted by the counts."""
        gaps = np.abs(np.subtract(self.accuracy, self.confidence))
        return float(gaps @ np.asarray(self.count) / sum(self.count))


def reliability(hit: NDArray[np.bool_], score: Scores, bins: int = BINS) -> Reliability:
    """Compare scores with the share of hits, bin by bin.

    Parameters
    ----------
    hit : bool [shape=(n,)]
        Whether what the score speaks of is true.
    score : float in [0, 1] [shape=(n,)]
        Probability given to it.
    bins : int
        Equally wide, open below and closed above, as in Guo et al., "On calibration of modern neural
        networks", ICML 2017; 0 is in the first.
    """
    place = np.clip(np.ceil(score * bins).astype(np.intp) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    used = count > 0
    confidence = np.bincount(place, score, bins)[used] / count[used]
    accuracy = np.bincount(place, hit, bins)[used] / count[used]
    return Reliability(tuple(confidence.tolist()), tuple(accuracy.tolist()), tuple(count[used].tolist()))


def calibration_error(y: Labels, P: Probabilities, bins: int = BINS) -> float:
    """Expected calibration error of the label that is said, by 15 equally wide bins of its probability."""
    said = decide(P)
    return reliability(said == y, P[np.arange(len(y)), said], bins).error


def auc(positive: NDArray[np.bool_], score: Scores) -> float:
    """Share of (positive, negative) pairs that the score orders rightly, ties half; NaN without pairs.

    The area under the ROC curve, by ranks (Mann and Whitney); equal to scikit-learn's
    ``roc_auc_score`` at a tenth of its time, which the bootstrap spends thousands of times.
    """
    from scipy.stats import rankdata

    n = int(positive.sum())
    pairs = n * (len(positive) - n)
    if not pairs:
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / pairs)


def _roc_auc(y: Labels, P: Probabilities) -> float:
    """AUC of two classes; of several the mean of each against the rest, over those that occur."""
    if P.shape[1] == 2:
        return auc(y == 1, P[:, 1])
    found = [auc(y == k, P[:, k]) for k in range(P.shape[1]) if (y == k).any()]
    return float(np.mean(found))


def recall_at_fpr(positive: NDArray[np.bool_], score: Scores, max_fpr: float) -> float:
    """Highest recall at a threshold that takes at most a share of the negatives for positive.

    See :func:`threshold_at_fpr`; NaN where there is no positive or no negative.
    """
    if positive.all() or not positive.any():
        return float("nan")
    return float((score[positive] >= threshold_at_fpr(positive, score, max_fpr)).mean())


def threshold_at_fpr(positive: NDArray[np.bool_], score: Scores, max_fpr: float) -> float:
    """Threshold with the highest recall at a bounded false-positive rate.

    Parameters
    ----------
    positive : bool [shape=(n,)]
        The truth; at least one of each.
    score : float [shape=(n,)]
        What is positive from the threshold on (``score >= threshold``). Equal scores are taken
        together, positive or negative, so a tie at the limit is never broken in our favour.
    max_fpr : float in [0, 1]
        Bound on the share of negatives at or above the threshold.

    Returns
    -------
    float
        The lowest score of a positive that qualifies; the next number above all scores if none does.

    Raises
    ------
    ConversionError
        ``max_fpr`` is out of range, or a class is missing.
    """
    if not 0 <= max_fpr <= 1:
        raise ConversionError(f"max_fpr: {max_fpr} is out of range; allowed are 0 to 1")
    if positive.all() or not positive.any():
        raise ConversionError("a threshold needs both, positives and negatives; found one kind only")
    negatives = np.sort(score[~positive])
    # The relative 1e-9 forgives the product's rounding: 0.05 * 20 negatives allow exactly one.
    allowed = int(np.floor(max_fpr * len(negatives) * (1 + 1e-9)))
    if allowed >= len(negatives):
        return float(score[positive].min())
    # A threshold above the (allowed + 1)th largest negative leaves at most `allowed` at or above it.
    good = score[positive & (score > negatives[-1 - allowed])]
    return float(good.min()) if good.size else float(np.nextafter(score.max(), np.inf))


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
        Balanced accuracy is the mean recall (UAR); log-loss is in nats. Means over classes are over
        those that occur.
    brier, calibration_error, roc_auc : float
        See :func:`brier`, :func:`calibration_error`; the AUC of two classes, or the mean of each of
        several against the rest.
    positive : str, optional
        The class that is to be detected, of two.
    positive_calibration_error, recall_at_fpr_01, recall_at_fpr_05 : float, optional
        Of the positive class: calibration of its probability, and recall at 1 % and 5 % false positives.
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
    brier: float
    calibration_error: float
    roc_auc: float
    positive: str | None = None
    positive_calibration_error: float | None = None
    recall_at_fpr_01: float | None = None
    recall_at_fpr_05: float | None = None

    @property
    def summary(self) -> dict[str, float]:
        """The figures of the whole, by name, in the order of ``SUMMARY``."""
        values = {name: getattr(self, name) for name in SUMMARY}
        return {name: value for name, value in values.items() if value is not None}

    def flat(self) -> dict[str, float]:
        """Every figure: the summary, then "recall/hungry" and so on; NaN of a class that does not occur.

        "recall/macro avg" is the mean over the classes that do, "recall/weighted avg" that over recordings.
        """
        found, support = self.summary, np.array(self.support)
        for name in PER_CLASS:
            values = np.array(getattr(self, name))
            for label, value, n in zip(self.labels, values.tolist(), self.support, strict=True):
                found[f"{name}/{label}"] = value if n else float("nan")
            means = values[support > 0].mean(), values @ support / support.sum()
            found.update({f"{name}/{row}": float(mean) for row, mean in zip(AVERAGES, means, strict=True)})
        return found


def figures(y: Labels, P: Probabilities, labels: Sequence[str], positive: str | None = None) -> Figures:
    """Measure probabilities against the truth.

    Parameters
    ----------
    y : int [shape=(n,)]
        True class of each recording, an index into ``labels``.
    P : float [shape=(n, n_labels)]
        Probabilities, rows that sum to 1.
    labels : sequence of str
    positive : str, optional
        The label that is to be detected, where there are two.

    Raises
    ------
    ConversionError
        ``positive`` is no label, or not one of two.
    """
    counts = confusion(y, decide(P), len(labels))
    hits, said, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    precision = hits / np.maximum(said, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(said + support, 1)
    occurs = support > 0
    return Figures(
        labels=tuple(labels),
        precision=tuple(precision.tolist()),
        recall=tuple(recall.tolist()),
        f1=tuple(f1.tolist()),
        support=tuple(int(n) for n in support),
        accuracy=float(hits.sum() / len(y)),
        balanced_accuracy=float(recall[occurs].mean()),
        macro_f1=float(f1[occurs].mean()),
        log_loss=log_loss(y, P),
        brier=brier(y, P),
        calibration_error=calibration_error(y, P),
        roc_auc=_roc_auc(y, P),
        **({} if positive is None else _detection(y, P, labels, positive)),
    )


def _detection(y: Labels, P: Probabilities, labels: Sequence[str], positive: str) -> dict[str, Any]:
    if len(labels) != 2 or positive not in labels:
        raise ConversionError(
            f"positive: {positive!r} is to be detected, and the labels are {', '.join(labels)}; "
            "expected one of two"
        )
    place = list(labels).index(positive)
    truth, score = y == place, P[:, place]
    return {
        "positive": positive,
        "positive_calibration_error": reliability(truth, score).error,
        "recall_at_fpr_01": recall_at_fpr(truth, score, 0.01),
        "recall_at_fpr_05": recall_at_fpr(truth, score, 0.05),
    }
