"""mqtt: against a real broker, which is killed, refuses and comes back."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgecry import __version__
from edgecry.errors import EdgecryError, SinkError
from edgecry.features.picture import picture
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.message import ControlsMessage, Health, Reading
from edgecry.sinks.mqtt import MqttSettings, MqttSink
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.sinks.topics import Topics
from tests.sinks import certificates
from tests.sinks.messages import cry, heartbeat, open_files, source, wait_for
from tests.sinks.mosquitto import Mosquitto, Watcher, need, retained

ROOT = "edgecry/nursery"
#: That of Home Assistant, availability and state.
ANNOUNCED = 3
TOPIC = f"homeassistant/device/{identifier(Topics('edgecry', 'nursery'), machine())}/config"


@pytest.fixture
def start_broker(tmp_path):
    need()
    brokers = []

    def start(*lines: str, **options) -> Mosquitto:
        brokers.append(Mosquitto(tmp_path, *lines, **options))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.end()


@pytest.fixture
def broker(start_broker) -> Mosquitto:
    return start_broker()


@pytest.fixture
def outbox(tmp_path) -> Outbox:
    return Outbox(OutboxSettings(tmp_path / "outbox.db"))


def settings(broker: Mosquitto, **changes) -> MqttSettings:
    fast = {"first_wait": 0.05, "longest_wait": 0.2, "timeout": 5.0}
    return MqttSettings("127.0.0.1", broker.port, **{"device": "nursery", **fast, **changes})


def sink(broker: Mosquitto, **changes) -> MqttSink:
    return MqttSink(settings(broker, **changes))


def events(watcher: Watcher) -> list[int]:
    return [int(json.loads(text)["id"].split("-")[1]) for text in watcher.payloads(f"{ROOT}/event")]


def no_doubles(numbers: list[int]) -> list[int]:
    """Drop repetitions by their id, as a reader does."""
    return list(dict.fromkeys(numbers))


def delivered(dispatcher: Dispatcher) -> int:
    return dispatcher.statistics()["mqtt.delivered"]


# -- what is published -------------------------------------------------------------------------------


def test_a_cry(broker, outbox):
    with Watcher(broker) as watcher, Dispatcher([sink(broker)], outbox) as dispatcher:
        for n, kind in enumerate(("start", "update", "end")):
            dispatcher.send(cry(n, kind))
            wait_for(lambda n=n: len(events(watcher)) == n + 1)
            text = watcher.payloads(f"{ROOT}/event")[-1]
            assert json.loads(text) == cry(n, kind).to_dict()
            kept = retained(broker, ANNOUNCED + 1)
            assert kept[f"{ROOT}/state"] == ("OFF" if kind == "end" else "ON")
            assert json.loads(kept[f"{ROOT}/attributes"]) == cry(n, kind).to_dict()
            assert kept[f"{ROOT}/availability"] == "online"
            assert f"{ROOT}/event" not in kept
    assert watcher.payloads(f"{ROOT}/state") == ["OFF", "ON", "ON", "OFF"]
    assert retained(broker, ANNOUNCED + 1)[f"{ROOT}/availability"] == "offline"


def test_picture_of_the_recording(broker, outbox, tmp_path):
    """Of a recording that can be read; one that is gone takes nothing with it."""
    clip = tmp_path / "cry.flac"
    soundfile.write(clip, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        dispatcher.send(cry(1, "recorded", clip=str(clip)))
        assert f"{ROOT}/picture" in retained(broker, ANNOUNCED + 2)
        dispatcher.send(cry(2, "recorded", clip=str(tmp_path / "gone.flac")))
        wait_for(lambda: delivered(dispatcher) == 2)
    kept = retained(broker, ANNOUNCED + 2)
    assert kept[f"{ROOT}/picture"].encode(errors="surrogateescape") == picture(clip)
    assert f"{ROOT}/state" in kept


def test_heartbeat(broker, outbox):
    beat = heartbeat(windows=1, rss_mb=80.5)
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        dispatcher.send(beat)
        kept = retained(broker, ANNOUNCED + 1)
    assert json.loads(kept[f"{ROOT}/heartbeat"]) == beat.to_dict()


@pytest.mark.parametrize("expire_after", [None, 120])
def test_heartbeat_repeats_the_state_that_would_expire(broker, outbox, expire_after):
    with (
        Watcher(broker) as watcher,
        Dispatcher([sink(broker, expire_after=expire_after)], outbox) as dispatcher,
    ):
        wait_for(lambda: watcher.payloads(f"{ROOT}/state"))
        dispatcher.send(heartbeat(1))
        wait_for(lambda: len(watcher.payloads(f"{ROOT}/heartbeat")) == 1)
        dispatcher.send(cry(1))
        wait_for(lambda: events(watcher))
    assert len(watcher.payloads(f"{ROOT}/state")) == (3 if expire_after else 2)


def test_prefix_and_device(broker, outbox):
    with Dispatcher([sink(broker, prefix="home/baby/", device="pi-2", home_assistant=None)], outbox):
        kept = retained(broker, 2)
    assert kept == {"home/baby/pi-2/availability": "online", "home/baby/pi-2/state": "OFF"}


# -- a broker that is killed -------------------------------------------------------------------------


class Gated(MqttSink):
    """Delivers no event while the gate is closed."""

    def __init__(self, settings: MqttSettings) -> None:
        super().__init__(settings)
        self.gate = threading.Event()
        self.gate.set()

    def deliver(self, message) -> None:
        assert self.gate.wait(30)
        super().deliver(message)


def kind(n: int) -> str:
    return ("start", "update", "end")[n % 3]


def test_broker_killed_and_restarted(broker, outbox):
    """The broker is stopped three times in a stream. Everything arrives in order, at least once."""
    n, received = 300, []
    gated = Gated(settings(broker))
    with Dispatcher([gated], outbox) as dispatcher:
        stream = threading.Thread(
            target=lambda: [(dispatcher.send(cry(k, kind(k))), time.sleep(0.003)) for k in range(n)]
        )
        watcher = Watcher(broker)
        stream.start()
        for _ in range(3):
            wait_for(lambda w=watcher: len(events(w)) > 10)
            broker.end()
            # The broker keeps nothing for who is not there, so events wait until the watcher is back.
            gated.gate.clear()
            wait_for(lambda w=watcher: not w.client.is_connected())
            watcher.__exit__()
            received += events(watcher)
            broker.start()
            watcher = Watcher(broker)
            gated.gate.set()
        stream.join()
        wait_for(lambda: delivered(dispatcher) == n)
        wait_for(lambda: n - 1 in events(watcher))
        received += events(watcher)
        watcher.__exit__()
        kept = retained(broker, ANNOUNCED + 1)
    # What the broker had confirmed and not passed on when it died is its own loss: one at most.
    assert len(set(range(n)) - set(received)) <= 3
    order = no_doubles(received)
    assert order == sorted(order)
    assert json.loads(kept[f"{ROOT}/attributes"]) == cry(n - 1, kind(n - 1)).to_dict()
    assert kept[f"{ROOT}/state"] == "OFF"
    assert kept[f"{ROOT}/availability"] == "online"
    assert outbox.waiting()["mqtt"] == 0


def test_broker_down_over_a_restart_of_ours(broker, tmp_path):
    """The broker is gone for an hour, with a power cut in between. Everything arrives, and rings no alarm."""
    path = OutboxSettings(tmp_path / "outbox.db")
    broker.end()
    with Dispatcher([sink(broker)], Outbox(path)) as dispatcher:
        for n in range(4):
            dispatcher.send(cry(n, kind(n)))  # the last is a start that never gets its end
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] > 3)
    gated = Gated(settings(broker))
    gated.gate.clear()
    with Dispatcher([gated], Outbox(path)) as dispatcher:
        broker.start()
        with Watcher(broker) as watcher:
            gated.gate.set()
            wait_for(lambda: delivered(dispatcher) == 4)
            wait_for(lambda: len(events(watcher)) == 4)
            assert events(watcher) == [0, 1, 2, 3]
            kept = retained(broker, ANNOUNCED)
            assert set(watcher.payloads(f"{ROOT}/state")) == {"OFF"}
    assert kept[f"{ROOT}/state"] == "OFF"
    assert f"{ROOT}/attributes" not in kept


def test_state_is_back_though_nothing_happens(broker, outbox):
    """A broker that has forgotten all is told, with no event to wait for."""
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        dispatcher.send(cry(1, "start"))
        wait_for(lambda: delivered(dispatcher) == 1)
        broker.end()
        broker.start()
        kept = retained(broker, ANNOUNCED + 1)
    assert kept[f"{ROOT}/state"] == "ON"
    assert kept[f"{ROOT}/availability"] == "online"
    assert json.loads(kept[f"{ROOT}/attributes"]) == cry(1, "start").to_dict()


def test_broker_that_hangs(broker, outbox):
    """Its confirmation does not come: the event is sent again, and the end does not hang either."""
    with Watcher(broker) as watcher:
        dispatcher = Dispatcher([sink(broker, timeout=0.5)], outbox)
        dispatcher.open()
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)
        broker.process.send_signal(signal.SIGSTOP)
        dispatcher.send(cry(2))
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] > 1)
        broker.process.send_signal(signal.SIGCONT)
        wait_for(lambda: delivered(dispatcher) == 2)
        wait_for(lambda: no_doubles(events(watcher)) == [1, 2])
        broker.process.send_signal(signal.SIGSTOP)
        dispatcher.send(cry(3))
        wait_for(lambda: outbox.waiting()["mqtt"])
        dispatcher.close(timeout=0.2)
        broker.process.send_signal(signal.SIGCONT)
    assert not any(t.name.startswith(("edgecry", "paho")) for t in threading.enumerate())


def test_no_thread_or_descriptor_is_gained(broker, outbox):
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        counts = []
        for n in range(4):
            dispatcher.send(cry(n))
            wait_for(lambda n=n: delivered(dispatcher) == n + 1)
            counts.append((threading.active_count(), open_files()))
            broker.end()
            wait_for(lambda: not any(t.name.startswith("paho") for t in threading.enumerate()))
            broker.start()
        assert len(set(counts[1:])) == 1


STREAM = """
import sys, time
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.mqtt import MqttSettings, MqttSink
from tests.sinks.messages import cry

class Telling(Outbox):
    def put(self, sink, message):
        super().put(sink, message)
        print(int(message.id.split("-")[1]), flush=True)

outbox = Telling(OutboxSettings(sys.argv[2]))
sink = MqttSink(MqttSettings("127.0.0.1", int(sys.argv[1]), device="nursery"))
with Dispatcher([sink], outbox) as dispatcher:
    for n in range(int(sys.argv[3]), 10**6):
        dispatcher.send(cry(n))
        time.sleep(0.002)
"""


def test_listener_killed_and_restarted(broker, tmp_path):
    """Three times in the middle of a stream: what was committed arrives, in order, at least once."""
    path, committed, begin = tmp_path / "outbox.db", set(), 0
    with Watcher(broker) as watcher:
        for _ in range(3):
            seen = len(watcher.got)
            command = [sys.executable, "-c", STREAM, str(broker.port), str(path), str(begin)]
            process = subprocess.Popen(
                command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
            )
            wait_for(lambda n=seen: len(watcher.got) > n + 30)
            os.kill(process.pid, signal.SIGKILL)
            said = process.communicate()[0].split("\n")[:-1]
            committed |= {int(n) for n in said}
            begin = int(said[-1]) + 2  # the next may be committed, but not said to be
        with Dispatcher([sink(broker)], Outbox(OutboxSettings(path))) as dispatcher:
            dispatcher.send(cry(begin))
            wait_for(lambda: begin in events(watcher))
        received = events(watcher)
    assert committed <= set(received)
    order = no_doubles(received)
    assert order == sorted(order)


# -- last will ---------------------------------------------------------------------------------------

CLIENT = """
import sys, time
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.mqtt import MqttSettings, MqttSink
from tests.sinks.messages import cry
with Dispatcher([MqttSink(MqttSettings("127.0.0.1", int(sys.argv[1]), device="nursery"))]) as dispatcher:
    dispatcher.send(cry(1, "start"))
    time.sleep(600)
"""


def test_last_will(broker, outbox):
    """A process killed in a cry is offline at once, and the next run ends the cry."""
    command = [sys.executable, "-c", CLIENT, str(broker.port)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process, Watcher(broker) as watcher:
        try:
            wait_for(lambda: "ON" in watcher.payloads(f"{ROOT}/state"))
            assert watcher.payloads(f"{ROOT}/availability") == ["online"]
        finally:
            os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: watcher.payloads(f"{ROOT}/availability") == ["online", "offline"])
    kept = retained(broker, ANNOUNCED + 1)
    assert (kept[f"{ROOT}/availability"], kept[f"{ROOT}/state"]) == ("offline", "ON")
    with Dispatcher([sink(broker)], outbox), Watcher(broker) as watcher:
        wait_for(lambda: watcher.payloads(f"{ROOT}/state")[-1:] == ["OFF"])
        wait_for(lambda: watcher.payloads(f"{ROOT}/availability")[-1:] == ["online"])


# -- who may -----------------------------------------------------------------------------------------


@pytest.fixture
def closed_broker(start_broker) -> Mosquitto:
    return start_broker(users={"baby": "right"})


def test_password(closed_broker, outbox, tmp_path, monkeypatch):
    file = tmp_path / "password"
    file.write_text("right\n")
    file.chmod(0o600)
    login = {"username": "baby", "password": "right"}
    with Dispatcher([sink(closed_broker, user="baby", password_file=file)], outbox):
        assert retained(closed_broker, ANNOUNCED, **login)[f"{ROOT}/availability"] == "online"
    monkeypatch.setenv("MQTT_PASSWORD", "right")
    out = sink(closed_broker, user="baby", password_variable="MQTT_PASSWORD")
    out.open()
    out.close()
    assert "right" not in repr(out.settings)


@pytest.mark.parametrize("user", ["baby", "nobody", None])
def test_wrong_password(closed_broker, outbox, monkeypatch, caplog, user):
    """The message is clear and comes once, each try is followed by a wait, and the event is kept."""
    monkeypatch.setenv("MQTT_PASSWORD", "wrong")
    variable = "MQTT_PASSWORD" if user else None
    out = sink(closed_broker, user=user, password_variable=variable, first_wait=0.2, longest_wait=0.2)
    began = time.monotonic()
    with Dispatcher([out], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] == 4)
        took = time.monotonic() - began
        assert delivered(dispatcher) == 0
        assert not any(t.name.startswith("paho") for t in threading.enumerate())
    assert took >= 3 * 0.1, "no busy loop"
    said = [r.getMessage() for r in caplog.records if "refused" in r.getMessage()]
    assert len(said) == 1
    expected = (
        f"mqtt: 127.0.0.1:{closed_broker.port}: refused: Not authorized; check the user and the password"
    )
    assert said[0].startswith(expected)
    assert "wrong" not in caplog.text
    assert "1 messages wait for the next run" in caplog.text


def test_nobody_there(broker, outbox):
    broker.end()
    with pytest.raises(SinkError, match=f"127.0.0.1:{broker.port}: cannot connect .*refused"):
        sink(broker).open()


def test_not_a_broker(broker):
    """The port may belong to another kind of server."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        out = MqttSink(MqttSettings("127.0.0.1", port, device="nursery", timeout=0.3))
        with pytest.raises(SinkError, match="no answer to the connection"):
            out.open()
        out.close()


# -- TLS ---------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path) -> certificates.Certificates:
    pytest.importorskip("trustme", reason="MQTT OVER TLS IS NOT TESTED: trustme (pip install '.[test]')")
    return certificates.make(tmp_path)


def tls_lines(made: certificates.Certificates) -> list[str]:
    return [f"cafile {made.ca}", f"certfile {made.server}", f"keyfile {made.server}"]


@pytest.fixture
def tls_broker(start_broker, made, monkeypatch):
    # The broker is asked whether it is there in the clear, and takes that for an error: no matter.
    return lambda *lines: start_broker(*tls_lines(made), *lines)


def test_tls(tls_broker, made, outbox):
    broker = tls_broker()
    with Dispatcher([sink(broker, ca_file=made.ca)], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)


def test_tls_refuses_a_stranger(tls_broker, made):
    broker = tls_broker()
    for changes in ({"ca_file": made.other_ca}, {"tls": True}):
        with pytest.raises(SinkError, match="certificate verify failed"):
            sink(broker, **changes).open()
    with pytest.raises(SinkError):
        sink(broker, timeout=0.5).open()


def test_tls_with_a_certificate_of_ours(tls_broker, made, outbox):
    broker = tls_broker("require_certificate true")
    with pytest.raises(SinkError):
        sink(broker, ca_file=made.ca, timeout=0.5).open()
    with Dispatcher([sink(broker, ca_file=made.ca, cert_file=made.client)], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)


def test_tls_name_must_fit(tls_broker, made):
    """The certificate is for 127.0.0.1 and localhost; another name of the same machine is a stranger."""
    broker = tls_broker()
    out = MqttSink(MqttSettings("127.0.0.2", broker.port, device="nursery", ca_file=made.ca, timeout=1))
    with pytest.raises(SinkError):
        out.open()


@pytest.mark.parametrize("what", ["ca_file", "cert_file"])
def test_bad_certificates(tmp_path, what):
    need()
    file = tmp_path / "file.pem"
    for content in (None, "nothing"):
        if content:
            file.write_text(content)
        with pytest.raises(EdgecryError, match=r"mqtt: certificates: .*file\.pem"):
            MqttSink(MqttSettings("host", **{what: file}))


# -- Home Assistant ----------------------------------------------------------------------------------


def test_home_assistant_is_told_anew_when_it_starts(broker, outbox):
    topic = TOPIC
    with Watcher(broker) as watcher, Dispatcher([sink(broker)], outbox):
        wait_for(lambda: watcher.payloads(f"{ROOT}/state"))
        assert len(watcher.payloads(topic)) == 1
        watcher.publish("homeassistant/status", "offline")
        watcher.publish("homeassistant/status", "online")
        wait_for(lambda: len(watcher.payloads(f"{ROOT}/state")) == 2)
        assert len(watcher.payloads(topic)) == 2
        assert watcher.payloads(topic)[0] == watcher.payloads(topic)[1]


def test_discovery_on_the_broker(broker, outbox):
    """The announcement is retained, and names only topics that are published."""
    health = Health(at=cry(1).at, state="no_sound", reason="no sound for 10 s", hearing=False)
    with Watcher(broker) as watcher, Dispatcher([sink(broker)], outbox) as dispatcher:
        dispatcher.send(cry(1))
        kept = retained(broker, ANNOUNCED + 1)
        configs = {t: json.loads(p) for t, p in kept.items() if t.startswith("homeassistant/")}
        (config,) = configs.values()
        tables = [config, *config["components"].values()]
        tables += [place for table in tables for place in table.get("availability", ())]
        named = {v for table in tables for k, v in table.items() if k.endswith("topic")}
        names = (
            "state",
            "attributes",
            "availability",
            "event",
            "heartbeat",
            "reading",
            "health",
            "controls",
        )
        named -= {f"{ROOT}/picture"}  # that comes when a cry has been recorded
        named = {topic for topic in named if not topic.endswith("/set")}
        assert named == {f"{ROOT}/{name}" for name in names}
        dispatcher.send(heartbeat(1))
        dispatcher.send(health)
        dispatcher.send(ControlsMessage(at=cry(1).at, alerts=True, muted_until=None, threshold=0.8))
        dispatcher.send(Reading(at=cry(1).at, probability=0.25, level=-41.5))
        wait_for(lambda: named <= {topic for topic, _, _ in watcher.got})
    assert all(config["origin"]["sw_version"] == __version__ for config in configs.values())


def test_orders(broker, outbox, caplog):
    """Anybody whom the broker lets publish may give orders. Nonsense and retained orders change nothing."""
    controls, mqtt = Controls(0.8), sink(broker)
    mqtt.hand(controls)
    with Watcher(broker) as watcher:
        watcher.publish(f"{ROOT}/threshold/set", "0.1", retain=True)
        with Dispatcher([mqtt], outbox):
            wait_for(lambda: watcher.payloads(f"{ROOT}/state"))
            for what, order in (("threshold", "0,5"), ("alerts", "x" * 1000), ("alerts", "OFF")):
                watcher.publish(f"{ROOT}/{what}/set", order)
            wait_for(lambda: controls.is_muted)
            assert controls.threshold == 0.8
            watcher.publish(f"{ROOT}/threshold/set", "0.65")
            watcher.publish(f"{ROOT}/alerts/set", "ON")
            wait_for(lambda: not controls.is_muted)
    assert controls.threshold == 0.65
    refused = [record.getMessage() for record in caplog.records if "/set" in record.getMessage()]
    assert [len(text) < 200 for text in refused] == [True, True]


def test_what_is_not_heard_is_told_and_told_again(broker, outbox):
    """Retained, after each connection; the event goes the way of events, and does not pass for a cry."""
    health = Health(at=cry(1).at, state="no_sound", reason="no sound for 10 s", hearing=False)
    mqtt = sink(broker)
    with Watcher(broker) as watcher, Dispatcher([mqtt], outbox) as dispatcher:
        dispatcher.send(source(1))
        dispatcher.send(health)
        wait_for(lambda: watcher.payloads(f"{ROOT}/health"))
        wait_for(lambda: watcher.payloads(f"{ROOT}/event"))
        mqtt._connection.lost = True
        mqtt.wake()
        wait_for(lambda: len(watcher.payloads(f"{ROOT}/health")) == 2)
    assert [json.loads(p)["kind"] for p in watcher.payloads(f"{ROOT}/event")] == ["source_lost"]
    kept = retained(broker, ANNOUNCED + 1)
    assert json.loads(kept[f"{ROOT}/health"]) == health.to_dict()
    assert f"{ROOT}/attributes" not in kept


# -- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"host": ""}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "mqtt://host"}, "host"),
        ({"page": "cot.local:8377"}, "page: found 'cot.local:8377'"),
        ({"port": 0}, "port: 0 is out of range"),
        ({"port": 65536}, "port: 65536 is out of range"),
        ({"device": "a/b"}, "device"),
        ({"prefix": "a/#"}, "prefix"),
        ({"prefix": "/"}, "prefix"),
        ({"home_assistant": "/"}, "home_assistant"),
        ({"host": "home..example"}, "host"),
        ({"host": "a" * 64 + ".example"}, "host"),
        ({"password_file": "x"}, "without a user"),
        ({"key_file": "x"}, "without its certificate"),
        ({"keepalive": 0}, "keepalive"),
        ({"timeout": 0}, "timeout"),
        ({"expire_after": 0}, "expire_after"),
        ({"first_wait": 0}, "first_wait"),
    ],
)
def test_settings(changes, found):
    with pytest.raises(EdgecryError, match=found):
        MqttSettings(**{"host": "host", "device": "nursery", **changes})


@pytest.mark.parametrize(
    ("changes", "port"),
    [({}, 1883), ({"tls": True}, 8883), ({"ca_file": "x"}, 8883), ({"port": 5, "tls": True}, 5)],
)
def test_port(changes, port):
    assert MqttSettings("host", **changes).address == ("host", port)


def test_paho_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(EdgecryError, match=r"pip install '\.\[mqtt\]'"):
        MqttSink(MqttSettings("host"))
