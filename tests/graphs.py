"""Tiny model files: a valid one, softmax(features @ W), and one broken in each way that a file can be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from edgecry.features.spec import FeatureSpec
from edgecry.models.metadata import ModelMetadata

LABELS = ("burping", "hungry", "tired")
SPEC = FeatureSpec(
    sr=8000,
    families=("mfcc", "mel"),
    n_mfcc=4,
    n_mels=8,
    n_fft=512,
    win_length=256,
    hop_length=128,
)
METADATA = ModelMetadata(
    name="tiny",
    task="reason",
    labels=LABELS,
    spec=SPEC,
    reads=tuple(range(SPEC.n_features)),
    decision={"rule": "argmax"},
    evaluation={"protocol": "none: weights are random", "parity": {"max_abs": 0.0}},
    source={"estimator": "none", "sklearn": "none", "sha256": "0" * 64},
    data={"name": "none", "licence": "none", "attribution": "none"},
    runtime={"opset": {"": 17}, "ir": 8, "onnxruntime": "1.19"},
)

#: Of a detector that takes what is loud for a cry; its windows are short, as recordings here are.
THRESHOLD = {
    "rule": "threshold",
    "positive": "cry",
    "threshold": 0.05,
    "window": 0.2,
    "hop": 0.1,
    "pool": "max",
    "floor_dbfs": -70.0,
}
EAR = replace(METADATA, name="ear", task="cry", labels=("other", "cry"), decision=THRESHOLD)
#: Of a model of reasons; "burping" has too few recordings to be ruled out at 0.9, or to be named.
CONFORMAL = {
    "rule": "conformal",
    "coverage": 0.9,
    "scores": {
        "burping": [0.2, 0.3, 0.4],
        "hungry": [round(0.02 * i, 4) for i in range(1, 40)],
        "tired": [round(0.03 * i, 4) for i in range(1, 25)],
    },
    "prior": {"burping": 0.05, "hungry": 0.85, "tired": 0.1},
    "nameable": ["hungry", "tired"],
}
REASONS = replace(METADATA, name="why", decision=CONFORMAL)


def weights(n_features: int = SPEC.n_features, n_labels: int = len(LABELS)) -> np.ndarray:
    """Small enough that the softmax of real features is not saturated."""
    return np.random.default_rng(7).normal(0, 0.01, (n_features, n_labels)).astype(np.float32)


def make(
    metadata: ModelMetadata = METADATA, last: str = "Softmax", W: np.ndarray | None = None
) -> ModelProto:
    """Build ``last(features @ W)`` with its metadata; ``last`` is an operator of one input."""
    W = weights(metadata.spec.n_features, len(metadata.labels)) if W is None else W
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "W"], ["scores"]),
            helper.make_node(last, ["scores"], ["probabilities"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", W.shape[0]])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", W.shape[1]])],
        [numpy_helper.from_array(W, "W")],
    )
    opset = metadata.runtime["opset"]
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(d, v) for d, v in opset.items()],
        ir_version=metadata.runtime["ir"],
    )
    helper.set_model_props(model, metadata.to_props())
    return model


def detector(sr: int = SPEC.sr, **decision: object) -> ModelProto:
    """Build a detector whose probability rises with the level: ``1 / (1 + exp(-mfcc_0 / 50))``."""
    spec = replace(SPEC, sr=sr)
    W = np.zeros((spec.n_features, 2), np.float32)
    W[0, 1] = 0.02
    return make(replace(EAR, spec=spec, decision={**THRESHOLD, **decision}), W=W)


def network(sr: int = SPEC.sr, **decision: object) -> ModelProto:
    """Build a detector with an embedding: units that read mfcc, and a last layer that reads the first.

    Its graph ends as that of the bundled network. Probabilities are those of :func:`detector`.
    """
    spec = replace(SPEC, sr=sr)
    A = np.zeros((spec.n_features, 2 * spec.n_mfcc), np.float32)
    A[: spec.n_mfcc] = 0.02 * np.hstack([np.eye(spec.n_mfcc), -np.eye(spec.n_mfcc)])
    last = np.zeros((2, A.shape[1]), np.float32)
    last[1, [0, spec.n_mfcc]] = 1, -1
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "A"], ["units"]),
            helper.make_node("Relu", ["units"], ["embedding"]),
            helper.make_node("Gemm", ["embedding", "last.weight", "last.bias"], ["logits"], transB=1),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", spec.n_features])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", A.shape[1]]),
        ],
        [
            numpy_helper.from_array(array, name)
            for name, array in {"A": A, "last.weight": last, "last.bias": np.zeros(2, np.float32)}.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = replace(EAR, spec=spec, reads=tuple(range(spec.n_mfcc)), decision={**THRESHOLD, **decision})
    helper.set_model_props(model, metadata.to_props())
    return model


def reasons(sr: int = SPEC.sr, **decision: object) -> ModelProto:
    """Build a model of reasons that knows of sets."""
    return make(replace(REASONS, spec=replace(SPEC, sr=sr), decision={**CONFORMAL, **decision}))


def save(path: Path, model: ModelProto | None = None) -> Path:
    """Write a model file; the valid one unless another is given."""
    path.write_bytes((make() if model is None else model).SerializeToString())
    return path


# -- broken in one way each --------------------------------------------------------------------------


def _runtime(**changes: object) -> ModelProto:
    return make(replace(METADATA, runtime={**METADATA.runtime, **changes}))


def _edited(edit: Callable[[ModelProto], object]) -> Callable[[], ModelProto]:
    def build() -> ModelProto:
        model = make()
        edit(model)
        return model

    return build


def _without(key: str) -> Callable[[], ModelProto]:
    props = METADATA.to_props()
    del props[f"edgecry.{key}"]
    return _edited(lambda model: helper.set_model_props(model, props))


def _with(key: str, text: str) -> Callable[[], ModelProto]:
    props = {**METADATA.to_props(), f"edgecry.{key}": text}
    return _edited(lambda model: helper.set_model_props(model, props))


def _renamed(old: str, new: str) -> Callable[[ModelProto], None]:
    def edit(model: ModelProto) -> None:
        for value in (*model.graph.input, *model.graph.output):
            if value.name == old:
                value.name = new
        for node in model.graph.node:
            node.input[:] = [new if name == old else name for name in node.input]
            node.output[:] = [new if name == old else name for name in node.output]

    return edit


def _second_input(model: ModelProto) -> None:
    extra = helper.make_tensor_value_info("extra", TensorProto.FLOAT, ["N", len(LABELS)])
    model.graph.input.append(extra)
    model.graph.node[0].output[0] = "sum"
    model.graph.node.insert(1, helper.make_node("Add", ["sum", "extra"], ["scores"]))


def _label_output(model: ModelProto) -> None:
    model.graph.output.insert(0, helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]))
    model.graph.node.append(helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0))


def _double(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    model.graph.node[0].input[0] = "narrow"
    model.graph.node.insert(0, helper.make_node("Cast", ["features"], ["narrow"], to=TensorProto.FLOAT))


def _one_row_only(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def _unknown_operator(model: ModelProto) -> None:
    model.graph.node[1].op_type = "Guess"


#: What is wrong, how to make it, and what the message must say of it.
BROKEN: dict[str, tuple[Callable[[], ModelProto], str]] = {
    "no metadata": (_edited(lambda m: m.ClearField("metadata_props")), "not an edgecry model file"),
    "no labels": (_without("labels"), r"edgecry\.labels is missing"),
    "no spec": (_without("spec"), r"edgecry\.spec is missing"),
    "no spec hash": (_without("spec_hash"), r"edgecry\.spec_hash is missing"),
    "other format": (_with("format", "2"), "model file format 2, this edgecry reads 1"),
    "spec changed": (_with("spec", FeatureSpec(n_mfcc=13).to_json()), "changed after conversion"),
    "label named twice": (_with("labels", '["a","b","a"]'), "name one twice"),
    "one label too many": (_with("labels", '["a","b","c","d"]'), r"output is .*\[any, 4\]"),
    "vector too short": (lambda: make(W=weights(n_features=11)), r"input is .*\[any, 12\]"),
    "input of another name": (_edited(_renamed("features", "X")), "input is X .*exactly one, features"),
    "output of another name": (
        _edited(_renamed("probabilities", "p")),
        "output is p .*exactly one, probabilities",
    ),
    "two inputs": (_edited(_second_input), "input is features .*, extra .*exactly one"),
    "label output": (_edited(_label_output), "output is label .*, probabilities .*exactly one"),
    "double input": (_edited(_double), r"input is features tensor\(double\)"),
    "one row only": (_edited(_one_row_only), r"input is features tensor\(float\) \[1, 12\]"),
    "future opset": (lambda: _runtime(opset={"": 99}), "operator set 99 of ai.onnx.* upgrade onnxruntime"),
    "future ml opset": (
        lambda: _runtime(opset={"": 17, "ai.onnx.ml": 99}),
        "operator set 99 of ai.onnx.ml.* upgrade onnxruntime",
    ),
    "future IR": (lambda: _runtime(ir=99), r"\(IR\) 99.* upgrade onnxruntime"),
    "future onnxruntime": (lambda: _runtime(onnxruntime="99.1"), "needs onnxruntime 99.1 or newer"),
    "odd onnxruntime": (lambda: _runtime(onnxruntime="new"), "'new'; expected a version"),
    "unknown operator": (_edited(_unknown_operator), "refuses it .*Guess"),
}
