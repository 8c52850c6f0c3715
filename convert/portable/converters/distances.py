"""k nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes


def k_neighbors(nodes: Nodes, model: Any, x: str) -> str:
    """Convert KNeighborsClassifier: the neighbours' classes, counted or weighted by 1 / distance."""
    away = _distances(nodes, model, x)
    # TopK has two outputs: how far, and who.
    far, who = nodes.several("TopK", 2, away, np.array([model.n_neighbors]), axis=1, largest=0, sorted=1)
    onehot = np.eye(len(model.classes_))[np.asarray(model._y).ravel()]
    votes = nodes("Gather", nodes.constant(onehot), who, axis=0)
    if model.weights in ("uniform", None):
        return nodes("ReduceMean", votes, axes=[1], keepdims=0)
    if model.weights != "distance":
        raise Refused(
            f"KNeighborsClassifier with weights={model.weights!r:.60} cannot be converted; "
            "'uniform' and 'distance' can be"
        )
    # A neighbour at distance 0 outweighs all that are not.
    same = nodes.doubles(nodes("Equal", far, 0.0))
    any_same = nodes("Greater", nodes("ReduceMax", same, axes=[1], keepdims=1), 0.0)
    weights = nodes("Where", any_same, same, nodes("Reciprocal", far))
    weighted = nodes("Mul", votes, nodes("Unsqueeze", weights, np.array([2])))
    summed = nodes("ReduceSum", weighted, np.array([1]), keepdims=0)
    return nodes("Div", summed, nodes.total(weights))


def _distances(nodes: Nodes, model: Any, x: str) -> str:
    """Distances of the rows to the training points, [N, n_points]."""
    metric, p = model.effective_metric_, (model.effective_metric_params_ or {}).get("p", 2)
    if metric == "minkowski":
        metric = {1: "manhattan", 2: "euclidean"}.get(p, metric)
    points = np.asarray(model._fit_X)
    away = nodes("Sub", nodes("Unsqueeze", x, np.array([1])), points[None])
    if metric in ("euclidean", "l2"):
        return nodes("Sqrt", nodes("ReduceSumSquare", away, axes=[2], keepdims=0))
    if metric in ("manhattan", "l1", "cityblock"):
        return nodes("ReduceSum", nodes("Abs", away), np.array([2]), keepdims=0)
    if metric in ("chebyshev", "infinity"):
        return nodes("ReduceMax", nodes("Abs", away), axes=[2], keepdims=0)
    if metric == "minkowski":
        powers = nodes("Pow", nodes("Abs", away), float(p))
        return nodes("Pow", nodes("ReduceSum", powers, np.array([2]), keepdims=0), 1.0 / p)
    raise Refused(
        f"KNeighborsClassifier with metric {metric!r:.60} cannot be converted; "
        "euclidean, manhattan, chebyshev and minkowski can be"
    )
