"""The core of Home Assistant with MQTT alone, which does what a test asks for.

Run by a Python that has Home Assistant, in a folder with a configuration.yaml, beside a broker. It fetches
nothing: what is not installed is not set up. The first line on stdout says that it runs. Then each line on
stdin is an order as JSON, and a line on stdout answers it. It ends when stdin does.
"""

import asyncio
import json
import os
import sys
from typing import IO, Any

from homeassistant import bootstrap
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.runner import RuntimeConfig


async def main(folder: str, port: int, answers: IO[str]) -> None:
    # A frontend, backups and more belong to every Home Assistant, and would have to be fetched.
    bootstrap.DEFAULT_INTEGRATIONS = set()
    bootstrap.CRITICAL_INTEGRATIONS = set()
    hass = await bootstrap.async_setup_hass(RuntimeConfig(config_dir=folder, skip_pip=True))
    if hass is None:
        sys.exit("Home Assistant does not start")
    await hass.async_start()
    await connect(hass, port)
    tell(answers, {"config": sorted(hass.config.components)})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            tell(answers, await obey(hass, **json.loads(line)))
        except Exception as error:  # the test says what it was
            tell(answers, {"error": repr(error)})
    await hass.async_stop(force=True)


def tell(answers: IO[str], what: Any) -> None:
    answers.write(json.dumps(what, default=str) + "\n")
    answers.flush()


async def connect(hass: HomeAssistant, port: int) -> None:
    """Set MQTT up as a person does: by the form that asks for the broker."""
    form = await hass.config_entries.flow.async_init("mqtt", context={"source": "user"})
    done = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"broker": "127.0.0.1", "port": port}
    )
    if done["type"] != "create_entry":
        sys.exit(f"MQTT cannot be set up: {done}")
    await hass.async_block_till_done()


async def obey(hass: HomeAssistant, order: str, **arguments: Any) -> Any:
    if order == "entities":
        return entities(hass)
    if order == "devices":
        return devices(hass)
    if order == "call":
        domain, _, service = arguments["service"].partition(".")
        await hass.services.async_call(domain, service, arguments["data"], blocking=True)
        return None
    if order == "enable":
        return await enable(hass)
    raise ValueError(order)


def entities(hass: HomeAssistant) -> dict[str, Any]:
    """All entities of MQTT, by the unique id of each, with their states."""
    found = {}
    for entry in list(entity_registry.async_get(hass).entities.values()):
        if entry.platform != "mqtt":
            continue
        state = hass.states.get(entry.entity_id)
        found[entry.unique_id] = {
            "entity_id": entry.entity_id,
            "disabled": entry.disabled_by is not None,
            "category": entry.entity_category,
            "state": None if state is None else state.state,
            "attributes": {} if state is None else dict(state.attributes),
        }
    return found


def devices(hass: HomeAssistant) -> list[dict[str, Any]]:
    return [
        {
            "identifiers": sorted(name for _, name in device.identifiers),
            "name": device.name,
            "manufacturer": device.manufacturer,
            "sw_version": device.sw_version,
        }
        for device in device_registry.async_get(hass).devices.values()
    ]


async def enable(hass: HomeAssistant) -> None:
    """Switch on what is off at first, as a person does, and load MQTT again, as Home Assistant then does."""
    registry = entity_registry.async_get(hass)
    for entry in list(registry.entities.values()):
        if entry.platform == "mqtt" and entry.disabled_by is not None:
            registry.async_update_entity(entry.entity_id, disabled_by=None)
    (mqtt,) = hass.config_entries.async_entries("mqtt")
    await hass.config_entries.async_reload(mqtt.entry_id)
    await hass.async_block_till_done()


if __name__ == "__main__":
    # Answers alone go to what was stdout, whatever a package prints.
    kept = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), kept))
