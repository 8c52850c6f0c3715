"""What another listener reports of its microphone. It is read field by field; all else is ignored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from edgecry.errors import EdgecryError

#: The longest cry that is believed, and the longest time that one can have waited, in seconds.
_LONGEST: Final = 7 * 86_400.0
_OLDEST: Final = 400 * 86_400.0
#: The most characters of a state, of a reason and of a label.
_WORD: Final = 40
_SENTENCE: Final = 300
_EVENT: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MACHINE: Final = re.compile(r"[0-9a-f]{0,16}")


@dataclass(frozen=True)
class Report:
    """The state of a microphone. It holds durations and no times, because the clocks of two machines differ.

    Attributes
    ----------
    machine : str
        A text that tells its machine from others.
    began : float
        When its listener began, in seconds since 1970 by its own clock.
    state : mapping
        As ``/api/state`` tells it of the page's own microphone.
    crying_for : float or None
        Seconds since the present cry began; None without a cry.
    """

    machine: str
    began: float
    state: Mapping[str, Any]
    crying_for: float | None


@dataclass(frozen=True)
class Cry:
    """One cry of another microphone. It began ``ago`` seconds before it was sent."""

    event: str
    ago: float
    duration: float
    peak: float
    mean: float
    label: str | None
    is_over: bool


def read_report(body: Mapping[str, Any]) -> Report:
    """Read the state of a microphone.

    Raises
    ------
    EdgecryError
        A field is missing, or is not what it should be.
    """
    at, crying = _time(body, "at"), _truth(body, "crying")
    crying_for = _between(_time(body, "since"), at, _LONGEST) if crying else None
    state = {
        "crying": crying,
        "hearing": _truth(body, "hearing"),
        "microphone": _text(body, "microphone", _WORD),
        "reason": _text(body, "reason", _SENTENCE),
        "level_dbfs": _maybe(body, "level_dbfs", -1000.0, 100.0),
        "probability": _maybe(body, "probability", 0.0, 1.0),
        "threshold": _maybe(body, "threshold", 0.0, 1.0),
        "muted": body.get("muted_until") is not None,
    }
    machine = _text(body, "machine", _WORD)
    if not _MACHINE.fullmatch(machine):
        raise _wrong("machine", "digits of a machine")
    return Report(machine, _time(body, "started_at").timestamp(), state, crying_for)


def read_cry(body: Mapping[str, Any]) -> Cry:
    """Read a cry. Errors are those of :func:`read_report`."""
    event = _text(body, "event", 100)
    if not _EVENT.fullmatch(event):
        raise _wrong("event", "letters, digits, - and _")
    started, ended = _time(body, "started_at"), body.get("ended_at")
    return Cry(
        event,
        _between(started, _time(body, "at"), _OLDEST),
        _number(body, "duration", 0.0, _LONGEST),
        _number(body, "peak", 0.0, 1.0),
        _number(body, "mean", 0.0, 1.0),
        None if body.get("label") is None else _text(body, "label", _WORD),
        ended is not None,
    )


def _between(earlier: datetime, later: datetime, most: float) -> float:
    """Return the seconds between two times, limited to what can be believed."""
    return min(max(0.0, (later - earlier).total_seconds()), most)


def _wrong(name: str, allowed: str) -> EdgecryError:
    return EdgecryError(f"{name}: allowed is {allowed}")


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise _wrong(name, f"a text of {most} characters at most")
    return value


def _truth(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _number(body: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = body.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high or not math.isfinite(value):  # type: ignore[operator,arg-type]
        raise _wrong(name, f"a number from {low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]


def _maybe(body: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    return None if body.get(name) is None else _number(body, name, low, high)


def _time(body: Mapping[str, Any], name: str) -> datetime:
    text = _text(body, name, _WORD)
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None or not timedelta() <= found - _FIRST < _CENTURIES:
            raise ValueError
    except (ValueError, OverflowError):
        raise _wrong(name, "a time, ISO 8601 with its zone") from None
    return found


_FIRST: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_CENTURIES: Final = timedelta(days=365 * 8000)
