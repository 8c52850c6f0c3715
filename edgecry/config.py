"""Settings of ``edgecry listen``: a TOML file, with flags on top, checked before anything starts."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from edgecry.clips import ClipSettings
from edgecry.clipstore import Quota
from edgecry.errors import EdgecryError
from edgecry.events import EventSettings
from edgecry.sources.format import PcmFormat
from edgecry.sources.restart import POLICIES, RestartSettings

#: Where sound can come from.
KINDS: Final = ("device", "command", "stdin")
#: Where events can go.
SINKS: Final = ("text", "jsonl", "exec", "webhook", "mqtt")
FLAGS: Final = "command line"
_MAX_FILE: Final = 1_000_000
_WORDS: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}

T = TypeVar("T")
Table = Mapping[str, Any]


@dataclass(frozen=True)
class SourceSettings:
    """Where sound comes from.

    Parameters
    ----------
    kind : {"device", "command", "stdin"}
        A microphone, a program that writes raw PCM, or standard input.
    command : str
        The program and its arguments, for "command".
    device : str or int
        Part of the microphone's name, or its number, for "device"; the default one if empty.
    sr, channels, encoding : int, int, str
        How the sound is written, as :class:`~edgecry.sources.format.PcmFormat` takes it.
    restart : {"always", "on-failure", "never"}
        Whether a microphone or a program that is gone is started again.
    stall : float > 0
        Seconds of nothing after which it is taken for gone.
    hold : float in [1, 300]
        Seconds of sound that wait for their turn before the oldest is dropped.
    """

    kind: str = "device"
    command: str = ""
    device: str | int = ""
    sr: int = 16000
    channels: int = 1
    encoding: str = "s16le"
    restart: str = "always"
    stall: float = 10.0
    hold: float = 10.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EdgecryError(f"kind: {self.kind!r} is unknown; allowed are {', '.join(KINDS)}")
        if (self.kind == "command") != bool(self.command.strip()):
            raise EdgecryError(
                f"command: {self.command!r} with kind {self.kind!r}; a command goes with kind 'command', "
                "and that needs one"
            )
        _ = self.pcm
        if self.restart not in POLICIES:
            raise EdgecryError(f"restart: {self.restart!r} is unknown; allowed are {', '.join(POLICIES)}")
        RestartSettings(self.restart, self.stall)
        if not 1 <= self.hold <= 300:
            raise EdgecryError(f"hold: {self.hold:g} s is out of range; allowed are 1 to 300 s")

    @property
    def pcm(self) -> PcmFormat:
        """How the sound is written."""
        return PcmFormat(self.sr, self.channels, self.encoding)


@dataclass(frozen=True)
class RecordSettings:
    """Recordings of events, if ``dir`` names a folder; the rest as ClipSettings and Quota take it."""

    dir: str = ""
    pre: float = 5.0
    post: float = 5.0
    max_length: float = 900.0
    max_bytes: int = 1_000_000_000
    max_days: float = 30.0

    def __post_init__(self) -> None:
        _ = self.quota, self.clips(lookback=30.0)

    @property
    def quota(self) -> Quota:
        """How much is kept."""
        return Quota(self.max_bytes, self.max_days)

    def clips(self, lookback: float) -> ClipSettings:
        """What is recorded, where events are known ``lookback`` seconds late."""
        return ClipSettings(self.pre, self.post, lookback, self.max_length)


@dataclass(frozen=True)
class OutboxSettings:
    """Where events wait until they are delivered.

    Parameters
    ----------
    path : str
        The file; memory only if empty.
    max_messages : int >= 1
        How many wait for one sink at most.
    max_bytes : int >= 1000
        How much they may take.
    """

    path: str = ""
    max_messages: int = 10_000
    max_bytes: int = 16 * 2**20

    def __post_init__(self) -> None:
        for name, least in (("max_messages", 1), ("max_bytes", 1000)):
            if getattr(self, name) < least:
                raise EdgecryError(
                    f"{name}: {getattr(self, name)} is out of range; allowed is {least} and more"
                )


@dataclass(frozen=True)
class ListenSettings:
    """All that ``edgecry listen`` can be told.

    Parameters
    ----------
    model : str
        The detector's model file; the bundled one if empty.
    reason_model : str
        The model file for reasons; the bundled one if empty.
    heartbeat : float >= 10, or 0
        Seconds between two reports of the service's own state; 0 for none.
    source, events, record, outbox
        As their own classes say.
    sinks : mapping of str to mapping
        The tables of the sinks that are switched on, by their names; each sink checks its own.
    """

    model: str = ""
    reason_model: str = ""
    heartbeat: float = 60.0
    source: SourceSettings = field(default_factory=SourceSettings)
    events: EventSettings = field(default_factory=EventSettings)
    record: RecordSettings = field(default_factory=RecordSettings)
    outbox: OutboxSettings = field(default_factory=OutboxSettings)
    sinks: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.heartbeat != 0 and not 10 <= self.heartbeat <= 86_400:
            raise EdgecryError(
                f"heartbeat: {self.heartbeat:g} s is out of range; allowed are 10 to 86400 s, or 0 for none"
            )


def load_settings(
    path: str | os.PathLike[str] | None = None, overrides: Mapping[str, object] | None = None
) -> ListenSettings:
    """Read settings from a file, and put flags on top.

    Parameters
    ----------
    path : path, optional
        The TOML file; the defaults alone if left out.
    overrides : mapping, optional
        Values by dotted key, such as ``{"events.onset": 0.7}``; None stands for a flag that was not
        given.

    Raises
    ------
    EdgecryError
        The file cannot be read, or something in it or in the flags is unknown or out of range. The
        message names the file, the table and the key.
    """
    table: dict[str, Any] = {}
    if path is not None:
        table = _read(Path(path))
        parse_settings(table, str(path))
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    if not given:
        return parse_settings(table, FLAGS)
    return parse_settings(merge(table, given), FLAGS)


def merge(table: Table, overrides: Mapping[str, object]) -> dict[str, Any]:
    """Put values by dotted key into a copy of nested tables."""
    merged = {key: merge(value, {}) if isinstance(value, Mapping) else value for key, value in table.items()}
    for dotted, value in overrides.items():
        *tables, key = dotted.split(".")
        place = merged
        for name in tables:
            place = place.setdefault(name, {})
        place[key] = value
    return merged


def parse_settings(table: Table, origin: str) -> ListenSettings:
    """Check nested tables, as TOML gives them; ``origin`` is the file's name, for messages."""
    return _parse(ListenSettings, table, origin, "")


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        raise EdgecryError(f"{path}: no such file; check the name") from None
    except (OSError, ValueError) as error:
        raise EdgecryError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(data) > _MAX_FILE:
        raise EdgecryError(f"{path}: is longer than {_MAX_FILE} bytes; these are no settings")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise EdgecryError(f"{path}: is no TOML ({error})") from error


# -- tables to dataclasses ---------------------------------------------------------------------------


def _parse(kind: type[T], table: Table, origin: str, name: str) -> T:
    """Make a dataclass of a table of the same keys."""
    place = f"{origin}: [{name}] " if name else f"{origin}: "
    hints = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in hints:
            raise EdgecryError(f"{place}{key}: is unknown; {_nearest(key, hints)}")
        inner = f"{name}.{key}" if name else key
        if dataclasses.is_dataclass(hints[key]):
            values[key] = _parse(hints[key], _table(value, place, key), origin, inner)
        elif key == "sinks":
            values[key] = _sinks(_table(value, place, key), origin)
        else:
            values[key] = _value(value, hints[key], f"{place}{key}")
    try:
        return kind(**values)
    except EdgecryError as error:
        raise EdgecryError(f"{place}{error}") from error


def _table(value: object, place: str, key: str) -> Table:
    if not isinstance(value, Mapping):
        raise EdgecryError(
            f"{place}{key}: found {_shown(value)}; it is a table, so write [{key}] above its keys"
        )
    return value


def _value(value: object, hint: Any, place: str) -> object:
    is_union = get_origin(hint) is UnionType
    kinds = [kind for kind in (get_args(hint) if is_union else (hint,)) if kind is not NoneType]
    for kind in kinds:
        if type(value) is kind and not (isinstance(value, float) and not math.isfinite(value)):
            return value
        if kind is float and type(value) is int and abs(value) < 2**53:
            return float(value)
    wanted = " or ".join(_WORDS[kind] for kind in kinds)
    raise EdgecryError(f"{place}: found {_shown(value)}; it has to be {wanted}")


def _sinks(tables: Table, origin: str) -> Mapping[str, Table]:
    """Tables of known sinks; what is in them is for the sinks to know, as long as it is plain."""
    for name, table in tables.items():
        if name not in SINKS:
            raise EdgecryError(f"{origin}: [sinks] {name}: is unknown; {_nearest(name, SINKS)}")
        for key, value in _table(table, f"{origin}: [sinks] ", f"sinks.{name}").items():
            if not _is_plain(value):
                raise EdgecryError(
                    f"{origin}: [sinks.{name}] {key}: found {_shown(value)}; allowed are texts, numbers, "
                    "true or false, and lists of texts"
                )
    return MappingProxyType({name: MappingProxyType(dict(table)) for name, table in tables.items()})


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str | int | bool)


def _nearest(key: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(key, names, n=1)
    return f"did you mean {close[0]}?" if close else f"allowed are {', '.join(names)}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
