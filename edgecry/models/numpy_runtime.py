"""Runs a model file with NumPy alone, for boards that have no onnxruntime, such as 32-bit ones.

It knows the operators of edgecry's model files and no others, and offers the part of
``onnxruntime.InferenceSession`` that :class:`edgecry.models.model.CryModel` uses. Its probabilities are
those of onnxruntime within 1e-6 (tests/models/test_numpy_runtime.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.models import tree_ensembles
from edgecry.models.onnx_file import BadFileError, Node, OnnxFile, Tensor, read_onnx
from edgecry.models.operators import OPERATORS

Array = NDArray[Any]
#: Operator sets whose meaning :mod:`edgecry.models.operators` has.
OPSETS: Final[Mapping[str, range]] = {"": range(13, 18), "ai.onnx.ml": range(1, 4)}
#: The newest version of the format (IR) that has nothing which :mod:`edgecry.models.onnx_file` leaves unread.
NEWEST_IR: Final = 10
_TREES: Final = {
    "TreeEnsembleClassifier": tree_ensembles.classifier,
    "TreeEnsembleRegressor": tree_ensembles.regressor,
}


@dataclass(frozen=True)
class _Step:
    """A node, and what computes its outputs."""

    node: Node
    compute: Callable[[Sequence[Array]], Sequence[Array]]

    def run(self, values: dict[str, Array]) -> None:
        # An input that is left out is an empty array.
        inputs = [values[name] if name else np.empty(0) for name in self.node.inputs]
        # A value that is left out gives a warning in neither runtime: the results are checked at the end.
        with np.errstate(all="ignore"):
            outputs = self.compute(inputs)
        values.update(zip(self.node.outputs, outputs, strict=False))


@dataclass(frozen=True)
class _Metadata:
    custom_metadata_map: dict[str, str]


@dataclass(frozen=True)
class NumpySession:
    """A graph that is ready to run. Threads may share it."""

    file: OnnxFile
    constants: Mapping[str, Array]
    steps: Sequence[_Step]
    _wanted: dict[str, Sequence[_Step]] = field(default_factory=dict)

    @classmethod
    def open(cls, data: bytes) -> NumpySession:
        """Read the bytes of a model file, and compute what depends on no input.

        Raises
        ------
        BadFileError
            The bytes are not an ONNX file, or it has an operator that only onnxruntime knows.
        """
        file = read_onnx(data)
        if file.ir > NEWEST_IR:
            raise BadFileError(f"it is of ONNX version (IR) {file.ir}, which needs onnxruntime")
        for domain, version in file.opsets.items():
            if version not in OPSETS.get(domain, ()):
                raise BadFileError(
                    f"it uses operator set {version} of {domain or 'ai.onnx'}, which needs onnxruntime"
                )
        constants, steps = dict(file.constants), []
        for node in file.nodes:
            try:
                step = _Step(node, _compute(node))
                if all(name in constants or not name for name in node.inputs):
                    step.run(constants)
                else:
                    steps.append(step)
            except MemoryError as error:
                raise BadFileError(f"its {node.op_type:.40} asks for more memory than there is") from error
            except (LookupError, ValueError, TypeError, ArithmeticError) as error:
                raise BadFileError(f"its {node.op_type:.40} contradicts itself: {error!r:.80}") from error
        return cls(file, constants, steps)

    def get_inputs(self) -> list[Tensor]:
        """Return the inputs of the graph."""
        return list(self.file.inputs)

    def get_outputs(self) -> list[Tensor]:
        """Return the outputs of the graph."""
        return list(self.file.outputs)

    def get_modelmeta(self) -> _Metadata:
        """Return the metadata of the file."""
        return _Metadata(dict(self.file.props))

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Array]) -> list[Array]:
        """Compute the outputs of the given names."""
        values = {**self.constants, **inputs}
        for step in self._steps_for(outputs):
            step.run(values)
        return [values[name] for name in outputs]

    def _steps_for(self, outputs: Sequence[str]) -> Sequence[_Step]:
        """Return the steps that these outputs depend on."""
        key = " ".join(outputs)
        if key not in self._wanted:
            needed, found = set(outputs), []
            for step in reversed(self.steps):
                if needed & set(step.node.outputs):
                    needed |= set(step.node.inputs)
                    found.append(step)
            self._wanted[key] = found[::-1]
        return self._wanted[key]


def _compute(node: Node) -> Callable[[Sequence[Array]], Sequence[Array]]:
    if node.domain == "ai.onnx.ml" and node.op_type in _TREES:
        return _TREES[node.op_type](node)
    if (node.domain, node.op_type) not in OPERATORS:
        raise BadFileError(f"it has the operator {node.op_type:.40}, which needs onnxruntime")
    return partial(OPERATORS[node.domain, node.op_type], node)
