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
    """Every contender's figures and the model's classes, each with its interval."""
    found = record(make(comparison))
    assert found["protocol"] == (
        "out of fold. Measured on 4 recordings. Intervals are of 95%, from 10 resamples of groups"
    )
    (section,) = found["sections"]
    assert section["title"] == "Out of fold"
    assert section["protocol"].startswith("One. Two. ")
    rows = {row["name"]: row for row in section["rows"]}
    assert list(rows["accuracy"]) == ["name", "model", "majority", "prior"]
    accuracy = rows["accuracy"]["model"]
    assert accuracy["value"] == 0.75
    assert accuracy["low"] <= 0.75 <= accuracy["high"]
    assert rows["accuracy"]["majority"]["value"] == 0.5
    assert rows["log-loss"]["prior"]["value"] == pytest.approx(np.log(2), abs=1e-4)
    cry, other, *averages = section["classes"]
    assert [row["name"] for row in averages] == ["macro avg", "weighted avg"]
    assert list(cry) == ["name", "precision", "recall", "f1", "support"]
    assert (cry["name"], cry["support"], cry["recall"]["value"]) == ("cry", 2, 0.5)
    assert cry["recall"]["low"] <= 0.5 <= cry["recall"]["high"]
    assert (other["name"], other["f1"]["value"]) == ("other", 0.8)


def test_measurements():
    """Every interval keeps its ends; what is undefined is None."""
    one, none = Interval(0.5, 0.4, 0.6, 0.95, 10), Interval(np.nan, np.nan, np.nan, 0.95, 0)
    ends = {"value": 0.5, "low": 0.4, "high": 0.6}
    rows = {"-6 dB": {"kept": one, "moved": one, "n": 3}}
    gain = Measurements("Gain", "gain", rows)
    sets = Measurements("Sets", "figure", {"accuracy": {"value": none, "how": "by ear"}})
    first, second = record(make(gain, sets))["sections"]
    assert (first["case"], second["case"]) == ("gain", "figure")
    assert first["rows"] == [{"name": "-6 dB", "kept": ends, "moved": ends, "n": 3}]
    nothing = dict.fromkeys(ends)
    assert second["rows"] == [{"name": "accuracy", "value": nothing, "how": "by ear"}]


def test_it_is_json_and_says_leaky(comparison):
    """No NaN, no curves; a leak comes first."""
    found = record(make(comparison, leak=RANDOM_SPLIT))
    assert found["protocol"].startswith("LEAKY: ")
    assert len(json.dumps(found, allow_nan=False)) < 4000
