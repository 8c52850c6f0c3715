"""Prediction: the answer for one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgecry.decision import DIGITS, Cry, Reasons
from edgecry.detector import Heard


@dataclass(frozen=True)
class Prediction:
    """The answer for one recording.

    Attributes
    ----------
    label : str
        "no_cry", a reason, or "uncertain" if the evidence does not single out a reason. A detector alone
        gives "cry" or "no_cry". A model that knows of no sets gives its most probable label; if labels
        are equal to six decimals, the first of them.
    confidence : float in [0, 1], or None
        The probability of the label, as the model gives it. None for "uncertain", which has none.
    probabilities : dict of str to float in [0, 1]
        The probability of every label, in the model's order. A detector alone gives those of "cry" and
        "no_cry". Empty if no reason was looked for, because there was no cry.
    duration : float
        Length of the recording in seconds.
    elapsed : float
        Seconds that the answer took, from decoding to the label.
    model : str
        Name of the model.
    cry : Cry, or None
        Whether there is a cry; None if no detector listened.
    reasons : Reasons, or None
        Calibrated probabilities, and the reasons that the evidence leaves. None without a cry, and from a
        model that knows of no sets.
    heard : {"sound", "too_quiet", "too_short", "digital_silence"}
        What there was to hear, as :func:`~edgecry.detector.what_was_heard` tells it. Unless this is
        "sound", "no_cry" means little. It is "sound" if a cry was found.
    """

    label: str
    confidence: float | None
    probabilities: dict[str, float]
    duration: float
    elapsed: float
    model: str
    cry: Cry | None = None
    reasons: Reasons | None = None
    heard: Heard = "sound"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain types for JSON, rounded, with ``elapsed_ms`` for ``elapsed``."""
        return {
            "label": self.label,
            "confidence": None if self.confidence is None else round(self.confidence, DIGITS),
            "probabilities": {label: round(p, DIGITS) for label, p in self.probabilities.items()},
            "cry": None if self.cry is None else self.cry.to_dict(),
            "reasons": None if self.reasons is None else self.reasons.to_dict(),
            "heard": self.heard,
            "duration": round(self.duration, 3),
            "elapsed_ms": round(1000 * self.elapsed, 2),
            "model": self.model,
        }
