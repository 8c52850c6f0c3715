"""model: opening, checking and running a model file."""

import gzip
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from edgecry.errors import ModelError
from edgecry.models.bundled import BUNDLED_MODEL
from edgecry.models.metadata import ModelMetadata
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions
from tests import graphs
from tests.models.opening import refusal, vectors


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# -- what a good file gives --------------------------------------------------------------------------


def test_says_what_the_file_says(model_path):
    model = CryModel.load(str(model_path))
    assert (model.name, model.labels, model.spec) == ("tiny", graphs.LABELS, graphs.SPEC)
    assert model.metadata == graphs.METADATA
    assert model.path == model_path


def test_probabilities_are_the_graphs(model_path):
    X = vectors(9)
    P = CryModel.load(model_path).predict_proba(X)
    assert P.dtype == np.float32
    assert P.shape == (9, 3)
    np.testing.assert_allclose(P, softmax(X @ graphs.weights()), atol=1e-6)


def test_a_vector_is_a_row(model_path):
    model, X = CryModel.load(model_path), vectors(4)
    one_by_one = np.concatenate([model.predict_proba(x) for x in X])
    np.testing.assert_allclose(one_by_one, model.predict_proba(X), atol=1e-6)


def test_no_vectors_give_no_rows(model_path):
    assert CryModel.load(model_path).predict_proba(vectors(0)).shape == (0, 3)


def test_takes_other_layouts_and_types(model_path):
    model, X = CryModel.load(model_path), vectors(4).round()
    expected = model.predict_proba(X)
    for same in (np.asfortranarray(X), X.astype(np.float32), X.astype(np.int64), X.tolist(), X[::-1][::-1]):
        np.testing.assert_array_equal(model.predict_proba(same), expected)


def test_onnxruntime_keeps_its_opinions_to_itself(tmp_path, capfd):
    """It would warn on stderr of a weight that nothing uses."""
    graph = graphs.make()
    graph.graph.initializer.append(graphs.numpy_helper.from_array(np.ones(3, np.float32), "unused"))
    path = graphs.save(tmp_path / "model.onnx", graph)
    onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert "unused" in capfd.readouterr().err
    CryModel.load(path).predict_proba(vectors(1))
    assert capfd.readouterr() == ("", "")


# -- refused files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", graphs.BROKEN)
def test_broken_in_one_way(tmp_path, capfd, fault):
    build, pattern = graphs.BROKEN[fault]
    refusal(graphs.save(tmp_path / "broken.onnx", build()), pattern)
    assert capfd.readouterr() == ("", "")  # onnxruntime keeps quiet


def test_every_record_is_needed(tmp_path):
    for key in ("decision", "evaluation", "source", "data", "runtime", "name", "task"):
        props = graphs.METADATA.to_props()
        del props[f"edgecry.{key}"]
        model = graphs.make()
        graphs.helper.set_model_props(model, props)
        refusal(graphs.save(tmp_path / "model.onnx", model), key)


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (b"", "is empty"),
        (b"RIFF is no model", "not an ONNX file"),
        (pickle.dumps({"a": 1}), "not an ONNX file.*pickle.*convert"),
        (graphs.make().SerializeToString()[:300], "not an ONNX file, or cut short"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer.*git lfs pull"),
        (b"<!doctype html><html>", "a web page.*download the file itself"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (gzip.compress(graphs.make().SerializeToString()), "compressed with gzip; unpack it"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    ],
    ids=["empty", "text", "pickle", "cut short", "lfs", "html", "zip", "gzip", "hdf5"],
)
def test_not_onnx(tmp_path, content, pattern):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    refusal(path, pattern)


def test_missing(tmp_path):
    refusal(tmp_path / "none.onnx", "no such file")


def test_directory(tmp_path):
    refusal(tmp_path, "not a regular file")


def test_unreadable(tmp_path):
    refusal(tmp_path / ("n" * 300), "cannot be read .*too long")


def test_name_that_is_not_text(tmp_path):
    refusal(graphs.save(tmp_path / "m\udcff.onnx"), "rename it")


def test_no_bundled_model(tmp_path, monkeypatch):
    monkeypatch.setattr("edgecry.models.bundled.FOLDER", tmp_path)
    refusal(tmp_path / "seed.onnx", "lacks its bundled model 'seed'; install edgecry again")
    with pytest.raises(ModelError, match=r"cry\.onnx: .*lacks its bundled model 'cry'"):
        CryModel.load("cry")


def test_name_of_a_bundled_model(tmp_path, monkeypatch):
    """A text that is one of the names; not a path, and not the file of that name here."""
    monkeypatch.chdir(tmp_path)
    graphs.save(tmp_path / "seed")
    assert CryModel.load("seed").path == BUNDLED_MODEL
    for path in (Path("seed"), "./seed"):
        assert CryModel.load(path).name == "tiny"


# -- refused vectors and answers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "X", [vectors(2)[:, 1:], vectors(1)[0, 1:], vectors(2)[None], 3.0, "features", np.full((2, 12), "a")]
)
def test_vectors_of_another_shape(model_path, X):
    with pytest.raises(ModelError, match=r"expected numbers of shape \(12,\) or \(any, 12\)"):
        CryModel.load(model_path).predict_proba(X)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_vectors_that_are_not_finite(model_path, value):
    X = vectors(3)
    X[1, 5] = value
    with pytest.raises(ModelError, match=r"feature mel_1 of vector 1 is (nan|inf)"):
        CryModel.load(model_path).predict_proba(X)


@pytest.mark.parametrize("last", ["Identity", "Sigmoid", "Log"])
def test_answers_that_are_no_probabilities(tmp_path, last):
    """Scores, independent probabilities, and NaN."""
    model = CryModel.load(graphs.save(tmp_path / "model.onnx", graphs.make(last=last)))
    with pytest.raises(ModelError, match="not probabilities"):
        model.predict_proba(-np.abs(vectors(3)))


def test_negative_answers_are_no_probabilities(tmp_path):
    W = np.zeros((graphs.SPEC.n_features, 3), np.float32)
    W[0] = 1.5, -0.5, 0
    model = CryModel.load(graphs.save(tmp_path / "model.onnx", graphs.make(last="Identity", W=W)))
    with pytest.raises(ModelError, match=r"\[1.5, -0.5, 0.0\], which are not probabilities"):
        model.predict_proba(np.eye(1, graphs.SPEC.n_features))


def test_probabilities_stay_between_0_and_1(tmp_path):
    """What a graph's rounding adds or takes is let pass, and cut off."""
    W = np.zeros((graphs.SPEC.n_features, 3), np.float32)
    W[0] = 1.0001, -0.0001, 0
    model = CryModel.load(graphs.save(tmp_path / "model.onnx", graphs.make(last="Identity", W=W)))
    assert model.predict_proba(np.eye(1, graphs.SPEC.n_features)).tolist() == [[1, 0, 0]]


def test_failure_inside_the_graph(model_path):
    """Whatever the runtime raises is told as a ModelError."""
    model = CryModel.load(model_path)

    class Failing:
        def run(self, *_args):
            raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : out of luck\nmore")

    model._session = Failing()
    with pytest.raises(ModelError, match=r"failed to run \(out of luck\)"):
        model.predict_proba(vectors(1))


# -- the embedding of a network --------------------------------------------------------------------


@pytest.fixture
def embedding_model(tmp_path):
    """A model whose scores are an output too, under the name that an embedding has."""
    made = graphs.make()
    made.graph.node[0].output[0] = made.graph.node[1].input[0] = "embedding"
    made.graph.output.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 3]))
    return CryModel.load(graphs.save(tmp_path / "embedding.onnx", made))


def test_embedding(embedding_model):
    X = vectors(4)
    assert embedding_model.embedding_size == 3
    np.testing.assert_allclose(embedding_model.embed(X), X @ graphs.weights(), atol=1e-4)
    assert embedding_model.embed(X[0]).shape == (1, 3)
    np.testing.assert_allclose(embedding_model.predict_proba(X).sum(axis=1), 1, atol=1e-6)


def test_embedding_of_a_model_that_has_none(model_path):
    model = CryModel.load(model_path)
    assert model.embedding_size == 0
    with pytest.raises(ModelError, match=r"tiny\.onnx: has no embedding"):
        model.embed(vectors(1))


def test_all_features_read_are_stated_in_a_word():
    props = graphs.METADATA.to_props()
    assert props["edgecry.reads"] == '"all"'
    assert ModelMetadata.from_props(props, "tiny").reads == tuple(range(graphs.SPEC.n_features))


def test_recordings_are_stated_as_they_are_or_not_at_all():
    stated = replace(graphs.METADATA, recordings="AAECAw==")
    assert stated.to_props()["edgecry.recordings"] == "AAECAw=="
    for metadata in (graphs.METADATA, stated):
        assert ModelMetadata.from_props(metadata.to_props(), "tiny") == metadata


# -- a stranger's file -------------------------------------------------------------------------------


def looping(inside_if: bool) -> bytes:
    """A model file whose graph goes round without end before it answers."""
    made = graphs.make()
    made.graph.node[1].output[0] = "before"
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["c_in"], ["c_out"]),
            helper.make_node("Identity", ["x_in"], ["x_out"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("c_in", TensorProto.BOOL, []), value("x_in", 1, None)],
        [value("c_out", TensorProto.BOOL, []), value("x_out", 1, None)],
    )
    made.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    out = "inner" if inside_if else "probabilities"
    loop = helper.make_node("Loop", ["", "yes", "before"], [out], body=body)
    if inside_if:
        branch = helper.make_graph([loop], "branch", [], [value("inner", 1, None)])
        loop = helper.make_node("If", ["yes"], ["probabilities"], then_branch=branch, else_branch=branch)
    made.graph.node.append(loop)
    return made.SerializeToString()


@pytest.mark.parametrize("inside_if", [False, True])
def test_a_graph_that_need_not_end_is_refused(tmp_path, inside_if):
    path = tmp_path / "round.onnx"
    path.write_bytes(looping(inside_if))
    refusal(path, "has the operator Loop, which need not come to an end")


@pytest.mark.parametrize("written", [b"\xa2\0\x04", b"\xa2\x80\0\x04", b"\x22\x84\0", b"\x22\x84\x80\x80\0"])
def test_its_operator_may_be_written_with_bytes_that_add_nothing(tmp_path, written):
    path = tmp_path / "round.onnx"
    path.write_bytes(looping(False).replace(b"\x22\x04Loop", written + b"Loop"))
    refusal(path, "has the operator Loop, which need not come to an end")


@pytest.mark.parametrize("key", ["format", "labels", "data"])
def test_metadata_nested_without_end_are_refused(key):
    props = {**graphs.METADATA.to_props(), f"edgecry.{key}": "[" * 100_000}
    with pytest.raises(ModelError, match=f"edgecry.{key} is not JSON"):
        ModelMetadata.from_props(props, "deep")


@pytest.mark.parametrize("key", ["threshold", "window"])
def test_a_number_beyond_all_floats_is_refused(key):
    decision = {**graphs.THRESHOLD, key: 10**400}
    with pytest.raises(ModelError, match=rf"decision\.{key}: 1000.* is out of range"):
        ModelMetadata.from_props(replace(graphs.EAR, decision=decision).to_props(), "large")


def test_metadata_that_are_no_text(model_path):
    """A bit of the disk is enough; onnxruntime gives them as they are."""
    data = model_path.read_bytes()
    at = data.index(b"hungry")
    for runtime in ("onnxruntime", "numpy"):
        model_path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        with pytest.raises(ModelError):
            CryModel.load(model_path, RuntimeOptions(runtime=runtime))


@pytest.mark.parametrize("key", ["name", "labels", "task", "decision", "data", "format"])
def test_a_text_of_megabytes_stays_out_of_the_message(tmp_path, key):
    """It would fill a terminal, a journal and every event."""
    model, long = graphs.make(), "x" * 3_000_000
    text = json.dumps([long, "b", "c"] if key == "labels" else long)
    graphs.helper.set_model_props(model, {**graphs.METADATA.to_props(), f"edgecry.{key}": text})
    with pytest.raises(ModelError) as caught:
        CryModel.load(graphs.save(tmp_path / "model.onnx", model))
    assert len(str(caught.value)) < 600 + len(str(tmp_path))
