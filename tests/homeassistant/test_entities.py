"""A real Home Assistant finds the cot, shows what is heard, and is heeded. Each test goes on from the last.

Skipped unless a Python has Home Assistant; CONTRIBUTING.md says how to give it one.
"""

import json

from edgecry import __version__
from edgecry.sinks.homeassistant import discovery
from tests.conftest import needs_bundled
from tests.homeassistant.home import DEVICE, NAME, TOPICS
from tests.sinks.messages import wait_for

pytestmark = needs_bundled

#: What is announced, by the key of each.
(ANNOUNCED,) = (json.loads(text)["components"] for text in discovery(TOPICS, "homeassistant", "x").values())


def newest(watcher, topic: str) -> dict:
    return json.loads(watcher.payloads(topic)[-1])


def number(state: str | None) -> float | None:
    """The number that a state is; None of one that is unknown."""
    try:
        return float(state)
    except (TypeError, ValueError):
        return None


def test_the_device_and_all_its_entities_appear(home, cot):
    home.becomes("crying", "off")
    wait_for(lambda: len(home.entities()) == len(ANNOUNCED), "all entities", 120)

    found = home.entities()
    assert {key: entity["entity_id"].partition(".")[0] for key, entity in found.items()} == {
        key: entity["platform"] for key, entity in ANNOUNCED.items()
    }
    assert {key for key, entity in found.items() if entity["disabled"]} == {"level", "memory", "reason"}
    assert {key: entity["category"] for key, entity in found.items()} == {
        key: entity.get("entity_category") for key, entity in ANNOUNCED.items()
    }
    assert found["crying"]["entity_id"] == f"binary_sensor.edgecry_{DEVICE}_crying"
    assert home.ask("devices") == [
        {
            "identifiers": [NAME],
            "name": f"edgecry {DEVICE}",
            "manufacturer": "edgecry",
            "sw_version": __version__,
        }
    ]


def test_a_quiet_room(home, cot, watcher):
    microphone = home.becomes("microphone", "off")
    home.becomes("alerts", "on")
    threshold = home.wait("threshold", lambda state, _: number(state))
    probability = home.wait("probability", lambda state, _: number(state) is not None)

    assert microphone["attributes"]["hearing"] is True
    assert microphone["attributes"]["device_class"] == "problem"
    assert float(threshold["state"]) == newest(watcher, TOPICS.controls)["threshold"]
    assert float(probability["state"]) < 50
    assert home.entities()["last_cry"]["state"] == "unknown"
    assert home.entities()["event"]["state"] == "unknown"


def test_a_cry(home, cot, watcher):
    cot.sound = "cry"
    crying = home.becomes("crying", "on")
    home.wait("event", lambda _, attributes: attributes.get("event_type") in ("start", "update"))
    home.wait("probability", lambda state, _: (number(state) or 0) > 90)
    cot.sound = "room"
    home.becomes("crying", "off")
    event = home.wait("event", lambda _, attributes: attributes.get("event_type") == "recorded")
    home.wait("probability", lambda state, _: (number(state) or 0) < 50 and number(state) is not None)

    assert {"started_at", "duration", "peak", "mean", "clip"} <= crying["attributes"].keys()
    told = newest(watcher, TOPICS.events)
    for name in ("started_at", "duration", "peak"):
        assert event["attributes"][name] == told[name]
    last = home.entities()["last_cry"]
    assert last["attributes"]["device_class"] == "timestamp"
    assert last["state"][:19] == told["started_at"][:19]


def test_minutes_of_today(home, cot, watcher):
    (cry,) = [event for event in cot.told() if event["kind"] == "end"]
    today = home.wait("today", lambda state, _: number(state) == round(cry["duration"] / 60, 1))

    assert today["attributes"]["state_class"] == "total_increasing"
    assert cry["duration"] > 6, "less is no tenth of a minute"


def test_picture_of_the_last_cry(home, cot, watcher):
    wait_for(lambda: watcher.payloads(TOPICS.picture), "a picture")
    entity = home.wait("picture", lambda state, _: state not in ("unknown", None))

    picture = home.picture(entity)
    assert picture.startswith(b"\x89PNG")
    assert picture == watcher.payloads(TOPICS.picture)[-1].encode(errors="surrogateescape")


def test_what_is_off_at_first_can_be_switched_on(home, cot, watcher):
    home.ask("enable")
    level = home.wait("level", lambda state, _: number(state) is not None)
    memory = home.wait("memory", lambda state, _: number(state) is not None)
    reason = home.wait("reason", lambda state, _: state not in ("unknown", "unavailable", None))

    assert -90 < float(level["state"]) < -50, "noise at 3e-4 of full scale is at -70 dB"
    assert level["attributes"]["unit_of_measurement"] == "dB"
    assert 30 < float(memory["state"]) < 300
    assert reason["state"] == newest(watcher, TOPICS.attributes)["label"]
    assert reason["state"] in reason["attributes"]["options"]


def test_a_threshold_that_is_set_there_arrives(home, cot, watcher):
    home.becomes("crying", "off")
    home.call("number.set_value", "threshold", value=0.65)

    home.wait("threshold", lambda state, _: number(state) == 0.65)
    assert newest(watcher, TOPICS.controls)["threshold"] == 0.65
    assert "the threshold is 0.65" in cot.log.read_text()


def test_alerts_that_are_switched_off_there_are_off(home, cot):
    """The cry is written down and recorded all the same."""
    before = home.entities()["event"]
    home.call("switch.turn_off", "alerts")
    home.becomes("alerts", "off")
    recorded = cot.count("recorded")
    starts = cot.count("start")
    cot.sound = "cry"
    wait_for(lambda: cot.count("start") > starts, "a cry", 120)
    assert home.entities()["crying"]["state"] == "off"
    cot.sound = "room"
    wait_for(lambda: cot.count("recorded") > recorded, "its recording", 120)
    home.call("switch.turn_on", "alerts")
    home.becomes("alerts", "on")  # what was sent before has come

    assert home.entities()["event"]["state"] == before["state"]
    assert home.entities()["crying"]["state"] == "off"

    starts = cot.count("start")
    cot.sound = "cry"
    home.becomes("crying", "on")
    cot.sound = "room"
    home.becomes("crying", "off")
    assert cot.count("start") == starts + 1


def test_a_microphone_that_is_gone_is_a_problem_and_no_quiet_room(home, cot):
    cot.sound = "gone"
    microphone = home.becomes("microphone", "on")
    home.becomes("crying", "unavailable")
    home.becomes("probability", "unavailable")
    home.wait("event", lambda _, attributes: attributes.get("event_type") == "source_lost")
    cot.sound = "room"
    home.becomes("microphone", "off")
    home.becomes("crying", "off")
    home.wait("event", lambda _, attributes: attributes.get("event_type") == "source_back")

    assert "no sound" in microphone["attributes"]["reason"]


def test_a_cot_that_is_forgotten_is_gone(home, cot):
    cot.end()
    home.becomes("crying", "unavailable")
    home.becomes("alerts", "unavailable")
    assert "removed" in cot.forget()

    wait_for(lambda: not home.entities(), "the entities to go")
    wait_for(lambda: not home.ask("devices"), "the device to go")
