"""Imputers. The device refuses a vector that is not finite, so that NaN is never missing there."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes


def simple(nodes: Nodes, model: Any, x: str) -> str:
    """Convert SimpleImputer: a number that means "missing" is replaced; without data a column is dropped."""
    statistics = np.asarray(model.statistics_, dtype=float)
    kept = np.flatnonzero(~np.isnan(statistics))
    if getattr(model, "keep_empty_features", False):
        kept, statistics = np.arange(len(statistics)), np.nan_to_num(statistics)
    y = x if len(kept) == len(statistics) else nodes.columns(x, kept)
    if not _is_nan(model.missing_values):
        missing = nodes("Equal", y, float(model.missing_values))
        y = nodes("Where", missing, statistics[None, kept], y)
    if not model.add_indicator:
        return y
    return nodes.concat([y, indicator(nodes, model.indicator_, x)])


def indicator(nodes: Nodes, model: Any, x: str) -> str:
    """Convert MissingIndicator: 1 where a value is missing, else 0."""
    chosen = nodes.columns(x, model.features_)
    if _is_nan(model.missing_values):
        return nodes("Mul", chosen, 0.0)
    return nodes.doubles(nodes("Equal", chosen, float(model.missing_values)))


def nothing_missing(_: Nodes, model: Any, x: str) -> str:
    """Convert KNNImputer and IterativeImputer, which change nothing where nothing is missing."""
    if not _is_nan(model.missing_values) or model.add_indicator:
        raise Refused(
            f"{type(model).__name__} with missing_values={model.missing_values!r:.40} or an indicator cannot "
            "be converted; with NaN for what is missing it can"
        )
    empty = np.isnan(np.asarray(getattr(model, "statistics_", [0.0]), dtype=float)).any()
    if empty or not np.all(getattr(model, "_valid_mask", True)):
        raise Refused(
            f"{type(model).__name__} that was fitted on a column without any value cannot be converted"
        )
    return x


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and np.isnan(value)
