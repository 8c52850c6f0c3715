"""From probabilities to an answer. This is pure: it knows no audio, no model and no array library.

Whether a baby cries is decided by comparing the pooled probability of the windows with a threshold. Why is
said only if the evidence singles out a reason. A model's probability of a reason follows how common the
reason is; *evidence* takes that out. The answer is then a class-conditional conformal set (Vovk, 2013,
"Conditional validity of inductive conformal predictors"). The set keeps a reason if its evidence is at
least as strong as for some training recordings of that reason. A single reason in the set is an answer;
several are "uncertain".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from edgecry.checks import number
from edgecry.errors import EdgecryError, ModelError
from edgecry.models.rules import CRY, NO_CRY, POOLS, UNCERTAIN, Conformal, Threshold

#: Decimals of a probability that count. The digits after these depend on the processor, which sums
#: float32 in its own order. Labels that agree to here are tied, and a tie breaks the same way everywhere.
DIGITS = 6
#: Decimals of evidence, as it is stored in a model file.
EVIDENCE_DIGITS = 6
#: Tolerance for rounding: in floating point 1 - 0.9 is slightly less than 0.1.
_EPS = 1e-9


# -- settings and findings -------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """Settings in place of a model's own. None keeps the model's setting.

    Parameters
    ----------
    threshold : float in (0, 1], optional
        A sound is a cry from this probability on. A higher threshold misses more cries, and takes fewer
        other sounds for cries.
    coverage : float in (0, 1), optional
        The share of the recordings of each reason whose set should contain it. A higher coverage makes
        "uncertain" more frequent.

    Raises
    ------
    EdgecryError
        A setting is out of range.
    """

    threshold: float | None = None
    coverage: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None:
            number("threshold", self.threshold, 0, 1, above=True)
        if self.coverage is not None:
            number("coverage", self.coverage, 0, 1, above=True, below=True)


class Window(NamedTuple):
    """A stretch of a recording, from ``start`` to ``end`` seconds, and the probability of a cry in it."""

    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Cry:
    """Whether there is a cry.

    Attributes
    ----------
    probability : float in [0, 1]
        The probability of a cry somewhere in the recording, pooled over its windows.
    threshold : float in (0, 1]
        It is a cry from this probability on.
    windows : tuple of Window
        The windows that were pooled.
    """

    probability: float
    threshold: float
    windows: tuple[Window, ...] = ()

    @property
    def detected(self) -> bool:
        """True if the probability, to six decimals, reaches the threshold."""
        return detect(self.probability, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types, ready for JSON."""
        return {
            "probability": round(self.probability, DIGITS),
            "threshold": self.threshold,
            "detected": self.detected,
            "windows": [
                {
                    "start": round(w.start, 3),
                    "end": round(w.end, 3),
                    "probability": round(w.probability, DIGITS),
                }
                for w in self.windows
            ],
        }


@dataclass(frozen=True)
class Reasons:
    """What may be the reason of a cry.

    Attributes
    ----------
    probabilities : dict of str to float in [0, 1]
        The calibrated probability of each reason.
    set : tuple of str
        The reasons that the evidence leaves, in the model's order; at least one.
    coverage : float in (0, 1)
        The share of the recordings of each reason whose set contains it.
    prior : dict of str to float in (0, 1)
        The share of each reason in the training data. It is the probability before listening.
    """

    probabilities: Mapping[str, float]
    set: tuple[str, ...]
    coverage: float
    prior: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain types, ready for JSON."""
        return {
            "probabilities": {k: round(p, DIGITS) for k, p in self.probabilities.items()},
            "set": list(self.set),
            "coverage": self.coverage,
            "prior": dict(self.prior),
        }


# -- a row of probabilities ------------------------------------------------------------------------


def rank(probabilities: Sequence[float]) -> list[int]:
    """Order labels from the most to the least probable.

    Probabilities are compared after rounding to ``DIGITS`` decimals. Of equal ones the first wins.
    For float32 values widened to float64, ``numpy.round`` followed by ``argmax`` gives the same label.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        One for each label.

    Returns
    -------
    list of int
        Indices into ``probabilities``.
    """
    rounded = [round(float(p), DIGITS) for p in probabilities]
    return sorted(range(len(rounded)), key=lambda i: -rounded[i])


def top_label(probabilities: Sequence[float], labels: Sequence[str]) -> str:
    """Return the label that ranks first.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        One for each label.
    labels : sequence of str
        Their names, in the same order.

    Raises
    ------
    ModelError
        There is no label, or the number of probabilities differs from that of the labels.
    """
    if not labels or len(probabilities) != len(labels):
        raise ModelError(
            f"probabilities: found {len(probabilities)} for {len(labels)} labels; "
            "expected one for each, and at least one"
        )
    return labels[rank(probabilities)[0]]


# -- whether ---------------------------------------------------------------------------------------


def pool(probabilities: Sequence[float], how: str) -> float:
    """Pool the probabilities of the windows into one: a cry somewhere is a cry.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        One for each window; at least one.
    how : {"max", "mean", "top2"}
        "top2" is the mean of the two largest, or the only one.

    Raises
    ------
    EdgecryError
        There is no probability, or ``how`` is unknown.
    """
    if not probabilities:
        raise EdgecryError("probabilities: none; expected those of at least one window")
    match how:
        case "max":
            chosen = [max(probabilities)]
        case "mean":
            chosen = list(probabilities)
        case "top2":
            chosen = sorted(probabilities)[-2:]
        case _:
            raise EdgecryError(f"pool: {how!r} is unknown; allowed are {', '.join(POOLS)}")
    return sum(chosen) / len(chosen)


def detect(probability: float, threshold: float) -> bool:
    """Tell whether a probability, rounded to ``DIGITS`` decimals, reaches the threshold."""
    return round(probability, DIGITS) >= threshold


def find_cry(windows: Sequence[Window], rule: Threshold, decision: Decision) -> Cry:
    """Decide by a model's rule whether there is a cry. The caller's threshold replaces the model's."""
    pooled = pool([w.probability for w in windows], rule.pool)
    return Cry(pooled, rule.chosen(decision.threshold), tuple(windows))


# -- why -------------------------------------------------------------------------------------------


def evidence(probabilities: Mapping[str, float], prior: Mapping[str, float]) -> dict[str, float]:
    """Take out of the probabilities how common the labels are.

    Parameters
    ----------
    probabilities, prior : mapping of str to float
        Both have the same labels. Every prior is more than 0.

    Returns
    -------
    dict of str to float in [0, 1]
        ``(p_k / prior_k) / sum_j (p_j / prior_j)``: the probabilities if all labels were equally common.
    """
    ratios = {label: p / prior[label] for label, p in probabilities.items()}
    total = sum(ratios.values())
    return {label: ratio / total for label, ratio in ratios.items()}


def credibility(value: float, scores: Sequence[float]) -> float:
    """Return the conformal p-value of a label: the share of its recordings with at most this evidence.

    Parameters
    ----------
    value : float in [0, 1]
        Evidence for the label. It is rounded to ``EVIDENCE_DIGITS`` decimals.
    scores : sequence of float, in rising order
        Evidence for the label in its own recordings when the model was calibrated, rounded alike.

    Returns
    -------
    float in (0, 1]
        The recording itself is counted too, so that a label without recordings is never ruled out.
    """
    return (bisect_right(scores, round(value, EVIDENCE_DIGITS)) + 1) / (len(scores) + 1)


def reason_set(
    found: Mapping[str, float], scores: Mapping[str, Sequence[float]], coverage: float
) -> tuple[str, ...]:
    """Return the labels that the evidence leaves: those with a credibility over ``1 - coverage``.

    If there is no such label, the most credible one is kept. It is the last to go as the coverage falls, so
    a set at a lower coverage is always part of the set at a higher one. Of equally credible labels the one
    with most evidence is kept.

    Parameters
    ----------
    found : mapping of str to float
        Evidence for each label.
    scores : mapping of str to sequence of float
        As :func:`credibility` takes them.
    coverage : float in (0, 1)
    """
    credible = {label: credibility(value, scores[label]) for label, value in found.items()}
    best = max(credible, key=lambda label: (credible[label], found[label]))
    return tuple(label for label, p in credible.items() if p > 1 - coverage + _EPS or label == best)


def find_reasons(probabilities: Mapping[str, float], rule: Conformal, decision: Decision) -> Reasons:
    """Put the calibrated probabilities and the reasons that they leave together."""
    coverage = rule.coverage if decision.coverage is None else decision.coverage
    left = reason_set(evidence(probabilities, rule.prior), rule.scores, coverage)
    return Reasons(dict(probabilities), left, coverage, dict(rule.prior))


def name_reason(reasons: Reasons, nameable: Sequence[str]) -> str:
    """Return the reason that is left, if it is the only one and may be named; otherwise "uncertain"."""
    (first, *others) = reasons.set
    return first if not others and first in nameable else UNCERTAIN


def decide(
    cry: Cry | None, reasons: Reasons | None, nameable: Sequence[str], probabilities: Mapping[str, float]
) -> tuple[str, float | None]:
    """Return the answer, and how probable it is.

    Parameters
    ----------
    cry : Cry, or None
        What the detector found; None if no detector listened.
    reasons : Reasons, or None
        What a model that knows of sets found. ``nameable`` are the labels that it may name.
    probabilities : mapping of str to float
        Those of a model that knows of no sets. The label with the largest is the answer; of equal ones
        the first.

    Returns
    -------
    str, float or None
        "no_cry", "uncertain", a label, or "cry" if a detector worked alone; and its probability, None for
        "uncertain", which has none.
    """
    if cry is not None and not cry.detected:
        return NO_CRY, 1 - cry.probability
    if reasons is not None:
        label = name_reason(reasons, nameable)
        return label, reasons.probabilities.get(label)
    if probabilities:
        label = top_label(list(probabilities.values()), list(probabilities))
        return label, probabilities[label]
    if cry is None:
        raise EdgecryError("decide: there is nothing to decide on; give cry, reasons or probabilities")
    return CRY, cry.probability
