"""Checks of what a classifier of neighbours keeps: its points, and the trees by which it finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import Refused

#: Levels of a tree of neighbours; each has twice the nodes of the one before.
_MOST_LEVELS = 48


def _neighbour_tree(tree: Any, where: str) -> None:
    """Check KDTree and BallTree: the order of the points, and which of them each node holds."""
    state = tree.__getstate__()
    points, order, nodes, bounds, _, n_levels, n_nodes = state[:7]
    count = len(points)
    if len(order) != count or not np.array_equal(np.sort(order), np.arange(count)):
        raise Refused(f"{where}: does not name each of its {count} points once")
    # A box has two corners, and a ball has one centre.
    corners = 2 if type(tree).__name__.startswith("KD") else 1
    fits = n_nodes == len(nodes) and 0 < n_levels < _MOST_LEVELS and n_nodes == 2**n_levels - 1
    if not fits or bounds.shape != (corners, n_nodes, points.shape[1]):
        raise Refused(f"{where}: {n_nodes} nodes on {n_levels} levels do not fit {len(nodes)} records")
    start, stop = nodes["idx_start"], nodes["idx_end"]
    if (start < 0).any() or (stop > count).any() or (start > stop).any():
        raise Refused(f"{where}: a node holds points that are not there")
    if not nodes["is_leaf"][n_nodes // 2 :].all():
        raise Refused(f"{where}: a node of the last level has children")
    _distance(state[11], points.shape[1], where)


def _distance(metric: Any, width: int, where: str) -> None:
    """Check that a distance is one, and that its weights are for as many features."""
    if not hasattr(metric, "__getstate__") or "Distance" not in type(metric).__name__:
        raise Refused(f"{where}: measures distances by a {type(metric).__name__}; it is damaged")
    kind, (power, weights, matrix) = type(metric).__name__, metric.__getstate__()
    if kind.startswith("PyFunc"):
        raise Refused(f"{where}: measures distances by a function of its author's, which is not in the file")
    allowed = (width,) if kind.startswith("SEuclidean") else (0, 1, width)
    if np.isnan(power):
        raise Refused(f"{where}: a {kind} whose power is not a number")
    if np.ndim(weights) != 1 or len(weights) not in allowed:
        raise Refused(f"{where}: a {kind} of {np.size(weights)} weights, for {width} features")
    if kind.startswith("Mahalanobis") and np.shape(matrix) != (width, width):
        raise Refused(f"{where}: a {kind} of a matrix of shape {np.shape(matrix)}, for {width} features")


def _neighbours(model: Any, where: str) -> None:
    """Check that the classes of the neighbours are there."""
    if not hasattr(model, "_y") or not hasattr(model, "classes_") or isinstance(model.classes_, list):
        return
    if np.ndim(model._y) > 1:
        raise Refused(f"{where}: predicts {np.shape(model._y)[1]} labels at once; edgecry serves one")
    y = np.asarray(model._y)
    if not np.issubdtype(y.dtype, np.integer):
        raise Refused(f"{where}: the classes of its points are {y.dtype}, not whole numbers")
    if hasattr(model._fit_X, "toarray"):
        raise Refused(f"{where}: was fitted on a sparse matrix; fit it on an array")
    asked = model.n_neighbors  # None of those that ask all within a radius
    if asked is not None and (not 1 <= asked <= len(y) or int(asked) != asked):
        raise Refused(f"{where}: asks {asked!r:.30} neighbours of {len(y)} points")
    if not np.isfinite(model._fit_X).all():
        raise Refused(f"{where}: a point is not of finite numbers")
    if len(y) != model._fit_X.shape[0]:
        raise Refused(f"{where}: {model._fit_X.shape[0]} points, and classes of {len(y)}")
    if len(y) and not 0 <= int(y.min()) <= int(y.max()) < len(model.classes_):
        raise Refused(f"{where}: a point is of class {int(y.max())}, and there are {len(model.classes_)}")


#: By the name of the class.
NEIGHBOURS: dict[str, Callable[[Any, str], None]] = {
    "BinaryTree": _neighbour_tree,
    **{f"{kind}{bits}": _neighbour_tree for kind in ("KDTree", "BallTree") for bits in ("", "32", "64")},
    "NeighborsBase": _neighbours,
}
