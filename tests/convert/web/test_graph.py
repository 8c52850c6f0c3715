"""web: the graph from samples to probability gives what the device gives."""

import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from convert.__main__ import main
from convert.errors import ConversionError
from convert.synth import synthetic_cry
from convert.web.graph import web_graph
from convert.web.proof import TOLERANCE, prove
from edgecry import CryModel
from edgecry.detector import Detector
from edgecry.errors import ModelError


@pytest.fixture(scope="module")
def cry() -> CryModel:
    return CryModel.load("cry")


@pytest.fixture(scope="module")
def graph(cry) -> bytes:
    return web_graph(cry)


def test_it_gives_what_the_device_gives(cry, graph):
    windows, difference = prove(graph, cry)
    assert windows > 40
    assert difference < TOLERANCE / 10


def test_many_windows_at_once(cry, graph):
    """Rows do not depend on their neighbours, and silence among them is told."""
    rng = np.random.default_rng(1)
    sr, size = cry.spec.sr, 3 * cry.spec.sr
    rows = [synthetic_cry(sr, 3.0, 5), np.zeros(size), 0.01 * rng.normal(size=size)]
    X = np.stack(rows).astype(np.float32)
    (P,) = onnxruntime.InferenceSession(graph).run(["probabilities"], {"samples": X})
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    expected = [Detector(cry).listen(row)[0][0].probability for row in X]
    np.testing.assert_allclose(P[:, cry.labels.index("cry")], expected, atol=TOLERANCE)
    assert P[1].tolist() == [1, 0]


def test_what_a_page_must_know_is_in_the_file(cry, graph):
    (entry,) = onnx.load_from_string(graph).metadata_props
    known = json.loads(entry.value)
    assert known["sr"] == cry.spec.sr
    assert known["threshold"] == known["events"]["onset"] == cry.metadata.decision["threshold"]
    assert known["labels"] == list(cry.labels)


def test_a_graph_that_differs_is_refused(cry, graph):
    """Such as one whose floor is another."""
    changed = onnx.load_from_string(graph)
    (under,) = [one for one in changed.graph.initializer if one.name == "samples.under"]
    under.CopyFrom(onnx.numpy_helper.from_array(np.float32(20), under.name))
    with pytest.raises(ConversionError, match="the graph differs from the device by"):
        prove(changed.SerializeToString(), cry)


def test_other_models_are_refused(cry):
    with pytest.raises(ModelError, match="not a detector"):
        web_graph(CryModel.load("reason"))
    other = CryModel.load("cry")
    other.metadata = replace(cry.metadata, spec=replace(cry.spec, level="remove"))
    with pytest.raises(ConversionError, match="level and mel_unit"):
        web_graph(other)


def test_command(tmp_path, capsys, graph):
    assert main(["web", "cry", "-o", str(tmp_path / "cry-web.onnx")]) == 0
    assert (tmp_path / "cry-web.onnx").read_bytes() == graph
    assert json.loads((tmp_path / "cry-web.json").read_text())["window"] == 3.0
    assert main(["web", "cry", "-o", str(tmp_path / "no" / "cry-web.onnx")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert main(["web", "seed", "-o", str(tmp_path / "seed.onnx")]) == 1
