"""mqtt: what is published to a real broker, and what Home Assistant is told."""

import json
import sys

import numpy as np
import pytest
import soundfile

from edgecry import __version__
from edgecry.errors import EdgecryError
from edgecry.features.picture import picture
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.message import ControlsMessage, Health, Reading
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from tests.sinks.messages import cry, heartbeat, source, wait_for
from tests.sinks.mosquitto import Watcher, retained
from tests.sinks.mqtt import ANNOUNCED, ROOT, TOPIC, delivered, events, sink

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
        ({"host": "broker:1883"}, "host"),
        ({"host": "[::1]"}, "host"),
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
