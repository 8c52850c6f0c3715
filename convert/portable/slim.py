"""Leaves out of a forest what its answers do not need: half of the file, and more."""

from __future__ import annotations

from typing import Any

import numpy as np

_HITRATES = ("nodes_hitrates", "nodes_hitrates_as_tensor")
_MISSING = "nodes_missing_value_tracks_true"
#: A tree's number, a leaf's number in it, a class, and what the leaf adds to the score of that class.
_WEIGHTS = ("class_treeids", "class_nodeids", "class_ids", "class_weights")


def slim(node: Any) -> None:
    """Take away from a TreeEnsembleClassifier or TreeEnsembleRegressor what changes no answer.

    How often a node was reached (`nodes_hitrates`) is never read, and NaN goes to the second child of each
    node where nothing else is said. Most leaves hold a single class, and add nothing to the others.
    """
    if node.op_type not in ("TreeEnsembleClassifier", "TreeEnsembleRegressor"):
        return
    from onnx import helper

    found = {a.name: a for a in node.attribute}
    unneeded = [name for name in _HITRATES if name in found]
    if _MISSING in found and not any(found[_MISSING].ints):
        unneeded.append(_MISSING)
    for name in unneeded:
        node.attribute.remove(found[name])
    if all(name in found for name in _WEIGHTS):
        columns = {name: np.array(helper.get_attribute_value(found[name])) for name in _WEIGHTS}
        kept = _adds(**columns)
        for name, values in columns.items():
            stored = found[name].floats if name == "class_weights" else found[name].ints
            stored[:] = values[kept].tolist()


def _adds(class_treeids: Any, class_nodeids: Any, class_ids: Any, class_weights: Any) -> Any:
    """Tell which weights to keep.

    Those of two classes stay as they are, as onnxruntime computes the second class in another way where a
    leaf has no weight for it. A leaf whose weights are all zero keeps them, so that it has some.
    """
    if len(np.unique(class_ids)) <= 2:
        return np.ones(len(class_ids), dtype=bool)
    _, leaf = np.unique(np.stack([class_treeids, class_nodeids]), axis=1, return_inverse=True)
    adds = class_weights != 0
    return adds | (np.bincount(leaf.ravel(), adds) == 0)[leaf.ravel()]
