"""detector: what a fold learns, and that the device answers a recording as the fold's detector does."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from convert.cry import recipe
from convert.cry.corpora import Sound
from convert.cry.detector import ESTIMATORS, CryDetector, FittedDetector
from convert.cry.examples import Example
from convert.cry.material import Material
from convert.cry.report import Measured
from convert.cry.train import fitted
from convert.errors import ConversionError
from convert.evaluation.figures import auc
from convert.evaluation.report import Report
from edgecry import Classifier
from edgecry.decision import pool
from edgecry.models.rules import POOLS

WIDTH = 3


def example(n_taught: int, is_cry: bool, value: float = 0.0) -> Example:
    vectors = np.full((n_taught, WIDTH), value)
    return Example(Sound(Path("a.wav"), is_cry, "x", "c:1", "c"), vectors, vectors)


# -- lessons ---------------------------------------------------------------------------------------------

EXAMPLES = [example(n, n in (2, 7), n) for n in (1, 2, 4, 7, 0, 3)]
SILENT = np.full((1, WIDTH), np.nan)
DISTRACTORS = np.concatenate([np.full((2, WIDTH), -1.0), SILENT, np.full((3, WIDTH), -1.0)])
ROWS = np.arange(len(EXAMPLES))
Y = np.array([int(e.sound.is_cry) for e in EXAMPLES])


def lessons(rows=ROWS):
    return CryDetector(EXAMPLES, DISTRACTORS).lessons(rows, Y[rows])


def weight_of(value: float) -> float:
    vectors, _, weights = lessons()
    return float(weights[vectors[:, 0] == value].sum())


def test_a_recording_weighs_as_another():
    """Of its kind, however many of its windows are taught."""
    assert weight_of(1) == pytest.approx(weight_of(4))
    assert weight_of(1) == pytest.approx(weight_of(3))
    assert weight_of(2) == pytest.approx(weight_of(7))


def test_a_distractor_weighs_its_share_of_a_recording():
    assert weight_of(-1) == pytest.approx(5 * recipe.DISTRACTOR_WEIGHT * weight_of(1))


def test_cries_weigh_as_much_as_all_else():
    for rows in (ROWS, ROWS[:3], ROWS[[0, 3, 5]]):
        _, truth, weights = lessons(rows)
        assert weights[truth == 1].sum() == pytest.approx(weights[truth == 0].sum())
        assert weights.mean() == pytest.approx(1)


def test_vectors_keep_to_their_class_and_none_is_silent():
    vectors, truth, weights = lessons()
    assert len(vectors) == len(truth) == len(weights) == 17 + 5
    assert set(vectors[truth == 1, 0]) == {2, 7}
    assert set(vectors[truth == 0, 0]) == {1, 4, 3, -1}


def test_only_the_rows_asked_for_are_taught():
    vectors, _, _ = lessons(np.array([0, 1]))
    assert set(vectors[:, 0]) == {1, 2, -1}


def test_cries_that_are_all_silent_are_refused():
    """They would weigh infinitely much."""
    silent = [example(0, True), example(0, True), example(3, False)]
    with pytest.raises(ConversionError, match=r"^cries: 2 to learn from, and all of them silent.*; add rec"):
        CryDetector(silent, DISTRACTORS).lessons(np.arange(3), np.array([1, 1, 0]))


# -- judging ---------------------------------------------------------------------------------------------


class First:
    """Takes the first value of a vector for the probability."""

    def predict_proba(self, X):
        assert not np.isnan(X).any()
        return np.column_stack([1 - X[:, 0], X[:, 0]])


def recording(*probabilities: float) -> np.ndarray:
    return np.repeat(np.array(probabilities)[:, None], WIDTH, axis=1)


HEARD = [recording(0.2), recording(0.1, 0.9, np.nan, 0.5), recording(np.nan), recording(np.nan, 0.4)]


@pytest.mark.parametrize("how", POOLS)
def test_windows_are_pooled_by_the_rule_of_the_model_file(monkeypatch, how):
    """Silent windows count as they do on the device: with probability 0, and unasked."""
    monkeypatch.setattr(recipe, "POOL", how)
    P = FittedDetector(First(), HEARD, np.array([0, 1])).predict_proba(np.array([0, 1, 2, 3]))
    expected = [pool(np.nan_to_num(vectors[:, 0]).tolist(), how) for vectors in HEARD]
    np.testing.assert_allclose(P[:, 1], expected)
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_rows_name_recordings():
    detector = FittedDetector(First(), HEARD, np.array([0, 1]))
    np.testing.assert_array_equal(
        detector.predict_proba(np.array([3, 0])), detector.predict_proba(np.arange(4))[[3, 0]]
    )
    assert detector.predict_proba(np.array([], dtype=np.intp)).shape == (0, 2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_seed_decides(material, estimator):
    procedure = replace(material.procedure, estimator=estimator)
    args = (material.rows, material.y, material.groups)
    one, two = (procedure.fit(*args, 7).predict_proba(material.rows) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_cries_and_other_sounds_are_told_apart(material, estimator):
    """Where they were learned; one cry is none."""
    procedure = replace(material.procedure, estimator=estimator)
    P = procedure.fit(material.rows, material.y, material.groups, 0).predict_proba(material.rows)
    assert auc(material.y == 1, P[:, 1]) > 0.9


def test_trees_have_half_the_voice_and_networks_the_other(material):
    """So what one half has never heard of cannot be a cry by the other's word alone."""
    pipeline = material.procedure.fit(material.rows, material.y, material.groups, 0).classifier
    X = np.concatenate([e.heard[~np.isnan(e.heard[:, 0])] for e in material.examples])
    scaled = pipeline[0].transform(X)
    trees, *networks = (member.predict_proba(scaled)[:, 1] for member in pipeline[-1].estimators_)
    halves = trees, np.mean(networks, axis=0)
    np.testing.assert_allclose(pipeline.predict_proba(X)[:, 1], np.mean(halves, axis=0), atol=1e-12)


# -- the device ------------------------------------------------------------------------------------------


@dataclass
class Answers:
    workstation: np.ndarray
    device: list


@pytest.fixture(scope="module", params=list(ESTIMATORS))
def answers(request, material, tmp_path_factory) -> Answers:
    """What the fitted procedure says of every recording, and what the device does with its model file.

    Half of them are learned, and as what they are not, lest all probabilities be 0 or 1.
    """
    some = material.examples[::2]
    procedure = CryDetector(some, material.procedure.distractors, request.param)
    y = np.random.default_rng(1).permutation(material.y[::2])
    taught = Material(some, procedure, y, material.groups[::2], None)
    measured = Measured(Report("", "none", "none", ()), 0.5)
    made = fitted(taught, measured, name="ear", data={}, tell=lambda _: None)
    path = made.save(tmp_path_factory.mktemp("model") / "ear.onnx")
    detector = procedure.fit(taught.rows, taught.y, taught.groups, recipe.SEED)
    classifier = Classifier(path)
    found = [classifier.classify(e.sound.path) for e in material.examples]
    return Answers(detector.judge([e.heard for e in material.examples])[:, 1], found)


def test_the_device_says_the_same_of_every_recording(answers):
    """To float32, from the file on the disk to the pooled probability."""
    device = [p.cry.probability for p in answers.device]
    np.testing.assert_allclose(device, answers.workstation, atol=2e-6)
    assert len(set(device)) > len(device) / 4


def test_the_device_hears_the_same_windows(answers, material):
    for prediction, one in zip(answers.device, material.examples, strict=True):
        silent = np.isnan(one.heard[:, 0])
        assert len(prediction.cry.windows) == len(one.heard)
        assert all(w.probability == 0 for w, s in zip(prediction.cry.windows, silent, strict=True) if s)


def test_the_device_decides_by_the_threshold(answers, material):
    assert [p.label == "cry" for p in answers.device] == [p >= 0.5 for p in answers.workstation]
