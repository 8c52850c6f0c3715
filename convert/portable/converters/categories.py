"""Splits by a set of categories, as HistGradientBoosting makes them, for an operator that knows numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..categories import bits, categories_of, tree_order
from .nodes import Nodes


def in_numbers(nodes: Nodes, model: Any, x: str) -> tuple[str, list[Any]]:
    """Turn splits by categories into splits at a number.

    The trees' input gets one more column for each such split: 0 where a row goes left, 1 where it goes
    right, which the split cuts at 0.5.

    Returns
    -------
    str
        What the trees read, [N, width + splits], in the order in which they number the features.
    list of structured array
        The nodes of all trees, which split by numbers alone.
    """
    trees = [tree.nodes for iteration in model._predictors for tree in iteration]
    known = categories_of(model)
    if not known:
        return x, trees
    order = tree_order(model, int(model.n_features_in_))
    sets = [tree.raw_left_cat_bitsets for iteration in model._predictors for tree in iteration]
    trees = [tree.copy() for tree in trees]
    parts, width = [nodes.columns(x, order)], len(order)
    for feature, categories in enumerate(known):
        goes_right = []
        for tree, left_sets in zip(trees, sets):  # noqa: B905 - strict= is Python 3.10's
            for node in np.flatnonzero(_by_category(tree) & (tree["feature_idx"] == feature)):
                left = bits(left_sets[tree["bitset_idx"][node]], len(categories))
                goes_right.append(np.append(1 - left, 1 - tree["missing_go_to_left"][node]))
                tree["feature_idx"][node], tree["num_threshold"][node] = width, 0.5
                tree["is_categorical"][node] = 0
                width += 1
        if goes_right:
            column = nodes.column(x, int(order[feature]))
            table = np.array(goes_right, dtype=np.float64).T
            parts.append(nodes("MatMul", _which(nodes, column, categories), table))
    return nodes.concat(parts), trees


def _by_category(tree: Any) -> Any:
    return (tree["is_categorical"] != 0) & (tree["is_leaf"] == 0)


def _which(nodes: Nodes, column: str, categories: Any) -> str:
    """From values [N, 1] to [N, categories + 1] with a one at the category. Others have it last."""
    same = nodes.doubles(nodes("Equal", column, categories[None, :]))
    return nodes.concat([same, nodes("Sub", 1.0, nodes.total(same))])
