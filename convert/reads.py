"""Which features a graph can be influenced by, so that the device computes no others.

Followed from the input, column by column, through the operators that keep columns apart. Of an
operator that is not known here every output depends on every input: too much, never too little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What each column of a tensor depends on; a single set where columns cannot be told apart.
Columns = list[frozenset[int]] | frozenset[int]
Constants = Mapping[str, NDArray[Any]]


def features_read(graph: bytes) -> tuple[int, ...]:
    """Indices of the features that ``graph`` can be influenced by, in order.

    Parameters
    ----------
    graph : bytes
        An ONNX file with the input "features" [N, n] and the output "probabilities".
    """
    import onnx

    model = onnx.load_from_string(graph).graph
    width = model.input[0].type.tensor_type.shape.dim[1].dim_value
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.initializer}
    known: dict[str, Columns] = {model.input[0].name: [frozenset([i]) for i in range(width)]}
    everything = frozenset(range(width))
    for node in model.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if any(isinstance(value, onnx.GraphProto) for value in attributes.values()):
            result: Columns = everything  # a body may read any tensor from outside
        else:
            result = _RULES.get(node.op_type, _mixed)(node.input, known, constants, attributes)
        known.update(dict.fromkeys(node.output, result))
    return tuple(sorted(_union(known[model.output[0].name])))


def _union(columns: Columns) -> frozenset[int]:
    return columns if isinstance(columns, frozenset) else frozenset[int]().union(*columns)


def _mixed(inputs: Sequence[str], known: Mapping[str, Columns], *_: object) -> Columns:
    return frozenset[int]().union(*(_union(known[name]) for name in inputs if name in known))


def _kept(inputs: Sequence[str], known: Mapping[str, Columns], constants: Constants, *_: object) -> Columns:
    """One tensor, changed column by column by constants that do not broaden it."""
    variable = [name for name in inputs if name in known]
    if len(variable) != 1 or isinstance(known[variable[0]], frozenset):
        return _mixed(inputs, known)
    width = len(known[variable[0]])
    for name in inputs:
        if name in constants and constants[name].shape not in ((), (1,), (width,), (1, width)):
            return _mixed(inputs, known)
    return known[variable[0]]


def _selected(
    inputs: Sequence[str], known: Mapping[str, Columns], constants: Constants, attributes: Mapping[str, Any]
) -> Columns:
    columns = known.get(inputs[0])
    if not isinstance(columns, list) or inputs[1] not in constants or attributes.get("axis", 1) != 1:
        return _mixed(inputs, known)
    return [columns[int(i)] for i in constants[inputs[1]].ravel()]


def _product(
    inputs: Sequence[str], known: Mapping[str, Columns], constants: Constants, attributes: Mapping[str, Any]
) -> Columns:
    """Rows of a constant matrix that are zero drop the columns they would multiply."""
    columns, weights = known.get(inputs[0]), constants.get(inputs[1])
    if not isinstance(columns, list) or weights is None or weights.ndim != 2 or attributes.get("transA"):
        return _mixed(inputs, known)
    weights = weights.T if attributes.get("transB") else weights
    return [_union([columns[i] for i in np.flatnonzero(weights[:, j])]) for j in range(weights.shape[1])]


def _linear(
    inputs: Sequence[str], known: Mapping[str, Columns], _: Constants, attributes: Mapping[str, Any]
) -> Columns:
    columns = known[inputs[0]]
    if isinstance(columns, frozenset):
        return columns
    weights = np.reshape(attributes["coefficients"], (-1, len(columns)))
    return _union([columns[i] for i in np.flatnonzero(weights.any(axis=0))])


def _trees(
    inputs: Sequence[str], known: Mapping[str, Columns], _: Constants, attributes: Mapping[str, Any]
) -> Columns:
    columns = known[inputs[0]]
    if isinstance(columns, frozenset):
        return columns
    nodes = zip(attributes["nodes_modes"], attributes["nodes_featureids"], strict=True)
    return _union([columns[i] for i in {feature for mode, feature in nodes if mode != b"LEAF"}])


def _joined(
    inputs: Sequence[str], known: Mapping[str, Columns], _: Constants, attributes: Mapping[str, Any]
) -> Columns:
    parts = [known.get(name) for name in inputs]
    if attributes.get("axis") not in (1, -1) or not all(isinstance(part, list) for part in parts):
        return _mixed(inputs, known)
    return [column for part in parts if isinstance(part, list) for column in part]


_RULES: Mapping[str, Callable[..., Columns]] = {
    **dict.fromkeys(("Cast", "Identity", "Scaler", "Add", "Sub", "Mul", "Div"), _kept),
    **dict.fromkeys(("ArrayFeatureExtractor", "Gather"), _selected),
    **dict.fromkeys(("MatMul", "Gemm"), _product),
    **dict.fromkeys(("TreeEnsembleClassifier", "TreeEnsembleRegressor"), _trees),
    "LinearClassifier": _linear,
    "Concat": _joined,
}
