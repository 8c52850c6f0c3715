"""Numbers of settings: of the right kind, finite and in range, or refused in one wording."""

from __future__ import annotations

import math
import numbers
from typing import Final

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
