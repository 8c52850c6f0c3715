"""Checks of the parallel arrays that scikit-learn's compiled code follows without looking.

Each takes the object and how to call it, and raises `Refused` where an index leads outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import Refused
from .boosted import boosted, is_boosted, is_fitted, names_of_boosted
from .categories import categories_of
from .members import MEMBERS
from .neighbours import NEIGHBOURS
from .steps import STEPS
from .widths import width_of

#: Categories that HistGradientBoosting can keep of a feature: the bits of one set.
_MOST_CATEGORIES = 256
#: Children of a leaf in sklearn.tree._tree.
_LEAF = -1


def _tree(tree: Any, where: str) -> None:
    """Check sklearn.tree._tree.Tree: the arrays of a decision tree."""
    left, right = tree.children_left, tree.children_right
    inner = np.flatnonzero((left != _LEAF) | (right != _LEAF))
    _branches(left[inner], right[inner], inner, len(left), where)
    _features(tree.feature[inner], tree.n_features, where)
    _no_nan(tree.threshold[inner], where)
    # Infinity is where scikit-learn parts missing values from all others.
    if (np.isfinite(tree.threshold) & (np.abs(tree.threshold) > np.finfo(np.float32).max)).any():
        raise Refused(f"{where}: a threshold is larger than the numbers that trees compare (float32)")
    if not np.isfinite(tree.value).all():
        raise Refused(f"{where}: the value of a leaf is not a finite number")


def _histogram_tree(tree: Any, where: str) -> None:
    """Check TreePredictor of HistGradientBoosting: one record a node."""
    nodes = tree.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    branches = nodes[inner]
    _branches(branches["left"].astype(np.int64), branches["right"].astype(np.int64), inner, len(nodes), where)
    if (branches["feature_idx"].astype(np.int64) < 0).any():
        raise Refused(f"{where}: a node asks for a feature of negative number")
    _no_nan(branches["num_threshold" if "num_threshold" in nodes.dtype.names else "threshold"], where)
    if "is_categorical" in nodes.dtype.names:
        chosen = branches["bitset_idx"][branches["is_categorical"] != 0]
        if len(chosen) and int(chosen.max()) >= len(tree.raw_left_cat_bitsets):
            raise Refused(f"{where}: a node asks for a set of categories that is not there")


def _branches(left: Any, right: Any, inner: Any, count: int, where: str) -> None:
    """Children come after their parent, inside the tree, and have one parent each; so no walk is endless."""
    if count == 0:
        raise Refused(f"{where}: has no nodes")
    for child in (left, right):
        outside = (child < 0) | (child >= count)
        if outside.any():
            at = int(np.argmax(outside))
            raise Refused(
                f"{where}: node {int(inner[at])} leads to node {int(child[at])}, and there are {count}"
            )
        back = child <= inner
        if back.any():
            at = int(np.argmax(back))
            raise Refused(
                f"{where}: node {int(inner[at])} leads back to node {int(child[at])}, so a walk has no end"
            )
    children = np.concatenate([left, right])
    if len(np.unique(children)) < len(children):
        raise Refused(f"{where}: a node is the child of two nodes")


def _features(features: Any, n_features: int, where: str) -> None:
    outside = (features < 0) | (features >= n_features)
    if outside.any():
        raise Refused(
            f"{where}: a node asks for feature {int(features[outside][0])}, and there are {n_features}"
        )


def _no_nan(thresholds: Any, where: str) -> None:
    if np.isnan(thresholds).any():
        raise Refused(f"{where}: a threshold is not a number")


def _sparse(matrix: Any, where: str) -> None:
    """Check matrices of scipy.sparse: their indices."""
    if hasattr(matrix, "check_format"):
        try:
            matrix.check_format(full_check=True)
        except ValueError as error:
            raise Refused(f"{where}: a sparse matrix that points outside itself") from error
    elif hasattr(matrix, "row") and matrix.nnz:
        inside = 0 <= matrix.row.min() <= matrix.row.max() < matrix.shape[0]
        if not (inside and 0 <= matrix.col.min() <= matrix.col.max() < matrix.shape[1]):
            raise Refused(f"{where}: a sparse matrix that points outside itself")


def _rare_sparse(matrix: Any, where: str) -> None:
    """Refuse the kinds of sparse matrices that are for building one: their code does not look, either."""
    raise Refused(f"{where}: a {type(matrix).__name__}, a kind of sparse matrix that no fitted model has")


def _decision_tree(model: Any, where: str) -> None:
    """Check that a decision tree and its arrays agree on features and classes."""
    tree = getattr(model, "tree_", None)
    if tree is None:
        return
    width = getattr(model, "n_features_in_", tree.n_features)
    if tree.n_features != width:
        raise Refused(f"{where}: reads {width} features, its tree {tree.n_features}")
    classes = getattr(model, "classes_", None)
    if classes is not None and tree.n_outputs == 1 and len(classes) != int(tree.n_classes[0]):
        raise Refused(f"{where}: has {len(classes)} classes, its tree {int(tree.n_classes[0])}")


def _histogram_boosting(model: Any, where: str) -> None:
    """Check that the trees of HistGradientBoosting read features that are there."""
    width: Any = getattr(model, "n_features_in_", None) or getattr(model, "_n_features", 0)
    # Categorical features are put first, which changes their order, not their number.
    iterations, classes = getattr(model, "_predictors", []), len(getattr(model, "classes_", ()))
    scores = 1 if classes == 2 else classes
    if classes and (not iterations or np.size(model._baseline_prediction) != scores):
        raise Refused(f"{where}: has no trees, or does not begin with one number for each of {scores} scores")
    for i, iteration in enumerate(iterations):
        if classes and len(iteration) != scores:
            raise Refused(f"{where}._predictors[{i}]: {len(iteration)} trees for {scores} scores")
        for tree in iteration:
            inner = tree.nodes[tree.nodes["is_leaf"] == 0]
            _features(inner["feature_idx"].astype(np.int64), width, f"{where}._predictors[{i}]")
            if "is_categorical" in inner.dtype.names:
                chosen = inner["feature_idx"][inner["is_categorical"] != 0].astype(np.int64)
                _categorical(model, chosen, f"{where}._predictors[{i}]")


def _categorical(model: Any, chosen: Any, where: str) -> None:
    """Check that what is split by categories has some, and no more of them than a set has bits for."""
    if not len(chosen):
        return
    known = np.asarray(model._bin_mapper.is_categorical_, dtype=bool)
    if not known[chosen].all():
        raise Refused(f"{where}: a node splits by categories of a feature that has none")
    for categories in categories_of(model):
        if len(categories) > _MOST_CATEGORIES:
            raise Refused(f"{where}: {len(categories)} categories; there are at most {_MOST_CATEGORIES}")


def _support_vectors(model: Any, where: str) -> None:
    """Check SVC and NuSVC: libsvm counts its vectors by what it is told."""
    if not hasattr(model, "support_vectors_") or not hasattr(model, "classes_"):
        return
    n, count = len(model.classes_), model.support_vectors_.shape[0]
    counts = np.asarray(model.n_support_)
    if len(counts) != n or (counts < 0).any() or int(counts.sum()) != count or len(model.support_) != count:
        raise Refused(f"{where}: {count} support vectors do not fit its {n} classes, {counts.tolist()!s:.60}")
    for name in ("dual_coef_", "_dual_coef_"):
        shape = getattr(model, name, model.dual_coef_).shape
        if shape != (n - 1, count):
            raise Refused(f"{where}: {name} has shape {shape}, not {(n - 1, count)}")
    if not np.isfinite(float(model._gamma)):
        raise Refused(f"{where}: gamma is {float(model._gamma)}")
    for name in ("support_vectors_", "_dual_coef_", "_intercept_", "_probA", "_probB"):
        numbers = getattr(model, name, ())
        if not np.isfinite(getattr(numbers, "data", numbers)).all():
            raise Refused(f"{where}: {name} holds what is not a finite number")
    pairs = n * (n - 1) // 2
    for name in ("intercept_", "_intercept_", "probA_", "probB_", "_probA", "_probB"):
        found = np.size(getattr(model, name, ()))
        if found != pairs and (found or "intercept" in name):
            raise Refused(f"{where}: {name} has {found} numbers for {pairs} pairs of classes")


def _boosted(model: Any, where: str) -> None:
    """Check the trees of XGBoost, LightGBM and CatBoost, before their libraries walk through them."""
    if not is_boosted(model) or not is_fitted(model):  # one that others are made after is not fitted
        return
    width = int(width_of(model) or 0)
    for tree in boosted(model).trees:
        _features(np.asarray(tree.feature)[tree.left >= 0], width, where)


#: By the name of the class, so that nothing is imported before it is needed.
CHECKS: dict[str, Callable[[Any, str], None]] = {
    "Tree": _tree,
    "TreePredictor": _histogram_tree,
    "BaseDecisionTree": _decision_tree,
    **MEMBERS,
    "BaseHistGradientBoosting": _histogram_boosting,
    "BaseLibSVM": _support_vectors,
    **NEIGHBOURS,
    **STEPS,
    **dict.fromkeys(names_of_boosted(), _boosted),
    **{f"{kind}_{form}": _sparse for kind in ("csr", "csc", "coo", "bsr") for form in ("matrix", "array")},
    **{f"{kind}_{form}": _rare_sparse for kind in ("lil", "dia", "dok") for form in ("matrix", "array")},
}
