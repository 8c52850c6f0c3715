"""Settings of MQTT: which broker, as whom, and what the device is called there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from edgecry.checks import check_kinds, number, shown, whole
from edgecry.errors import EdgecryError
from edgecry.sinks.base import Backoff
from edgecry.sinks.ids import check_device, default_device
from edgecry.sinks.topics import Topics
from edgecry.words import is_host

#: Variables of the environment that hold the user and the password.
MQTT_USER = "EDGECRY_MQTT_USER"
MQTT_PASSWORD = "EDGECRY_MQTT_PASSWORD"  # noqa: S105 - its name


@dataclass(frozen=True)
class MqttSettings:
    """The broker, and what the device is called there.

    Attributes
    ----------
    host : str
        Name or address of the broker.
    port : int, optional
        1883, or 8883 with TLS, if left out.
    device : str
        Names the device in topics and ids; every device needs its own.
    prefix : str
        First part of the topics.
    user : str, optional
        Whom to log in as.
    password_file, password_variable : optional
        Where the password is: a file, or a variable of the environment.
    tls : bool
        Whether to encrypt; on if a certificate is given.
    ca_file, cert_file, key_file : path, optional
        Certificates to trust instead of the system's, and the device's own with its key.
    home_assistant : str, optional
        Home Assistant's discovery prefix; None, or an empty text, to leave Home Assistant alone.
    name : str, optional
        What Home Assistant shows the device as; "edgecry " and ``device`` if left out.
    reasons : tuple of str
        Labels that the reason can have, for Home Assistant.
    expire_after : int, optional
        Seconds after which Home Assistant takes a silent device for dead. Each heartbeat repeats the
        state; give at least twice its interval. The last will covers all but a listener that hangs.
    page : str, optional
        Address of the device's own page, to which Home Assistant links.
    keepalive : int
        Seconds between signs of life to the broker.
    timeout : float
        Seconds that the broker may take for an answer.
    first_wait, longest_wait : float
        Seconds between attempts to connect: the first, doubled up to the longest.
    """

    host: str
    port: int | None = None
    device: str = field(default_factory=default_device)
    prefix: str = "edgecry"
    user: str | None = None
    password_file: str | os.PathLike[str] | None = None
    password_variable: str | None = None
    tls: bool = False
    ca_file: str | os.PathLike[str] | None = None
    cert_file: str | os.PathLike[str] | None = None
    key_file: str | os.PathLike[str] | None = None
    home_assistant: str | None = "homeassistant"
    name: str | None = None
    reasons: tuple[str, ...] = ()
    expire_after: int | None = None
    page: str | None = None
    keepalive: int = 30
    timeout: float = 10.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        check_kinds(self, "mqtt: ")
        check_device(self.device)
        if not is_host(self.host):
            raise EdgecryError(f"mqtt: host: found {shown(self.host)}; allowed is a name or an address")
        if self.port is not None:
            whole("mqtt: port", self.port, 1, 65535)
        for what, topic in (("prefix", self.prefix), ("home_assistant", self.home_assistant or "none")):
            if not _is_topic(topic):
                raise EdgecryError(f"mqtt: {what}: found {shown(topic)}; allowed is a topic without + and #")
        if self.user is None and (self.password_file or self.password_variable):
            raise EdgecryError("mqtt: found a password without a user; give both")
        if self.key_file is not None and self.cert_file is None:
            raise EdgecryError("mqtt: key_file: found a key without its certificate; give cert_file")
        whole("mqtt: keepalive", self.keepalive, 1, 65535, "s")
        number("mqtt: timeout", self.timeout, 0, unit="s", above=True)
        if self.page is not None and not self.page.startswith(("http://", "https://")):
            raise EdgecryError(
                f"mqtt: page: found {shown(self.page)}; allowed is http://host or https://host"
            )
        if self.expire_after is not None:
            whole("mqtt: expire_after", self.expire_after, 1, unit="s")
        Backoff(self.first_wait, self.longest_wait)

    @property
    def encrypted(self) -> bool:
        """True if TLS is used."""
        return self.tls or self.ca_file is not None or self.cert_file is not None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.encrypted else 1883)

    @property
    def topics(self) -> Topics:
        """The topics at which the device publishes."""
        return Topics(self.prefix.strip("/"), self.device)


def _is_topic(text: str) -> bool:
    return bool(text.strip("/")) and text.isprintable() and not set(text) & set("+#")
