"""rules: what a model file says of deciding, and that anything else is refused."""

from dataclasses import replace

import pytest

from edgecry.errors import ModelError
from edgecry.models.metadata import ModelMetadata
from edgecry.models.model import CryModel
from edgecry.models.rules import Argmax, Conformal, Threshold, read_rule
from tests import graphs

LABELS = {"cry": ("other", "cry"), "reason": graphs.LABELS}
DELETED = object()


def read(task: str, record: dict):
    return read_rule(record, task, LABELS[task], "m.onnx")


def test_threshold():
    assert read("cry", graphs.THRESHOLD) == Threshold("cry", 0.05, 0.2, 0.1, "max", -70.0)
    assert read("cry", {**graphs.THRESHOLD, "floor_dbfs": None}).floor_dbfs is None


def test_conformal():
    found = read("reason", graphs.CONFORMAL)
    assert isinstance(found, Conformal)
    assert (found.coverage, found.nameable) == (0.9, ("hungry", "tired"))
    assert found.prior == graphs.CONFORMAL["prior"]
    assert found.scores["burping"] == (0.2, 0.3, 0.4)


@pytest.mark.parametrize("task", LABELS)
def test_argmax_and_what_else_a_record_says(task):
    assert read(task, {"rule": "argmax", "digits": 6}) == Argmax()


WRONG = [
    *[("cry", "rule", x, "allowed for the task cry are argmax, threshold") for x in ("conformal", 1, None)],
    *[("reason", "rule", x, "allowed for the task reason are argmax, conformal") for x in ("threshold", [])],
    ("cry", "positive", "baby", "expected one of other, cry"),
    *[("cry", "threshold", x, "above 0 and at most 1") for x in (0, 1.01, "0.5", True, float("nan"))],
    *[("cry", "window", x, "above 0.01 and at most 600") for x in (0, 601, None)],
    *[("cry", "hop", x, "above 0.01 and at most 0.2") for x in (0, 0.3)],
    ("cry", "pool", "median", "one of max, mean, top2"),
    ("cry", "floor_dbfs", 3, "at most 0"),
    *[("reason", "coverage", x, "above 0 and below 1") for x in (0, 1, "0.9")],
    *[("reason", "nameable", x, "a list of labels") for x in ("tired", ["angry"])],
    *[
        ("reason", "prior", x, "prior is .*expected")
        for x in ({}, {"burping": 1}, {"burping": 0.5, "hungry": 0.5, "tired": 0.0})
    ],
    ("reason", "prior", {"burping": 0.3, "hungry": 0.3, "tired": 0.3}, "sum to 1"),
    *[
        ("reason", "scores", {"burping": x, "hungry": [], "tired": []}, "in rising order")
        for x in ([0.5, 0.4], [1.1], ["a"], 0.5)
    ],
    ("reason", "scores", {"hungry": [0.5]}, "each of burping, hungry, tired"),
]


@pytest.mark.parametrize(("task", "key", "value", "pattern"), WRONG)
def test_refused(task, key, value, pattern):
    record = {**(graphs.THRESHOLD if task == "cry" else graphs.CONFORMAL), key: value}
    with pytest.raises(ModelError, match=pattern) as caught:
        read(task, record)
    assert str(caught.value).startswith((f"m.onnx: decision.{key} is ", f"m.onnx: decision.{key}: "))


@pytest.mark.parametrize(("task", "record"), [("cry", graphs.THRESHOLD), ("reason", graphs.CONFORMAL)])
def test_nothing_may_be_missing(task, record):
    for key in set(record) - {"rule"}:
        with pytest.raises(ModelError, match=f"decision does not say '{key}'"):
            read(task, {k: v for k, v in record.items() if k != key})


def test_labels_must_fit():
    with pytest.raises(ModelError, match="exactly two labels"):
        read_rule(graphs.THRESHOLD, "cry", ("cry", "laugh", "other"), "m.onnx")
    labels = ("uncertain", "hungry")
    record = {**graphs.CONFORMAL, "prior": dict.fromkeys(labels, 0.5), "scores": {key: [] for key in labels}}
    with pytest.raises(ModelError, match="not answers of its own, such as 'uncertain'"):
        read_rule({**record, "nameable": []}, "reason", labels, "m.onnx")


def test_a_model_file_is_refused_for_it(tmp_path):
    """When it is opened, before anything runs."""
    path = graphs.save(tmp_path / "ear.onnx", graphs.detector(threshold=2))
    with pytest.raises(ModelError, match=r"ear\.onnx: decision\.threshold: 2 is out of range"):
        CryModel.load(path)


def test_metadata_reads_its_own(tmp_path):
    """Metadata that is written and read again gives the same rule."""
    for metadata in (graphs.METADATA, graphs.EAR, graphs.REASONS):
        again = ModelMetadata.from_props(metadata.to_props(), "m")
        assert again == metadata
        assert again.rule == read_rule(metadata.decision, metadata.task, metadata.labels, "m")
    with pytest.raises(ModelError, match=r"decision\.rule is None"):
        _ = replace(graphs.METADATA, decision={}).rule
