"""Tables, as TOML gives them, to dataclasses of the same keys; what does not fit is refused."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from edgecry.errors import EdgecryError

_WORDS: Final[Mapping[Any, str]] = MappingProxyType(
    {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        tuple: "a list of texts",
    }
)

T = TypeVar("T")
Table = Mapping[str, Any]


def parse(kind: type[T], table: Table, origin: str, name: str = "") -> T:
    """Make a dataclass of a table.

    Parameters
    ----------
    kind : type
        The dataclass. Fields are bool, int, float, str, paths, tuples of str, dataclasses of their own,
        or one of these and None.
    table : mapping
        Its fields; what has a default may be left out.
    origin, name : str
        The file, and the table in it, for messages.

    Raises
    ------
    EdgecryError
        A key is unknown or missing, or a value is of another kind or out of range.
    """
    found = values(kind, table, origin, name)
    place = _place(origin, name)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_needed and field.name not in found:
            raise EdgecryError(f"{place}{field.name}: is missing; it has to be given")
    try:
        return kind(**found)
    except EdgecryError as error:
        raise EdgecryError(f"{place}{error}") from error


def values(kind: type[Any], table: Table, origin: str, name: str = "") -> dict[str, Any]:
    """Check keys and kinds of values of a table that may not be complete yet; the values for ``kind``."""
    place = _place(origin, name)
    hints = get_type_hints(kind)
    found = {}
    for key, value in table.items():
        if key not in hints:
            raise EdgecryError(f"{place}{key}: is unknown; {nearest(key, hints)}")
        if dataclasses.is_dataclass(hints[key]):
            inner = f"{name}.{key}" if name else key
            found[key] = parse(hints[key], table_of(value, place, key), origin, inner)
        else:
            found[key] = _value(value, hints[key], f"{place}{key}")
    return found


def table_of(value: object, place: str, key: str) -> Table:
    """Return a table, and refuse what is not one. The message begins with ``place``."""
    if not isinstance(value, Mapping):
        raise EdgecryError(
            f"{place}{key}: found {_shown(value)}; it is a table, so write [{key}] above its keys"
        )
    return value


def nearest(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is unknown: the one that may be meant, or all."""
    names = list(known)
    close = difflib.get_close_matches(key, names, n=1)
    return f"did you mean {close[0]}?" if close else f"allowed are {', '.join(names)}"


def _place(origin: str, name: str) -> str:
    return f"{origin}: [{name}] " if name else f"{origin}: "


def _value(value: object, hint: Any, place: str) -> object:
    kinds = list(dict.fromkeys(_kinds(hint)))
    for kind in kinds:
        if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if isinstance(value, str) and "\0" in value:
            raise EdgecryError(f"{place}: found {_shown(value)}; a text cannot hold the character of code 0")
        if type(value) is kind and not (isinstance(value, float) and not math.isfinite(value)):
            return value
        if kind is float and type(value) is int and abs(value) < 2**53:
            return float(value)
    wanted = " or ".join(_WORDS[kind] for kind in kinds)
    raise EdgecryError(f"{place}: found {_shown(value)}; it has to be {wanted}")


def _kinds(hint: Any) -> Iterable[Any]:
    """What a value may be, in TOML's terms."""
    for part in get_args(hint) if get_origin(hint) is UnionType else (hint,):
        if part is NoneType:
            continue
        kind = get_origin(part) or part
        yield str if kind is os.PathLike else kind


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
