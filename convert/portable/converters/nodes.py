"""Writing ONNX nodes, one short call a node, and handing parts to whoever converts them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from ..widths import is_passthrough, width_of


class Nodes:
    """Adds nodes to the graph skl2onnx is building. Tensors are float64 and go by their names.

    ``nodes("Add", x, 1.0)`` adds a node and returns the name of its output; arrays and numbers among
    the inputs become float64 constants (integers and booleans stay what they are).

    Parameters
    ----------
    scope, container
        What skl2onnx hands a converter.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope, self.container = scope, container

    def __call__(self, op: str, *inputs: Any, **attributes: Any) -> str:
        """Add a node and name its output."""
        return self.several(op, 1, *inputs, **attributes)[0]

    def several(self, op: str, count: int, *inputs: Any, **attributes: Any) -> list[str]:
        """Add a node with ``count`` outputs and name them."""
        outputs = [str(self.scope.get_unique_variable_name(op.lower())) for _ in range(count)]
        self.add(op, inputs, outputs, attributes)
        return outputs

    def add(self, op: str, inputs: Any, outputs: Any, attributes: Any) -> None:
        """Add a node whose outputs have their names already."""
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        name = self.scope.get_unique_operator_name(op)
        self.container.add_node(op, names, outputs, name=name, **attributes)

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

    def columns(self, x: str, indices: Any) -> str:
        """Some columns of [N, K], as [N, len(indices)]."""
        return self("Gather", x, np.asarray(indices, dtype=np.int64), axis=1)

    def concat(self, parts: list[str]) -> str:
        """Columns side by side."""
        return parts[0] if len(parts) == 1 else self("Concat", *parts, axis=1)

    def sum(self, parts: list[str]) -> str:
        """Sum of tensors of one shape."""
        return parts[0] if len(parts) == 1 else self("Sum", *parts)

    def total(self, x: str) -> str:
        """Sum of each row of [N, K], as [N, 1]."""
        return self("ReduceSum", x, np.array([1]), keepdims=1)

    def doubles(self, x: str) -> str:
        """The same values as float64."""
        from onnx import TensorProto

        return self("Cast", x, to=TensorProto.DOUBLE)

    def two_classes(self, p: str) -> str:
        """From the second class' probability [N, 1] to both, [N, 2]."""
        return self.concat([self("Sub", 1.0, p), p])

    def one_hot(self, index: str, n: int) -> str:
        """From an index [N] to [N, n] with a one at it."""
        return self("Gather", self.constant(np.eye(n)), index, axis=0)

    # -- parts ---------------------------------------------------------------------------------------

    def probabilities(self, part: Any, x: str, raw_scores: bool = False) -> str:
        """``part.predict_proba``, [N, C], by whatever converter there is for it.

        Parameters
        ----------
        part : classifier, or a pipeline that ends in one
        x : str
            What it reads, [N, width].
        raw_scores : bool
            The option of that name of skl2onnx's converters, instead of probabilities.
        """
        from . import PROBABILITIES

        part, x = self.last(part, x)
        own = PROBABILITIES.get(type(part).__name__)
        if own is not None and not raw_scores:
            return str(own(self, part, x))
        return self.doubles(self.leaf(part, x, classifier=True, raw_scores=raw_scores))

    def last(self, part: Any, x: str) -> tuple[Any, str]:
        """Unwrap a part and go through the transformers before its last step."""
        part = unwrap(part)
        if not isinstance(getattr(part, "steps", None), list):
            return part, x
        for _, step in part.steps[:-1]:
            x = self.transformed(step, x)
        return self.last(part.steps[-1][1], x)

    def transformed(self, step: Any, x: str) -> str:
        """``step.transform`` of a transformer, [N, width] to [N, other width]."""
        from . import TRANSFORMS

        if is_passthrough(step):
            return x
        if isinstance(getattr(step, "steps", None), list):
            for _, inner in step.steps:
                x = self.transformed(inner, x)
            return x
        own = TRANSFORMS.get(type(step).__name__)
        if own is not None:
            return str(own(self, step, x))
        if not hasattr(step, "transform"):
            raise Refused(f"{type(step).__name__} stands before the classifier and transforms nothing")
        return self.doubles(self.leaf(step, x, classifier=False))

    def leaf(
        self, part: Any, x: str, classifier: bool, raw_scores: bool = False, single: bool = False
    ) -> str:
        """Have skl2onnx convert a part.

        Parameters
        ----------
        part : estimator
        x : str
        classifier : bool
            Whether its probabilities are wanted, not its transformed values.
        raw_scores : bool
        single : bool
            Whether ``x`` is float32, for operators that have no float64.
        """
        from skl2onnx._supported_operators import sklearn_operator_name_map
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType

        kind = type(part)
        if kind not in sklearn_operator_name_map:
            raise unsupported(part)
        if raw_scores:
            self.container.add_options(id(part), {"raw_scores": True})
            self.scope.add_options(id(part), {"raw_scores": True})
        number = FloatTensorType if single else DoubleTensorType
        read = self.scope.declare_local_variable("read", number([None, width_of(part)]))
        self.add("Identity", [x], read.onnx_name, {})
        nested = self.scope.declare_local_operator(sklearn_operator_name_map[kind], part)
        nested.inputs.append(read)
        for name, type_ in (("label", Int64TensorType), ("out", number))[0 if classifier else 1 :]:
            nested.outputs.append(self.scope.declare_local_variable(name, type_()))
        return str(nested.outputs[-1].onnx_name)

    def leaf_in_float32(self, part: Any, x: str, raw_scores: bool = False) -> str:
        """The same for what is made of trees, as a float32 island in the float64 graph.

        For trees this is what scikit-learn does: ``X.astype(float32)``, then float64 thresholds, which
        skl2onnx rounds down to float32 so that every comparison comes out the same.
        """
        from onnx import TensorProto

        narrow = self("Cast", x, to=TensorProto.FLOAT)
        return self.doubles(self.leaf(part, narrow, classifier=True, raw_scores=raw_scores, single=True))


def unsupported(part: Any) -> Refused:
    """Say that there is no converter for a part, and what to do."""
    return Refused(
        f"{type(part).__name__} cannot be converted: edgecry has no ONNX counterpart of it; "
        "fit the model without it, or with one of those that docs/estimators.md lists"
    )


def require_counterpart(classifier: Any) -> None:
    """Refuse a classifier, or a pipeline that ends in one, whose kind has no converter at all."""
    from skl2onnx._supported_operators import sklearn_operator_name_map

    from . import PROBABILITIES

    part = unwrap(classifier)
    while isinstance(getattr(part, "steps", None), list) and part.steps:
        part = unwrap(part.steps[-1][1])
    if type(part).__name__ not in PROBABILITIES and type(part) not in sklearn_operator_name_map:
        raise unsupported(part)


def unwrap(estimator: Any) -> Any:
    """What a search, a frozen or a thresholded estimator predicts probabilities with.

    Coefficients that ``sparsify`` made sparse are made dense again, in a copy.
    """
    for _ in range(20):
        name = type(estimator).__name__
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif name == "FrozenEstimator":
            estimator = estimator.estimator
        elif name in ("FixedThresholdClassifier", "TunedThresholdClassifierCV"):
            estimator = estimator.estimator_
        elif name == "SelfTrainingClassifier":
            estimator = getattr(estimator, "estimator_", None) or estimator.base_estimator_
        elif hasattr(getattr(estimator, "coef_", None), "toarray") and not hasattr(estimator, "kernel"):
            from copy import copy

            estimator = copy(estimator)
            estimator.coef_ = estimator.coef_.toarray()
        else:
            return estimator
    return estimator
