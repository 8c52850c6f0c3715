"""What HistGradientBoosting keeps of categorical features (``categorical_features=``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import Refused


def has_categories(model: Any) -> bool:
    """Tell whether a HistGradientBoosting model was fitted with categorical features."""
    mask = getattr(model, "is_categorical_", None)
    return mask is not None and bool(np.any(mask))


def tree_order(model: Any, n_features: int) -> Any:
    """Return the input column that each feature number of the trees stands for, [n_features].

    The model puts the categorical columns first; each group keeps its order.
    """
    if not has_categories(model):
        return np.arange(n_features)
    mask = np.asarray(model.is_categorical_, dtype=bool)
    return np.concatenate([np.flatnonzero(mask), np.flatnonzero(~mask)])


def categories_of(model: Any) -> list[Any]:
    """Return the known categories of each categorical column, in the order of the columns.

    A category's position is its code, by which the trees know it. A value that is no category counts as
    missing.

    Raises
    ------
    Refused
        The model is of scikit-learn before 1.4, or its categories are not numbers.
    """
    if not has_categories(model):
        return []
    kind = type(model).__name__
    encoder = dict(getattr(getattr(model, "_preprocessor", None), "named_transformers_", {})).get("encoder")
    if encoder is None:
        raise Refused(
            f"{kind} with categorical features of scikit-learn before 1.4 cannot be converted: it makes a "
            "byte of every value, so that one that is no category is answered differently from machine to "
            "machine; fit it again with scikit-learn 1.4 or later"
        )
    found = []
    for categories in encoder.categories_:
        if np.asarray(categories).dtype.kind not in "fiu":
            raise Refused(f"{kind} with categories that are not numbers cannot be converted; features are")
        values = np.asarray(categories, dtype=np.float64)
        found.append(values[~np.isnan(values)])
    return found


def bits(words: Any, count: int) -> Any:
    """Read the first ``count`` bits of a set of categories: 32 of them in each word."""
    codes = np.arange(count)
    return (np.asarray(words, dtype=np.uint32)[codes // 32] >> (codes % 32)) & 1
