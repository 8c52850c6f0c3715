"""A forest's file lacks what its answers do not need, and the answers are the same to the bit."""

import numpy as np
import onnx
import pytest
from onnxruntime import InferenceSession
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from convert.portable import graph
from edgecry.models.bundled import bundled
from edgecry.models.numpy_runtime import NumpySession

FOREST = RandomForestClassifier(12, random_state=0)
SOFT = ExtraTreesClassifier(12, max_depth=4, random_state=0)


def attributes(data):
    (trees,) = (node for node in onnx.load_from_string(data).graph.node if node.op_type.startswith("Tree"))
    return {a.name: onnx.helper.get_attribute_value(a) for a in trees.attribute}


def answers(data, X):
    names = ["probabilities"]
    with_onnxruntime = InferenceSession(data, providers=["CPUExecutionProvider"])
    return [session.run(names, {"features": X})[0] for session in (with_onnxruntime, NumpySession.open(data))]


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize(
    "estimator",
    [FOREST, SOFT, DecisionTreeClassifier(random_state=0), GradientBoostingClassifier(n_estimators=3)],
    ids=lambda e: type(e).__name__,
)
def test_same_answers(estimator, n_classes, monkeypatch):
    rng = np.random.default_rng(n_classes)
    X = rng.normal(size=(150, 6)).astype(np.float32)
    fitted = estimator.fit(X, rng.integers(n_classes, size=150))
    slim = graph.export(fitted)
    monkeypatch.setattr(graph, "slim", lambda _: None)
    full = graph.export(fitted)
    assert len(slim) < 0.95 * len(full)
    X = rng.normal(size=(200, 6)).astype(np.float32)
    X[::7, 2] = np.nan
    for mine, theirs in zip(answers(slim, X), answers(full, X), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_leaf_keeps_a_weight_a_class():
    """What it adds to other classes is zero, and not there; a class that two leaves share is in both."""
    y = np.repeat([0, 1, 2], 4)
    found = attributes(graph.export(DecisionTreeClassifier().fit(np.arange(12.0)[:, None], y)))
    assert found["class_weights"] == [1.0, 1.0, 1.0]
    assert sorted(found["class_ids"]) == [0, 1, 2]
    assert len(set(found["class_nodeids"])) == found["nodes_modes"].count(b"LEAF") == 3


def test_where_missing_values_go_is_kept():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    X[:90, 0] = np.nan
    found = attributes(graph.export(HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(200) < 90)))
    assert any(found["nodes_missing_value_tracks_true"])


def test_the_bundled_forest_is_slim():
    found = attributes(bundled("seed").read_bytes())
    assert not found.keys() & {"nodes_hitrates", "nodes_missing_value_tracks_true"}
    assert all(found["class_weights"])
