"""TreeEnsembleClassifier and TreeEnsembleRegressor of ONNX in NumPy: all rows go down all trees together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.models.onnx_file import BadFileError, Node

Array = NDArray[Any]
Step = Callable[[Sequence[Array]], Sequence[Array]]
_COMPARE: Final[Mapping[str, np.ufunc]] = {
    "BRANCH_LEQ": np.less_equal,
    "BRANCH_LT": np.less,
    "BRANCH_GTE": np.greater_equal,
    "BRANCH_GT": np.greater,
}


@dataclass(frozen=True, eq=False)
class _Trees:
    """The trees of one operator, as arrays over all nodes. A leaf leads to itself."""

    roots: Array
    feature: Array
    value: Array
    missing_is_true: Array
    compare: np.ufunc
    true: Array
    false: Array
    weights: Array  # [nodes, targets], zeros but at leaves

    def scores(self, X: Array) -> Array:
        """Sum the weights of the leaves that each row reaches, [rows, targets] in float64."""
        X = X.astype(self.value.dtype)
        at = np.broadcast_to(self.roots, (len(X), len(self.roots)))
        rows = np.arange(len(X))[:, None]
        while True:
            x = X[rows, self.feature[at]]
            goes = self.compare(x, self.value[at]) | (np.isnan(x) & self.missing_is_true[at])
            below = np.where(goes, self.true[at], self.false[at])
            if np.array_equal(below, at):
                total: Array = self.weights[at].sum(axis=1)
                return total
            at = below


def classifier(node: Node) -> Step:
    """Read the trees of a TreeEnsembleClassifier, and give what computes its two outputs.

    The labels are left as positions: no model file reads them.
    """
    of = node.attributes
    labels = of.get("classlabels_strings") or of.get("classlabels_int64s", ())
    trees, base, end = _trees(of, "class", len(labels)), _numbers(of, "base_values"), _end(of)
    used = set(of["class_ids"].tolist())
    alone = used.pop() if len(labels) == 2 and len(used) == 1 else None
    positive = bool((_numbers(of, "class_weights") >= 0).all())

    def run(inputs: Sequence[Array]) -> Sequence[Array]:
        scores = trees.scores(inputs[0])
        if alone is not None:  # the trees score one of two classes; onnxruntime completes the other like this
            score = scores[:, [alone]]
            if base is not None:
                score = score + base[-1]
            scores = np.hstack([1 - score if positive else -score, score])
        elif base is not None:
            scores = scores + base
        scores = end(scores)
        return [scores.argmax(axis=1), scores.astype(np.float32)]

    return run


def regressor(node: Node) -> Step:
    """Read the trees of a TreeEnsembleRegressor, and give what sums their leaves."""
    of = node.attributes
    trees, base, end = (
        _trees(of, "target", int(of.get("n_targets", 1))),
        _numbers(of, "base_values"),
        _end(of),
    )
    if of.get("aggregate_function", "SUM") != "SUM":
        raise BadFileError("TreeEnsembleRegressor takes another aggregate than the sum of its trees")

    def run(inputs: Sequence[Array]) -> Sequence[Array]:
        scores = trees.scores(inputs[0])
        return [end(scores if base is None else scores + base).astype(np.float32)]

    return run


def _end(of: Mapping[str, Any]) -> Callable[[Array], Array]:
    """Return the function that a post_transform names."""
    how = of.get("post_transform", "NONE")
    if how == "NONE":
        return lambda scores: scores
    if how == "LOGISTIC":
        return lambda scores: 1 / (1 + np.exp(-scores))
    if how == "SOFTMAX":
        return _softmax
    raise BadFileError(f"trees end with {how:.20}, which only onnxruntime knows")


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Array = powers / powers.sum(axis=1, keepdims=True)
    return result


def _trees(of: Mapping[str, Any], kind: str, n_targets: int) -> _Trees:
    modes, leaf = _modes(of["nodes_modes"])
    if len(modes) > 1 or (modes and modes[0] not in _COMPARE):
        raise BadFileError(f"trees branch by {', '.join(modes):.60}, which only onnxruntime knows")
    nodes = _Numbering(of["nodes_treeids"], of["nodes_nodeids"])
    position = np.arange(len(leaf))
    leads = [
        np.where(leaf, position, nodes.find(of["nodes_treeids"], of[to], but=leaf))
        for to in ("nodes_truenodeids", "nodes_falsenodeids")
    ]
    if any((to[~leaf] <= position[~leaf]).any() for to in leads):
        raise BadFileError("a branch of a tree leads back, so that its end may never be reached")
    reached = nodes.find(of[f"{kind}_treeids"], of[f"{kind}_nodeids"])
    shape = len(leaf), n_targets
    place = np.ravel_multi_index((reached, of[f"{kind}_ids"]), shape)
    weights = np.bincount(place, _numbers(of, f"{kind}_weights"), shape[0] * shape[1]).reshape(shape)
    return _Trees(
        roots=np.unique(of["nodes_treeids"], return_index=True)[1],
        feature=of["nodes_featureids"],
        value=_numbers(of, "nodes_values"),
        missing_is_true=_missing(of, len(leaf)),
        compare=_COMPARE[modes[0]] if modes else np.less_equal,
        true=leads[0],
        false=leads[1],
        weights=weights,
    )


def _modes(names: list[str]) -> tuple[list[str], Array]:
    """Return how nodes branch, each way once, and which nodes are leaves."""
    leaf = np.fromiter((name == "LEAF" for name in names), dtype=bool, count=len(names))
    return sorted(set(names) - {"LEAF"}), leaf


class _Numbering:
    """The nodes of all trees, which a file numbers by their tree and within it."""

    def __init__(self, trees: Array, nodes: Array) -> None:
        keys = self._keys(trees, nodes)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]
        if (np.diff(self._sorted) == 0).any():
            raise BadFileError("two nodes of a tree have one number")

    def find(self, trees: Array, nodes: Array, but: Array | None = None) -> Array:
        """Return the positions of nodes. Those that ``but`` is true for are not looked for, and have any."""
        keys = self._keys(trees, nodes)
        at = np.minimum(np.searchsorted(self._sorted, keys), max(len(self._sorted) - 1, 0))
        missing = self._sorted[at] != keys
        if (missing if but is None else missing & ~but).any():
            raise BadFileError("a tree leads to a node that is not there")
        return self._order[at]

    @staticmethod
    def _keys(trees: Array, nodes: Array) -> Array:
        """Make one number of both."""
        if len(trees) != len(nodes) or any(((x < 0) | (x >= 2**31)).any() for x in (trees, nodes)):
            raise BadFileError("the numbers of the nodes of trees are too large, or negative")
        keys: Array = trees << 32 | nodes
        return keys


def _numbers(of: Mapping[str, Any], name: str) -> Any:
    """Return float32 numbers, or those of float64 that stand in a tensor; None if there are neither."""
    return of.get(f"{name}_as_tensor", of.get(name))


def _missing(of: Mapping[str, Any], n: int) -> Array:
    tracks = of.get("nodes_missing_value_tracks_true", ())
    return np.asarray(tracks, dtype=bool) if len(tracks) else np.zeros(n, dtype=bool)
