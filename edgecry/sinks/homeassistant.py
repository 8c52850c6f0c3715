"""What Home Assistant is told, so that the device appears there by itself. Pure: no network.

Field names as in https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery; one message for the whole
device, as Home Assistant 2024.11 and later read it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from edgecry import __version__
from edgecry.sinks.message import EVENT_KINDS, SOURCE_KINDS
from edgecry.sinks.topics import OFF, OFFLINE, ON, ONLINE, Topics

_MACHINE_ID: Final = Path("/etc/machine-id")
_DIGITS: Final = 8
#: What the event entity holds of an event besides its kind. A value that the event lacks is null.
_TOLD: Final = ("started_at", "duration", "peak", "clip", "reason")
#: Component and key of what 0.1.0 announced one by one.
_FORMER: Final = (("binary_sensor", "crying"), ("sensor", "probability"), ("sensor", "reason"))


def machine(path: Path = _MACHINE_ID) -> str:
    """Return some digits that tell this machine from others; an empty text where the system has no number.

    Every fresh board is called raspberrypi. The number itself is confidential, so it is hashed.
    """
    try:
        number = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(f"edgecry {number}".encode()).hexdigest()[:_DIGITS] if number else ""


def identifier(topics: Topics, machine: str = "") -> str:
    """Return what names the device, and begins the names of its entities."""
    return "_".join(filter(None, ("edgecry", topics.device, machine)))


def discovery(
    topics: Topics,
    prefix: str,
    name: str,
    reasons: tuple[str, ...] = (),
    expire_after: int | None = None,
    machine: str = "",
    page: str | None = None,
) -> dict[str, str]:
    """Make the discovery messages, as JSON by topic; all are to be retained.

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
        Seconds without a state after which crying and the microphone are unavailable.
    machine : str
        What tells this machine from others of its name.
    page : str, optional
        Address of the device's own page.
    """
    device = identifier(topics, machine)
    config = {
        "device": {
            "identifiers": [device],
            "name": name,
            "manufacturer": "edgecry",
            "model": "edgecry",
            "sw_version": __version__,
            **({"configuration_url": page} if page else {}),
        },
        "origin": {"name": "edgecry", "sw_version": __version__},
        "availability": [{"topic": topics.availability}],
        "qos": 1,
        "components": {
            key: {**entity, "unique_id": f"{device}_{key}"}
            for key, entity in _entities(topics, reasons, expire_after).items()
        },
    }
    return {f"{prefix}/device/{device}/config": json.dumps(config)}


def former_topics(topics: Topics, prefix: str) -> list[str]:
    """Name the topics under which 0.1.0 announced the same device; an empty message removes them."""
    return [f"{prefix}/{component}/edgecry_{topics.device}/{key}/config" for component, key in _FORMER]


def belongs_to(payload: str, topics: Topics) -> bool:
    """Return True if a discovery message announces a device that publishes below these topics."""
    try:
        config = json.loads(payload)
    except (ValueError, RecursionError):
        return False
    origin = config.get("origin") if isinstance(config, dict) else None
    is_ours = isinstance(origin, dict) and origin.get("name") == "edgecry"
    # Former ones had a single topic.
    found = (config.get("availability"), config.get("availability_topic")) if is_ours else ()
    return any(place in ([{"topic": topics.availability}], topics.availability) for place in found)


def _while_heard(topics: Topics) -> list[dict[str, str]]:
    """Where it says that the device is there, and that it hears."""
    hearing = f"{{{{ '{ONLINE}' if value_json.hearing else '{OFFLINE}' }}}}"
    return [{"topic": topics.availability}, {"topic": topics.health, "value_template": hearing}]


def _entities(
    topics: Topics, reasons: tuple[str, ...], expire_after: int | None
) -> dict[str, dict[str, Any]]:
    """What the device shows, by the key of each."""
    expires = {} if expire_after is None else {"expire_after": expire_after}
    # What is not heard is neither crying nor quiet.
    heard = {"availability": _while_heard(topics), "availability_mode": "all"}
    return {
        "crying": {**_crying(topics), **expires, **heard},
        "microphone": {**_microphone(topics), **expires},
        **_events(topics, reasons),
        **_readings(topics, heard),
        **_settings(topics),
    }


def _crying(topics: Topics) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "name": "Crying",
        "device_class": "sound",
        "icon": "mdi:emoticon-cry-outline",
        "state_topic": topics.state,
        "payload_on": ON,
        "payload_off": OFF,
        "json_attributes_topic": topics.attributes,
    }


def _microphone(topics: Topics) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "name": "Microphone",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "state_topic": topics.health,
        "value_template": f"{{{{ '{ON}' if value_json.reason else '{OFF}' }}}}",
        "payload_on": ON,
        "payload_off": OFF,
        "json_attributes_topic": topics.health,
    }


def _events(topics: Topics, reasons: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """What is told of the newest cry."""
    return {
        "event": {
            "platform": "event",
            "name": "Cry event",
            "state_topic": topics.events,
            "event_types": [*EVENT_KINDS, *SOURCE_KINDS],
            "value_template": "{{ {'event_type': value_json.kind, "
            + ", ".join(f"'{name}': value_json.get('{name}')" for name in _TOLD)
            + "} | to_json }}",
            "icon": "mdi:baby-face-outline",
        },
        "last_cry": {
            "platform": "sensor",
            "name": "Last cry",
            "device_class": "timestamp",
            "state_topic": topics.attributes,
            "value_template": "{{ value_json.started_at }}",
        },
        "picture": {
            "platform": "image",
            "name": "Last cry",
            "image_topic": topics.picture,
            "content_type": "image/png",
            "icon": "mdi:waveform",
        },
        "reason": {
            "platform": "sensor",
            "name": "Cry reason",
            "state_topic": topics.attributes,
            # "None" is how a template tells Home Assistant that the state is unknown.
            "value_template": "{{ value_json.label | default('None', true) }}",
            "icon": "mdi:help-circle-outline",
            "enabled_by_default": False,  # it nearly always says uncertain
            **({"device_class": "enum", "options": list(reasons)} if reasons else {}),
        },
    }


def _readings(topics: Topics, heard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Numbers that change all the time."""
    return {
        "probability": {
            "platform": "sensor",
            "name": "Cry probability",
            "state_topic": topics.reading,
            "value_template": "{{ (100 * value_json.probability) | round(1) }}",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 0,
            "icon": "mdi:baby-face-outline",
            **heard,
        },
        "level": {
            "platform": "sensor",
            "name": "Sound level",
            "state_topic": topics.reading,
            "value_template": "{{ value_json.level | default('None', true) }}",
            "unit_of_measurement": "dB",
            "state_class": "measurement",
            "enabled_by_default": False,
            **heard,
        },
        "memory": {
            "platform": "sensor",
            "name": "Memory",
            "state_topic": topics.heartbeat,
            "value_template": "{{ value_json.counters.rss_mb | default('None', true) }}",
            "unit_of_measurement": "MB",
            "device_class": "data_size",
            "entity_category": "diagnostic",
            "enabled_by_default": False,
        },
        "today": {
            "platform": "sensor",
            "name": "Crying today",
            "state_topic": topics.reading,
            "value_template": "{{ (value_json.crying_today / 60) | round(1) }}",
            "unit_of_measurement": "min",
            "device_class": "duration",
            "state_class": "total_increasing",
            "suggested_display_precision": 0,
        },
    }


def _settings(topics: Topics) -> dict[str, dict[str, Any]]:
    """What a person can set."""
    return {
        "alerts": {
            "platform": "switch",
            "name": "Alerts",
            "state_topic": topics.controls,
            "value_template": f"{{{{ '{ON}' if value_json.alerts else '{OFF}' }}}}",
            "command_topic": topics.order("alerts"),
            "payload_on": ON,
            "payload_off": OFF,
            "entity_category": "config",
            "icon": "mdi:bell-outline",
        },
        "threshold": {
            "platform": "number",
            "name": "Threshold",
            "state_topic": topics.controls,
            "value_template": "{{ value_json.threshold }}",
            "command_topic": topics.order("threshold"),
            "min": 0.01,
            "max": 1,
            "step": 0.01,
            "mode": "slider",
            "entity_category": "config",
            "icon": "mdi:tune-vertical",
        },
    }
