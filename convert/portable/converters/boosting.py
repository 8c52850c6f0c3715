"""XGBoost, LightGBM and CatBoost: logistic or softmax of summed trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..boosted import Tree, boosted
from .nodes import Nodes
from .trees import summed_leaves

#: LightGBM's kZeroThreshold. It leaves out what is no larger when it reads a row.
_ZERO = float(np.float32(1e-35))


def probabilities(nodes: Nodes, model: Any, x: str) -> str:
    """Convert a boosted classifier, [N, width] to [N, C]."""
    sums = scores(nodes, model, x)
    if boosted(model).rule == "softmax":
        return nodes("Softmax", sums, axis=1)
    return nodes.two_classes(nodes("Sigmoid", sums))


def scores(nodes: Nodes, model: Any, x: str) -> str:
    """Sum the trees of a boosted classifier: [N, 1] for two classes, else [N, C].

    XGBoost and CatBoost compare float32 values, LightGBM float64 ones, of which it takes the smallest for
    zero. Their float32 values are numbers of float64, too, so that the graph compares in float64.
    """
    from onnx import TensorProto

    found = boosted(model)
    if type(model).__module__.startswith("lightgbm"):
        x = nodes("Where", nodes("Greater", nodes("Abs", x), _ZERO), x, 0.0)
    else:
        x = nodes.doubles(nodes("Cast", x, to=TensorProto.FLOAT))
    columns: list[dict[str, Any]] = []
    values: list[Any] = []
    for tree in found.trees:
        columns.append(_columns(len(columns), sum(len(v) for v in values), tree))
        values.append(tree.value[tree.left < 0])
    mode = "BRANCH_LEQ" if found.at_threshold_left else "BRANCH_LT"
    return nodes("Add", summed_leaves(nodes, x, columns, values, mode), found.start[None].astype(float))


def _columns(number: int, first_leaf: int, tree: Tree) -> dict[str, Any]:
    """One tree in the operator's parallel arrays; a leaf's weight is its number among all leaves."""
    is_leaf = tree.left < 0
    leaves = np.flatnonzero(is_leaf)
    return {
        "is_leaf": is_leaf,
        "nodes_treeids": np.full(len(is_leaf), number),
        "nodes_nodeids": np.arange(len(is_leaf)),
        "nodes_featureids": np.where(is_leaf, 0, tree.feature),
        "nodes_values": np.where(is_leaf, 0.0, tree.threshold),
        "nodes_truenodeids": np.where(is_leaf, 0, tree.left),
        "nodes_falsenodeids": np.where(is_leaf, 0, tree.right),
        "nodes_missing_value_tracks_true": np.zeros(len(is_leaf), dtype=int),
        "target_treeids": np.full(len(leaves), number),
        "target_nodeids": leaves,
        "target_ids": np.full(len(leaves), number),
        "target_weights": first_leaf + np.arange(len(leaves)),
    }


#: Converters of ``predict_proba`` by the name of the class.
PROBABILITIES: dict[str, Any] = dict.fromkeys(
    ("XGBClassifier", "XGBRFClassifier", "LGBMClassifier", "CatBoostClassifier", "BoosterClassifier"),
    probabilities,
)
