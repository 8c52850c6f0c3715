"""A trained network as ONNX: features to probabilities and embedding, batch norm and scale folded in."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from convert.cry import recipe
from convert.cry.network import SCALE, Network
from convert.portable.graph import IR_VERSION
from edgecry.models.model import EMBEDDING, INPUT, OUTPUT

#: Operators of this set are all that onnxruntime 1.19 and later know.
OPSET: Final = 17


def export(net: Network, shift: float = 0.0, scale: float = 1.0) -> bytes:
    """Write a network as ONNX.

    The embedding is what the last layer reads, so that another last layer can be fitted to it. Weights of
    convolutions are kept in float16, which halves the file, and are float32 when they are used.

    Parameters
    ----------
    net : Network
    shift, scale : float
        The logit is ``scale * logit + shift``, which calibrates the probability.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    weights: list[Any] = []

    def constant(name: str, value: NDArray[Any], dtype: type = np.float32) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name

    def kernel(name: str, value: NDArray[Any]) -> str:
        constant(f"{name}.half", value, np.float16)
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    spec = recipe.SPEC
    shape = constant("shape", np.array([-1, 1, spec.n_frames, spec.n_mels]), np.int64)
    nodes.append(helper.make_node("Reshape", [INPUT, shape], ["frames"]))
    before = "frames"
    for i, (w, b, conv) in enumerate(_folded(net)):
        inputs = [before, kernel(f"conv{i}.weight", w), constant(f"conv{i}.bias", b)]
        form: dict[str, Any] = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride)}
        nodes.append(helper.make_node("Conv", inputs, [f"c{i}"], pads=[*conv.padding] * 2, **form))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"]))
        before = f"r{i}"
    nodes += [
        helper.make_node("ReduceMean", [before], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMax", [before], ["max"], axes=[2, 3], keepdims=0),
        helper.make_node("Concat", ["mean", "max"], ["pooled"], axis=1),
    ]
    pooled = (
        kernel("pooled.weight", _plain(net.pooled.weight)),
        constant("pooled.bias", _plain(net.pooled.bias)),
    )
    nodes.append(helper.make_node("Gemm", ["pooled", *pooled], ["units"], transB=1))
    nodes.append(helper.make_node("Relu", ["units"], [EMBEDDING]))
    # Two columns, "other" and "cry", whose softmax is the sigmoid of the logit.
    w, b = _plain(net.last.weight) * scale, _plain(net.last.bias) * scale + shift
    last = (
        constant("last.weight", np.concatenate([0 * w, w])),
        constant("last.bias", np.concatenate([0 * b, b])),
    )
    nodes.append(helper.make_node("Gemm", [EMBEDDING, *last], ["logits"], transB=1))
    nodes.append(helper.make_node("Softmax", ["logits"], [OUTPUT], axis=1))
    value, n_units = helper.make_tensor_value_info, int(net.pooled.out_features)
    graph = helper.make_graph(
        nodes,
        "cry",
        [value(INPUT, TensorProto.FLOAT, ["N", spec.n_features])],
        [value(OUTPUT, TensorProto.FLOAT, ["N", 2]), value(EMBEDDING, TensorProto.FLOAT, ["N", n_units])],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return bytes(made.SerializeToString(deterministic=True))


def rounded(net: Network) -> Network:
    """Round the weights of a network to those that its model file holds, in place.

    Then the framework and the file can be compared to the last digits.
    """
    with torch.no_grad():
        for (w, _, conv), norm in zip(_folded(net), list(net.body)[1::3], strict=True):
            gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).double().numpy()
            if conv is next(iter(net.body)):
                gain = gain * SCALE
            kept = w.astype(np.float16).astype(np.float64) / gain[:, None, None, None]
            conv.weight.copy_(torch.from_numpy(kept))
        net.pooled.weight.copy_(net.pooled.weight.half().float())
    return net


def _folded(net: Network) -> list[tuple[NDArray[np.float64], NDArray[np.float64], Any]]:
    """Give weights and biases of the convolutions with batch norm, and the scale of the frames, in them."""
    net.eval()
    blocks, parts = list(net.body), []
    for conv, norm in zip(blocks[::3], blocks[1::3], strict=True):
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double()
        w = conv.weight.detach().double() * gain[:, None, None, None]
        b = norm.bias.detach().double() - norm.running_mean.double() * gain
        parts.append((w.numpy(), b.numpy(), conv))
    w, b, conv = parts[0]
    parts[0] = w * SCALE, b, conv
    return parts


def _plain(tensor: Any) -> NDArray[np.float64]:
    out: NDArray[np.float64] = tensor.detach().double().numpy()
    return out
