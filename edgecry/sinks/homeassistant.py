"""What Home Assistant is told, so that the device appears there by itself. Pure: no network.

Field names as in https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery.
"""

from __future__ import annotations

import json
from typing import Any

from edgecry import __version__
from edgecry.sinks.topics import OFF, OFFLINE, ON, ONLINE, Topics


def discovery(
    topics: Topics, prefix: str, name: str, reasons: tuple[str, ...] = (), expire_after: int | None = None
) -> dict[str, str]:
    """The discovery messages, as JSON by topic; all are to be retained.

    Parameters
    ----------
    topics : Topics
        Where the device publishes.
    prefix : str
        Home Assistant's own: ``homeassistant`` unless changed there.
    name : str
        What the device is called on the screen.
    reasons : tuple of str
        Labels that the reason can have. Any, if there are none.
    expire_after : int, optional
        Seconds without a state after which crying is unavailable.
    """
    shared = {
        "device": {
            "identifiers": [f"edgecry_{topics.device}"],
            "name": name,
            "manufacturer": "edgecry",
            "model": "edgecry",
            "sw_version": __version__,
        },
        "origin": {"name": "edgecry", "sw_version": __version__},
        "availability_topic": topics.availability,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "qos": 1,
    }
    crying: dict[str, Any] = {
        "name": "Crying",
        "device_class": "sound",
        "state_topic": topics.state,
        "payload_on": ON,
        "payload_off": OFF,
        "json_attributes_topic": topics.attributes,
    }
    if expire_after is not None:
        crying["expire_after"] = expire_after
    probability = {
        "name": "Cry probability",
        "state_topic": topics.attributes,
        "value_template": "{{ (100 * value_json.peak) | round(1) }}",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "suggested_display_precision": 0,
        "icon": "mdi:baby-face-outline",
    }
    # "None" is how a template tells Home Assistant that the state is unknown.
    reason: dict[str, Any] = {
        "name": "Cry reason",
        "state_topic": topics.attributes,
        "value_template": "{{ value_json.label | default('None', true) }}",
        "icon": "mdi:help-circle-outline",
    }
    if reasons:
        reason |= {"device_class": "enum", "options": list(reasons)}
    entities = (
        ("binary_sensor", "crying", crying),
        ("sensor", "probability", probability),
        ("sensor", "reason", reason),
    )
    return {
        f"{prefix}/{component}/edgecry_{topics.device}/{key}/config": json.dumps(
            entity | {"unique_id": f"edgecry_{topics.device}_{key}"} | shared
        )
        for component, key, entity in entities
    }
