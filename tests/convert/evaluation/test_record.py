"""A report as a model file keeps it: figures and ends of intervals, laid out by the card."""

import json

import numpy as np
import pytest

from convert.evaluation.bootstrap import Interval
from convert.evaluation.record import record
from convert.evaluation.report import RANDOM_SPLIT, Measurements, Report, compare

LABELS = ("cry", "other")
Y = np.array([0, 1, 0, 1], dtype=np.intp)
GROUPS = ["a", "b", "c", "d"]


def make(*sections, leak=""):
    return Report("title", "out of fold", "4 recordings", tuple(sections), leak)


@pytest.fixture
def comparison():
    P = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    rivals = {"model": [P], "majority": [np.tile([1.0, 0.0], (4, 1))], "prior": [np.full((4, 2), 0.5)]}
    return compare("Out of fold", Y, rivals, LABELS, GROUPS, draws=10, notes=["One.", "Two."])


def test_a_comparison(comparison):
    """The model with its interval, the others beside it; classes of the model and of the majority."""
    found = record(make(comparison))
    assert found["protocol"] == "out of fold. Measured on 4 recordings"
    assert found["figures"]["accuracy"] == 0.75
    assert found["figures"]["classes"]["cry"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert found["majority"]["classes"]["other"]["recall"] == 0
    (section,) = found["sections"]
    assert (section["title"], section["protocol"]) == ("Out of fold", "One. Two.")
    rows = {row["name"]: row for row in section["rows"]}
    assert rows["accuracy"]["value"] == 0.75
    assert rows["accuracy"]["low"] <= 0.75 <= rows["accuracy"]["high"]
    assert rows["accuracy"]["majority"] == 0.5
    assert rows["log-loss"]["prior"] == pytest.approx(np.log(2), abs=1e-4)


def test_measurements():
    """The first interval keeps its ends, under the names the card knows; what is undefined is None."""
    one, none = Interval(0.5, 0.4, 0.6, 0.95, 10), Interval(np.nan, np.nan, np.nan, 0.95, 0)
    rows = {"-6 dB": {"kept": one, "moved": one, "n": 3}}
    gain = Measurements("Gain", "gain", rows)
    sets = Measurements("Sets", "figure", {"size": {"value": one}, "accuracy": {"value": none}})
    found = record(make(gain, sets))
    assert "figures" not in found
    assert found["sections"][0]["rows"] == [
        {"name": "-6 dB", "kept": 0.5, "low": 0.4, "high": 0.6, "moved": 0.5, "n": 3}
    ]
    assert found["sections"][1]["rows"] == [
        {"name": "size", "value": 0.5, "low": 0.4, "high": 0.6},
        {"name": "accuracy", "value": None, "low": None, "high": None},
    ]


def test_it_is_json_and_says_leaky(comparison):
    """No NaN, no curves; a leak comes first."""
    found = record(make(comparison, leak=RANDOM_SPLIT))
    assert found["protocol"].startswith("LEAKY: ")
    assert len(json.dumps(found, allow_nan=False)) < 2500
