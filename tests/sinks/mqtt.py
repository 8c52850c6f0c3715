"""What tests of MQTT share: settings that are fast, and what a broker was told."""

import json

from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.topics import Topics
from tests.sinks.mosquitto import Mosquitto, Watcher

ROOT = "edgecry/nursery"
#: That of Home Assistant, availability and state.
ANNOUNCED = 3
TOPIC = f"homeassistant/device/{identifier(Topics('edgecry', 'nursery'), machine())}/config"


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
