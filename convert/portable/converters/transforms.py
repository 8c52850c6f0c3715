"""Transformers that work column by column, and those that put others side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from ..widths import is_passthrough
from .nodes import Nodes, unsupported


def power(nodes: Nodes, model: Any, x: str) -> str:
    """Convert PowerTransformer: Yeo-Johnson or Box-Cox, then standardised if it says so.

    Yeo-Johnson's two branches vanish at 0, so that each may be given its half of the axis and the two
    be added; 0 stands in for the other half.
    """
    lambdas = np.asarray(model.lambdas_, dtype=float)[None, :]
    if model.method == "box-cox":
        y = _box_cox(nodes, x, lambdas)
    else:
        above, below = nodes("Max", x, 0.0), nodes("Max", nodes("Neg", x), 0.0)
        y = nodes(
            "Sub",
            _box_cox(nodes, nodes("Add", above, 1.0), lambdas),
            _box_cox(nodes, nodes("Add", below, 1.0), 2.0 - lambdas),
        )
    if model.standardize:
        y = nodes("Div", nodes("Sub", y, model._scaler.mean_[None, :]), model._scaler.scale_[None, :])
    return y


def _box_cox(nodes: Nodes, x: str, lambdas: Any) -> str:
    """(x^lambda - 1) / lambda, and log(x) where lambda is 0."""
    logarithmic = np.abs(lambdas) < np.finfo(float).eps
    safe = np.where(logarithmic, 1.0, lambdas)
    powers = nodes("Div", nodes("Sub", nodes("Pow", x, safe), 1.0), safe)
    return nodes("Where", logarithmic, nodes("Log", x), powers)


def normalizer(nodes: Nodes, model: Any, x: str) -> str:
    """Convert Normalizer: rows divided by their norm; a row of zeros stays one."""
    # onnxruntime 1.19 has no ReduceL1 and ReduceL2 for float64.
    if model.norm == "max":
        length = nodes("ReduceMax", nodes("Abs", x), axes=[1], keepdims=1)
    elif model.norm == "l1":
        length = nodes.total(nodes("Abs", x))
    else:
        length = nodes("Sqrt", nodes("ReduceSumSquare", x, axes=[1], keepdims=1))
    return nodes("Div", x, nodes("Where", nodes("Equal", length, 0.0), 1.0, length))


def binarizer(nodes: Nodes, model: Any, x: str) -> str:
    """Convert Binarizer: 1 over the threshold, 0 at it and below. skl2onnx gives 1 at it, too."""
    return nodes.doubles(nodes("Greater", x, float(model.threshold)))


def selected(nodes: Nodes, model: Any, x: str) -> str:
    """Convert a selector that skl2onnx does not know: the columns that it keeps."""
    return nodes.columns(x, np.flatnonzero(model.get_support()))


def refused(_: Nodes, model: Any, __: str) -> str:
    """Refuse by its name what skl2onnx has a converter for that does not work in float64."""
    raise unsupported(model)


#: Functions of NumPy that a FunctionTransformer may apply, as chains of ONNX operators.
_FUNCTIONS: dict[str, list[Any]] = {
    "absolute": ["Abs"],
    "fabs": ["Abs"],
    "sign": ["Sign"],
    "sqrt": ["Sqrt"],
    "square": [("Mul", "itself")],
    "exp": ["Exp"],
    "expm1": ["Exp", ("Sub", 1.0)],
    "log": ["Log"],
    "log1p": [("Add", 1.0), "Log"],
    "log2": ["Log", ("Div", float(np.log(2.0)))],
    "log10": ["Log", ("Div", float(np.log(10.0)))],
    "tanh": ["Tanh"],
    "negative": ["Neg"],
    "reciprocal": ["Reciprocal"],
}


def function(nodes: Nodes, model: Any, x: str) -> str:
    """Convert FunctionTransformer of nothing, or of a function of NumPy that ONNX has, too."""
    if model.func is None:
        return x
    name = getattr(model.func, "__name__", repr(model.func))
    if not isinstance(model.func, np.ufunc) or name not in _FUNCTIONS or model.kw_args:
        raise Refused(
            f"FunctionTransformer of {name:.60} cannot be converted: only numpy's "
            f"{', '.join(sorted(_FUNCTIONS))} can; compute it before the features, or leave it out"
        )
    for step in _FUNCTIONS[name]:
        if isinstance(step, str):
            x = nodes(step, x)
        else:
            x = nodes(step[0], x, x if step[1] == "itself" else step[1])
    return x


def polynomial(nodes: Nodes, model: Any, x: str) -> str:
    """Convert PolynomialFeatures: each value is a product of up to ``degree`` columns."""
    powers = np.asarray(model.powers_)
    ones = powers.shape[1]
    degree = int(powers.sum(axis=1).max())
    factors = np.full((len(powers), max(degree, 1)), ones)
    for row, exponents in enumerate(powers):
        chosen = np.repeat(np.arange(ones), exponents)
        factors[row, : len(chosen)] = chosen
    padded = nodes.concat([x, nodes("Add", nodes("Mul", nodes.column(x, 0), 0.0), 1.0)])
    y = nodes.columns(padded, factors[:, 0])
    for k in range(1, factors.shape[1]):
        y = nodes("Mul", y, nodes.columns(padded, factors[:, k]))
    return y


def union(nodes: Nodes, model: Any, x: str) -> str:
    """Convert FeatureUnion: what each transformer gives, side by side."""
    weights = model.transformer_weights or {}
    parts = []
    for name, step in model.transformer_list:
        if isinstance(step, str) and step == "drop":
            continue
        y = nodes.transformed(step, x)
        parts.append(nodes("Mul", y, float(weights[name])) if name in weights else y)
    return nodes.concat(parts)


def by_columns(nodes: Nodes, model: Any, x: str) -> str:
    """Convert ColumnTransformer: each transformer on its own columns, side by side."""
    weights = model.transformer_weights or {}
    every = np.arange(int(model.n_features_in_))
    parts = []
    for name, step, columns in model.transformers_:
        if isinstance(step, str) and step == "drop":
            continue
        try:
            chosen = np.atleast_1d(every[columns])
        except (IndexError, TypeError):
            raise Refused(
                f"ColumnTransformer chooses columns by {columns!r:.60}; the features have no names, so that "
                "only positions can be converted: fit it on an array, with positions for names"
            ) from None  # scikit-learn stumbles over this as well, and has less to say
        if not len(chosen):
            continue
        y = nodes.columns(x, chosen)
        y = y if is_passthrough(step) else nodes.transformed(step, y)
        parts.append(nodes("Mul", y, float(weights[name])) if name in weights else y)
    return nodes.concat(parts)
