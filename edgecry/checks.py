"""Values of settings: of the right kind, and numbers finite and in range, or refused in one wording."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, Final

from edgecry.errors import EdgecryError

#: Characters of a refused value that a message shows.
_SHOWN: Final = 60


def number(
    name: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
    *,
    above: bool = False,
    below: bool = False,
    error: type[EdgecryError] = EdgecryError,
) -> float:
    """Return a number as a float, if it is finite and in range.

    Parameters
    ----------
    name : str
        What the number is, for the message.
    value : object
        A real number of Python or NumPy. A bool and an array, also one of a single value, are not numbers.
    low, high : float
        The smallest and the largest value that is allowed.
    unit : str
        Its unit, for the message.
    above, below : bool
        True if ``low`` itself is too small; if ``high`` itself is too large.
    error : type
        The EdgecryError to raise.

    Raises
    ------
    EdgecryError
        The value is not a number, not finite, or out of range.
    """
    allowed = _allowed(low, high, unit, above, below)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise error(f"{name}: {shown(value)} is not a number; allowed are {allowed}")
    try:
        found = float(value)
    except (OverflowError, TypeError, ValueError):  # 10**400, or a number of a kind of its own
        found = math.nan
    if (
        not math.isfinite(found)
        or not low <= found <= high
        or (above and found == low)
        or (below and found == high)
    ):
        raise error(f"{name}: {shown(value)}{_after(unit)} is out of range; allowed are {allowed}")
    return found


def whole(
    name: str,
    value: object,
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
    *,
    error: type[EdgecryError] = EdgecryError,
) -> int:
    """Return a whole number as an int, if it is in range; the parameters are those of :func:`number`.

    Raises
    ------
    EdgecryError
        The value is not a whole number (1.0 is not one), or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise error(
            # 16000.0 is shown with its point, which is what is wrong with it.
            f"{name}: {repr(value) if type(value) is float else shown(value)} is not a whole number; "
            f"allowed are whole numbers{_range(low, high, unit)}"
        )
    number(name, value, low, high, unit, error=error)
    return int(value)


def one_of(
    name: str, value: object, allowed: Collection[str], *, error: type[EdgecryError] = EdgecryError
) -> None:
    """Refuse what is not one of these words.

    Raises
    ------
    EdgecryError
        The value is none of them.
    """
    if not isinstance(value, str) or value not in allowed:
        raise error(f"{name}: {shown(value)} is unknown; allowed are {', '.join(allowed)}")


def check_kinds(settings: Any, prefix: str = "", *, error: type[EdgecryError] = EdgecryError) -> None:
    """Refuse text, switches and paths of another kind than the fields of a dataclass are declared as.

    A program that embeds edgecry gives them by itself, and no file of settings is checked before. Numbers are
    left to :func:`number` and :func:`whole`, which know their range.

    Parameters
    ----------
    settings : dataclass
        Its annotations are text, as ``from __future__ import annotations`` leaves them.
    prefix : str
        What stands before the name of a field in a message.
    error : type
        The EdgecryError to raise.

    Raises
    ------
    EdgecryError
        A value is of another kind.
    """
    for field in fields(settings):
        declared, value = str(field.type), getattr(settings, field.name)
        if value is None and declared.endswith(" | None"):
            continue
        is_right, words = _KINDS.get(declared.removesuffix(" | None"), _ANY)
        if not is_right(value):
            raise error(f"{prefix}{field.name}: {shown(value)} is not {words}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and "\0" not in str(value)


def _is_name_or_number(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


#: For the annotation of a field: whether a value is of that kind, and the kind in words.
_KINDS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "str": (_is_text, "text"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "tuple[str, ...]": (_are_texts, "a list of texts"),
    "str | os.PathLike[str]": (_is_path, "a path"),
    "str | int": (_is_name_or_number, "a name or a number"),
}
_ANY: Final[tuple[Callable[[object], bool], str]] = (lambda _: True, "")


def shown(value: object) -> str:
    """Return a value as a message shows it: one line, however large or odd the value is."""
    try:
        text = f"{value:g}" if isinstance(value, float) else " ".join(repr(value).split())
    except Exception:  # an int of more than 4300 digits, or a repr that fails
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _allowed(low: float, high: float, unit: str, above: bool, below: bool) -> str:
    between = _range(low, high, unit, above, below).strip()
    if not between:
        return "finite numbers"
    return f"numbers {between}" if not between[:1].isdigit() and between[:1] != "-" else between


def _range(low: float, high: float, unit: str, above: bool = False, below: bool = False) -> str:
    """Say from where to where, after a space; nothing if all numbers are allowed."""
    unit = _after(unit)
    least, most = f"{low:.15g}", f"{high:.15g}"
    if above:
        end = "below" if below else "at most"
        return f" above {least}{unit}" + (f" and {end} {most}{unit}" if high < math.inf else "")
    if low > -math.inf and high < math.inf:
        return f" {least} to {most}{unit}"
    if low > -math.inf:
        return f" {least}{unit} and more"
    return f" {'below' if below else 'up to'} {most}{unit}" if high < math.inf else ""


def _after(unit: str) -> str:
    return f" {unit}" if unit else ""
