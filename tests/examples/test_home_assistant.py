"""The automations speak of what Home Assistant is really told."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from edgecry.sinks.homeassistant import discovery
from edgecry.sinks.message import json_schema
from edgecry.sinks.topics import Topics

PATH = Path(__file__).parents[2] / "examples" / "home_assistant.yaml"
TOPICS = Topics("edgecry", "nursery")
AUTOMATIONS: list[dict[str, Any]] = yaml.safe_load(PATH.read_text())


def announced() -> set[str]:
    """Entities as Home Assistant names them: after the device and the entity."""
    messages = discovery(TOPICS, "homeassistant", "edgecry nursery")
    found = set()
    for text in messages.values():
        message = json.loads(text)
        for entity in message["components"].values():
            name = f"{message['device']['name']} {entity['name']}"
            found.add(f"{entity['platform']}.{re.sub('[^a-z0-9]+', '_', name.lower())}")
    return found


def triggers() -> list[dict[str, Any]]:
    return [trigger for automation in AUTOMATIONS for trigger in automation["triggers"]]


def test_automations_are_whole():
    for automation in AUTOMATIONS:
        assert {"alias", "description", "triggers", "actions"} <= automation.keys()
    assert len({automation["alias"] for automation in AUTOMATIONS}) == len(AUTOMATIONS)


def test_entities_are_those_that_are_announced():
    asked = {trigger["entity_id"] for trigger in triggers() if trigger["trigger"] == "state"}

    assert asked
    assert asked <= announced()


def test_topics_are_those_that_are_published():
    asked = {trigger["topic"] for trigger in triggers() if trigger["trigger"] == "mqtt"}

    assert asked == {TOPICS.events}


def test_fields_are_those_of_an_event():
    fields = set(re.findall(r"payload_json\.(\w+)", PATH.read_text()))

    assert fields == {"kind", "duration"}
    assert fields <= set(json_schema()["$defs"]["event"]["properties"])
