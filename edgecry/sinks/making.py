"""Sinks from the tables of a settings file; what is secret from files and the environment."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TextIO
from urllib.parse import urlsplit

from edgecry.errors import EdgecryError
from edgecry.sinks.base import Sink
from edgecry.sinks.execute import ExecSettings, ExecSink
from edgecry.sinks.jsonl import JsonlSettings, JsonlSink
from edgecry.sinks.mqtt import MqttSettings, MqttSink
from edgecry.sinks.text import TextSink
from edgecry.sinks.webhook import WebhookSettings, WebhookSink
from edgecry.toml_tables import Table, parse


@dataclass(frozen=True)
class TextSettings:
    """Lines for people on standard output.

    Parameters
    ----------
    enabled : bool
        Whether there are any.
    """

    enabled: bool = True


#: What each sink can be told, by the name of its table.
SETTINGS: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "text": TextSettings,
        "jsonl": JsonlSettings,
        "exec": ExecSettings,
        "webhook": WebhookSettings,
        "mqtt": MqttSettings,
    }
)
_MAKERS: Final[Mapping[str, Callable[[Any], Sink]]] = MappingProxyType(
    {"jsonl": JsonlSink, "exec": ExecSink, "webhook": WebhookSink, "mqtt": MqttSink}
)
#: Where a secret is, unless a table says so: key of the table, variable of the environment.
SECRETS: Final = MappingProxyType(
    {
        "webhook": ("token", "EDGECRY_WEBHOOK_TOKEN"),
        "mqtt": ("password", "EDGECRY_MQTT_PASSWORD"),
    }
)
MQTT_USER: Final = "EDGECRY_MQTT_USER"
#: Of an MQTT address: whether it is encrypted.
_SCHEMES: Final = MappingProxyType({"mqtt": False, "tcp": False, "mqtts": True, "ssl": True})


def sink_settings(
    tables: Mapping[str, Table],
    device: str,
    reasons: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
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
        Where secrets are looked for that no table names: EDGECRY_MQTT_USER, EDGECRY_MQTT_PASSWORD and
        EDGECRY_WEBHOOK_TOKEN; that of the process if left out. CREDENTIALS_DIRECTORY is where systemd
        puts the files that the tables name.

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
    found = {}
    for name in SETTINGS:
        if name not in tables and name != "text":
            continue
        table = _with_secret(name, tables.get(name, {}), environment)
        table = _with_credentials(name, table, environment)
        if name == "mqtt":
            table = {"device": device, "reasons": list(reasons), **table}
        is_bare = name == "mqtt" and table.get("home_assistant") == ""  # TOML has no None
        if is_bare:
            table = {key: value for key, value in table.items() if key != "home_assistant"}
        settings = parse(SETTINGS[name], table, f"[sinks.{name}]")
        if is_bare:
            settings = dataclasses.replace(settings, home_assistant=None)
        if settings != TextSettings(enabled=False):
            found[name] = settings
    return found


def make_sinks(settings: Mapping[str, Any], stream: TextIO) -> list[Sink]:
    """Make sinks, none open yet; text goes to ``stream``.

    Raises
    ------
    EdgecryError
        A secret, a certificate or a folder is not where it should be, or a package is missing.
    """
    return [TextSink(stream) if name == "text" else _MAKERS[name](found) for name, found in settings.items()]


def mqtt_address(text: str) -> dict[str, Any]:
    """Read ``HOST``, ``HOST:PORT``, ``mqtt://HOST:PORT`` or, encrypted, ``mqtts://HOST:PORT``.

    Returns
    -------
    dict
        Keys of the table: ``host``, and ``port`` and ``tls`` where they are said.

    Raises
    ------
    EdgecryError
        It is none, or holds a user, which everybody could see in the list of processes.
    """
    refusal = EdgecryError(
        f"mqtt: found {_without_user(text)!r}; allowed are HOST, HOST:PORT, mqtt://HOST:PORT and mqtts://HOST:PORT"
    )
    is_bare = "://" not in text
    # Of an address of version 6 only one in brackets can have a port.
    if is_bare and text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    try:
        parts = urlsplit(f"mqtt://{text}" if is_bare else text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refusal from None
    if parts.username is not None:
        raise EdgecryError(
            f"mqtt: {_without_user(text)!r} holds a user, which everybody on this machine could read; put "
            f"it into {MQTT_USER} and {SECRETS['mqtt'][1]}, or into the settings file"
        )
    if parts.scheme not in _SCHEMES or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise refusal
    table: dict[str, Any] = {"host": host, "port": port}
    if not is_bare:
        table["tls"] = _SCHEMES[parts.scheme]
    return {key: value for key, value in table.items() if value is not None}


def _with_secret(name: str, table: Table, environment: Mapping[str, str]) -> Table:
    """Name the variable of the environment that holds a sink's secret, if nothing else is said."""
    if name not in SECRETS:
        return table
    added: dict[str, Any] = {}
    if name == "mqtt" and "user" not in table and environment.get(MQTT_USER):
        added["user"] = environment[MQTT_USER]
    key, variable = SECRETS[name]
    named = any(f"{key}_{kind}" in table for kind in ("file", "variable"))
    if environment.get(variable) and not named:
        added[f"{key}_variable"] = variable
    return {**table, **added}


def _with_credentials(name: str, table: Table, environment: Mapping[str, str]) -> Table:
    """Take files from where systemd has put them for a service, whose user may not read them itself."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return table
    given = {key: Path(folder) / credential(name, key) for key in table if is_file(key)}
    return {**table, **{key: str(path) for key, path in given.items() if path.exists()}}


def is_file(key: str) -> bool:
    """Whether a key of a sink's table names a file that is read: a secret, or a certificate."""
    return key.endswith("_file")


def credential(name: str, key: str) -> str:
    """What systemd calls the file that a key of a sink's table names, in ``LoadCredential``."""
    return f"{name}.{key}"


def _without_user(text: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"(^|//)[^/]*@", r"\1...@", text)


def is_durable(settings: Mapping[str, Any]) -> bool:
    """Whether any of these sinks has events wait on disk."""
    return any(getattr(_MAKERS.get(name), "durable", False) for name in settings)


def shown(name: str, settings: Any) -> str:
    """Where a sink's events go, in a few words, without what may be secret."""
    match name:
        case "text":
            return "standard output"
        case "jsonl":
            return str(settings.path)
        case "exec":
            return str(settings.command)
        case "webhook":
            return str(settings.url).partition("?")[0]
        case _:
            host, port = settings.address
            user = f" as {settings.user}" if settings.user else ""
            return f"{host}:{port}{user}{', encrypted' if settings.encrypted else ''}, {settings.topics.root}"
