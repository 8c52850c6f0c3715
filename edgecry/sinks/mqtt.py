"""MQTT: events to a broker, and the device to Home Assistant."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgecry.errors import AudioError, EdgecryError, SinkError
from edgecry.features.picture import picture
from edgecry.needs import Need, Server
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.broker import Connection, bounded_client
from edgecry.sinks.controls import Controls
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.homeassistant import belongs_to, discovery, former_topics, identifier, machine
from edgecry.sinks.ids import check_device
from edgecry.sinks.message import (
    CRYING_KINDS,
    RECORDED,
    ControlsMessage,
    EventMessage,
    Health,
    Message,
    Reading,
    Report,
    SourceMessage,
)
from edgecry.sinks.mqtt_settings import MQTT_PASSWORD, MQTT_USER, MqttSettings
from edgecry.sinks.topics import OFF, OFFLINE, ON, ONLINE, ORDERS, Topics

if TYPE_CHECKING:
    from paho.mqtt.client import Client

log = logging.getLogger("edgecry")

#: Connections in a row that end soon, after which another device of the same name is likely.
TAKEN = 2
#: Seconds that the broker may take to confirm the farewell.
FAREWELL = 2.0
#: Seconds that the broker may take to give back what was published.
ECHO = 5.0
#: Bytes of an order that are looked at.
LONGEST_ORDER = 40


class MqttSink(Sink):
    """Publishes events with QoS 1, one after another, each confirmed before the next.

    Events go to ``prefix/device/event``. What is retained, state and attributes, shows what holds
    now: an event that waited an hour for its broker must not ring an alarm, so only the newest
    changes them, and the start that an earlier run left without an end does not.

    Every connection is a client of its own. One that reconnects by itself would send what it had
    under way after what is newer, and the retained state would end up old.
    """

    Settings = MqttSettings
    network = True
    secret = ("password", MQTT_PASSWORD)
    variables = MappingProxyType({"user": MQTT_USER})
    durable = True

    def __init__(self, settings: MqttSettings, name: str = "mqtt") -> None:
        try:
            import paho.mqtt.client  # noqa: F401
        except ImportError:
            raise EdgecryError("mqtt: paho-mqtt is not installed; pip install '.[mqtt]'") from None
        self.settings = settings
        self.name = name
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        self._topics = settings.topics
        self._where = "{}:{}".format(*settings.address)
        self._password = read_secret("mqtt: password", settings.password_file, settings.password_variable)
        self._tls = _tls(settings) if settings.encrypted else None
        self._newest: EventMessage | None = None
        self._health: Health | None = None
        self._set: ControlsMessage | None = None
        self._controls: Controls | None = None
        self._connection: Connection | None = None
        self._to_announce = True
        self._machine = machine()
        self._taken = 0  # connections in a row that ended soon
        self._is_checked = False  # whether the broker has shown what was published

    @classmethod
    def shown(cls, settings: MqttSettings) -> str:
        """Say which broker, as whom, and below which topic."""
        host, port = settings.address
        user = f" as {settings.user}" if settings.user else ""
        return f"{host}:{port}{user}{', encrypted' if settings.encrypted else ''}, {settings.topics.root}"

    @classmethod
    def needs(cls, settings: MqttSettings) -> tuple[Need, ...]:
        """Return the broker."""
        return (Server(*settings.address),)

    def greet(self, timeout: float) -> None:
        """Log in, and leave."""
        self._guest("check", timeout).close()

    def hand(self, controls: Controls) -> None:
        """Take orders for these."""
        self._controls = controls

    def open(self) -> None:
        """Connect unless connected; tell the broker, and Home Assistant, what holds now."""
        if self._connection is None or self._connection.lost:
            self._look_for_a_twin()
            self._disconnect()
            self._connection = self._connect()
            self._to_announce = True
            log.info("%s: connected to %s", self.name, self._where)
        if self._to_announce:
            self._to_announce = False
            try:
                self._announce()
            except SinkError:
                self._to_announce = True
                raise
            self._look_for_a_list(self._connection)

    def deliver(self, message: Report) -> None:
        """Publish an event, and wait until the broker has it."""
        self._publish(self._topics.events, json.dumps(message.to_dict()), retain=False)

    def show(self, message: Message) -> None:
        """Bring what is retained up to date."""
        if isinstance(message, EventMessage):
            # The recording of a cry may be there when the next has begun.
            if message.kind != RECORDED or self._newest is None or self._newest.event == message.event:
                self._newest = message
            self._show_state()
            if message.kind == RECORDED and message.clip and self.settings.home_assistant:
                self._show_picture(Path(message.clip))
        elif isinstance(message, SourceMessage):
            return  # its health shows that
        elif isinstance(message, Reading):
            self._publish(self._topics.reading, json.dumps(message.to_dict()))
        elif isinstance(message, Health):
            self._health = message
            self._publish(self._topics.health, json.dumps(message.to_dict()))
        elif isinstance(message, ControlsMessage):
            self._set = message
            self._publish(self._topics.controls, json.dumps(message.to_dict()))
        else:
            self._publish(self._topics.heartbeat, json.dumps(message.to_dict()))
            if self.settings.expire_after is not None:
                self._show_state()

    def close(self) -> None:
        """Say that the device is offline, and disconnect."""
        connection = self._connection
        if connection is not None and not connection.lost:
            patience = min(FAREWELL, self.settings.timeout)
            with suppress(SinkError):
                connection.publish(self._topics.availability, OFFLINE, retain=True, timeout=patience)
        self._disconnect()

    def _look_for_a_twin(self) -> None:
        """Say so if the broker ends one connection after another: it does if two use the same client id."""
        if self._connection is None:
            return
        self._taken = self._taken + 1 if self._connection.ended_by_broker else 0
        if self._taken == TAKEN:
            log.warning(
                "%s: %s has ended %d connections in a row soon after they began; if another device has the "
                "same name, %r, give each its own with --name",
                self.name,
                self._where,
                TAKEN,
                self.settings.device,
            )

    def _look_for_a_list(self, connection: Connection) -> None:
        """Say so once if nothing that is published can be seen.

        A broker of MQTT 3.1.1 confirms what its access list forbids, and drops it.
        """
        if self._is_checked:
            return
        self._is_checked = True
        topic = self._topics.availability
        if not connection.shows(topic, ECHO):
            log.warning(
                "%s: %s does not show what was published at %s; if nothing arrives, its access list (ACL) "
                "may not let %s publish there",
                self.name,
                self._where,
                topic,
                self.settings.user or "this device",
            )

    def _announce(self) -> None:
        settings = self.settings
        if settings.home_assistant:
            prefix = settings.home_assistant.strip("/")
            name = settings.name or f"edgecry {settings.device}"
            messages = discovery(
                self._topics,
                prefix,
                name,
                settings.reasons,
                settings.expire_after,
                self._machine,
                settings.page,
            )
            for topic in former_topics(self._topics, prefix):
                self._publish(topic, "")
            for topic, payload in messages.items():
                self._publish(topic, payload)
        for topic, newest in ((self._topics.health, self._health), (self._topics.controls, self._set)):
            if newest is not None:
                self._publish(topic, json.dumps(newest.to_dict()))
        self._publish(self._topics.availability, ONLINE)
        self._show_state()

    def _show_state(self) -> None:
        """State and attributes; without an event in this run, nothing is said of the last."""
        newest = self._newest
        if newest is not None:
            self._publish(self._topics.attributes, json.dumps(newest.to_dict()))
        crying = newest is not None and newest.kind in CRYING_KINDS
        self._publish(self._topics.state, ON if crying else OFF)

    def _show_picture(self, clip: Path) -> None:
        try:
            drawn = picture(clip)
        except AudioError as error:  # such as one that the quota took meanwhile
            log.warning("%s: no picture of the last cry: %s", self.name, error)
            return
        self._publish(self._topics.picture, drawn)

    def _publish(self, topic: str, payload: str | bytes, retain: bool = True) -> None:
        if self._connection is None:
            raise SinkError(f"{self._where}: not connected")
        self._connection.publish(topic, payload, retain, self.settings.timeout)

    def _connect(self) -> Connection:
        settings = self.settings
        client = self._client(identifier(self._topics, self._machine))
        client.will_set(self._topics.availability, OFFLINE, qos=1, retain=True)
        status = f"{settings.home_assistant.strip('/')}/status" if settings.home_assistant else None
        orders = {self._topics.order(what): what for what in ORDERS} if self._controls else {}
        connection = Connection(client, self._where, status, self._changed, lambda *o: self._obey(orders, *o))
        connection.connect(settings.address, settings.keepalive, settings.timeout, orders)
        return connection

    def _obey(self, orders: Mapping[str, str], topic: str, payload: bytes) -> None:
        """Called by the network's thread: do what somebody asks for."""
        if self._controls is None or topic not in orders:
            return
        try:
            self._controls.obey(orders[topic], payload[:LONGEST_ORDER].decode(errors="replace").strip())
        except EdgecryError as error:
            log.warning("%s: %s: %s", self.name, topic, error)

    def _client(self, name: str) -> Client:
        client = bounded_client(client_id=name)
        if self.settings.user is not None:
            client.username_pw_set(self.settings.user, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        return client

    def forget(self, device: str, seconds: float = 2.0) -> list[str]:
        """Remove all that is retained of a device, such as this one under a former name.

        Parameters
        ----------
        device : str
            The name that it had.
        seconds : float
            How long the broker may send nothing before all is taken to have come.

        Returns
        -------
        list of str
            The topics that were removed.

        Raises
        ------
        EdgecryError
            The device is online, or the broker does not answer.
        """
        settings = self.settings
        topics = Topics(self._topics.prefix, check_device(device))
        connection = self._guest("forget", settings.timeout)
        try:
            prefix = (settings.home_assistant or "homeassistant").strip("/")
            found = connection.retained([f"{topics.root}/#", f"{prefix}/#"], seconds)
            if found.get(topics.availability) == ONLINE.encode():
                raise EdgecryError(
                    f"mqtt: {device!r} is online; end it first, or give its own name to forget"
                )
            gone = [
                topic
                for topic, payload in found.items()
                if topic.startswith(f"{topics.root}/") or belongs_to(payload.decode(errors="replace"), topics)
            ]
            for topic in gone:
                connection.publish(topic, "", True, settings.timeout)
        finally:
            connection.close()
        return gone

    def _guest(self, task: str, timeout: float) -> Connection:
        """Connect for a task, under a name of its own: the broker would end that of a listener that runs."""
        client = self._client(f"{identifier(self._topics, self._machine)}-{task}")
        connection = Connection(client, self._where, None, _nobody, _nobody)
        connection.connect(self.settings.address, self.settings.keepalive, timeout)
        return connection

    def _changed(self, home_assistant_is_back: bool) -> None:
        """Called by the network's thread: Home Assistant has started, or the connection is lost."""
        self._to_announce |= home_assistant_is_back
        self.wake()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _nobody(*_: object) -> None:
    """Hear what a guest is told."""


def _tls(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        found = ", ".join(str(f) for f in (settings.ca_file, settings.cert_file, settings.key_file) if f)
        raise EdgecryError(f"mqtt: certificates: {found}: {error}; name files in PEM") from None
    return context
