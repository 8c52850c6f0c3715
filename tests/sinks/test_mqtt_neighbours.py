"""mqtt: a broker that sends too much, a device of the same name, and what a former name left."""

import json
import logging
import socket
import threading
from contextlib import suppress

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks import broker as module
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.message import Reading
from edgecry.sinks.mqtt import TAKEN, MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.outbox import Outbox
from edgecry.sinks.topics import Topics
from tests.sinks.messages import cry, heartbeat, wait_for
from tests.sinks.mosquitto import Mosquitto, Watcher, need, retained


@pytest.fixture
def broker(tmp_path):
    need()
    made = Mosquitto(tmp_path)
    yield made
    made.end()


def sink(port: int, device: str = "nursery", **changes) -> MqttSink:
    fast = {"first_wait": 0.05, "longest_wait": 0.1, "timeout": 5.0}
    return MqttSink(MqttSettings("127.0.0.1", port, **{"device": device, **fast, **changes}))


def test_a_packet_that_is_too_long_ends_the_connection(monkeypatch, caplog):
    """It is not held: the connection is given up when its length is known."""
    need()
    monkeypatch.setattr(module, "LONGEST_PACKET", 1000)
    server = socket.create_server(("127.0.0.1", 0))
    sent = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(b"\x20\x02\x00\x00")  # accepted
        connection.sendall(b"\x30\xff\xff\xff\x7f\x00\x01a")  # 256 MB are to follow
        sent.set()
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    out = sink(server.getsockname()[1], home_assistant=None)
    with pytest.raises(SinkError):
        out.open()
        assert sent.wait(30)
        wait_for(lambda: out._connection.lost)
        out.deliver(cry(1))
    out.close()
    thread.join(30)
    server.close()
    assert "a packet of 268435455 bytes; connection given up" in caplog.text


def test_a_twin_is_named(broker, caplog):
    """Two devices of one name on one machine throw each other off the broker, in turn."""
    caplog.set_level(logging.INFO)
    with Dispatcher([sink(broker.port)], Outbox()), Dispatcher([sink(broker.port)], Outbox()):
        wait_for(lambda: "if another device has the same name, 'nursery'" in caplog.text)
    assert TAKEN >= 2


def test_machines_of_one_name_have_names_of_their_own():
    out = sink(1883)
    assert out._client(identifier(out._topics, "a"))._client_id == b"edgecry_nursery_a"
    assert out._client(identifier(out._topics, "b"))._client_id == b"edgecry_nursery_b"


def test_a_former_name_is_forgotten(broker):
    """All that it retained is removed, also by edgecry 0.1.0, and nothing of others."""
    with Dispatcher([sink(broker.port, "old")], Outbox()) as dispatcher:
        dispatcher.send(cry(1))
        dispatcher.send(heartbeat(1))
        dispatcher.send(Reading(at=cry(1).at, probability=0.25, level=None))
        wait_for(lambda: dispatcher.statistics()["mqtt.delivered"] == 1)
    former = {"availability_topic": "edgecry/old/availability", "origin": {"name": "edgecry"}}
    with Watcher(broker) as watcher:
        watcher.publish("homeassistant/sensor/edgecry_old/reason/config", json.dumps(former), retain=True)
        watcher.publish("homeassistant/sensor/other/config", "{}", retain=True)
        watcher.publish("edgecry/older/state", "OFF", retain=True)
    with Dispatcher([sink(broker.port, "new")], Outbox()):
        wait_for(lambda: len(retained(broker, 3)) >= 3)
        gone = sink(broker.port, "new").forget("old", seconds=0.5)
        with pytest.raises(EdgecryError, match="'new' is online"):
            sink(broker.port, "third").forget("new", seconds=0.5)
        assert sink(broker.port, "new").forget("old", seconds=0.5) == []
        kept = retained(broker, 3 + 2)
    assert f"homeassistant/device/{identifier(Topics('edgecry', 'old'), machine())}/config" in gone
    assert "homeassistant/sensor/edgecry_old/reason/config" in gone
    assert len(gone) >= 5
    assert not [topic for topic in kept if "/old/" in topic or "edgecry_old" in topic]
    assert {"homeassistant/sensor/other/config", "edgecry/older/state"} <= set(kept)
