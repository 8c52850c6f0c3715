"""Plain lines for people: when crying began, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

from edgecry.errors import SinkError
from edgecry.models.rules import UNCERTAIN
from edgecry.sinks.base import Sink
from edgecry.sinks.message import SOURCE_LOST, EventMessage, Report, SourceMessage


@dataclass(frozen=True)
class TextSettings:
    """Lines for people on standard output.

    Parameters
    ----------
    enabled : bool
        Whether there are any.
    """

    enabled: bool = True


class TextSink(Sink):
    """Writes a line a message: ``21:04:10 crying began (0.97)``. The time is local.

    Of a recording that is piped in, the place in it stands there.

    Parameters
    ----------
    stream : text file
        Where to; not closed here.
    """

    Settings = TextSettings
    alerts = False

    def __init__(self, stream: TextIO, name: str = "text") -> None:
        self.name = name
        self.stream = stream

    @classmethod
    def make(cls, settings: TextSettings, stream: TextIO) -> TextSink:  # noqa: ARG003
        """Make a sink that writes to ``stream``."""
        return cls(stream)

    @classmethod
    def shown(cls, settings: Any) -> str:  # noqa: ARG003
        """Say where the lines go."""
        return "standard output"

    def deliver(self, message: Report) -> None:
        """Write the line at once."""
        encoding = self.stream.encoding or "utf-8"
        text = line(message).encode(encoding, "backslashreplace").decode(encoding)
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except (OSError, ValueError) as error:
            # The reader has gone, or the file is full: an old line is of no use later.
            raise SinkError(f"cannot write a line ({error})", permanent=True) from error


def line(message: Report) -> str:
    """Return what a person is told of a message, in one line."""
    if isinstance(message, SourceMessage):
        if message.kind == SOURCE_LOST:
            return f"{_clock(message.at)} nothing is heard: {_printable(message.reason)}"
        return f"{_clock(message.at)} sound is heard again after {span(message.duration)}"
    if message.kind == "start":
        when = _clock(message.started_at) if message.live else position(message.start)
        return f"{when} crying began ({message.peak:.2f})"
    when = _clock(message.ended_at or message.at)
    if not message.live and message.end is not None:
        when = position(message.end)
    length = f"{span(message.duration)}{_reason(message)} (peak {message.peak:.2f}, mean {message.mean:.2f})"
    if message.kind == "update":
        return f"{when} still crying after {length}"
    if message.kind == "recorded":
        return f"{_clock(message.at)} recorded as {_printable(message.clip or '')}"
    return f"{when} crying ended after {length}"


def position(seconds: float) -> str:
    """A place in a recording, from its beginning: ``40:07``, ``1:02:40``."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m:02}:{s:02}"


def span(seconds: float) -> str:
    """A length of time as people say it: ``8 s``, ``1 min 12 s``, ``2 h 5 min``."""
    whole = round(seconds)
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    if hours:
        return f"{hours} h {m} min"
    return f"{m} min {s} s" if m else f"{s} s"


def _reason(message: EventMessage) -> str:
    if message.label is None:
        return ""
    if message.label == UNCERTAIN:
        # To name all of them would say nothing.
        left = message.reason_set if len(message.reason_set) < len(message.reasons or ()) else ()
        several = " or ".join(_printable(reason) for reason in left)
        return f", reason uncertain{f': {several}' if several else ''}"
    p = (message.reasons or {}).get(message.label)
    return f", reason {_printable(message.label)}{'' if p is None else f' {p:.2f}'}"


def _clock(moment: str) -> str:
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"
    except ValueError:
        return _printable(moment)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
