"""A home with a cot: Home Assistant's core in a process, and ``edgecry listen`` in another."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.models.bundled import SAMPLE
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.topics import Topics
from tests.sinks.mosquitto import Mosquitto

CORE = Path(__file__).with_name("core.py")
PYTHON = "EDGECRY_HOMEASSISTANT"
DEVICE = "nursery"
TOPICS = Topics("edgecry", DEVICE)
NAME = identifier(TOPICS, machine())
SR = 16_000
#: Seconds of sound that are written at once.
PIECE = 0.25
#: Seconds after which something hangs, for a machine that is busy.
PATIENCE = 240


def python() -> str:
    """Return a Python that has Home Assistant; skip the test if none is named or at hand."""
    named = os.environ.get(PYTHON)
    if named:
        done = subprocess.run([named, "-c", "import homeassistant.bootstrap"], capture_output=True, text=True)
        assert done.returncode == 0, f"{PYTHON}={named} has no Home Assistant: {done.stderr[-500:]}"
        return named
    if importlib.util.find_spec("homeassistant") is None:
        pytest.skip(f"HOME ASSISTANT IS NOT TESTED: {PYTHON} names no Python that has it (CONTRIBUTING.md)")
    return sys.executable


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Home:
    """Home Assistant, and what it shows of the cot."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.port = free_port()
        self.log = folder / "log"
        (folder / "configuration.yaml").write_text(
            f"homeassistant:\n  time_zone: UTC\nhttp:\n  server_host: 127.0.0.1\n  server_port: {self.port}\n"
        )
        # Its packages are its own.
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python(), "-P", CORE, folder, str(broker.port)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=own,
            )  # fmt: skip
        self._answer()

    def ask(self, order: str, **arguments: Any) -> Any:
        """Have Home Assistant do something; return its answer."""
        self.process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
        self.process.stdin.flush()
        found = self._answer()
        assert not (isinstance(found, dict) and "error" in found), found
        return found

    def _answer(self) -> Any:
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert line, f"Home Assistant has ended:\n{self.log.read_text()[-4000:]}"
        return json.loads(line)

    def entities(self) -> dict[str, dict[str, Any]]:
        """What it shows of the cot, by the key of each in the announcement."""
        found = self.ask("entities").items()
        return {name.removeprefix(f"{NAME}_"): entity for name, entity in found if name.startswith(NAME)}

    def call(self, service: str, key: str, **data: Any) -> None:
        """Do what a person does with an entity."""
        self.ask("call", service=service, data={"entity_id": self.entities()[key]["entity_id"], **data})

    def wait(self, key: str, condition: Callable[[str | None, dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until the state of an entity, and its attributes, are as they should be; return the entity."""
        deadline = time.monotonic() + PATIENCE
        while True:
            entity = self.entities().get(key)
            if entity is not None and condition(entity["state"], entity["attributes"]):
                return entity
            assert time.monotonic() < deadline, f"{key}: still {entity}\n{self.log.read_text()[-2000:]}"
            time.sleep(0.2)

    def becomes(self, key: str, state: str) -> dict[str, Any]:
        """Wait until an entity has a state."""
        return self.wait(key, lambda found, _: found == state)

    def picture(self, entity: dict[str, Any]) -> bytes:
        """Fetch the picture of an entity, as a phone does."""
        address = f"http://127.0.0.1:{self.port}{entity['attributes']['entity_picture']}"
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.read()

    def end(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Cot:
    """``edgecry listen`` beside a cot. What sounds there is "room", "cry", or nothing at all: "gone"."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.events, self.log = folder / "events.jsonl", folder / "log"
        self.sound = "room"
        self._folder, self._broker = folder, broker
        command = [
            "-", "--no-text", "--jsonl", self.events, "--record", folder / "clips", "--heartbeat", "10",
        ]  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self._command(*command), stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment()
            )
        self._feeder = threading.Thread(target=self._feed)
        self._feeder.start()

    def told(self) -> list[dict[str, Any]]:
        """The events so far, oldest first."""
        lines = self.events.read_text().splitlines() if self.events.exists() else []
        return [json.loads(line) for line in lines]

    def count(self, kind: str) -> int:
        return sum(event["kind"] == kind for event in self.told())

    def forget(self) -> str:
        """Have the broker forget the cot; return what is said of it."""
        command = self._command("--forget", DEVICE)
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def end(self) -> None:
        """End it, unless it has ended: well, or by force after a while."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.sound = "over"
            self._feeder.join()
        assert code == 0, self.log.read_text()[-2000:]

    def _command(self, *arguments: object) -> list[str]:
        broker, state = f"127.0.0.1:{self._broker.port}", self._folder / "state"
        always = ("--name", DEVICE, "--mqtt", broker, "--state", state)
        return [sys.executable, "-m", "edgecry", "listen", *map(str, (*arguments, *always))]

    def _feed(self) -> None:
        """Write what sounds, as fast as it sounds."""
        n = round(PIECE * SR)
        cry = load_audio(SAMPLE, sr=SR).samples
        room = np.random.default_rng(0).normal(0, 3e-4, len(cry))
        at, due = 0, time.monotonic()
        with suppress(BrokenPipeError), self.process.stdin as pipe:
            while self.sound != "over":
                if self.sound != "gone":
                    y = np.roll(room + cry if self.sound == "cry" else room, -at)[:n]
                    pipe.write(np.rint(32767 * y).clip(-32768, 32767).astype("<i2").tobytes())
                    pipe.flush()
                at += n
                due = max(due + PIECE, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
