"""Puts the features of a detector on log-mel frames into its graph, so that it reads samples.

The transform is a convolution with windowed cosines and sines: onnxruntime-web has no faster one for all
browsers. The rest is the closed form of :mod:`edgecry.features.logmel`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.portable.graph import IR_VERSION
from edgecry.detector import detector_rule
from edgecry.features.mel import mel_filters
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import hann
from edgecry.models.model import INPUT, OUTPUT, CryModel
from edgecry.stream.settings import EventSettings

#: Input of the graph: a window of mono samples, full scale 1, at the rate of the detector.
SAMPLES: Final = "samples"
OPSET: Final = 17
#: Output of the network, before silence is treated.
_HEARD: Final = "heard"
_SHARED: Final = (SAMPLES, OUTPUT, _HEARD)
#: Keeps a window without power from a division by zero. Its frames are then at the floor, as on the device.
_TINY: Final = 1e-30


def web_graph(model: CryModel) -> bytes:
    """Write a detector as ONNX from samples to probabilities.

    Parameters
    ----------
    model : CryModel
        A detector that reads only log-mel frames, such as "cry".

    Returns
    -------
    bytes
        A graph of one input, ``samples`` [N, window], and one output, ``probabilities`` [N, 2], in the order
        of the labels. A window under the detector's floor has the probability 0 of a cry.

    Raises
    ------
    ConversionError
        The model reads other features.
    ModelError
        The model is not a detector.
    """
    import onnx
    from onnx import TensorProto, helper

    rule, spec = detector_rule(model), model.spec
    _check(model, spec)
    network = onnx.load(model.path)
    parts = _Parts()
    features = _features(parts, spec)
    inner = [_renamed(node, {INPUT: _own(features), OUTPUT: _HEARD}) for node in network.graph.node]
    parts.nodes += inner
    parts.constants += list(network.graph.initializer)
    _silence(parts, rule.floor_dbfs, model.labels.index(rule.positive))
    size, value = round(rule.window * spec.sr), helper.make_tensor_value_info
    graph = helper.make_graph(
        parts.nodes,
        f"{model.name} from samples",
        [value(SAMPLES, TensorProto.FLOAT, ["N", size])],
        [value(OUTPUT, TensorProto.FLOAT, ["N", 2])],
        parts.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="edgecry")
    helper.set_model_props(made, {"edgecry": json.dumps(facts(model))})
    onnx.checker.check_model(made)
    data: bytes = made.SerializeToString()
    return data


def facts(model: CryModel) -> dict[str, Any]:
    """Return what a page must know: rate, window, labels, and the rule for a run of windows."""
    rule = detector_rule(model)
    events = asdict(EventSettings.around(rule.threshold))
    return {
        "name": model.name,
        "sr": model.spec.sr,
        "window": rule.window,
        "hop": rule.hop,
        "threshold": rule.threshold,
        "labels": list(model.labels),
        "positive": rule.positive,
        "events": {name: events[name] for name in ("onset", "release", "k", "n", "end_after")},
    }


class _Parts:
    """Nodes and constants of a graph that is being made.

    Names of values get a prefix, so that none equals a name of the network.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any, dtype: type = np.float32) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), _own(name)))
        return name

    def __call__(self, op: str, output: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, list(map(_own, inputs)), [_own(output)], **attributes))
        return output


def _own(name: str) -> str:
    return name if name in _SHARED else f"samples.{name}"


def _check(model: CryModel, spec: FeatureSpec) -> None:
    if spec.families != ("logmel",):
        raise ConversionError(
            f"{model.path}: reads {', '.join(spec.families)}; a graph for the web is made of a detector that "
            "reads logmel alone, such as the model 'cry'"
        )
    if (spec.level, spec.mel_unit) != ("keep", "power"):
        raise ConversionError(f"{model.path}: level and mel_unit are not those of the model 'cry'")


def _features(parts: _Parts, spec: FeatureSpec) -> str:
    """Add the nodes from samples [N, window] to the vector that the network reads [N, n_features]."""
    waves, bands = _transform(spec)
    tiny, floor = parts.constant("tiny", _TINY), parts.constant("floor", 10 ** (-spec.floor_db / 10))
    to_db, under = parts.constant("to_db", 10 / np.log(10)), parts.constant("under", spec.floor_db)
    parts("Unsqueeze", "signal", SAMPLES, parts.constant("channel", [1], np.int64))
    parts("Conv", "spectrum", "signal", parts.constant("waves", waves), strides=[spec.hop_length])
    parts("Mul", "squares", "spectrum", "spectrum")
    # Each row of bands sums the squares of both parts, cosine and sine.
    parts("MatMul", "mel", parts.constant("bands", np.hstack([bands, bands])), "squares")
    parts("ReduceMean", "mean", "mel", axes=[1, 2], keepdims=1)
    parts("Div", "relative", "mel", parts("Max", "some", "mean", tiny))
    parts("Log", "logs", parts("Max", "over", "relative", floor))
    parts("Add", "above", parts("Mul", "db", "logs", to_db), under)
    parts("Transpose", "frames_first", parts("Relu", "values", "above"), perm=[0, 2, 1])
    shape = parts.constant("vector", [-1, spec.n_features], np.int64)
    return parts("Reshape", "frames_of_samples", "frames_first", shape)


def _transform(spec: FeatureSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return windowed waves [2 * bins, 1, n_fft], and the mel filters [n_mels, bins] of their bins."""
    bands = mel_filters(
        spec.sr, spec.n_fft, spec.n_mels, spec.mel_fmin, spec.mel_fmax or spec.sr / 2, spec.htk, spec.mel_norm
    )
    used = np.flatnonzero(bands.any(axis=0))
    window = np.zeros(spec.n_fft)
    first = (spec.n_fft - spec.win_length) // 2
    window[first : first + spec.win_length] = hann(spec.win_length)
    angles = 2 * np.pi * np.outer(used, np.arange(spec.n_fft)) / spec.n_fft
    waves = np.vstack([np.cos(angles), np.sin(angles)]) * window
    return waves[:, None, :], bands[:, used]


def _silence(parts: _Parts, floor_dbfs: float | None, positive: int) -> None:
    """Give windows under the floor the probability 0, as the device does."""
    if floor_dbfs is None:
        parts("Identity", OUTPUT, _HEARD)
        return
    quiet = np.eye(2)[1 - positive][None, :]
    parts("Sub", "swing", SAMPLES, parts("ReduceMean", "offset", SAMPLES, axes=[1], keepdims=1))
    parts("ReduceMean", "power", parts("Mul", "swing_squared", "swing", "swing"), axes=[1], keepdims=1)
    silent = parts("Less", "silent", "power", parts.constant("least", 10 ** (floor_dbfs / 10)))
    parts("Where", OUTPUT, silent, parts.constant("quiet", quiet), _HEARD)


def _renamed(node: Any, names: dict[str, str]) -> Any:
    for side in (node.input, node.output):
        side[:] = [names.get(name, name) for name in side]
    return node
