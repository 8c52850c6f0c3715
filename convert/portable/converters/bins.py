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
    # Values and edges are float64, as scikit-learn compares them.
    passed = nodes.doubles(nodes("GreaterOrEqual", nodes("Unsqueeze", x, np.array([2])), edges[None]))
    number = nodes("ReduceSum", passed, np.array([2]), keepdims=0)
    if model.encode == "ordinal":
        return number
    counts = [int(n) for n in model.n_bins_]
    column = np.repeat(np.arange(len(counts)), counts)
    bin_ = np.concatenate([np.arange(n, dtype=float) for n in counts])
    return nodes.doubles(nodes("Equal", nodes.columns(number, column), bin_[None]))


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
