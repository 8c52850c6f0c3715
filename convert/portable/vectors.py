"""Feature vectors to prove an export on, made from what the model itself reveals.

A difference between two implementations of a model hides where it decides: at the thresholds of its
trees, around its training points and support vectors, at the centre and far outside of what it was
scaled for. Random vectors alone would miss it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .boosted import boosted, is_boosted
from .categories import categories_of, has_categories, tree_order
from .converters.nodes import unwrap
from .widths import is_passthrough, width_of

#: Tree nodes tried, each with three vectors: at its threshold, one float32 below, one above.
_NODES = 100
_POINTS = 100
_ROWS = 100


def vectors(estimator: Any, seed: int = 0) -> Any:
    """Make vectors for a fitted estimator.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    seed : int

    Returns
    -------
    np.ndarray of float32, shape (n, n_features)
    """
    rng = np.random.default_rng(seed)
    rows = _rows(unwrap(estimator), int(width_of(estimator) or 0), rng)
    limit = np.finfo(np.float32).max / 1e8
    return np.clip(np.nan_to_num(rows), -limit, limit).astype(np.float32)


def _rows(estimator: Any, n: int, rng: Any) -> Any:
    """Rows in the space ``estimator`` reads."""
    steps = getattr(estimator, "steps", None)
    if steps:
        return _through(steps, n, rng)
    trees = trees_of(estimator)
    if trees:
        rows = np.concatenate([_at_thresholds(trees, n, rng), _scattered(_range(trees, n), rng)])
        return _among_categories(estimator, rows, rng)
    points = training_points(estimator)
    if points is not None:
        spread = points.std(axis=0)
        chosen = points[rng.permutation(len(points))[:_POINTS]]
        beside = chosen + 0.2 * spread * rng.standard_normal(chosen.shape)
        return np.concatenate([chosen, beside, _scattered((points.mean(axis=0), spread), rng)])
    parts = [part for part in parts_of(estimator) if width_of(part) == n]
    if parts:
        return np.concatenate([_rows(unwrap(part), n, rng) for part in parts[:5]])
    return _scattered(_centre_and_spread(estimator, n), rng)


def _among_categories(estimator: Any, rows: Any, rng: Any) -> Any:
    """Give the categorical columns of HistGradientBoosting their categories, and some values beside them."""
    if not has_categories(estimator):
        return rows
    columns = tree_order(estimator, rows.shape[1])
    for column, values in zip(columns, categories_of(estimator)):  # noqa: B905 - strict= is Python 3.10's
        among = np.concatenate([values, values, values + 0.5, values[:1] - 1, values[-1:] + 1])
        rows[:, column] = rng.choice(among, size=len(rows))
    return rows


def _through(steps: Any, n: int, rng: Any) -> Any:
    """Rows for a pipeline: those of its steps, carried back through the transformers before them."""
    steps = [step for _, step in steps if not is_passthrough(step)]
    found = [_scattered(_centre_and_spread(steps[0], n), rng)]
    for index, step in enumerate(steps):
        if index < len(steps) - 1:
            rows = at_edges(step, rng)
        else:
            rows = _rows(unwrap(step), int(width_of(step) or n), rng)
        for before in reversed(steps[:index]):
            rows = _carried_back(before, rows)
        if rows is not None and len(rows) and rows.shape[1] == n:
            found.append(rows)
    return np.concatenate(found)


def _carried_back(step: Any, rows: Any) -> Any:
    """What a transformer maps to ``rows``; None where it cannot tell."""
    if rows is None or not hasattr(step, "inverse_transform"):
        return None
    try:
        back = step.inverse_transform(rows)
        return np.asarray(back.toarray() if hasattr(back, "toarray") else back, dtype=float)
    except (ValueError, IndexError, TypeError, AttributeError):  # a point that no input is mapped to
        return None


def at_edges(step: Any, rng: Any) -> Any:
    """Rows at the edges that a transformer cuts at, one float32 below and above; None without edges."""
    edges = _edges(step)
    if not edges or not all(len(values) for values in edges):
        return None
    rows = []
    for _ in range(_NODES):
        row = np.array([rng.choice(values) for values in edges])
        feature = int(rng.integers(len(edges)))
        at = np.float32(row[feature])
        for value in (at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))):
            row[feature] = value
            rows.append(row.copy())
    return np.array(rows)


def _edges(step: Any) -> list[Any]:
    """Of each feature where a transformer changes its ways: bins, knots, quantiles, limits, sentinels."""
    if hasattr(step, "bin_edges_"):  # KBinsDiscretizer
        return [np.asarray(values, dtype=float) for values in step.bin_edges_]
    if hasattr(step, "bsplines_"):  # SplineTransformer
        return [np.unique(spline.t) for spline in step.bsplines_]
    if hasattr(step, "quantiles_"):  # QuantileTransformer
        return list(np.asarray(step.quantiles_, dtype=float).T)
    if getattr(step, "clip", False) and hasattr(step, "data_min_"):  # MinMaxScaler
        return list(np.stack([step.data_min_, step.data_max_], axis=1))
    missing = getattr(step, "missing_values", None)
    if isinstance(missing, (int, float)) and not np.isnan(missing) and hasattr(step, "statistics_"):
        return [np.array([missing, value]) for value in np.nan_to_num(step.statistics_)]
    return []


def _scattered(where: tuple[Any, Any], rng: Any) -> Any:
    """Rows around a centre, near and far, with the centre itself and zero."""
    centre, spread = where
    scale = np.repeat([0.3, 1.0, 3.0, 30.0], _ROWS // 4)[:, None]
    rows = centre + scale * spread * rng.standard_normal((len(scale), len(centre)))
    return np.concatenate([rows, centre[None], np.zeros((1, len(centre)))])


def _centre_and_spread(estimator: Any, n: int) -> tuple[Any, Any]:
    """Where the estimator's inputs lay in training, as far as it kept that."""
    for centre, spread in (
        ("mean_", "scale_"),  # StandardScaler
        ("center_", "scale_"),  # RobustScaler
        ("data_min_", "data_range_"),  # MinMaxScaler
        ("theta_", "var_"),  # GaussianNB: variances, of the magnitude wanted
    ):
        found: list[Any] = [getattr(estimator, name, None) for name in (centre, spread)]
        if all(isinstance(value, np.ndarray) and value.shape[-1] == n for value in found):
            middle, width = (np.atleast_2d(value).mean(axis=0) for value in found)
            return middle, np.sqrt(width) if spread == "var_" else width
    return np.zeros(n), np.ones(n)


def parts_of(estimator: Any) -> list[Any]:
    """Fitted estimators inside a voting, stacking, bagging or calibrated one."""
    calibrated = getattr(estimator, "calibrated_classifiers_", [])
    return _members(estimator) + [
        member.estimator if hasattr(member, "estimator") else member.base_estimator for member in calibrated
    ]


def _members(estimator: Any) -> list[Any]:
    members = getattr(estimator, "estimators_", [])
    # Gradient boosting keeps a matrix of them.
    return list(members.ravel()) if isinstance(members, np.ndarray) else list(members)


def training_points(estimator: Any) -> Any:
    """Points of the training data, or support vectors, that an estimator keeps; None if it keeps none."""
    for name in ("_fit_X", "support_vectors_"):
        points = getattr(estimator, name, None)
        if isinstance(points, np.ndarray) and points.ndim == 2 and len(points):
            return points.astype(float)
    return None


# -- trees ---------------------------------------------------------------------------------------


def trees_of(estimator: Any) -> list[dict[str, Any]]:
    """Every tree's parallel arrays, from whatever kind of tree model."""
    if is_boosted(estimator):
        return [
            {**tree._asdict(), "inner": np.flatnonzero(tree.left >= 0)} for tree in boosted(estimator).trees
        ]
    if hasattr(estimator, "_predictors"):
        order = tree_order(estimator, int(width_of(estimator) or 0))
        return [_of_histogram(tree.nodes, order) for iteration in estimator._predictors for tree in iteration]
    members = [estimator] if hasattr(estimator, "tree_") else _members(estimator)
    if not members or not all(hasattr(member, "tree_") for member in members):
        return []
    n = getattr(estimator, "n_features_in_", None)
    return [_of_tree(member.tree_) for member in members if getattr(member, "n_features_in_", n) == n]


def _of_tree(tree: Any) -> dict[str, Any]:
    return {
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": tree.feature,
        "threshold": tree.threshold,
        "inner": np.flatnonzero(tree.children_left >= 0),
    }


def _of_histogram(nodes: Any, order: Any) -> dict[str, Any]:
    """Tell a tree's splits by numbers; ``order`` has the column of each feature."""
    by_number = nodes["is_leaf"] == 0
    if "is_categorical" in nodes.dtype.names:
        by_number &= nodes["is_categorical"] == 0
    threshold = "num_threshold" if "num_threshold" in nodes.dtype.names else "threshold"
    return {
        "left": nodes["left"].astype(int),
        "right": nodes["right"].astype(int),
        "feature": order[np.where(by_number, nodes["feature_idx"], 0).astype(int)],
        "threshold": nodes[threshold],
        "inner": np.flatnonzero(by_number),
    }


def _range(trees: list[dict[str, Any]], n: int) -> tuple[Any, Any]:
    """Centre and spread of every feature, judged by its thresholds."""
    feature = np.concatenate([tree["feature"][tree["inner"]] for tree in trees])
    threshold = np.concatenate([tree["threshold"][tree["inner"]] for tree in trees])
    threshold = np.where(np.isfinite(threshold), threshold, 0.0)
    centre, spread = np.zeros(n), np.ones(n)
    for f in np.unique(feature):
        here = threshold[feature == f]
        centre[f] = here.mean()
        spread[f] = here.std() or abs(here[0]) or 1.0
    return centre, spread


def _at_thresholds(trees: list[dict[str, Any]], n: int, rng: Any) -> Any:
    """Rows that reach an inner node and there lie at its threshold, just below and just above."""
    centre, spread = _range(trees, n)
    rows = []
    for tree in rng.choice(len(trees), size=min(_NODES, 4 * len(trees))):
        arrays = trees[tree]
        if not len(arrays["inner"]):
            continue
        target = int(rng.choice(arrays["inner"]))
        row = (centre + spread * rng.standard_normal(n)).astype(np.float32)
        _steer(row, arrays, target)
        f, at = int(arrays["feature"][target]), np.float32(arrays["threshold"][target])
        for value in (at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))):
            row[f] = value
            rows.append(row.copy())
    return np.array(rows, dtype=float).reshape(-1, n)


def _steer(row: Any, tree: dict[str, Any], target: int) -> None:
    """Change ``row`` so that it reaches node ``target`` of the tree."""
    parent = {int(child): (i, side) for side in ("left", "right") for i, child in _children(tree, side)}
    low: dict[int, float] = {}
    high: dict[int, float] = {}
    node = target
    while node in parent:
        node, side = parent[node]
        f, t = int(tree["feature"][node]), float(tree["threshold"][node])
        if side == "left":
            high[f] = min(t, high.get(f, np.inf))
        else:
            low[f] = max(t, low.get(f, -np.inf))
    for f in {*low, *high}:
        above, upto = low.get(f, -np.inf), high.get(f, np.inf)
        if not above < row[f] <= upto:
            row[f] = _between(above, upto)


def _between(above: float, upto: float) -> float:
    """A value over ``above`` and up to ``upto``, either of which may be infinite."""
    if np.isfinite(above) and np.isfinite(upto):
        return (above + upto) / 2
    if np.isfinite(upto):
        return upto - 0.1 * abs(upto) - 1e-6
    return above + 0.1 * abs(above) + 1e-6


def _children(tree: dict[str, Any], side: str) -> Any:
    return [(int(i), int(tree[side][i])) for i in tree["inner"]]
