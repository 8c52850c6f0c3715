"""Trees: scikit-learn's compare float32 values, those of HistGradientBoosting float64 ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .categories import in_numbers
from .nodes import Nodes


def in_float32(nodes: Nodes, model: Any, x: str) -> str:
    """Convert what is made of decision trees."""
    init = getattr(model, "init_", None)
    if type(init).__name__ not in ("NoneType", "DummyClassifier", "str"):
        raise Refused(
            f"{type(model).__name__} that begins with a {type(init).__name__} (init) cannot be converted; "
            "fit it with init=None"
        )
    return nodes.leaf_in_float32(model, x)


def hist_gradient_boosting(nodes: Nodes, model: Any, x: str) -> str:
    """Convert HistGradientBoostingClassifier: logistic or softmax of the summed trees."""
    scores = hist_scores(nodes, model, x)
    if len(model.classes_) == 2:
        return nodes.two_classes(nodes("Sigmoid", scores))
    return nodes("Softmax", scores, axis=1)


def hist_scores(nodes: Nodes, model: Any, x: str) -> str:
    """Sum the trees of a HistGradientBoostingClassifier: [N, 1] for two classes, else [N, C].

    The ONNX operator compares in float64 when its thresholds are float64, but adds up in float32, and
    a calibration on top can turn the last bit into a step. So it only says which leaf each tree ends
    in; the leaves' values are looked up, and added in scikit-learn's order.
    """
    baseline = np.asarray(model._baseline_prediction, dtype=np.float64).ravel()
    x, trees = in_numbers(nodes, model, x)
    columns: list[dict[str, Any]] = []
    values: list[Any] = []
    for iteration in range(len(model._predictors)):
        for target in range(len(baseline)):
            tree = trees[len(columns)]
            start = baseline[target] if iteration == 0 else 0.0
            columns.append(_columns(len(columns), sum(len(v) for v in values), tree))
            leaves = start + tree["value"][columns[-1]["target_nodeids"]]
            values.append(leaves[:, None] * np.eye(len(baseline))[target])
    return summed_leaves(nodes, x, columns, values, "BRANCH_LEQ")


def summed_leaves(nodes: Nodes, x: str, columns: list[dict[str, Any]], values: list[Any], branch: str) -> str:
    """Sum the leaves that a row reaches, tree by tree: [N, n_scores].

    Parameters
    ----------
    nodes : Nodes
    x : str
        [N, width]
    columns : list of dict
        A tree's arrays each, as the operator takes them. A leaf's weight is its number among all leaves.
    values : list of array, each of shape (leaves of a tree, n_scores)
    branch : {"BRANCH_LEQ", "BRANCH_LT"}
        When a row goes to the first child.
    """
    from onnx import TensorProto, numpy_helper

    merged = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    tensors = {
        f"{name}_as_tensor": numpy_helper.from_array(merged.pop(name).astype(np.float64), name)
        for name in ("nodes_values", "target_weights")
    }
    leaf = nodes(
        "TreeEnsembleRegressor",
        x,
        op_domain="ai.onnx.ml",
        op_version=3,
        n_targets=len(columns),
        nodes_modes=["LEAF" if is_leaf else branch for is_leaf in merged.pop("is_leaf")],
        **{name: [int(v) for v in entries] for name, entries in merged.items()},
        **tensors,
    )
    index = nodes("Cast", leaf, to=TensorProto.INT64)
    reached = nodes("Gather", nodes.constant(np.concatenate(values)), index, axis=0)
    # CumSum adds one after the other, which ReduceSum does not promise.
    sums = nodes("CumSum", reached, np.array(1))
    return nodes("Gather", sums, np.array(-1), axis=1)


def _columns(number: int, first_leaf: int, tree: Any) -> dict[str, Any]:
    """One tree in the operator's parallel arrays; a leaf's weight is its number among all leaves."""
    leaf = tree["is_leaf"].astype(bool)
    leaves = np.flatnonzero(leaf)
    threshold = tree["num_threshold" if "num_threshold" in tree.dtype.names else "threshold"]
    return {
        "is_leaf": leaf,
        "nodes_treeids": np.full(len(tree), number),
        "nodes_nodeids": np.arange(len(tree)),
        "nodes_featureids": np.where(leaf, 0, tree["feature_idx"]),
        "nodes_values": np.where(leaf, 0.0, threshold),
        "nodes_truenodeids": np.where(leaf, 0, tree["left"]),
        "nodes_falsenodeids": np.where(leaf, 0, tree["right"]),
        "nodes_missing_value_tracks_true": np.where(leaf, 0, tree["missing_go_to_left"]),
        "target_treeids": np.full(len(leaves), number),
        "target_nodeids": leaves,
        "target_ids": np.full(len(leaves), number),
        "target_weights": first_leaf + np.arange(len(leaves)),
    }
