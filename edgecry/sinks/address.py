"""The address of a broker, as a person writes it."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from edgecry.errors import EdgecryError
from edgecry.sinks.mqtt_settings import MQTT_PASSWORD, MQTT_USER

#: Schemes of an address, and whether each is encrypted.
_SCHEMES: Final = MappingProxyType({"mqtt": False, "tcp": False, "mqtts": True, "ssl": True})


def mqtt_address(text: str) -> dict[str, Any]:
    """Read ``HOST``, ``HOST:PORT``, ``mqtt://HOST:PORT`` or, encrypted, ``mqtts://HOST:PORT``.

    Returns
    -------
    dict
        Keys of the table: ``host``, and ``port`` and ``tls`` where they are said.

    Raises
    ------
    EdgecryError
        The text is not an address, or holds a user, which everybody could see in the list of processes.
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
            f"it into {MQTT_USER} and {MQTT_PASSWORD}, or into the settings file"
        )
    if parts.scheme not in _SCHEMES or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise refusal
    table: dict[str, Any] = {"host": host, "port": port}
    if not is_bare:
        table["tls"] = _SCHEMES[parts.scheme]
    return {key: value for key, value in table.items() if value is not None}


def _without_user(text: str) -> str:
    """Return an address as it may be shown."""
    return re.sub(r"(^|//)[^/]*@", r"\1...@", text)
