"""A connection to an MQTT broker, from its beginning to its end; paho-mqtt behind a blocking face."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edgecry.errors import SinkError
from edgecry.sinks.topics import ONLINE

if TYPE_CHECKING:
    from paho.mqtt.client import Client


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

    Attributes
    ----------
    lost : bool
        Whether it is over.
    """

    def __init__(
        self, client: Client, where: str, status: str | None, changed: Callable[[bool], None]
    ) -> None:
        self._client = client
        self._where = where
        self._status = status
        self._changed = changed
        self._news = threading.Condition()
        self._refusal: str | None = None
        self._accepted = False
        self._confirmed: set[int] = set()
        self.lost = False
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def connect(self, address: tuple[str, int], keepalive: int, timeout: float) -> None:
        """Connect and wait until the broker has accepted."""
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

    def publish(self, topic: str, payload: str, retain: bool, timeout: float) -> None:
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
        # They hold us, as we hold the client, whose sockets are closed when nothing holds it.
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
                if self._status is not None:
                    client.subscribe(self._status, qos=1)
            self._news.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._news:
            self.lost = True
            self._news.notify_all()
        self._changed(False)

    def _on_publish(self, _client: Client, _data: Any, mid: int, *_: Any) -> None:
        with self._news:
            self._confirmed.add(mid)
            self._news.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: Any) -> None:
        # Retained, it is no news: everything was announced on connecting.
        if message.payload == ONLINE.encode() and not message.retain:
            self._changed(True)


def _nothing(_: bool) -> None:
    """What is called of a connection that was closed on purpose."""


def _is_login(reason: str) -> bool:
    return "uthorized" in reason or "user name or password" in reason.lower()
