"""The last layer of a detector's network: read from its model file, and written into a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from edgecry.arrays import Float64
from edgecry.models.model import EMBEDDING, OUTPUT

_HOW: Final = "its graph must end in a Gemm of the embedding, to two columns, and a Softmax"


@dataclass(frozen=True, eq=False)
class LastLayer:
    """Tells a cry by its embedding: the probability is the logistic function of ``E @ weight + bias``.

    Parameters
    ----------
    weight : float64 [shape=(m,)]
    bias : float
    """

    weight: Float64
    bias: float

    def logits(self, E: Float64) -> Float64:
        """Log-odds of a cry, of embeddings [shape=(n, m)]."""
        found: Float64 = E @ self.weight + self.bias
        return found

    def probabilities(self, E: Float64) -> Float64:
        """Probabilities of a cry, of embeddings [shape=(n, m)]."""
        from scipy.special import expit

        found: Float64 = expit(self.logits(E))
        return found


def read_layer(onnx: bytes, positive: int, origin: str) -> LastLayer:
    """Read the last layer of a model file.

    Parameters
    ----------
    onnx : bytes
    positive : {0, 1}
        Column of a cry.
    origin : str
        Name of the file, for messages.

    Raises
    ------
    ConversionError
        Its graph ends otherwise.
    """
    _, weight, bias = _parts(onnx, origin)
    W, b = _rows(weight), weight_of(bias.tensor)
    other = 1 - positive
    return LastLayer(W[positive] - W[other], float(b[positive] - b[other]))


def with_layer(onnx: bytes, layer: LastLayer, positive: int, origin: str) -> bytes:
    """Copy a model file, with another last layer. The column of other sounds stays.

    Raises
    ------
    ConversionError
        Its graph ends otherwise.
    """
    from onnx import numpy_helper

    model, weight, bias = _parts(onnx, origin)
    W, b = _rows(weight), weight_of(bias.tensor)
    other = 1 - positive
    W[positive] = W[other] + layer.weight
    b[positive] = b[other] + layer.bias
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        raise ConversionError(f"{origin}: the fitted last layer is not finite")
    for part, values in ((weight, W if weight.is_transposed else W.T), (bias, b)):
        array = np.ascontiguousarray(values, np.float32)
        part.tensor.CopyFrom(numpy_helper.from_array(array, part.tensor.name))
    return bytes(model.SerializeToString(deterministic=True))


@dataclass(frozen=True, eq=False)
class _Part:
    """A tensor of the graph; ``is_transposed`` if its rows are the columns of the output."""

    tensor: Any
    is_transposed: bool = False


def weight_of(tensor: Any) -> NDArray[np.float64]:
    """Values of an ONNX tensor."""
    from onnx import numpy_helper

    return np.array(numpy_helper.to_array(tensor), np.float64)


def _rows(weight: _Part) -> NDArray[np.float64]:
    """Weights [shape=(2, m)], a row a column of the output."""
    values = weight_of(weight.tensor)
    return values if weight.is_transposed else values.T.copy()


def _parts(onnx: bytes, origin: str) -> tuple[Any, _Part, _Part]:
    """The model, and weight and bias of its last layer."""
    import onnx as format_

    model = format_.load_from_string(onnx)
    made_by = {name: node for node in model.graph.node for name in node.output}
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    softmax = made_by.get(OUTPUT)
    gemm = made_by.get(softmax.input[0]) if softmax is not None and softmax.op_type == "Softmax" else None
    if gemm is None or gemm.op_type != "Gemm" or len(gemm.input) != 3 or gemm.input[0] != EMBEDDING:
        raise ConversionError(f"{origin}: its last layer cannot be fitted again; {_HOW}")
    settings = {a.name: format_.helper.get_attribute_value(a) for a in gemm.attribute}
    is_plain = settings.get("alpha", 1.0) == settings.get("beta", 1.0) == 1.0 and not settings.get("transA")
    weight, bias = (tensors.get(name) for name in gemm.input[1:])
    if not is_plain or weight is None or bias is None:
        raise ConversionError(f"{origin}: its last layer cannot be fitted again; {_HOW}")
    found = _Part(weight, bool(settings.get("transB"))), _Part(bias)
    if _rows(found[0]).shape[0] != 2 or weight_of(bias).shape != (2,):
        raise ConversionError(f"{origin}: its last layer cannot be fitted again; {_HOW}")
    return model, *found
