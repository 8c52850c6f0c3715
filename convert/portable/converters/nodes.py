"""Writing ONNX nodes from inside a skl2onnx converter, one short call a node."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused


class Nodes:
    """Adds nodes to the graph skl2onnx is building.

    ``nodes("Add", x, 1.0)`` adds a node and returns the name of its output; arrays and numbers among
    the inputs become float64 constants (integers and booleans stay what they are).

    Parameters
    ----------
    scope, operator, container
        What skl2onnx hands a converter.
    """

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        self.scope, self.operator, self.container = scope, operator, container
        self.model = operator.raw_operator

    @property
    def input(self) -> Any:
        """The variable the estimator reads, as skl2onnx's converters of parts want it."""
        return self.operator.inputs[0]

    @property
    def x(self) -> str:
        """Its name, as nodes want it."""
        return str(self.input.onnx_name)

    def __call__(self, op: str, *inputs: Any, **attributes: Any) -> str:
        """Add a node and name its output."""
        output = str(self.scope.get_unique_variable_name(op.lower()))
        self.add(op, inputs, output, attributes)
        return output

    def add(self, op: str, inputs: Any, output: str, attributes: Any) -> None:
        """Add a node whose output has its name already."""
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        name = self.scope.get_unique_operator_name(op)
        self.container.add_node(op, names, output, name=name, **attributes)

    def constant(self, value: Any) -> str:
        """Add an array to the graph and name it."""
        from onnx import numpy_helper

        array = np.array(value, order="C")
        if array.dtype.kind == "f":
            array = array.astype(np.float64)
        name = str(self.scope.get_unique_variable_name("constant"))
        self.container.add_initializer(name, None, None, numpy_helper.from_array(array))
        return name

    def column(self, x: str, index: int) -> str:
        """One column of [N, K], as [N, 1]."""
        return self("Gather", x, np.array([index]), axis=1)

    def concat(self, parts: list[str]) -> str:
        """Columns side by side."""
        return parts[0] if len(parts) == 1 else self("Concat", *parts, axis=1)

    def two_classes(self, p: str) -> str:
        """From the second class' probability [N, 1] to both, [N, 2]."""
        return self.concat([self("Sub", 1.0, p), p])

    def variable(self, x: str, width: int) -> Any:
        """Make ``x`` a variable that a part's converter can read."""
        from skl2onnx.common.data_types import DoubleTensorType

        made = self.scope.declare_local_variable("joined", DoubleTensorType([None, width]))
        self.add("Identity", [x], made.onnx_name, {})
        return made

    def probabilities(self, part: Any, x: Any, raw_scores: bool = False) -> str:
        """``part.predict_proba``, or its raw scores, by whatever converter there is for it.

        Parameters
        ----------
        part : estimator
        x : skl2onnx variable
            What it reads.
        raw_scores : bool
            The option of that name of skl2onnx's converters.
        """
        from skl2onnx._supported_operators import sklearn_operator_name_map
        from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType

        part = unwrap(part)
        if type(part) not in sklearn_operator_name_map:
            raise Refused(f"{type(part).__name__} has no counterpart in ONNX")
        if raw_scores:
            self.container.add_options(id(part), {"raw_scores": True})
            self.scope.add_options(id(part), {"raw_scores": True})
        nested = self.scope.declare_local_operator(sklearn_operator_name_map[type(part)], part)
        nested.inputs.append(x)
        for name, kind in (("label", Int64TensorType), ("probabilities", DoubleTensorType)):
            nested.outputs.append(self.scope.declare_local_variable(name, kind()))
        return str(nested.outputs[1].onnx_name)

    def transformed(self, step: Any, x: Any) -> Any:
        """``step.transform`` of a pipeline's step, as the variable the next one reads."""
        from skl2onnx._parse import _parse_sklearn

        if step is None or step == "passthrough":
            return x
        outputs = _parse_sklearn(self.scope, step, [x], custom_parsers=None)
        return outputs[0]

    def finish(self, probabilities: str) -> None:
        """Hand over the probabilities; the label, which skl2onnx wants too, is cut off later."""
        label, out = self.operator.outputs
        self.add("Identity", [probabilities], out.onnx_name, {})
        self.add("ArgMax", [probabilities], label.onnx_name, {"axis": 1, "keepdims": 0})


def unwrap(estimator: Any) -> Any:
    """What a search, a frozen or a thresholded estimator predicts probabilities with."""
    for _ in range(20):
        name = type(estimator).__name__
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif name == "FrozenEstimator":
            estimator = estimator.estimator
        elif name in ("FixedThresholdClassifier", "TunedThresholdClassifierCV"):
            estimator = estimator.estimator_
        else:
            return estimator
    return estimator
