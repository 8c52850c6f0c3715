"""homeassistant: the discovery message, field by field."""

import json

import pytest

from edgecry import __version__
from edgecry.sinks.controls import Controls
from edgecry.sinks.homeassistant import belongs_to, discovery, former_topics, identifier, machine
from edgecry.sinks.message import EVENT_KINDS, SOURCE_KINDS
from edgecry.sinks.topics import Topics

TOPICS = Topics("edgecry", "nursery")
TOPIC = "homeassistant/device/edgecry_nursery/config"
#: What Home Assistant knows of: home-assistant.io/integrations/mqtt, and those of each platform.
ENTITY = {
    "availability",
    "availability_mode",
    "enabled_by_default",
    "entity_category",
    "icon",
    "name",
    "platform",
    "state_topic",
    "unique_id",
}
KNOWN = {
    "binary_sensor": ENTITY
    | {
        "device_class",
        "expire_after",
        "json_attributes_topic",
        "payload_off",
        "payload_on",
        "value_template",
    },
    "image": (ENTITY | {"content_type", "image_encoding", "image_topic", "url_template", "url_topic"})
    - {"state_topic"},
    "event": ENTITY | {"device_class", "event_types", "value_template"},
    "sensor": ENTITY
    | {"device_class", "options", "state_class", "suggested_display_precision", "unit_of_measurement"}
    | {"value_template"},
    "switch": ENTITY | {"command_topic", "payload_off", "payload_on", "value_template"},
    "number": ENTITY | {"command_topic", "max", "min", "mode", "step", "value_template"},
}


WHILE_HEARD = [
    {"topic": "edgecry/nursery/availability"},
    {
        "topic": "edgecry/nursery/health",
        "value_template": "{{ 'online' if value_json.hearing else 'offline' }}",
    },
]


def config(**options) -> dict:
    ((topic, payload),) = discovery(TOPICS, "homeassistant", "Nursery", **options).items()
    assert topic == TOPIC
    return json.loads(payload)


def test_the_device():
    found = config()
    del found["components"]
    assert found == {
        "device": {
            "identifiers": ["edgecry_nursery"],
            "name": "Nursery",
            "manufacturer": "edgecry",
            "model": "edgecry",
            "sw_version": __version__,
        },
        "origin": {"name": "edgecry", "sw_version": __version__},
        "availability": [{"topic": "edgecry/nursery/availability"}],
        "qos": 1,
    }


def test_its_page():
    assert config(page="http://cot.local:8377/")["device"]["configuration_url"] == "http://cot.local:8377/"
    assert "configuration_url" not in config()["device"]


def test_its_entities():
    found = config()["components"]
    assert {key: entity["platform"] for key, entity in found.items()} == {
        "crying": "binary_sensor",
        "microphone": "binary_sensor",
        "event": "event",
        "probability": "sensor",
        "last_cry": "sensor",
        "picture": "image",
        "level": "sensor",
        "memory": "sensor",
        "today": "sensor",
        "reason": "sensor",
        "alerts": "switch",
        "threshold": "number",
    }
    assert {key for key, entity in found.items() if not entity.get("enabled_by_default", True)} == {
        "level",
        "memory",
        "reason",
    }


def test_crying():
    assert config(expire_after=90)["components"]["crying"] == {
        "platform": "binary_sensor",
        "name": "Crying",
        "unique_id": "edgecry_nursery_crying",
        "device_class": "sound",
        "icon": "mdi:emoticon-cry-outline",
        "state_topic": "edgecry/nursery/state",
        "payload_on": "ON",
        "payload_off": "OFF",
        "json_attributes_topic": "edgecry/nursery/attributes",
        "expire_after": 90,
        "availability": WHILE_HEARD,
        "availability_mode": "all",
    }


def test_what_is_not_heard_is_not_available():
    """Neither crying nor quiet; but what is wrong with the microphone is told all the same."""
    found = config()["components"]
    assert [key for key, entity in found.items() if entity.get("availability") == WHILE_HEARD] == [
        "crying",
        "probability",
        "level",
    ]
    assert found["microphone"] == {
        "platform": "binary_sensor",
        "name": "Microphone",
        "unique_id": "edgecry_nursery_microphone",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": "edgecry/nursery/health",
        "value_template": "{{ 'ON' if value_json.reason else 'OFF' }}",
        "payload_on": "ON",
        "payload_off": "OFF",
        "json_attributes_topic": "edgecry/nursery/health",
    }


def test_probability_is_that_of_now():
    """Not the peak of the last cry, which would stay until the next."""
    found = config()["components"]["probability"]
    assert found["state_topic"] == "edgecry/nursery/reading"
    assert found["value_template"] == "{{ (100 * value_json.probability) | round(1) }}"
    assert (found["unit_of_measurement"], found["state_class"]) == ("%", "measurement")


def test_what_can_be_set():
    """Each is shown as it is set, and orders go to the topics on which they are heeded."""
    found = config()["components"]
    assert (found["alerts"]["command_topic"], found["threshold"]["command_topic"]) == (
        "edgecry/nursery/alerts/set",
        "edgecry/nursery/threshold/set",
    )
    assert {found[key]["state_topic"] for key in ("alerts", "threshold")} == {"edgecry/nursery/controls"}
    assert {found[key]["entity_category"] for key in ("alerts", "threshold")} == {"config"}
    controls = Controls(0.8)
    for order in (found["alerts"]["payload_off"], found["alerts"]["payload_on"]):
        controls.obey("alerts", order)
    for limit in (found["threshold"]["min"], found["threshold"]["max"]):
        controls.obey("threshold", str(limit))
        assert controls.threshold == limit


def test_events_are_all_that_there_are():
    assert config()["components"]["event"]["event_types"] == [*EVENT_KINDS, *SOURCE_KINDS]


@pytest.mark.parametrize("reasons", [(), ("hungry", "uncertain")])
def test_reason(reasons):
    found = config(reasons=reasons)["components"]["reason"]
    assert found.get("options", []) == list(reasons)
    assert found.get("device_class") == ("enum" if reasons else None)


def test_expiry_is_of_crying_and_the_microphone():
    """The others tell of the newest event, which stays so, or are never needed in time."""
    found = config(expire_after=90)["components"]
    assert [key for key, entity in found.items() if "expire_after" in entity] == ["crying", "microphone"]
    assert not [entity for entity in config()["components"].values() if "expire_after" in entity]


def test_no_field_that_home_assistant_does_not_know():
    for entity in config(reasons=("hungry",), expire_after=90)["components"].values():
        assert set(entity) <= KNOWN[entity["platform"]], entity


def test_devices_do_not_clash():
    """Neither two names, nor two machines of one name."""
    found = [
        discovery(Topics("edgecry", device), "homeassistant", "x", machine=number)
        for device, number in (("a", "1"), ("b", "1"), ("a", "2"))
    ]
    payloads = [json.loads(payload) for messages in found for payload in messages.values()]
    assert len({topic for messages in found for topic in messages}) == 3
    ids = [entity["unique_id"] for payload in payloads for entity in payload["components"].values()]
    assert len(set(ids)) == len(ids)


def test_prefix_of_home_assistant():
    assert all(topic.startswith("ha/auto/") for topic in discovery(TOPICS, "ha/auto", "x"))
    assert all(topic.startswith("ha/auto/") for topic in former_topics(TOPICS, "ha/auto"))


def test_the_number_of_the_machine_is_not_told(tmp_path):
    path = tmp_path / "machine-id"
    path.write_text("0123456789abcdef0123456789abcdef\n")
    found = machine(path)
    assert len(found) == 8
    assert found not in path.read_text()
    assert identifier(TOPICS, found) == f"edgecry_nursery_{found}"
    assert machine(path) == found
    for text in ("", "\n"):
        path.write_text(text)
        assert machine(path) == ""
    assert machine(tmp_path / "none") == ""


def test_whose_announcement_it_is():
    (payload,) = discovery(TOPICS, "homeassistant", "x", machine="12345678").values()
    assert belongs_to(payload, TOPICS)
    assert not belongs_to(payload, Topics("edgecry", "nurser"))
    one = {"availability_topic": TOPICS.availability, "origin": {"name": "edgecry"}}
    assert belongs_to(json.dumps(one), TOPICS), "that of 0.1.0"
    for other in (
        "",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        json.dumps(one | {"origin": {"name": "zigbee2mqtt"}}),
    ):
        assert not belongs_to(other, TOPICS)
