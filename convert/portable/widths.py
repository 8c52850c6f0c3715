"""How many features an estimator reads, also where it does not say so itself, and what it calls them."""

from __future__ import annotations

from typing import Any

#: What an estimator learned, and the axis of it that counts the features.
_LEARNED = (
    ("coefs_", 0),
    ("coef_", -1),
    ("support_vectors_", 1),
    ("_fit_X", 1),
    ("theta_", 1),
    ("feature_log_prob_", 1),
    ("mean_", 0),
    ("scale_", 0),
    ("center_", 0),
    ("data_min_", 0),
    ("statistics_", 0),
)
#: Steps that learn nothing, so that they work without being fitted, and keep the number of values.
_SHAPELESS = ("FunctionTransformer", "Normalizer", "Binarizer")


def width_of(estimator: Any) -> int | None:
    """Tell how many features a fitted estimator reads; None where nothing in it tells.

    scikit-learn before 0.24 does not record the number, and a pipeline that begins with
    "passthrough" cannot tell it; then the shape of what was learned tells.
    """
    for _ in range(20):
        found = _stated(estimator)
        if found is not None:
            return found
        inner = _inner(estimator)
        if inner is None:
            return _learned(estimator)
        estimator = inner
    return None


def names_of(estimator: Any) -> list[str] | None:
    """Names of the columns that it was fitted on, in their order; None where they had none."""
    for _ in range(20):
        try:
            names: Any = getattr(estimator, "feature_names_in_", None)
        except (AttributeError, TypeError, IndexError):  # a property that asks a part
            names = None
        names = names.tolist() if hasattr(names, "tolist") else names
        if isinstance(names, list) and names:
            return [str(name) for name in names]
        estimator = _inner(estimator)
    return None


def is_passthrough(step: Any) -> bool:
    """Tell whether a step of a pipeline changes nothing."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def _is_silent(step: Any) -> bool:
    """Tell whether a step takes any number of values and gives as many, and does not say how many."""
    return type(step).__name__ in _SHAPELESS and _stated(step) is None


def _stated(estimator: Any) -> int | None:
    for name in ("n_features_in_", "n_features_"):
        try:
            value: Any = getattr(estimator, name, None)
        except (AttributeError, TypeError, IndexError):  # a property that asks a part
            value = None
        if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a number of NumPy
            value = value.item()
        if isinstance(value, int) and not isinstance(value, bool) and value:
            return value
    names = getattr(estimator, "feature_names_", None)  # CatBoost's, where it was read from a file
    if isinstance(names, list) and names:
        return len(names)
    tree = getattr(estimator, "tree_", None)
    return None if tree is None else int(tree.n_features)


def _inner(estimator: Any) -> Any:
    """The first part that reads all the features; None if there is none."""
    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list):
        return next((step for _, step in steps if not is_passthrough(step) and not _is_silent(step)), None)
    best = getattr(estimator, "best_estimator_", None)
    if best is not None:
        return best
    members = getattr(estimator, "estimators_", None)
    if isinstance(members, list) and members and not hasattr(estimator, "estimators_features_"):
        return members[0]
    return None


def _learned(estimator: Any) -> int | None:
    for name, axis in _LEARNED:
        value = getattr(estimator, name, None)
        value = value[0] if isinstance(value, list) and value else value
        shape = getattr(value, "shape", ())
        if len(shape) > max(axis, 0):
            return int(shape[axis])
    return None
