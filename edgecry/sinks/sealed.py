"""Messages as the outbox keeps them: JSON with the sink's name and a checksum, so that damage shows."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgecry.errors import EdgecryError
from edgecry.sinks.message import Report, read_report

_BEGIN: Final = b'{"schema":'
_SEAL: Final = ',"crc":'
#: Bytes of the longest message that is looked for in a damaged file.
_LONGEST: Final = 65_536


@dataclass(frozen=True)
class Sealed:
    """A message that waits for a sink, and its text in the file."""

    sink: str
    message: Report
    text: str


def seal(sink: str, message: Report) -> Sealed:
    """Write a message as JSON, with the sink in ``to`` and a CRC-32 of all that is before it in ``crc``."""
    text = json.dumps(message.to_dict() | {"to": sink}, separators=(",", ":"))[:-1]
    return Sealed(sink, message, f'{text}{_SEAL}"{_crc(text)}"}}')


def unseal(sink: object, body: object) -> Sealed | None:
    """Return a message that a row of the file holds, or None if it is damaged.

    Parameters
    ----------
    sink, body : object
        What stands in the row; bytes, if the file is sound. The sink in the text counts, if there is one:
        edgecry 0.1.0 wrote neither sink nor checksum into it.
    """
    if not isinstance(sink, bytes) or not isinstance(body, bytes):
        return None
    try:
        text, name = body.decode(), sink.decode()
    except UnicodeDecodeError:
        # The row's sink may be damaged, and the text be whole.
        return _of_text(body.decode(errors="replace"), None)
    return _of_text(text, name)


def find_sealed(data: bytes) -> Iterator[Sealed]:
    """Find the messages in the bytes of a file, whatever is around them; those with a checksum alone."""
    at = data.find(_BEGIN)
    while at >= 0:
        text = data[at : at + _LONGEST].decode(errors="replace")
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            end = 0
        if end and (sealed := _of_text(text[:end], None)) is not None:
            yield sealed
        at = data.find(_BEGIN, at + 1)


def _of_text(text: str, sink: str | None) -> Sealed | None:
    """Read a text; one without a checksum is believed if its row names the sink."""
    try:
        values: Any = json.loads(text)
        body, mark, rest = text.rpartition(_SEAL)
        if mark and rest != f'"{_crc(body)}"}}':
            return None
        name = values.get("to") if mark else sink
        if not isinstance(name, str):
            return None
        return Sealed(name, read_report(values), text)
    except (EdgecryError, ValueError, AttributeError, TypeError, RecursionError):
        return None


def _crc(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
