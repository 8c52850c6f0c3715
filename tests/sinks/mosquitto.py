"""A real broker on loopback, which tests may kill and start again."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sinks.messages import wait_for

BROKER = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PASSWD = shutil.which("mosquitto_passwd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def need() -> None:
    """Skip the test where something that it needs is missing, and say what."""
    missing = [] if BROKER and PASSWD else ["mosquitto (apt-get install mosquitto)"]
    try:
        import paho.mqtt.client  # noqa: F401
    except ImportError:
        missing.append("paho-mqtt (pip install '.[mqtt]')")
    if missing:
        pytest.skip(f"MQTT IS NOT TESTED: {' and '.join(missing)} missing")


class Mosquitto:
    """A broker with a configuration of its own.

    ``lines`` add to it; ``users`` closes it to others.
    """

    def __init__(self, directory: Path, *lines: str, users: dict[str, str] | None = None) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]
        self.config = directory / "mosquitto.conf"
        self.log = directory / "mosquitto.log"
        config = [f"listener {self.port} 127.0.0.1", *lines, "log_type all", "persistence false"]
        if os.getuid() == 0:
            config.append("user root")
        if users:
            passwords = directory / "passwords"
            passwords.touch(mode=0o600)
            for user, password in users.items():
                subprocess.run([PASSWD, "-b", passwords, user, password], check=True, capture_output=True)
            config += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            config.append("allow_anonymous true")
        self.config.write_text("\n".join(config) + "\n")
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        assert self.process is None
        with self.log.open("a") as log:
            self.process = subprocess.Popen([BROKER, "-c", self.config], stdout=log, stderr=log)
        wait_for(self._listens, "mosquitto to listen")

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Kill it; what it retained is gone, as nothing persists."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def connections(self, client: str) -> int:
        """How often a client has connected, or tried to and failed at the password."""
        text = self.log.read_text()
        return text.count(f" as {client} ") + text.count("not authorised")


class Watcher:
    """Subscribes to everything, and notes in what order it came."""

    def __init__(self, broker: Mosquitto, **login: str) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.got: list[tuple[str, str, bool]] = []
        self.ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=f"watcher-{time.monotonic_ns()}")
        if login:
            self.client.username_pw_set(**login)
        self.client.on_connect = lambda *_: self.client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._note
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self.ready.wait(30)

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _note(self, _client: object, _data: object, message: Any) -> None:
        # A picture is no text, and comes as such a text all the same.
        payload = message.payload.decode(errors="surrogateescape")
        self.got.append((message.topic, payload, message.retain))

    def payloads(self, topic: str) -> list[str]:
        return [payload for t, payload, _ in list(self.got) if t == topic]

    def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)


def retained(broker: Mosquitto, count: int, **login: str) -> dict[str, str]:
    """What the broker keeps for whoever comes, once there are so many."""
    found: dict[str, str] = {}

    def enough() -> bool:
        nonlocal found
        with Watcher(broker, **login) as watcher:
            # The broker sends what it retains before the answer to a ping that comes later.
            watcher.publish("ping", "")
            wait_for(lambda: watcher.payloads("ping"))
            found = {topic: payload for topic, payload, kept in watcher.got if kept}
        return len(found) >= count

    wait_for(enough, f"{count} retained messages")
    return found
