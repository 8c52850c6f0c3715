"""Reads an ONNX file into plain records, without the package onnx.

An ONNX file is a message of Protocol Buffers. The numbers of its fields are those of onnx.proto
(github.com/onnx/onnx).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.models.protobuf import fields, gathered, signed, whole_numbers

Array = NDArray[Any]

#: TensorProto.DataType, as far as a model file of edgecry needs it.
DTYPES: Final[Mapping[int, type[np.generic]]] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
}
#: Names of the same types as onnxruntime shows them.
TYPE_NAMES: Final[Mapping[int, str]] = {1: "tensor(float)", 7: "tensor(int64)", 11: "tensor(double)"}


class BadFileError(Exception):
    """The bytes are not an ONNX file that this module can read. Never leaves the package."""


@dataclass(frozen=True)
class Node:
    """One operator of a graph."""

    domain: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Tensor:
    """An input or output of the graph.

    Parameters
    ----------
    name : str
    type : str
        As onnxruntime names it, such as "tensor(float)".
    shape : tuple of int, str or None
        A free dimension is its name, or None if it has no name.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True)
class OnnxFile:
    """What a model file holds."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opsets: Mapping[str, int]
    props: Mapping[str, str]
    ir: int


def read_onnx(data: bytes) -> OnnxFile:
    """Read the bytes of an ONNX file.

    Raises
    ------
    BadFileError
        The bytes are damaged, or hold something that no model file of edgecry has.
    """
    try:
        return _model(data)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
        # A damaged file may also hold a number where a message stands, and the other way round.
        raise BadFileError(str(error)) from error


def _model(data: bytes) -> OnnxFile:
    graph, opsets, props, ir = b"", {}, {}, 0
    for field, value in fields(data):
        if field == 1:
            ir = int(value)
        elif field == 7:
            graph = value
        elif field == 8:
            found = dict(fields(value))
            opsets[_text(found.get(1, b""))] = int(found.get(2, 0))
        elif field == 14:
            found = dict(fields(value))
            props[_text(found.get(1, b""))] = _text(found.get(2, b""))
    if not graph:
        raise BadFileError("it has no graph")
    parts: dict[int, list[bytes]] = {}
    for field, value in fields(graph):
        parts.setdefault(field, []).append(value)
    constants = dict(map(_tensor, parts.get(5, [])))
    return OnnxFile(
        nodes=tuple(map(_node, parts.get(1, []))),
        constants=constants,
        inputs=tuple(x for x in map(_value_info, parts.get(11, [])) if x.name not in constants),
        outputs=tuple(map(_value_info, parts.get(12, []))),
        opsets=opsets,
        props=props,
        ir=ir,
    )


def _text(value: bytes) -> str:
    return bytes(value).decode()


def _texts(values: list[bytes]) -> list[str]:
    """Decode texts, each once: a forest has ten thousands of them, and two that differ."""
    texts = {value: _text(value) for value in set(values)}
    return [texts[value] for value in values]


def _node(data: bytes) -> Node:
    names: dict[int, list[str]] = {1: [], 2: []}
    op_type, domain, attributes = "", "", {}
    for field, value in fields(data):
        if field in names:
            names[field].append(_text(value))
        elif field == 4:
            op_type = _text(value)
        elif field == 5:
            name, content = _attribute(value)
            attributes[name] = content
        elif field == 7:
            domain = _text(value)
    return Node(domain, op_type, tuple(names[1]), tuple(names[2]), attributes)


#: Readers of AttributeProto by its type: FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS.
_ATTRIBUTE: Final[Mapping[int, tuple[int, Callable[[list[Any]], Any]]]] = {
    1: (2, lambda values: struct.unpack("<f", values[-1])[0]),
    2: (3, lambda values: signed(values[-1])),
    3: (4, lambda values: _text(values[-1])),
    4: (5, lambda values: _tensor(values[-1])[1]),
    6: (7, lambda values: np.frombuffer(b"".join(values), "<f4")),
    7: (8, lambda values: whole_numbers(values)),
    8: (9, lambda values: _texts(values)),
}


def _attribute(data: bytes) -> tuple[str, Any]:
    found = gathered(data)
    name = _text(found[1][-1]) if 1 in found else ""
    kind = found.get(20, [0])[-1]
    if kind not in _ATTRIBUTE:
        raise BadFileError(f"the attribute {name!r:.60} is of type {kind}")
    field, read = _ATTRIBUTE[kind]
    # Protocol Buffers leave out what is zero or empty.
    empty: Any = {1: [bytes(4)], 2: [0], 3: [b""], 4: [b""]}.get(kind, [])
    return name, read(found.get(field, empty))


def _tensor(data: bytes) -> tuple[str, Array]:
    found = gathered(data)
    name = _text(found[8][-1]) if 8 in found else ""
    kind = found.get(2, [0])[-1]
    if kind not in DTYPES or 13 in found or found.get(14, [0])[-1]:
        raise BadFileError(f"the constant {name!r:.60} is of type {kind} or in another file")
    shape, dtype = whole_numbers(found.get(1, [])).tolist(), np.dtype(DTYPES[kind])
    values: Array
    if 9 in found:
        values = np.frombuffer(found[9][-1], dtype.newbyteorder("<")).astype(dtype)
    elif kind in (1, 11):
        stored, little = (found.get(4, []), "<f4") if kind == 1 else (found.get(10, []), "<f8")
        values = np.frombuffer(b"".join(stored), little).astype(dtype)
    elif kind == 10:
        values = whole_numbers(found.get(5, [])).astype(np.uint16).view(np.float16)
    else:
        values = whole_numbers(found.get(7 if kind == 7 else 5, [])).astype(dtype)
    if any(n < 0 for n in shape):
        raise BadFileError(f"the constant {name!r:.60} has a negative length")
    return name, values.reshape(shape)


def _value_info(data: bytes) -> Tensor:
    found = dict(fields(data))
    tensor = dict(fields(dict(fields(found.get(2, b""))).get(1, b"")))
    dims: list[int | str | None] = []
    for field, value in fields(tensor.get(2, b"")):
        if field == 1:
            dim = dict(fields(value))
            dims.append(signed(dim[1]) if 1 in dim else _text(dim.get(2, b"")) or None)
    kind = tensor.get(1, 0)
    return Tensor(_text(found.get(1, b"")), TYPE_NAMES.get(kind, f"type {kind}"), tuple(dims))
