"""A connection to an MQTT broker, from its beginning to its end; paho-mqtt behind a blocking face."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from edgecry.errors import SinkError
from edgecry.sinks.topics import ONLINE

if TYPE_CHECKING:
    from paho.mqtt.client import Client


log = logging.getLogger("edgecry")

#: Seconds after its beginning within which the end of a connection is odd.
SOON: Final = 20.0
#: Bytes of the longest packet that is taken; what a broker has to say to us is short.
LONGEST_PACKET: Final = 2**20


def bounded_client(**options: Any) -> Client:
    """Make a client of MQTT 3.1.1 that gives the connection up rather than hold a packet that is too long.

    ``options`` are those of ``paho.mqtt.client.Client``. It asks its socket for the rest of a packet at once.
    """
    from paho.mqtt.client import Client as PahoClient
    from paho.mqtt.client import MQTTv311
    from paho.mqtt.enums import CallbackAPIVersion

    class Bounded(PahoClient):
        def _sock_recv(self, bufsize: int) -> bytes:
            if bufsize > LONGEST_PACKET:
                log.warning("mqtt: the broker sends a packet of %d bytes; connection given up", bufsize)
                raise ConnectionError(f"a packet of {bufsize} bytes")
            return super()._sock_recv(bufsize)

    return Bounded(CallbackAPIVersion.VERSION2, protocol=MQTTv311, reconnect_on_failure=False, **options)


class Connection:
    """One connection, until it is lost; publishing waits for the broker's confirmation.

    Parameters
    ----------
    client : paho.mqtt.client.Client
        Ready to connect, and not to reconnect.
    where : str
        The broker, for messages.
    status : str, optional
        Topic on which Home Assistant tells that it has started.
    changed : callable
        Called with True when it has, with False when the connection is lost; by another thread.
    ordered : callable
        Called with topic and payload of what comes on a topic of orders; by another thread.

    Attributes
    ----------
    lost : bool
        Whether it is over.
    ended_by_broker : bool
        Whether the broker, or the network, ended it soon after it had begun.
    """

    def __init__(
        self,
        client: Client,
        where: str,
        status: str | None,
        changed: Callable[[bool], None],
        ordered: Callable[[str, bytes], None],
    ) -> None:
        self._client = client
        self._where = where
        self._status = status
        self._changed, self._ordered = changed, ordered
        self._orders: tuple[str, ...] = ()  # topics of them
        self._news = threading.Condition()
        self._refusal: str | None = None
        self._accepted = False
        self._retained: dict[str, bytes] | None = None  # by topic, while they are collected
        self._confirmed: set[int] = set()
        self.lost = False
        self.ended_by_broker = False
        self._begun = time.monotonic()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def connect(
        self, address: tuple[str, int], keepalive: int, timeout: float, orders: Iterable[str] = ()
    ) -> None:
        """Connect, ask for what comes on the topics of orders, and wait until the broker has accepted."""
        self._orders = tuple(orders)
        self._client.connect_timeout = timeout
        try:
            self._client.connect(*address, keepalive=keepalive)
        except (OSError, ValueError) as error:
            self.close()
            raise SinkError(f"{self._where}: cannot connect ({error})") from error
        self._client.loop_start()
        with self._news:
            self._news.wait_for(lambda: self._accepted or self._refusal or self.lost, timeout)
        if not self._accepted:
            self.close()
            raise SinkError(f"{self._where}: {self._refusal or 'no answer to the connection'}")

    def publish(self, topic: str, payload: str | bytes, retain: bool, timeout: float) -> None:
        """Publish with QoS 1; on return the broker has it."""
        try:
            info = self._client.publish(topic, payload, qos=1, retain=retain)
        except ValueError as error:
            raise SinkError(f"{topic}: cannot be published ({error})", permanent=True) from error
        with self._news:
            self._news.wait_for(lambda: info.mid in self._confirmed or self.lost, timeout)
            if info.mid not in self._confirmed:
                # The broker may have it or not; whatever it had of this connection is over.
                self.lost = True
                raise SinkError(f"{self._where}: no confirmation, connection given up")
            self._confirmed.discard(info.mid)

    def retained(self, filters: Iterable[str], seconds: float) -> dict[str, bytes]:
        """Return what is retained under some topics: all until nothing came for so many seconds."""
        with self._news:
            self._retained = {}
            for topic in filters:
                self._client.subscribe(topic, qos=1)
            while True:
                before = len(self._retained)
                self._news.wait_for(partial(self._has_more, before), seconds)
                if len(self._retained) == before:
                    break
            found, self._retained = self._retained, None
        return found

    def shows(self, topic: str, seconds: float) -> bool:
        """Tell whether the broker gives back what is retained at a topic; True if the connection is lost."""
        with self._news:
            self._retained = {}
            self._client.subscribe(topic, qos=1)
            self._news.wait_for(lambda: self.lost or topic in (self._retained or ()), seconds)
            found, self._retained = topic in self._retained, None
        self._client.unsubscribe(topic)
        return found or self.lost

    def _has_more(self, n: int) -> bool:
        return self.lost or len(self._retained or ()) > n

    def close(self) -> None:
        """End the connection and its thread."""
        self._changed = _nothing
        sock = self._client.socket()
        if self.lost and isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # or the thread would wait for a broker that hangs
        self._client.disconnect()
        with self._news:
            self.lost = True
            self._news.notify_all()
        self._client.loop_stop()
        # The callbacks refer to this object, and it to the client, which must not be kept alive by that.
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_message = None

    # -- called by the network's thread ---------------------------------------------------------------

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._news:
            if reason.is_failure:
                hint = "; check the user and the password" if _is_login(str(reason)) else ""
                self._refusal = f"refused: {reason}{hint}"
            else:
                self._accepted = True
                for topic in (*self._orders, *filter(None, [self._status])):
                    client.subscribe(topic, qos=1)
            self._news.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._news:
            self.lost = True
            self.ended_by_broker = self._accepted and time.monotonic() - self._begun < SOON
            self._news.notify_all()
        self._changed(False)

    def _on_publish(self, _client: Client, _data: Any, mid: int, *_: Any) -> None:
        with self._news:
            self._confirmed.add(mid)
            self._news.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: Any) -> None:
        with self._news:
            if self._retained is not None and message.retain:
                self._retained[message.topic] = message.payload
                self._news.notify_all()
        if message.topic in self._orders:
            if not message.retain:  # an old order was obeyed when it was given
                self._ordered(message.topic, message.payload)
            return
        # A retained message is not new: everything was announced on connecting.
        if message.topic == self._status and message.payload == ONLINE.encode() and not message.retain:
            self._changed(True)


def _nothing(_: bool) -> None:
    """What is called of a connection that was closed on purpose."""


def _is_login(reason: str) -> bool:
    return "uthorized" in reason or "user name or password" in reason.lower()
