"""Compiled objects whose state is not what their code takes it for are refused before they are made."""

import io
import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from convert.portable import Refused
from convert.portable.scan import scan
from convert.portable.structure import check_structure
from tests.convert.zoo import data

X, Y = data(3)
#: Metrics, and what they are given.
METRICS = {
    "manhattan": None,
    "minkowski": {"w": np.ones(20)},
    "seuclidean": {"V": np.ones(20)},
    "mahalanobis": {"V": np.eye(20)},
}


class _Cutting(pickle.Pickler):
    """Writes another state for objects whose class has a word in its name."""

    def __init__(self, file: io.BytesIO, word: str, cut: Callable[[Any], Any]) -> None:
        super().__init__(file)
        self._word, self._cut = word, cut

    def reducer_override(self, obj: Any) -> Any:
        if self._word not in type(obj).__name__:
            return NotImplemented
        make, args, state = obj.__reduce__()
        return make, args, self._cut(state)


def _neighbours(**settings: Any) -> Any:
    return KNeighborsClassifier(3, p=3, **settings).fit(X, Y)


def _written(model: Any, word: str, cut: Callable[[Any], Any]) -> bytes:
    file = io.BytesIO()
    _Cutting(file, word, cut).dump(model)
    return file.getvalue()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["KDTree", "BallTree"])
def test_what_was_fitted_is_whole(kind: str, metric: str) -> None:
    """Every metric that a tree may have passes both checks, in both ways of saving it."""
    settings = {} if kind == "KDTree" else {"metric": metric, "metric_params": METRICS[metric]}
    model = _neighbours(algorithm="kd_tree" if kind == "KDTree" else "ball_tree", **settings)
    check_structure(model)
    dumped = io.BytesIO()
    joblib.dump(model, dumped)
    for stream in (pickle.dumps(model, 2), pickle.dumps(model), dumped.getvalue()):
        assert not scan(stream, "model").refused


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("Tree", lambda state: state[:3]),
        ("Tree", lambda state: ()),
        ("Tree", list),
        ("Tree", lambda state: (None,) * 13),
        ("Tree", lambda state: (*state, 1)),
        ("Distance", lambda state: state[:1]),
        ("Distance", lambda state: []),
    ],
)
@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_short_states_are_named(algorithm: str, word: str, cut: Callable[[Any], Any]) -> None:
    stream = _written(_neighbours(algorithm=algorithm), word, cut)
    with pytest.raises(Refused, match=rf"model: a damaged \w*{word}\w*: its state is not the (13|3) values"):
        scan(stream, "model")


@pytest.mark.parametrize(
    ("metric", "cut", "why"),
    [
        ("minkowski", lambda s: (np.nan, *s[1:]), "a MinkowskiDistance64 whose power is not a number"),
        ("seuclidean", lambda s: (s[0], np.ones(3), s[2]), "a SEuclideanDistance64 of 3 weights, for 20"),
        ("mahalanobis", lambda s: (*s[:2], np.eye(3)), r"of a matrix of shape \(3, 3\), for 20 features"),
    ],
)
def test_distances_fit_the_points(metric: str, cut: Callable[[Any], Any], why: str) -> None:
    model = _neighbours(algorithm="ball_tree", metric=metric, metric_params=METRICS[metric])
    stream = _written(model, "Distance", cut)
    with pytest.raises(Refused, match=why):
        check_structure(pickle.loads(stream))


def test_a_tree_without_a_distance() -> None:
    stream = _written(_neighbours(algorithm="kd_tree"), "KDTree", lambda s: (*s[:11], None, None))
    with pytest.raises(Refused, match="measures distances by a NoneType"):
        check_structure(pickle.loads(stream))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.tree._tree", "__pyx_unpickle_TreeBuilder"),
        ("sklearn.tree._splitter", "BestSplitter"),
        ("sklearn.ensemble._hist_gradient_boosting.histogram", "HistogramBuilder"),
        ("sklearn.neighbors._kd_tree", "NeighborsHeap64"),
    ],
)
def test_tools_of_fitting(module: str, name: str) -> None:
    """What only fitting uses is in no fitted model, and its state would be read as blindly."""
    parts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    with pytest.raises(Refused, match=f"holds a {name.removeprefix('__pyx_unpickle_')}, which only fitting"):
        scan(b"\x80\x04" + parts + b"\x93)R.", "model")


def test_trees_are_no_tools() -> None:
    assert not scan(pickle.dumps(DecisionTreeClassifier().fit(X, Y)), "model").refused
