"""The ``decision`` record of a model file: the rule that turns its probabilities into an answer.

Rules are read and checked here. :mod:`edgecry.decision` follows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgecry.checks import number
from edgecry.errors import ModelError

NO_CRY: Final = "no_cry"
CRY: Final = "cry"
UNCERTAIN: Final = "uncertain"

POOLS: Final = ("max", "mean", "top2")
#: A window or hop is longer than the first and at most as long as the second, in seconds.
SHORTEST: Final = 0.01
LONGEST: Final = 600.0
#: Room for the rounding of stored shares.
SUM_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Argmax:
    """The answer is the most probable label, whatever the sound."""


@dataclass(frozen=True)
class Threshold:
    """It is a cry if the pooled probability of the windows reaches a threshold. This rule is for detectors.

    Parameters
    ----------
    positive : str
        The label, one of two, that means a cry.
    threshold : float in (0, 1]
    window, hop : float
        Length of a window, and step from the start of one window to the next, in seconds. The hop is at
        most as long as the window.
    pool : {"max", "mean", "top2"}
        How the probabilities of the windows become one; "top2" is the mean of the two largest.
    floor_dbfs : float, or None
        A window is silent if its RMS about its mean is under this, in dB of full scale.
    """

    positive: str
    threshold: float
    window: float
    hop: float
    pool: str
    floor_dbfs: float | None

    def chosen(self, threshold: float | None) -> float:
        """Return the threshold that counts: a caller's, or the model's own if the caller gives None."""
        return self.threshold if threshold is None else threshold


@dataclass(frozen=True)
class Conformal:
    """A reason is named if it is alone in the class-conditional conformal set. For models of reasons.

    Parameters
    ----------
    coverage : float in (0, 1)
        The share of the recordings of each label whose set should contain that label.
    scores : mapping of str to tuple of float
        For each label, the evidence for it in its own recordings when the model was calibrated, in rising
        order.
    prior : mapping of str to float in (0, 1)
        The share of each label in the training data.
    nameable : tuple of str
        Labels with enough recordings to be given as an answer.
    """

    coverage: float
    scores: Mapping[str, tuple[float, ...]]
    prior: Mapping[str, float]
    nameable: tuple[str, ...]


Rule = Argmax | Threshold | Conformal

#: The rules a task may have.
RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "cry": ("argmax", "threshold"),
    "reason": ("argmax", "conformal"),
}


def read_rule(record: Mapping[str, Any], task: str, labels: Sequence[str], origin: str) -> Rule:
    """Read and check a ``decision`` record. Extra keys are ignored.

    Parameters
    ----------
    record : mapping
        ``rule`` and its settings.
    task : {"reason", "cry"}
    labels : sequence of str
        Labels of the model.
    origin : str
        Name of the model file, for messages.

    Raises
    ------
    ModelError
        The rule is unknown or not for this task, or a setting is missing or out of range.
    """
    rule = record.get("rule")
    if rule not in RULES[task]:
        raise ModelError(
            f"{origin}: decision.rule is {rule!r:.60}; allowed for the task {task} are "
            f"{', '.join(RULES[task])}"
        )
    settings = _Settings(record, origin)
    if rule == "threshold":
        return _threshold(settings, labels)
    return _conformal(settings, labels) if rule == "conformal" else Argmax()


def _threshold(settings: _Settings, labels: Sequence[str]) -> Threshold:
    if len(labels) != 2:
        raise settings.refusal("rule", "'threshold' with exactly two labels: a cry, and all else")
    window = settings.number("window", SHORTEST, LONGEST)
    floor = settings.get("floor_dbfs")
    return Threshold(
        positive=settings.choice("positive", labels),
        threshold=settings.number("threshold", 0, 1),
        window=window,
        hop=settings.number("hop", SHORTEST, window),
        pool=settings.choice("pool", POOLS),
        floor_dbfs=None if floor is None else settings.number("floor_dbfs", -1000, 0),
    )


def _conformal(settings: _Settings, labels: Sequence[str]) -> Conformal:
    coverage = settings.number("coverage", 0, 1, below=True)
    if reserved := {NO_CRY, CRY, UNCERTAIN} & set(labels):
        raise settings.refusal("rule", f"labels that are not answers of its own, such as {min(reserved)!r}")
    prior = settings.by_label("prior", labels)
    if not all(_is_number(p) and 0 < p < 1 for p in prior.values()):
        raise settings.refusal("prior", "a share over 0 for each label")
    if abs(sum(prior.values()) - 1) > SUM_TOLERANCE:
        raise settings.refusal("prior", "shares that sum to 1")
    scores = settings.by_label("scores", labels)
    for values in scores.values():
        good = isinstance(values, list) and all(_is_number(x) and 0 <= x <= 1 for x in values)
        if not good or values != sorted(values):
            raise settings.refusal("scores", "a list of numbers in [0, 1] for each label, in rising order")
    nameable = settings.get("nameable")
    if not isinstance(nameable, list) or not all(x in labels for x in nameable):
        raise settings.refusal("nameable", f"a list of labels, of {', '.join(labels)}")
    return Conformal(
        coverage=coverage,
        scores={label: tuple(map(float, scores[label])) for label in labels},
        prior={label: float(prior[label]) for label in labels},
        nameable=tuple(nameable),
    )


@dataclass(frozen=True)
class _Settings:
    """A decision record, with checks that name the file and the key."""

    record: Mapping[str, Any]
    origin: str

    def refusal(self, key: str, expected: str) -> ModelError:
        return ModelError(
            f"{self.origin}: decision.{key} is {self.record.get(key)!r:.60}; expected {expected}; "
            "make the model again"
        )

    def get(self, key: str) -> Any:
        if key not in self.record:
            raise ModelError(f"{self.origin}: decision does not say {key!r}; make the model again")
        return self.record[key]

    def number(self, key: str, low: float, high: float, *, below: bool = False) -> float:
        """Return a number above ``low`` and at most ``high``, or below it."""
        name, value = f"{self.origin}: decision.{key}", self.get(key)
        try:
            return number(name, value, low, high, above=True, below=below, error=ModelError)
        except ModelError as error:
            raise ModelError(f"{error}; make the model again") from None

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self.get(key)
        if value not in allowed:
            raise self.refusal(key, f"one of {', '.join(allowed)}")
        return str(value)

    def by_label(self, key: str, labels: Sequence[str]) -> Mapping[str, Any]:
        value = self.get(key)
        if not isinstance(value, dict) or set(value) != set(labels):
            raise self.refusal(key, f"an object with each of {', '.join(labels)}")
        return value


def _is_number(value: object) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number beyond the range of float
        return False
