"""roles: which models are opened, and what for."""

from dataclasses import replace

import pytest

from edgecry.decision import Decision
from edgecry.errors import ModelError
from edgecry.models.rules import Conformal, Threshold
from edgecry.roles import models_for
from edgecry.stream.classifier import StreamClassifier
from tests import graphs


@pytest.fixture
def ear(tmp_path):
    return graphs.save(tmp_path / "ear.onnx", graphs.detector())


@pytest.fixture
def why(tmp_path):
    return graphs.save(tmp_path / "why.onnx", graphs.reasons())


def test_reasons_behind_a_detector(ear, why):
    models = models_for(why, ear, Decision())
    assert (models.named.path, models.detector.path) == (why, ear)
    assert models.named is models.reasons
    assert isinstance(models.conformal, Conformal)
    assert isinstance(models.threshold, Threshold)
    assert models.labels == graphs.LABELS
    assert models.needed_detector() == (models.detector, models.threshold)


def test_a_detector_alone_opens_no_other(ear, tmp_path):
    models = models_for(ear, tmp_path / "none.onnx", Decision())
    assert models.named is models.detector
    assert (models.reasons, models.conformal) == (None, None)
    assert models.labels == ("cry", "no_cry")


def test_without_a_decision_there_is_one_model_and_no_rule(why, tmp_path):
    models = models_for(why, tmp_path / "none.onnx", None)
    assert models.named is models.reasons
    assert (models.detector, models.conformal, models.threshold) == (None, None, None)


def test_a_model_without_sets_has_no_rule_of_sets(model_path, ear):
    models = models_for(model_path, ear, Decision())
    assert models.conformal is None
    assert models.detector.path == ear


def test_a_cry_model_without_a_threshold_answers_for_recordings_and_not_for_streams(tmp_path, ear):
    """It cannot tell when a cry begins, and its labels are not reasons."""
    path = graphs.save(tmp_path / "most.onnx", graphs.make(replace(graphs.EAR, decision={"rule": "argmax"})))
    models = models_for(path, ear, Decision())
    assert (models.named.path, models.detector) == (path, None)
    with pytest.raises(
        ModelError, match=r"most\.onnx: cannot listen to a stream: its task is 'cry'.*'argmax'"
    ):
        StreamClassifier(path, 8000, detector=ear)


def test_a_stream_needs_a_detector(why):
    with pytest.raises(ModelError, match=r"why\.onnx: cannot listen to a stream"):
        models_for(why, None, Decision()).needed_detector()
