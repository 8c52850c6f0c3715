"""Sinks from the tables of a settings file; what is secret from files and the environment."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TextIO

from edgecry.sinks.base import Sink
from edgecry.sinks.execute import ExecSink
from edgecry.sinks.jsonl import JsonlSink
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.notify import NotifySink
from edgecry.sinks.page import PageReportSink
from edgecry.sinks.rules import Rules
from edgecry.sinks.text import TextSink
from edgecry.sinks.webhook import WebhookSink
from edgecry.toml_tables import Table, parse

#: The class of each sink, by the name of its table; a new sink joins here.
SINKS: Final[Mapping[str, type[Sink]]] = MappingProxyType(
    {
        "text": TextSink,
        "jsonl": JsonlSink,
        "exec": ExecSink,
        "webhook": WebhookSink,
        "mqtt": MqttSink,
        "notify": NotifySink,
        "page": PageReportSink,
    }
)
#: The sinks that are there although no table names them.
ALWAYS: Final = frozenset({"text"})


def sink_settings(
    tables: Mapping[str, Table],
    device: str,
    reasons: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    heartbeat: float = 0.0,
    page: str | None = None,
) -> dict[str, Any]:
    """Check the tables of sinks, with what they leave open filled in.

    Parameters
    ----------
    tables : mapping
        The table of each sink, by its name. Text is among the sinks unless its table says otherwise.
    device : str
        What the device is called.
    reasons : sequence of str
        Labels that an event can have.
    environment : mapping, optional
        Where secrets are looked for that no table names, in the variables that each sink knows; that of
        the process if left out. CREDENTIALS_DIRECTORY is where systemd puts the files that the tables name.
    heartbeat : float
        Seconds between heartbeats; a sink that can take a silent device for dead does so after three.
    page : str, optional
        Address of the device's own page, as other machines reach it.

    Returns
    -------
    dict of str to settings
        Of the sinks that are switched on.

    Raises
    ------
    EdgecryError
        Something is missing or out of range.
    """
    environment = os.environ if environment is None else environment
    known: dict[str, Any] = {"device": device, "reasons": list(reasons)}
    if heartbeat:
        known["expire_after"] = round(3 * heartbeat)
    if page:
        known["page"] = page
    found = {}
    for name, sink in SINKS.items():
        if name not in tables and name not in ALWAYS:
            continue
        fields = {field.name for field in dataclasses.fields(sink.Settings)}
        own, _ = split(tables.get(name, {}))
        table = {key: value for key, value in known.items() if key in fields} | own
        table |= _from_variables(sink, table, environment)
        table |= _from_systemd(name, table, environment)
        settings = parse(sink.Settings, table, f"[sinks.{name}]")
        if getattr(settings, "enabled", True):
            found[name] = settings
    return found


def sink_rules(tables: Mapping[str, Table]) -> dict[str, Rules]:
    """Read what each sink is told and when, from its table.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """
    return {
        name: parse(Rules, {"mute": sink.alerts} | split(tables.get(name, {}))[1], f"[sinks.{name}]")
        for name, sink in SINKS.items()
    }


def split(table: Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a sink's table into its own keys and those of its rules."""
    rules = {field.name for field in dataclasses.fields(Rules)}
    return (
        {key: value for key, value in table.items() if key not in rules},
        {key: value for key, value in table.items() if key in rules},
    )


def make_sinks(settings: Mapping[str, Any], stream: TextIO) -> list[Sink]:
    """Make sinks, none open yet; what goes to standard output goes to ``stream``.

    Raises
    ------
    EdgecryError
        A secret, a certificate or a folder is not where it should be, or a package is missing.
    """
    return [SINKS[name].make(found, stream) for name, found in settings.items()]


def is_durable(settings: Mapping[str, Any]) -> bool:
    """Return True if events wait on disk for any of these sinks."""
    return any(SINKS[name].durable for name in settings)


def is_file(key: str) -> bool:
    """Return True if a key of a sink's table names a file that is read: a secret, or a certificate."""
    return key.endswith("_file")


def credential(name: str, key: str) -> str:
    """Return what systemd calls the file that a key of a sink's table names, in ``LoadCredential``."""
    return f"{name}.{key}"


def _from_variables(sink: type[Sink], table: Table, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that variables of the environment fill in, where the table says nothing else."""
    added = {
        key: environment[variable]
        for key, variable in sink.variables.items()
        if key not in table and environment.get(variable)
    }
    if sink.secret is not None:
        key, variable = sink.secret
        is_named = any(f"{key}_{kind}" in table for kind in ("file", "variable"))
        if environment.get(variable) and not is_named:
            added[f"{key}_variable"] = variable
    return added


def _from_systemd(name: str, table: Table, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the files that systemd has put where the service may read them, by the keys that name them."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return {}
    given = {key: Path(folder) / credential(name, key) for key in table if is_file(key)}
    return {key: str(path) for key, path in given.items() if path.exists()}
