"""The operators of ONNX that edgecry's model files use, in NumPy, but for trees.

Their meaning is that of operator set 17 and, for the domain ``ai.onnx.ml``, of set 3
(onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgecry.models.onnx_file import DTYPES, BadFileError, Node

Array = NDArray[Any]
Operator = Callable[[Node, Sequence[Array]], Sequence[Array]]
#: The largest array that a graph may ask for by its shape alone, in values.
_LARGEST = 10_000_000


def _simple(function: Callable[..., Any]) -> Operator:
    """Make an operator of a function of the inputs alone."""
    return lambda _, inputs: [function(*inputs)]


def _axis(node: Node, default: int) -> int:
    return int(node.attributes.get("axis", default))


def _axes(node: Node, inputs: Sequence[Array]) -> tuple[int, ...] | None:
    """Return the axes of an input or attribute; None stands for all."""
    axes = inputs[1] if len(inputs) > 1 and inputs[1].size else node.attributes.get("axes")
    return None if axes is None else tuple(int(axis) for axis in axes)


def _reduce(function: Callable[..., Any]) -> Operator:
    def reduced(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
        axes = _axes(node, inputs)
        if axes is None and node.attributes.get("noop_with_empty_axes", 0):
            return [inputs[0]]
        keep = bool(node.attributes.get("keepdims", 1))
        return [np.asarray(function(inputs[0], axis=axes, keepdims=keep)).astype(inputs[0].dtype, copy=False)]

    return reduced


def _sum_of_squares(x: Array, **where: Any) -> Any:
    return np.sum(np.square(x), **where)


def _log_sum_exp(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=keepdims))
    return total + (top if keepdims else np.squeeze(top, axis=axis))


def _cast(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    kind = int(node.attributes["to"])
    if kind not in DTYPES:
        raise BadFileError(f"a Cast is to the type {kind}")
    return [inputs[0].astype(DTYPES[kind])]


def _softmax(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axis = _axis(node, -1)
    powers = np.exp(inputs[0] - inputs[0].max(axis=axis, keepdims=True))
    return [powers / powers.sum(axis=axis, keepdims=True)]


def _sigmoid(x: Array) -> Array:
    # Written so that no exp overflows.
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1 / (1 + small), small / (1 + small)).astype(x.dtype)
    return result


def _clip(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    low, high = [x if x.size else None for x in inputs[1:]] + [None] * (3 - len(inputs))
    return [inputs[0] if low is None and high is None else np.clip(inputs[0], low, high)]


def _gemm(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    of = node.attributes
    a = inputs[0].T if of.get("transA", 0) else inputs[0]
    b = inputs[1].T if of.get("transB", 0) else inputs[1]
    product = a.dtype.type(of.get("alpha", 1.0)) * (a @ b)
    return [product + a.dtype.type(of.get("beta", 1.0)) * inputs[2] if len(inputs) > 2 else product]


def _conv(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    """Convolve [N, C, H, W] with [M, C, kH, kW], as a matrix product over the windows of each image."""
    of, x, weight = node.attributes, inputs[0], inputs[1]
    plain = of.get("auto_pad", "NOTSET") == "NOTSET" and of.get("group", 1) == 1
    if x.ndim != 4 or not plain or (np.asarray(of.get("dilations", 1)) != 1).any():
        raise BadFileError("a Conv is not a plain one of two dimensions")
    top, left, bottom, right = (int(n) for n in of.get("pads", (0, 0, 0, 0)))
    down, across = (int(n) for n in of.get("strides", (1, 1)))
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    m, c, k_h, k_w = weight.shape
    windows = sliding_window_view(padded, (k_h, k_w), axis=(2, 3))[:, :, ::down, ::across]
    n, _, h, w = windows.shape[:4]
    found = np.empty((n, m, h * w), dtype=np.result_type(x, weight))
    for image, out in zip(windows, found, strict=True):  # one by one, so that its windows stay in the cache
        columns = image.transpose(0, 3, 4, 1, 2).reshape(c * k_h * k_w, h * w)
        np.matmul(weight.reshape(m, -1), columns, out=out)
    if len(inputs) > 2:
        found += inputs[2][:, None]
    return [found.reshape(n, m, h, w)]


def _reshape(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    x, shape = inputs[0], [int(n) for n in inputs[1]]
    return [x.reshape([x.shape[k] if n == 0 else n for k, n in enumerate(shape)])]


def _flatten(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    rows = int(np.prod(inputs[0].shape[: _axis(node, 1)], dtype=np.int64))
    return [inputs[0].reshape(rows, -1)]


def _unsqueeze(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return [np.expand_dims(inputs[0], tuple(int(axis) for axis in inputs[1]))]


def _squeeze(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axes = tuple(int(axis) for axis in inputs[1]) if len(inputs) > 1 else None
    return [np.squeeze(inputs[0], axis=axes)]


def _gather(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return [np.take(inputs[0], inputs[1], axis=_axis(node, 0))]


def _transpose(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return [np.transpose(inputs[0], node.attributes.get("perm"))]


def _arg_max(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axis = _axis(node, 0)
    found = np.argmax(inputs[0], axis=axis)
    return [np.expand_dims(found, axis) if node.attributes.get("keepdims", 1) else found]


def _top_k(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    axis, k = _axis(node, -1), int(inputs[1].reshape(-1)[0])
    x = -inputs[0] if node.attributes.get("largest", 1) else inputs[0]
    order = np.argsort(x, axis=axis, kind="stable").take(range(k), axis=axis)
    return [np.take_along_axis(inputs[0], order, axis=axis), order]


def _cum_sum(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    if node.attributes.get("exclusive", 0) or node.attributes.get("reverse", 0):
        raise BadFileError("a CumSum is exclusive or reversed")
    return [np.cumsum(inputs[0], axis=int(inputs[1].reshape(-1)[0]), dtype=inputs[0].dtype)]


def _filled(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    shape = [int(n) for n in inputs[0]]
    if np.prod(shape, dtype=float) > _LARGEST:
        raise BadFileError(f"ConstantOfShape asks for {shape}; at most {_LARGEST} values are allowed")
    value = node.attributes.get("value", np.zeros(1, np.float32))
    return [np.full(shape, value.reshape(-1)[0], value.dtype)]


def _columns(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    """ArrayFeatureExtractor: entries of the last axis."""
    return [inputs[0][..., inputs[1].reshape(-1)]]


def _sum(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return [total]


def _largest(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return [np.maximum.reduce(list(np.broadcast_arrays(*inputs)))]


def _smallest(_: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    return [np.minimum.reduce(list(np.broadcast_arrays(*inputs)))]


def _divide(x: Array, y: Array) -> Any:
    # Whole numbers are divided towards zero in ONNX. No model file of edgecry divides negative ones.
    return x / y if x.dtype.kind == "f" else x // y


#: Operators that are a function of their inputs alone.
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Div": _divide,
    "Equal": np.equal,
    "Exp": np.exp,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Identity": np.asarray,
    "IsNaN": np.isnan,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Log": np.log,
    "MatMul": np.matmul,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Not": np.logical_not,
    "Or": np.logical_or,
    "Pow": np.power,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "Shape": lambda x: np.array(x.shape, dtype=np.int64),
    "Sigmoid": _sigmoid,
    "Sign": np.sign,
    "Sin": np.sin,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Tanh": np.tanh,
    "Where": np.where,
}
#: For each operator, by domain and name, what computes its outputs.
OPERATORS: Final[Mapping[tuple[str, str], Operator]] = {
    **{("", name): _simple(function) for name, function in _FUNCTIONS.items()},
    ("", "ArgMax"): _arg_max,
    ("", "Cast"): _cast,
    ("", "Clip"): _clip,
    ("", "Concat"): lambda node, inputs: [np.concatenate(list(inputs), axis=_axis(node, 0))],
    ("", "ConstantOfShape"): _filled,
    ("", "Conv"): _conv,
    ("", "CumSum"): _cum_sum,
    ("", "Flatten"): _flatten,
    ("", "Gather"): _gather,
    ("", "Gemm"): _gemm,
    ("", "Max"): _largest,
    ("", "Min"): _smallest,
    ("", "ReduceLogSumExp"): _reduce(_log_sum_exp),
    ("", "ReduceMax"): _reduce(np.max),
    ("", "ReduceMean"): _reduce(np.mean),
    ("", "ReduceSum"): _reduce(np.sum),
    ("", "ReduceSumSquare"): _reduce(_sum_of_squares),
    ("", "Reshape"): _reshape,
    ("", "Softmax"): _softmax,
    ("", "Squeeze"): _squeeze,
    ("", "Sum"): _sum,
    ("", "TopK"): _top_k,
    ("", "Transpose"): _transpose,
    ("", "Unsqueeze"): _unsqueeze,
    ("ai.onnx.ml", "ArrayFeatureExtractor"): _columns,
}
