"""Whether the detector's embedding tells reasons apart, on sounds of which it is known if they can be."""

import argparse

import numpy as np
import pytest

from convert.clip.report import splits_of
from convert.evaluation.effort import Effort
from convert.reason.data import Material, read_material
from convert.reason.embedding import TITLE, embeddings, sections
from edgecry.audio.load import load_audio
from edgecry.detector import Detector
from edgecry.models.model import CryModel
from tests import graphs
from tests.convert.reason.sounds import SPEC, make_corpus

pytestmark = pytest.mark.once

EFFORT = Effort(repeats=1, draws=20, permutations=9)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network that hears the pitch."""
    return graphs.save(tmp_path_factory.mktemp("model") / "network.onnx", graphs.network())


def material(folder, meaningful: bool) -> Material:
    make_corpus(folder / "tones", meaningful=meaningful, babies=8)
    (folder / "spec.json").write_text(SPEC.to_json())
    args = argparse.Namespace(
        folders=[folder / "tones"],
        spec=folder / "spec.json",
        label_column=None,
        group_by=None,
        cache=folder / "cache",
        no_cache=False,
    )
    return read_material(args, lambda _: None)


def measured(data: Material, network) -> tuple:
    splits = splits_of(data.features, data.dataset, EFFORT.repeats)
    comparison, permutations = sections(data, splits, EFFORT, lambda _: None, str(network))
    assert comparison.title == TITLE
    assert list(comparison.figures) == ["embedding", "majority", "prior"]
    return comparison.figures, permutations.rows["ROC AUC"]


def test_is_mean_and_maximum_of_what_the_network_gives(network, tmp_path):
    data, detector = material(tmp_path, meaningful=True), Detector(CryModel.load(network))
    X = embeddings(data, detector)
    assert X.shape == (48, 16)
    clip = load_audio(data.features.recordings[5].path, detector.spec.sr).samples
    _, found = detector.embed(clip)
    np.testing.assert_allclose(X[5], [*found.mean(axis=0), *found.max(axis=0)], rtol=1e-6)


def test_reasons_that_can_be_heard(network, tmp_path):
    figures, auc = measured(material(tmp_path, meaningful=True), network)
    assert figures["embedding"]["log_loss"].value < figures["prior"]["log_loss"].value - 0.1
    assert auc["p"] == 0.1
    assert auc["observed"] > 0.8


def test_reasons_that_cannot_be_heard(network, tmp_path):
    figures, auc = measured(material(tmp_path, meaningful=False), network)
    assert figures["embedding"]["log_loss"].value > figures["prior"]["log_loss"].value - 0.1
    assert auc["p"] > 0.1
    assert auc["observed"] < 0.8


def test_a_detector_without_one_is_told_of(tmp_path):
    said = []
    data, ear = material(tmp_path, meaningful=True), graphs.save(tmp_path / "ear.onnx", graphs.detector())
    splits = splits_of(data.features, data.dataset, 1)
    assert list(sections(data, splits, EFFORT, said.append, str(ear))) == []
    assert said == [
        f"the detector's embedding is left out: {ear}: has no embedding; a network has one, such as the "
        "model 'cry'"
    ]
