"""light: NumPy for a few vectors, onnxruntime for more, and the refusals of onnxruntime either way."""

import re
import sys
from importlib.metadata import requires
from types import SimpleNamespace

import numpy as np
import pytest

from edgecry.errors import ModelError
from edgecry.models.bundled import BUNDLED
from edgecry.models.light import FEW, LightSession
from edgecry.models.model import OLDEST, CryModel
from edgecry.models.numpy_runtime import NumpySession
from edgecry.models.runtimes import RuntimeOptions
from tests import graphs
from tests.models.opening import refusal, vectors

LIGHT = RuntimeOptions(runtime="light")


def runner(model: CryModel) -> object:
    """Return what runs a model now."""
    return model._session.session


@pytest.mark.parametrize("name", BUNDLED)
def test_the_answers_are_those_of_onnxruntime(name):
    model, reference = CryModel.load(name, LIGHT), CryModel.load(name)
    assert (model.metadata, model.embedding_size) == (reference.metadata, reference.embedding_size)
    X = np.random.default_rng(0).normal(scale=3, size=(FEW + 1, model.spec.n_features)).astype(np.float32)
    few, expected = model.predict_proba(X[:9]), reference.predict_proba(X)
    assert isinstance(runner(model), NumpySession)
    np.testing.assert_allclose(few, expected[:9], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(X), expected)  # these are more than a few


def test_it_changes_after_a_few_vectors_and_once(tmp_path):
    model = CryModel.load(graphs.save(tmp_path / "m.onnx"), LIGHT)
    X = vectors(FEW)
    model.predict_proba(X[: FEW // 2])
    model.predict_proba(X[FEW // 2 :])
    assert isinstance(runner(model), NumpySession)
    model.predict_proba(X[0])
    later = runner(model)
    assert not isinstance(later, NumpySession)
    model.predict_proba(X)
    assert runner(model) is later


def test_numpy_goes_on_where_there_is_no_onnxruntime(tmp_path, monkeypatch):
    path = graphs.save(tmp_path / "m.onnx")
    expected = CryModel.load(path).predict_proba(vectors(FEW + 1))
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.setattr(sys, "meta_path", [Without("onnxruntime"), *sys.meta_path])
    model = CryModel.load(path, LIGHT)
    np.testing.assert_allclose(model.predict_proba(vectors(FEW + 1)), expected, rtol=0, atol=1e-6)
    assert isinstance(runner(model), NumpySession)


class Without:
    """Finds every module but one, as if that were not installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, *_: object) -> None:
        if name == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_file_that_is_replaced_meanwhile_is_not_mixed_with_the_first(tmp_path):
    path = graphs.save(tmp_path / "m.onnx")
    model = CryModel.load(path, LIGHT)
    graphs.save(path, graphs.make(W=graphs.weights() + 1))
    with pytest.raises(ModelError, match=r"m\.onnx: .*was replaced while it was in use"):
        model.predict_proba(vectors(FEW + 1))


def test_what_numpy_does_not_know_is_run_by_onnxruntime_at_once(tmp_path):
    graph = graphs.make()
    graph.graph.node[-1].op_type = "LogSoftmax"
    graph.graph.node[-1].output[0] = "logs"
    graph.graph.node.append(graphs.helper.make_node("Exp", ["logs"], ["probabilities"]))
    path = graphs.save(tmp_path / "m.onnx", graph)
    with pytest.raises(ModelError, match="LogSoftmax"):
        CryModel.load(path, RuntimeOptions(runtime="numpy"))
    X = vectors(3)
    expected = CryModel.load(path).predict_proba(X)
    np.testing.assert_array_equal(CryModel.load(path, LIGHT).predict_proba(X), expected)


@pytest.mark.parametrize("fault", graphs.BROKEN)
def test_what_onnxruntime_refuses_is_refused(tmp_path, fault):
    build, pattern = graphs.BROKEN[fault]
    refusal(graphs.save(tmp_path / "broken.onnx", build()), pattern, "light")


def test_the_oldest_onnxruntime_is_the_one_that_is_allowed():
    allowed = next(line for line in requires("edgecry") or () if line.startswith("onnxruntime"))
    oldest = re.search(r">=(\d+)\.(\d+)", allowed)
    assert oldest is not None
    assert (int(oldest[1]), int(oldest[2]), 0) == OLDEST


def test_rows_are_counted_over_all_inputs():
    ran = SimpleNamespace(run=lambda outputs, inputs: [len(inputs["x"])])
    session = LightSession(ran, lambda: SimpleNamespace(run=lambda *_: ["later"]))
    assert session.run(["y"], {"x": np.zeros((FEW, 2))}) == [FEW]
    assert session.run(["y"], {"x": np.zeros((1, 2))}) == ["later"]
