"""Probabilities to what we say. Pure: no audio, no model, no array library.

Whether a baby cries: the pooled probability of the windows against a threshold. Why: only what the
evidence singles out. A model's probability of a reason follows how common the reason is; *evidence*
takes that out, and a class-conditional conformal set (Vovk, 2013, "Conditional validity of inductive
conformal predictors") holds every reason that it speaks no more against than against some recordings of
that very reason. One reason left is an answer; more are "uncertain".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from edgecry.errors import EdgecryError, ModelError
from edgecry.models.rules import CRY, NO_CRY, POOLS, UNCERTAIN, Conformal, Threshold

#: Decimals that count. Another processor adds float32 in another order and moves the digits after
#: these; two labels that agree up to here are tied, and the tie breaks the same way everywhere.
DIGITS = 6
#: The same of evidence, as it is stored in a model file.
EVIDENCE_DIGITS = 6
#: What 1 - 0.9 is short of 0.1, and more.
_EPS = 1e-9


# -- settings and findings -------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """Settings that take the place of a model's own; None leaves the model's.

    Parameters
    ----------
    threshold : float in (0, 1], optional
        The probability from which on a sound is a cry. A higher one misses more cries, and takes less
        else for one.
    coverage : float in (0, 1), optional
        How many recordings of each reason are to have it in their set. A higher one makes "uncertain"
        more frequent.

    Raises
    ------
    EdgecryError
        A setting is out of range.
    """

    threshold: float | None = None
    coverage: float | None = None

    def __post_init__(self) -> None:
        for name, top in (("threshold", "at most 1"), ("coverage", "under 1")):
            value = getattr(self, name)
            if value is None:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 < value <= 1 or (name == "coverage" and value == 1):
                raise EdgecryError(f"{name}: {value!r}; allowed are numbers over 0 and {top}")


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
        Of a cry somewhere in the recording, pooled over its windows.
    threshold : float in (0, 1]
        From where on that is a cry.
    windows : tuple of Window
        What it was pooled from.
    """

    probability: float
    threshold: float
    windows: tuple[Window, ...] = ()

    @property
    def detected(self) -> bool:
        """Whether the probability reaches the threshold, to six decimals."""
        return detect(self.probability, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
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
        The calibrated probability of each.
    set : tuple of str
        Those that the evidence leaves, in the model's order; one at least.
    coverage : float in (0, 1)
        How many recordings of each reason have it in their set.
    prior : dict of str to float in (0, 1)
        The share of each in the training data: what the probability would be without listening.
    """

    probabilities: Mapping[str, float]
    set: tuple[str, ...]
    coverage: float
    prior: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return {
            "probabilities": {k: round(p, DIGITS) for k, p in self.probabilities.items()},
            "set": list(self.set),
            "coverage": self.coverage,
            "prior": dict(self.prior),
        }


# -- a row of probabilities ------------------------------------------------------------------------


def rank(probabilities: Sequence[float]) -> list[int]:
    """Order labels from the most to the least probable.

    Probabilities are compared after rounding to ``DIGITS`` decimals; of equal ones the first wins.
    For float32 values widened to float64, ``numpy.round`` followed by ``argmax`` agrees.

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
        There is no label, or not one probability for each.
    """
    if not labels or len(probabilities) != len(labels):
        raise ModelError(
            f"probabilities: found {len(probabilities)} for {len(labels)} labels; "
            "expected one for each, and at least one"
        )
    return labels[rank(probabilities)[0]]


# -- whether ---------------------------------------------------------------------------------------


def pool(probabilities: Sequence[float], how: str) -> float:
    """Make one probability of those of the windows: a cry somewhere is a cry.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        Of each window; at least one.
    how : {"max", "mean", "top2"}
        "top2" is the mean of the two largest, or the only one.

    Raises
    ------
    EdgecryError
        There are none, or ``how`` is unknown.
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
    """Decide on the windows of a recording by a model's rule, with a caller's settings before its own."""
    pooled = pool([w.probability for w in windows], rule.pool)
    return Cry(pooled, rule.chosen(decision.threshold), tuple(windows))


# -- why -------------------------------------------------------------------------------------------


def evidence(probabilities: Mapping[str, float], prior: Mapping[str, float]) -> dict[str, float]:
    """Take how common the labels are out of their probabilities.

    Parameters
    ----------
    probabilities, prior : mapping of str to float
        Of the same labels; no prior is 0.

    Returns
    -------
    dict of str to float in [0, 1]
        ``(p_k / prior_k) / sum_j (p_j / prior_j)``: the probabilities, had all labels been as common.
    """
    ratios = {label: p / prior[label] for label, p in probabilities.items()}
    total = sum(ratios.values())
    return {label: ratio / total for label, ratio in ratios.items()}


def credibility(value: float, scores: Sequence[float]) -> float:
    """Conformal p-value of a label: the share of its own recordings with no more evidence for it.

    Parameters
    ----------
    value : float in [0, 1]
        Evidence for the label.
    scores : sequence of float, in rising order
        Evidence that its recordings gave when the model was calibrated, to ``EVIDENCE_DIGITS`` decimals,
        as ``value`` is brought to.

    Returns
    -------
    float in (0, 1]
        The recording itself counts among them, so that a label without recordings is never ruled out.
    """
    return (bisect_right(scores, round(value, EVIDENCE_DIGITS)) + 1) / (len(scores) + 1)


def reason_set(
    found: Mapping[str, float], scores: Mapping[str, Sequence[float]], coverage: float
) -> tuple[str, ...]:
    """Labels that the evidence leaves: those with a credibility over ``1 - coverage``.

    If that is none, the most credible one: it would be the last to go as the coverage falls, so that sets
    at different coverages lie in one another. Of equally credible ones that with most evidence.

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
    """Put the calibrated probabilities, and what they leave, together."""
    coverage = rule.coverage if decision.coverage is None else decision.coverage
    left = reason_set(evidence(probabilities, rule.prior), rule.scores, coverage)
    return Reasons(dict(probabilities), left, coverage, dict(rule.prior))


def name_reason(reasons: Reasons, nameable: Sequence[str]) -> str:
    """Return the one reason that is left, if it is one that may be named; otherwise "uncertain"."""
    (first, *others) = reasons.set
    return first if not others and first in nameable else UNCERTAIN


def decide(
    cry: Cry | None, reasons: Reasons | None, nameable: Sequence[str], probabilities: Mapping[str, float]
) -> tuple[str, float | None]:
    """Return the answer, and how probable it is.

    Parameters
    ----------
    cry : Cry, or None
        Where a detector listened.
    reasons : Reasons, or None
        Where a model that knows of sets was asked; ``nameable`` is its.
    probabilities : mapping of str to float
        Of labels, where a model that does not was asked: the first of the largest is the answer.

    Returns
    -------
    str, float or None
        "no_cry", "uncertain", a label, or if there was a detector alone "cry"; and its probability, None
        for "uncertain", which has none.
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
