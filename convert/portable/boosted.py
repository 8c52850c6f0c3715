"""What XGBoost, LightGBM and CatBoost have learned, as plain trees: read from what each writes of itself."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from . import Refused


class Tree(NamedTuple):
    """One tree in parallel arrays. A leaf has -1 for children; its row of ``value`` is summed."""

    feature: Any
    threshold: Any
    left: Any
    right: Any
    value: Any


class Boosted(NamedTuple):
    """Trees whose values are summed, and what is made of the sums.

    ``start`` is what the sums begin with, one a score. A row goes left where its value is below the
    threshold, or also at it if ``at_threshold_left``. ``rule`` is "sigmoid" or "softmax".
    """

    trees: list[Tree]
    start: Any
    at_threshold_left: bool
    rule: str


def names_of_boosted() -> list[str]:
    """List the classes that are read, without loading their libraries."""
    return [name for _, name in _READERS]


def is_boosted(estimator: Any) -> bool:
    """Tell whether an estimator is a classifier of one of these libraries."""
    return _reader(estimator) is not None


def is_fitted(estimator: Any) -> bool:
    """Tell whether a boosted classifier has been fitted."""
    if hasattr(estimator, "is_fitted"):  # CatBoost
        return bool(estimator.is_fitted())
    return getattr(estimator, "_Booster", getattr(estimator, "booster_", None)) is not None


def boosted(estimator: Any) -> Boosted:
    """Read a fitted classifier of XGBoost, LightGBM or CatBoost.

    Raises
    ------
    Refused
        It has what cannot be converted, such as categories; or its trees lead outside or round in circles.
    """
    read = _reader(estimator)
    if read is None:
        raise Refused(f"{type(estimator).__name__} is not a boosted classifier that edgecry knows")
    found: Boosted = read(estimator)
    for number, tree in enumerate(found.trees):
        check_tree(tree, f"tree {number} of {type(estimator).__name__}")
    return found


def check_tree(tree: Tree, where: str) -> None:
    """Refuse a tree with a node that is missing, or reached twice, or has a number that is not finite."""
    count, reached = len(tree.left), np.zeros(len(tree.left), dtype=bool)
    pending = [0] if count else []
    while pending:
        node = pending.pop()
        if not 0 <= node < count:
            raise Refused(f"{where}: leads to node {node}, and there are {count}")
        if reached[node]:
            raise Refused(f"{where}: leads to node {node} twice, so a walk has no end")
        reached[node] = True
        if tree.left[node] >= 0:
            pending += [int(tree.left[node]), int(tree.right[node])]
    if not (np.isfinite(tree.threshold[reached]).all() and np.isfinite(tree.value[reached]).all()):
        raise Refused(f"{where}: a threshold or a leaf is not a finite number")


def _reader(estimator: Any) -> Any:
    return _READERS.get((type(estimator).__module__.split(".")[0], type(estimator).__name__))


def _refuse(estimator: Any, what: str) -> Refused:
    return Refused(f"{type(estimator).__name__} with {what} cannot be converted; fit it without")


# -- XGBoost -------------------------------------------------------------------------------------------


def _of_xgboost(model: Any) -> Boosted:
    booster = model.get_booster()
    best = getattr(model, "best_iteration", None) if booster.attr("best_iteration") else None
    if best is not None:
        booster = booster[: int(best) + 1]
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    if learner["gradient_booster"]["name"] != "gbtree":
        raise _refuse(model, f"booster={learner['gradient_booster']['name']!r}")
    objective = learner["objective"]["name"]
    if objective not in ("binary:logistic", "multi:softprob"):
        raise _refuse(model, f"objective={objective!r}")
    n_scores = 1 if objective == "binary:logistic" else len(model.classes_)
    stated = [float(number) for number in learner["learner_model_param"]["base_score"].strip("[]").split(",")]
    start = np.broadcast_to(np.array(stated), n_scores)
    if n_scores == 1:
        start = np.log(start / (1 - start))
    found = learner["gradient_booster"]["model"]
    trees = [
        _xgboost_tree(model, tree, np.eye(n_scores)[score])
        for tree, score in zip(found["trees"], found["tree_info"])  # noqa: B905 - strict= is Python 3.10's
    ]
    return Boosted(trees, start, False, "sigmoid" if n_scores == 1 else "softmax")


def _xgboost_tree(model: Any, tree: Any, share: Any) -> Tree:
    if any(tree["split_type"]):
        raise _refuse(model, "categories")
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise _refuse(model, "trees of several outputs")
    left, numbers = np.array(tree["left_children"]), np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        np.array(tree["split_indices"]),
        numbers.astype(float),
        left,
        np.array(tree["right_children"]),
        np.where(left < 0, numbers, 0)[:, None] * share,
    )


# -- LightGBM ------------------------------------------------------------------------------------------


def _of_lightgbm(model: Any) -> Boosted:
    found = model.booster_.dump_model()
    if "objective" not in found:
        raise _refuse(model, "an objective of its own, which leaves raw scores for answers,")
    name, *settings = found["objective"].split(" ")
    if name not in ("binary", "multiclass") or (name == "binary" and "sigmoid:1" not in settings):
        raise _refuse(model, f"objective {found['objective']!r}")
    n_scores = found["num_tree_per_iteration"]
    scale = len(found["tree_info"]) // n_scores if found["average_output"] else 1
    trees = [
        _lightgbm_tree(model, tree["tree_structure"], np.eye(n_scores)[number % n_scores] / scale)
        for number, tree in enumerate(found["tree_info"])
    ]
    return Boosted(trees, np.zeros(n_scores), True, "sigmoid" if n_scores == 1 else "softmax")


def _lightgbm_tree(model: Any, root: Any, share: Any) -> Tree:
    nodes, columns = [root], Tree([], [], [], [], [])
    for node in nodes:  # which grows as children are found
        if "leaf_value" in node:
            if "leaf_coeff" in node:
                raise _refuse(model, "linear trees")
            row: tuple[Any, ...] = (0, 0.0, -1, -1, node["leaf_value"] * share)
        else:
            if node["decision_type"] != "<=":
                raise _refuse(model, "categories")
            if node["missing_type"] == "Zero":
                raise _refuse(model, "zero_as_missing")
            row = (node["split_feature"], node["threshold"], len(nodes), len(nodes) + 1, 0 * share)
            nodes += [node["left_child"], node["right_child"]]
        for column, value in zip(columns, row):  # noqa: B905
            column.append(value)
    return Tree(*(np.array(column) for column in columns))


# -- CatBoost ------------------------------------------------------------------------------------------


def _of_catboost(model: Any) -> Boosted:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        found = json.loads(path.read_text(encoding="utf-8"))
    if "oblivious_trees" not in found:
        raise _refuse(model, "trees that are not symmetric (grow_policy)")
    loss = (
        found["model_info"].get("params", {}).get("loss_function") or model.get_all_params()["loss_function"]
    )
    loss = loss["type"] if isinstance(loss, dict) else loss
    if loss not in ("Logloss", "CrossEntropy", "MultiClass"):
        raise _refuse(model, f"loss_function={loss!r}")
    scale, start = found["scale_and_bias"]
    flat = {f["feature_index"]: f["flat_feature_index"] for f in found["features_info"]["float_features"]}
    trees = [_catboost_tree(model, tree, flat, scale, len(start)) for tree in found["oblivious_trees"]]
    return Boosted(trees, np.array(start), True, "sigmoid" if len(start) == 1 else "softmax")


def _catboost_tree(model: Any, tree: Any, flat: Any, scale: float, n_scores: int) -> Tree:
    """Lay a symmetric tree out as a heap. Split k tells bit k of the leaf, so that the last is the root."""
    splits = tree["splits"][::-1]
    if any(split["split_type"] != "FloatFeature" for split in splits):
        raise _refuse(model, "categories")
    n_inner, n_leaves = 2 ** len(splits) - 1, 2 ** len(splits)
    level = np.floor(np.log2(np.arange(1, n_inner + 1))).astype(int)
    feature = np.array([flat[split["float_feature_index"]] for split in splits], dtype=int)[level]
    border = np.array([split["border"] for split in splits], dtype=np.float32).astype(float)[level]
    leaves, inner = np.zeros(n_leaves), np.arange(n_inner)
    value = scale * np.array(tree["leaf_values"], dtype=float).reshape(n_leaves, n_scores)
    return Tree(
        np.concatenate([feature, leaves.astype(int)]),
        np.concatenate([border, leaves]),
        np.concatenate([2 * inner + 1, leaves.astype(int) - 1]),
        np.concatenate([2 * inner + 2, leaves.astype(int) - 1]),
        np.concatenate([np.zeros((n_inner, n_scores)), value]),
    )


#: By the library and the name of the class.
_READERS: dict[tuple[str, str], Any] = {
    ("xgboost", "XGBClassifier"): _of_xgboost,
    ("xgboost", "XGBRFClassifier"): _of_xgboost,
    ("lightgbm", "LGBMClassifier"): _of_lightgbm,
    ("lightgbm", "BoosterClassifier"): _of_lightgbm,  # of a file of its own, see `native`
    ("catboost", "CatBoostClassifier"): _of_catboost,
}
