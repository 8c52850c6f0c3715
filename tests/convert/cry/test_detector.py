"""detector: a network as a procedure, and that the device says the same of every recording."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from convert.cry import recipe
from convert.cry.detector import FittedDetector
from convert.cry.train import fitted
from convert.errors import ConversionError
from convert.evaluation.figures import auc
from edgecry.classifier import Classifier
from edgecry.decision import POOLS, pool
from tests.convert.cry.conftest import TINY, need_torch

WIDTH = 3


class First(FittedDetector):
    """Takes the first value of a window for its probability."""

    def windows(self, X):
        assert not np.isnan(X).any()
        return X[:, 0]


def recording(*probabilities: float) -> np.ndarray:
    return np.repeat(np.array(probabilities)[:, None], WIDTH, axis=1)


HEARD = [recording(0.2), recording(0.1, 0.9, np.nan, 0.5), recording(np.nan), recording(np.nan, 0.4)]


@pytest.mark.parametrize("how", POOLS)
def test_windows_are_pooled_by_the_rule_of_the_model_file(monkeypatch, how):
    """Silent windows count as they do on the device: with probability 0, and unasked."""
    monkeypatch.setattr(recipe, "POOL", how)
    P = First(b"", HEARD, np.array([0, 1])).predict_proba(np.array([0, 1, 2, 3]))
    expected = [pool(np.nan_to_num(vectors[:, 0]).tolist(), how) for vectors in HEARD]
    np.testing.assert_allclose(P[:, 1], expected)
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_rows_name_recordings():
    detector = First(b"", HEARD, np.array([0, 1]))
    np.testing.assert_array_equal(
        detector.predict_proba(np.array([3, 0])), detector.predict_proba(np.arange(4))[[3, 0]]
    )
    assert detector.predict_proba(np.array([], dtype=np.intp)).shape == (0, 2)


def test_one_kind_alone_is_refused(material):
    rows = material.where(lambda example: example.sound.is_cry)
    with pytest.raises(ConversionError, match="it needs both kinds"):
        material.procedure.fit(rows, material.y[rows], [material.groups[i] for i in rows], 0)


def test_without_pytorch_it_says_what_to_install(material, monkeypatch):
    monkeypatch.setitem(sys.modules, "convert.cry.learn", None)
    monkeypatch.delattr("convert.cry.learn", raising=False)  # which an earlier import left
    procedure = replace(material.procedure, cache=None)
    with pytest.raises(ConversionError, match=r"PyTorch.*pip install -e '\.\[train\]'"):
        procedure.fit(material.rows, material.y, material.groups, 99)


def test_the_key_names_what_a_network_depends_on(material):
    procedure, paths = material.procedure, [example.sound.path for example in material.examples]
    keys = {
        procedure.key(paths, 0),
        procedure.key(paths, 1),
        procedure.key(paths[1:], 0),
        replace(procedure, schedule=replace(procedure.schedule, steps=7)).key(paths, 0),
    }
    assert len(keys) == 4
    assert procedure.key(paths[::-1], 0) in keys


def test_cries_and_other_sounds_are_told_apart(material):
    """Where they were learned, for long enough; one cry is noise."""
    need_torch()
    longer = replace(material.procedure, schedule=replace(TINY, steps=150, batch=16))
    P = longer.fit(material.rows, material.y, material.groups, 0).predict_proba(material.rows)
    assert auc(material.y == 1, P[:, 1]) > 0.8


def test_a_network_that_is_trained_already_is_not_trained_again(material, monkeypatch):
    need_torch()
    args = (material.rows, material.y, material.groups, 0)
    first = material.procedure.fit(*args).graph
    monkeypatch.setattr("convert.cry.learn.train", None)
    assert material.procedure.fit(*args).graph == first


def test_the_device_says_the_same_of_every_recording(material, measured, tmp_path):
    """To float32, from the file on the disk to the pooled probability."""
    made = fitted(material, measured, name="ear", data={}, tell=lambda _: None)
    classifier = Classifier(made.save(tmp_path / "ear.onnx"))
    heard = [example.heard for example in material.examples]
    expected = FittedDetector(made.onnx, heard, np.array([0, 1])).judge(heard)[:, 1]
    found = [classifier.classify(example.sound.path) for example in material.examples]
    np.testing.assert_allclose([one.cry.probability for one in found], expected, atol=2e-6)
    assert [one.label == "cry" for one in found] == [p >= measured.threshold for p in expected]
    for prediction, windows in zip(found, heard, strict=True):
        silent = np.isnan(windows[:, 0])
        assert len(prediction.cry.windows) == len(windows)
        assert all(w.probability == 0 for w, s in zip(prediction.cry.windows, silent, strict=True) if s)
