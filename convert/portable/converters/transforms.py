"""Transformers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .nodes import Nodes


def power(scope: Any, operator: Any, container: Any) -> None:
    """Convert PowerTransformer: Yeo-Johnson or Box-Cox, then standardised if it says so.

    Yeo-Johnson's two branches vanish at 0, so that each may be given its half of the axis and the two
    be added; 0 stands in for the other half.
    """
    nodes = Nodes(scope, operator, container)
    model = nodes.model
    lambdas = np.asarray(model.lambdas_, dtype=float)[None, :]
    if model.method == "box-cox":
        y = _box_cox(nodes, nodes.x, lambdas)
    else:
        above, below = nodes("Max", nodes.x, 0.0), nodes("Max", nodes("Neg", nodes.x), 0.0)
        y = nodes(
            "Sub",
            _box_cox(nodes, nodes("Add", above, 1.0), lambdas),
            _box_cox(nodes, nodes("Add", below, 1.0), 2.0 - lambdas),
        )
    if model.standardize:
        y = nodes("Div", nodes("Sub", y, model._scaler.mean_[None, :]), model._scaler.scale_[None, :])
    nodes.add("Identity", [y], operator.outputs[0].onnx_name, {})


def normalizer(scope: Any, operator: Any, container: Any) -> None:
    """Convert Normalizer: rows divided by their norm; a row of zeros stays one."""
    nodes = Nodes(scope, operator, container)
    norm = nodes.model.norm
    # onnxruntime 1.19 has no ReduceL1 and ReduceL2 for float64.
    if norm == "max":
        length = nodes("ReduceMax", nodes("Abs", nodes.x), axes=[1], keepdims=1)
    elif norm == "l1":
        length = nodes("ReduceSum", nodes("Abs", nodes.x), np.array([1]), keepdims=1)
    else:
        length = nodes("Sqrt", nodes("ReduceSumSquare", nodes.x, axes=[1], keepdims=1))
    safe = nodes("Where", nodes("Equal", length, 0.0), 1.0, length)
    nodes.add("Div", [nodes.x, safe], operator.outputs[0].onnx_name, {})


def _box_cox(nodes: Nodes, x: str, lambdas: Any) -> str:
    """(x^lambda - 1) / lambda, and log(x) where lambda is 0."""
    logarithmic = np.abs(lambdas) < np.finfo(float).eps
    safe = np.where(logarithmic, 1.0, lambdas)
    powers = nodes("Div", nodes("Sub", nodes("Pow", x, safe), 1.0), safe)
    return nodes("Where", logarithmic, nodes("Log", x), powers)
