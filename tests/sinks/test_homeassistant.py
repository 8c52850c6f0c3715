"""homeassistant: the discovery messages, field by field."""

import json

import pytest

from edgecry import __version__
from edgecry.sinks.homeassistant import discovery
from edgecry.sinks.topics import Topics

DEVICE = {
    "identifiers": ["edgecry_nursery"],
    "name": "Nursery",
    "manufacturer": "edgecry",
    "model": "edgecry",
    "sw_version": __version__,
}
SHARED = {
    "device": DEVICE,
    "origin": {"name": "edgecry", "sw_version": __version__},
    "availability_topic": "edgecry/nursery/availability",
    "payload_available": "online",
    "payload_not_available": "offline",
    "qos": 1,
}
#: What Home Assistant knows of: home-assistant.io/integrations/binary_sensor.mqtt and sensor.mqtt
COMMON = {
    "availability_topic",
    "device",
    "device_class",
    "expire_after",
    "icon",
    "json_attributes_topic",
    "name",
    "origin",
    "payload_available",
    "payload_not_available",
    "qos",
    "state_topic",
    "unique_id",
    "value_template",
}
KNOWN = {
    "binary_sensor": COMMON | {"payload_on", "payload_off"},
    "sensor": COMMON | {"options", "state_class", "suggested_display_precision", "unit_of_measurement"},
}


def configs(**options) -> dict[str, dict]:
    found = discovery(Topics("edgecry", "nursery"), "homeassistant", "Nursery", **options)
    return {topic: json.loads(payload) for topic, payload in found.items()}


def test_entities():
    """A binary sensor and two sensors; nothing to press."""
    assert sorted(configs()) == [
        "homeassistant/binary_sensor/edgecry_nursery/crying/config",
        "homeassistant/sensor/edgecry_nursery/probability/config",
        "homeassistant/sensor/edgecry_nursery/reason/config",
    ]


def test_crying():
    assert configs()["homeassistant/binary_sensor/edgecry_nursery/crying/config"] == {
        **SHARED,
        "name": "Crying",
        "unique_id": "edgecry_nursery_crying",
        "device_class": "sound",
        "state_topic": "edgecry/nursery/state",
        "payload_on": "ON",
        "payload_off": "OFF",
        "json_attributes_topic": "edgecry/nursery/attributes",
    }


def test_probability():
    assert configs()["homeassistant/sensor/edgecry_nursery/probability/config"] == {
        **SHARED,
        "name": "Cry probability",
        "unique_id": "edgecry_nursery_probability",
        "state_topic": "edgecry/nursery/attributes",
        "value_template": "{{ (100 * value_json.peak) | round(1) }}",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "suggested_display_precision": 0,
        "icon": "mdi:baby-face-outline",
    }


@pytest.mark.parametrize("reasons", [(), ("hungry", "uncertain")])
def test_reason(reasons):
    options = {"device_class": "enum", "options": list(reasons)} if reasons else {}
    assert configs(reasons=reasons)["homeassistant/sensor/edgecry_nursery/reason/config"] == {
        **SHARED,
        **options,
        "name": "Cry reason",
        "unique_id": "edgecry_nursery_reason",
        "state_topic": "edgecry/nursery/attributes",
        "value_template": "{{ value_json.label | default('None', true) }}",
        "icon": "mdi:help-circle-outline",
    }


def test_expiry_is_of_crying_alone():
    """The sensors tell of the newest event, which stays so."""
    found = configs(expire_after=90)
    assert [config.get("expire_after") for config in found.values()] == [90, None, None]


def test_no_field_that_home_assistant_does_not_know():
    """It would drop them in silence."""
    for topic, config in configs(reasons=("hungry",), expire_after=90).items():
        assert set(config) <= KNOWN[topic.split("/")[1]]


def test_devices_do_not_clash():
    a, b = (discovery(Topics("edgecry", device), "homeassistant", "x") for device in ("a", "b"))
    assert not a.keys() & b.keys()
    ids = [json.loads(payload)["unique_id"] for found in (a, b) for payload in found.values()]
    assert len(set(ids)) == 6


def test_prefix_of_home_assistant():
    found = discovery(Topics("edgecry", "nursery"), "ha/auto", "x")
    assert all(topic.startswith("ha/auto/") for topic in found)
