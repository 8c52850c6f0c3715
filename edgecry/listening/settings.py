"""Settings of ``edgecry listen``: a TOML file, with flags on top, checked before anything starts."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from edgecry.checks import check_kinds, number, shown
from edgecry.clips.folder import Quota
from edgecry.clips.recorder import ClipSettings
from edgecry.decision import Decision
from edgecry.errors import EdgecryError
from edgecry.listening.hearing import HearingSettings
from edgecry.sinks.ids import DEVICE_NAME
from edgecry.sinks.outbox import OutboxSettings
from edgecry.sources.settings import SourceSettings
from edgecry.stream.settings import EventSettings
from edgecry.toml_tables import Table, nearest, parse, table_of, values
from edgecry.web.settings import WebSettings

FLAGS: Final = "command line"
#: The file in which events wait, if the settings name no file.
OUTBOX: Final = "outbox.db"
_MAX_FILE: Final = 1_000_000


@dataclass(frozen=True)
class RecordSettings:
    """Recordings of events, if ``dir`` names a folder; the rest as ClipSettings and Quota take it."""

    dir: str = ""
    pre: float = ClipSettings.pre
    post: float = ClipSettings.post
    max_length: float = ClipSettings.max_length
    max_bytes: int = Quota.max_bytes
    max_days: float = Quota.max_days

    def __post_init__(self) -> None:
        check_kinds(self)
        _ = self.quota, self.clips(lookback=ClipSettings.lookback)

    @property
    def quota(self) -> Quota:
        """The quota of the folder."""
        return Quota(self.max_bytes, self.max_days)

    def clips(self, lookback: float, late: float | None = None) -> ClipSettings:
        """Return what is recorded if events are known ``lookback`` seconds late, and their ends ``late``."""
        return ClipSettings(self.pre, self.post, lookback, self.max_length, late)


@dataclass(frozen=True)
class EventTable:
    """When a run of windows is a cry, where that differs from what suits the detector's threshold.

    Parameters
    ----------
    onset, release, k, n, min_length, end_after, refractory, update_every : optional
        As :class:`~edgecry.stream.events.EventSettings` takes them.
    """

    onset: float | None = None
    release: float | None = None
    k: int | None = None
    n: int | None = None
    min_length: float | None = None
    end_after: float | None = None
    refractory: float | None = None
    update_every: float | None = None

    def __post_init__(self) -> None:
        # What does not depend on the detector is refused at once.
        self.around(1.0)

    def around(self, threshold: float) -> EventSettings:
        """Settings around a detector's threshold, or around ``onset``, with what is given on top.

        Raises
        ------
        EdgecryError
            They contradict one another, or one is out of range.
        """
        given = {key: value for key, value in dataclasses.asdict(self).items() if value is not None}
        return dataclasses.replace(EventSettings.around(given.get("onset", threshold)), **given)


@dataclass(frozen=True)
class ListenSettings:
    """All that ``edgecry listen`` can be told.

    Parameters
    ----------
    model : str
        The model of reasons: a file, or a bundled one's name. "cry" for no reasons.
    detector : str
        The model that tells whether there is a cry, likewise.
    threshold, coverage : float, optional
        In place of the models' own, as :class:`~edgecry.decision.Decision` takes them.
    gate : float < 0, optional
        Windows quieter than this, RMS in dB of full scale, are not looked at.
    name : str
        What this device is called in messages; the host's name if empty.
    heartbeat : float >= 10, or 0
        Seconds between two reports of the service's own state; 0 for none.
    source, hearing, events, record, outbox, web
        As their own classes say.
    sinks : mapping of str to mapping
        The tables of the sinks that are switched on, by their names, with keys that these know;
        :mod:`edgecry.sinks.making` makes sinks of them.
    """

    model: str = "reason"
    detector: str = "cry"
    threshold: float | None = None
    coverage: float | None = None
    gate: float | None = None
    name: str = ""
    heartbeat: float = 60.0
    source: SourceSettings = field(default_factory=SourceSettings)
    hearing: HearingSettings = field(default_factory=HearingSettings)
    events: EventTable = field(default_factory=lambda: EventTable())
    record: RecordSettings = field(default_factory=RecordSettings)
    outbox: OutboxSettings = field(default_factory=OutboxSettings)
    web: WebSettings = field(default_factory=WebSettings)
    sinks: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        check_kinds(self)
        for key in ("model", "detector"):
            if not getattr(self, key):
                raise EdgecryError(f"{key}: is empty; name a file or a bundled model, or leave it out")
        _ = self.decision
        if self.gate is not None:
            number("gate", self.gate, high=0, unit="dB", below=True)
        if self.name and not DEVICE_NAME.fullmatch(self.name):
            raise EdgecryError(f"name: {shown(self.name)}; allowed are 1 to 64 letters, digits, - and _")
        if number("heartbeat", self.heartbeat) != 0:
            number("heartbeat (0 for none)", self.heartbeat, 10, 86_400, "s")

    @property
    def decision(self) -> Decision:
        """The settings in place of the models' own."""
        return Decision(self.threshold, self.coverage)


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


def state_folder(settings: ListenSettings, environment: Mapping[str, str]) -> Path:
    """Return the folder of the service's own files: that of the outbox."""
    return outbox_path(settings, environment).parent


def outbox_path(settings: ListenSettings, environment: Mapping[str, str]) -> Path:
    """Return the file in which events wait: as set, or in the folder of the service, or in the user's."""
    if settings.outbox.path:
        return Path(settings.outbox.path)
    if given := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given) / OUTBOX
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "edgecry" / OUTBOX


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
    tables = table_of(table.get("sinks", {}), f"{origin}: ", "sinks")
    plain = {key: value for key, value in table.items() if key != "sinks"}
    settings = parse(ListenSettings, plain, origin)
    return dataclasses.replace(settings, sinks=_sinks(tables, origin))


def _sinks(tables: Table, origin: str) -> Mapping[str, Table]:
    """Tables of sinks that there are, with keys and kinds of values that they know."""
    from edgecry.sinks.making import SINKS, split
    from edgecry.sinks.rules import Rules

    for name, table in tables.items():
        if name not in SINKS:
            raise EdgecryError(f"{origin}: [sinks] {name}: is unknown; {nearest(name, SINKS)}")
        table_of(table, f"{origin}: [sinks] ", f"sinks.{name}")
        own, rules = split(table)
        values(SINKS[name].Settings, own, origin, f"sinks.{name}")
        parse(Rules, rules, origin, f"sinks.{name}")
    return MappingProxyType({name: MappingProxyType(dict(table)) for name, table in tables.items()})


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
        return tomllib.loads(data.decode("utf-8-sig"))  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise EdgecryError(f"{path}: is no text in UTF-8 ({error.reason}); save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise EdgecryError(f"{path}: is no TOML ({error})") from error
