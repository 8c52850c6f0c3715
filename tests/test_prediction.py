"""Prediction: what it holds, and as plain types."""

from dataclasses import FrozenInstanceError

import pytest

from edgecry.decision import Cry, Reasons
from edgecry.prediction import Prediction

KEYS = ["label", "confidence", "probabilities", "cry", "reasons", "heard"]
KEYS += ["duration", "elapsed_ms", "model"]
PREDICTION = Prediction("b", 2 / 3, {"a": 1 / 3, "b": 2 / 3}, 6.912345, 0.0123456, "m")


def test_prediction_is_frozen():
    with pytest.raises(FrozenInstanceError):
        PREDICTION.label = "a"


def test_to_dict_is_rounded_and_in_order():
    found = PREDICTION.to_dict()
    assert found == {
        "label": "b",
        "confidence": 0.666667,
        "probabilities": {"a": 0.333333, "b": 0.666667},
        "cry": None,
        "reasons": None,
        "heard": "sound",
        "duration": 6.912,
        "elapsed_ms": 12.35,
        "model": "m",
    }
    assert list(found) == KEYS
    assert list(found["probabilities"]) == ["a", "b"]


def test_to_dict_with_findings():
    cry, reasons = Cry(0.75, 0.5), Reasons({"a": 0.9, "b": 0.1}, ("a", "b"), 0.9, {"a": 0.8, "b": 0.2})
    found = Prediction("uncertain", None, {"a": 0.9, "b": 0.1}, 1.0, 0.1, "m", cry, reasons).to_dict()
    assert list(found) == KEYS
    assert found["confidence"] is None
    assert found["cry"] == cry.to_dict()
    assert found["reasons"] == reasons.to_dict()
