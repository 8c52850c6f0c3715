"""Checks that the text of a LightGBM model is whole. LightGBM itself goes wherever the text leads it."""

from __future__ import annotations

import re

from . import Refused

#: The most scores of a model. It has one for each class.
_MOST_CLASSES = 10_000


def check_lightgbm(text: str) -> None:
    """Refuse a text that is cut off or changed, or with trees that lead outside or round in circles.

    Raises
    ------
    Refused
        It is; the message says where.
    """
    head = text.partition("\n\n")[0] + "\n"
    scores, trees_a_round = _number(head, "num_class"), _number(head, "num_tree_per_iteration")
    if not 1 <= scores == trees_a_round <= _MOST_CLASSES:
        raise Refused(f"damaged: {scores} classes, and {trees_a_round} trees for each iteration")
    width = _number(head, "max_feature_idx") + 1
    trees = _trees(text)
    if len(trees) % scores:
        raise Refused(f"damaged: {len(trees)} trees are no whole iterations of {scores}")
    for number, tree in enumerate(trees):
        _check_tree(tree, width, f"tree {number}")


def _trees(text: str) -> list[str]:
    """Cut the text at the sizes of the trees that it states, as LightGBM does without looking."""
    sizes = _numbers(text, "tree_sizes")
    # Sizes are of bytes, and the text is ASCII but for the names of features, which come before.
    at = text.find("\nTree=0\n") + 1
    found = []
    for number, size in enumerate(sizes):
        tree = text[at : at + size]
        if not at or size <= 0 or not tree.startswith(f"Tree={number}\n"):
            raise Refused(f"damaged: tree {number} does not begin where its size says, or is cut off")
        found.append(tree)
        at += size
    if not text[at:].lstrip().startswith("end of trees"):
        raise Refused(f"damaged: its {len(sizes)} trees have no end")
    return found


def _check_tree(tree: str, width: int, where: str) -> None:
    n_leaves = _number(tree, "num_leaves")
    left, right, feature = (_numbers(tree, key) for key in ("left_child", "right_child", "split_feature"))
    leaf = re.search(r"^leaf_value=(.*)$", tree, re.MULTILINE)
    n_inner = n_leaves - 1
    reached: set[int] = set()
    if n_inner < 0 or len(leaf[1].split() if leaf else ()) != n_leaves:
        raise Refused(f"{where}: has no value for each of its {n_leaves} leaves")
    if not len(left) == len(right) == len(feature) == n_inner:
        raise Refused(f"{where}: its splits do not fit its {n_leaves} leaves")
    for node, children in enumerate(zip(left, right)):  # noqa: B905 - Python 3.8
        for child in children:
            is_there = node < child < n_inner or 0 <= ~child < n_leaves
            if not is_there or child in reached:
                raise Refused(f"{where}: node {node} leads to {child}, which is not its own child")
            reached.add(child)
    if n_inner and not 0 <= min(feature) <= max(feature) < width:
        raise Refused(f"{where}: asks for feature {max(feature)}, and there are {width}")


def _number(text: str, key: str) -> int:
    """Read the whole number of the first line ``key=...``."""
    found = _numbers(text, key)
    if len(found) != 1:
        raise Refused(f"damaged: {len(found)} numbers for {key}")
    return found[0]


def _numbers(text: str, key: str) -> list[int]:
    """Read the whole numbers of the first line ``key=...``. Return none of them if there is no such line."""
    found = re.search(rf"^{key}=([-0-9 ]*)\r?$", text, re.MULTILINE)
    words = found[1].split() if found else []
    if any(len(word) > 18 for word in words):
        raise Refused(f"damaged: a number of {max(map(len, words))} digits for {key}")
    return [int(word) for word in words]
