"""Transformers that cut the axis of each feature: bins and splines."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes


def k_bins(nodes: Nodes, model: Any, x: str) -> str:
    """Convert KBinsDiscretizer: how many inner edges lie at or below the value, as number or one-hot."""
    inner = [np.asarray(edges, dtype=float)[1:-1] for edges in model.bin_edges_]
    # A column without an inner edge has one bin; infinity is never reached.
    edges = np.full((len(inner), max([1, *map(len, inner)])), np.inf)
    for row, values in zip(edges, inner):  # noqa: B905 - Python 3.8
        row[: len(values)] = values
    if _takes_near_for_reached():
        x = nodes("Add", x, nodes("Add", nodes("Mul", nodes("Abs", x), 1e-5), 1e-8))
    # Values and edges are float64, as scikit-learn compares them.
    passed = nodes.doubles(nodes("GreaterOrEqual", nodes("Unsqueeze", x, np.array([2])), edges[None]))
    number = nodes("ReduceSum", passed, np.array([2]), keepdims=0)
    if model.encode == "ordinal":
        return number
    counts = [int(n) for n in model.n_bins_]
    column = np.repeat(np.arange(len(counts)), counts)
    bin_ = np.concatenate([np.arange(n, dtype=float) for n in counts])
    return nodes.doubles(nodes("Equal", nodes.columns(number, column), bin_[None]))


def _takes_near_for_reached() -> bool:
    """Tell whether this scikit-learn, before 1.1, counts an edge that a value nearly reaches."""
    import sklearn

    major, minor = (int(part) for part in sklearn.__version__.split(".")[:2])
    return (major, minor) < (1, 1)


def ordinal(nodes: Nodes, model: Any, x: str) -> str:
    """Convert OrdinalEncoder of numbers: the position of the category, or what stands for unknown ones."""
    unknown = getattr(model, "unknown_value", None)
    parts = []
    for j, found in enumerate(model.categories_):
        categories = np.asarray(found)
        if categories.dtype.kind not in "iuf" or not np.isfinite(categories).all():
            raise Refused(
                "OrdinalEncoder of texts or missing values cannot be converted; features are numbers"
            )
        same = nodes("Equal", nodes.column(x, j), categories.astype(float)[None])
        position = nodes("MatMul", nodes.doubles(same), np.arange(len(categories), dtype=float)[:, None])
        absent = nodes("Sub", 1.0, nodes.total(nodes.doubles(same)))
        # Where unknown ones are an error, what stands for them is never seen.
        parts.append(
            nodes("Add", position, nodes("Mul", absent, -1.0 if unknown is None else float(unknown)))
        )
    return nodes.concat(parts)


def splines(nodes: Nodes, model: Any, x: str) -> str:
    """Convert SplineTransformer: polynomials between the knots, constant beyond them.

    Each spline is a polynomial of its own on each interval; the interval is told by how many knots
    lie at or below the value.
    """
    if model.extrapolation not in ("constant", "continue"):
        raise Refused(
            f"SplineTransformer with extrapolation={model.extrapolation!r:.30} cannot be converted; "
            "'constant' and 'continue' can be"
        )
    parts = [
        _splines_of(nodes, model, spline, nodes.column(x, j)) for j, spline in enumerate(model.bsplines_)
    ]
    return nodes.concat(parts)


def _splines_of(nodes: Nodes, model: Any, spline: Any, x: str) -> str:
    """The splines of one column, [N, 1] to [N, n_splines]."""
    degree = int(spline.k)
    knots = np.asarray(spline.t, dtype=float)
    n = len(knots) - degree - 1
    low, high = knots[degree], knots[n]
    if model.extrapolation == "constant":
        x = nodes("Clip", x, np.array(low), np.array(high))
    starts = knots[degree:n]
    # coefficients[i, p, s]: of (x - start of interval i)^p in spline s.
    coefficients = _taylor(knots, degree, n)
    number = nodes("Sub", nodes.total(nodes.doubles(nodes("GreaterOrEqual", x, starts[None]))), 1.0)
    index = nodes("Cast", nodes("Max", number, 0.0), to=7)  # INT64
    index = nodes("Squeeze", index, np.array([1]))
    here = nodes("Sub", x, nodes("Unsqueeze", nodes("Gather", nodes.constant(starts), index), np.array([1])))
    chosen = nodes("Gather", nodes.constant(coefficients), index, axis=0)
    y = nodes("Squeeze", nodes("Gather", chosen, np.array([degree]), axis=1), np.array([1]))
    for p in range(degree - 1, -1, -1):
        term = nodes("Squeeze", nodes("Gather", chosen, np.array([p]), axis=1), np.array([1]))
        y = nodes("Add", nodes("Mul", y, here), term)
    return y if model.include_bias else nodes.columns(y, np.arange(n - 1))


def _taylor(knots: Any, degree: int, n: int) -> Any:
    """Taylor coefficients of every basis spline at the start of every interval."""
    from math import factorial

    from scipy.interpolate import BSpline

    basis = BSpline(knots, np.eye(n), degree)
    starts = knots[degree:n]
    return np.stack([basis(starts, p) / factorial(p) for p in range(degree + 1)], axis=1)
