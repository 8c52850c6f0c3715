"""A fitted classifier as an ONNX graph: "features" float32 [N, n] in, "probabilities" float32 [N, C] out.

Inside, the graph computes in float64 as scikit-learn does, but for the trees and support vector
machines, whose ONNX operators are float32 (scikit-learn's trees compare float32, too).
"""

from __future__ import annotations

from typing import Any

from . import DETAILS, Refused
from .slim import slim
from .widths import width_of

#: Pinned so that the oldest onnxruntime accepted, 1.19 (ONNX 1.16), runs the graph.
OPSET = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8
OLDEST_ONNXRUNTIME = "1.19"


def export(estimator: Any) -> bytes:
    """Export ``predict_proba`` of a fitted classifier.

    Raises
    ------
    Refused
        Something in the estimator has no counterpart in ONNX.
    """
    import warnings

    import onnx
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    model, width = _Whole(estimator), int(width_of(estimator) or 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = convert_sklearn(
                model,
                name="edgecry",
                initial_types=[("features", DoubleTensorType([None, width]))],
                target_opset=dict(OPSET),
                custom_conversion_functions={_Whole: _convert},
                custom_shape_calculators={_Whole: lambda _: None},
                custom_parsers={_Whole: _parse},
            )
    except Refused:
        raise
    except MemoryError:
        raise
    except Exception as error:  # skl2onnx raises whatever the estimator leads it into
        raise Refused(
            f"{type(estimator).__name__} cannot be converted: it has a part or a setting that edgecry does "
            f"not know; docs/estimators.md lists what converts. {DETAILS}"
        ) from error
    graph = _device_graph(whole.graph, width, len(estimator.classes_))
    out = onnx.helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid(domain, version) for domain, version in OPSET.items()],
        producer_name="edgecry",
    )
    onnx.checker.check_model(out)
    return bytes(out.SerializeToString())


class _Whole:
    """The one estimator that skl2onnx is given. Its converter hands all parts on, see `converters`."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator


def _parse(scope: Any, model: Any, inputs: Any, **_: Any) -> Any:
    """Declare what skl2onnx is to make of a `_Whole`: its probabilities."""
    from skl2onnx.common.data_types import DoubleTensorType

    operator = scope.declare_local_operator("EdgecryWhole", model)
    operator.inputs.extend(inputs)
    operator.outputs.append(scope.declare_local_variable("probabilities", DoubleTensorType()))
    return operator.outputs


def _convert(scope: Any, operator: Any, container: Any) -> None:
    from .converters.nodes import Nodes

    nodes = Nodes(scope, container)
    p = nodes.probabilities(operator.raw_operator.estimator, operator.inputs[0].onnx_name)
    nodes.add("Identity", [p], operator.outputs[0].onnx_name, {})


def _device_graph(graph: Any, n_features: int, n_classes: int) -> Any:
    """Put the float32 contract around skl2onnx's float64 graph, and drop what nobody reads."""
    from onnx import TensorProto, helper

    inner_in, inner_out = "features_float64", "probabilities_float64"
    renamed = {graph.input[0].name: inner_in, graph.output[-1].name: inner_out}
    nodes = _needed(graph.node, graph.output[-1].name)
    for node in nodes:
        _rename(node.input, renamed)
        _rename(node.output, renamed)
        slim(node)
    used = {name for node in nodes for name in node.input}
    return helper.make_graph(
        [
            helper.make_node("Cast", ["features"], [inner_in], to=TensorProto.DOUBLE, name="widen"),
            *nodes,
            helper.make_node("Cast", [inner_out], ["probabilities"], to=TensorProto.FLOAT, name="narrow"),
        ],
        "edgecry",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, n_features])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, n_classes])],
        initializer=[tensor for tensor in graph.initializer if tensor.name in used],
    )


def _needed(nodes: Any, output: str) -> list[Any]:
    """Nodes that ``output`` depends on, in their order."""
    wanted, kept = {output}, []
    for node in reversed(list(nodes)):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _rename(names: Any, renamed: dict[str, str]) -> None:
    for i, name in enumerate(names):
        names[i] = renamed.get(name, name)
