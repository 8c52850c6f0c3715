"""Reads the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding).

Fields are read one by one, but for a list whose values have a field each, as ONNX writes those of a forest:
NumPy reads it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
#: Bytes that hold a number of seven bits, or the last seven bits of one, are less.
_MORE = 0x80
#: A varint of more bytes does not fit into 64 bits.
_LONGEST_VARINT = 10
#: Bytes that are looked at together. A list is many times as long, and a message without lists costs little.
_AT_ONCE = 4096
#: Values of one field, and where the next field begins.
Run = tuple[list[Any], int]


class WireError(ValueError):
    """The bytes are no message of Protocol Buffers."""


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Give the number and the value of each field: an int, or the bytes of it.

    Raises
    ------
    WireError, IndexError
        The message is damaged.
    """
    position, end = 0, len(data)
    while position < end:
        field, value, position = _field(data, position)
        yield field, value


def gathered(data: bytes) -> dict[int, list[Any]]:
    """Give the values of each field, by its number.

    A value is an int, the bytes of one, or what several in a row are together: an array of int64, or the
    bytes of numbers of 32 bits.

    Raises
    ------
    WireError, IndexError
        The message is damaged.
    """
    found: dict[int, list[Any]] = {}
    position, end = 0, len(data)
    while position < end:
        key = data[position]
        field, value, position = _field(data, position)
        found.setdefault(field, []).append(value)
        if position < end and data[position] == key < _MORE and key & 7 in _RUNS:
            values, position = _RUNS[key & 7](data, position)
            found[field] += values
    return found


def signed(value: int) -> int:
    """Return the int64 whose two's complement a varint holds."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def whole_numbers(values: list[Any]) -> NDArray[np.int64]:
    """Return the numbers that stand in a field each, or are packed into one."""
    parts = [np.empty(0, dtype=np.int64)]
    for value in values:
        if isinstance(value, int):
            parts.append(np.array([signed(value)], dtype=np.int64))
        else:
            parts.append(value if isinstance(value, np.ndarray) else _packed(value))
    return np.concatenate(parts)


def _field(data: bytes, position: int) -> tuple[int, Any, int]:
    """Return the number and the value of the field at a position, and where the next one begins."""
    key, position = _varint(data, position)
    field, wire = key >> 3, key & 7
    if wire == _VARINT:
        return field, *_varint(data, position)
    if wire == _BYTES:
        size, position = _varint(data, position)
    elif wire in (_FIXED32, _FIXED64):
        size = 4 if wire == _FIXED32 else 8
    else:
        raise WireError(f"a field has the unknown wire type {wire}")
    if size > len(data) - position:
        raise WireError("it is cut short")
    return field, data[position : position + size], position + size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    byte = data[position]
    if byte < _MORE:  # nearly all
        return byte, position + 1
    value = 0
    for k in range(_LONGEST_VARINT):
        byte = data[position + k]
        value |= (byte & 0x7F) << (7 * k)
        if byte < _MORE:
            return value, position + k + 1
    raise WireError("a number is longer than 64 bits")


def _packed(data: bytes) -> NDArray[np.int64]:
    """Return the whole numbers that follow each other in the bytes."""
    starts, ends = _borders(data)
    if len(data) and (not len(ends) or ends[-1] != len(data)):
        raise WireError("it is cut short")
    return _decoded(data, starts, ends)


def _borders(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each varint begins and ends; the last one may be incomplete, and is left out."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) < _MORE) + 1
    return np.concatenate([[0], ends])[: len(ends)], ends


def _decoded(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    octets, sizes = np.frombuffer(data, dtype=np.uint8), ends - starts
    longest = int(sizes.max(initial=0))
    if longest > _LONGEST_VARINT:
        raise WireError("a number is longer than 64 bits")
    values = np.zeros(len(ends), dtype=np.uint64)
    for k in range(longest):
        has = sizes > k
        values[has] |= (octets[starts[has] + k] & np.uint64(0x7F)) << np.uint64(7 * k)
    return values.view(np.int64)


def _varint_run(data: bytes, position: int) -> Run:
    """Read whole numbers that have the field of the first one each: every other varint is their key."""
    part = data[position : position + _AT_ONCE]
    starts, ends = _borders(part)
    keys = np.frombuffer(part, dtype=np.uint8)[starts[::2]]
    n = min(_length(keys == data[position]), len(ends) // 2)
    if n == 0:
        return [], position
    return [_decoded(part, starts[1 : 2 * n : 2], ends[1 : 2 * n : 2])], position + int(ends[2 * n - 1])


def _fixed32_run(data: bytes, position: int) -> Run:
    """Read numbers of 32 bits that have the field of the first one each."""
    part = np.frombuffer(data[position : position + _AT_ONCE // 5 * 5], dtype=np.uint8)
    rows = part[: len(part) // 5 * 5].reshape(-1, 5)
    n = _length(rows[:, 0] == data[position])
    return [rows[:n, 1:].tobytes()], position + 5 * n


def _bytes_run(data: bytes, position: int) -> Run:
    """Read short texts that have the field of the first one each."""
    key, end, values = data[position], len(data), []
    while position + 1 < end and data[position] == key:
        begin, stop = position + 2, position + 2 + data[position + 1]
        if data[position + 1] >= _MORE or stop > end:
            break
        values.append(data[begin:stop])
        position = stop
    return values, position


def _length(matches: NDArray[np.bool_]) -> int:
    """Return how many are true before the first one that is not."""
    return len(matches) if matches.all() else int(matches.argmin())


_RUNS: Final = {_VARINT: _varint_run, _BYTES: _bytes_run, _FIXED32: _fixed32_run}
