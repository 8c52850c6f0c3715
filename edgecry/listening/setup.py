"""From a fresh board to a running service: asks questions, and acts on the answers.

The person who is asked and the means to change the machine are arguments, so that nothing here reads a
terminal or writes a file by itself.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from edgecry.errors import AudioError, EdgecryError
from edgecry.listening.settings import ListenSettings, parse_settings
from edgecry.listening.trial import SECONDS, listen_for
from edgecry.listening.unit import settings_for, unit, warnings
from edgecry.sinks.address import mqtt_address
from edgecry.sources.settings import SourceSettings

#: A peak of this or less, in dB of full scale, means a microphone without sound and not a quiet room.
FAINT: Final = -85.0
#: The path of the unit, and a folder that exists only if systemd runs the machine.
UNIT: Final = Path("/etc/systemd/system/edgecry.service")
SYSTEMD: Final = Path("/run/systemd/system")
_CARD: Final = re.compile(r"^card \d+: (\S+) \[(.*?)\], device (\d+): .*?\[(.*?)\]", re.MULTILINE)


class Person(Protocol):
    """The person who is asked."""

    def tell(self, text: str) -> None:
        """Say something."""

    def ask(self, question: str, default: str = "") -> str:
        """Ask for a text. Return the default if the answer is empty."""

    def agrees(self, question: str, default: bool = True) -> bool:
        """Ask whether to do something."""

    def secret(self, question: str) -> str:
        """Ask for a text that is not shown while it is typed."""


class Changes(Protocol):
    """Changes the machine, or only says what it would change."""

    def write(self, path: Path, text: str, mode: int = 0o644) -> None:
        """Write a file completely or not at all."""

    def run(self, *command: str) -> None:
        """Run a program to its end. Raise EdgecryError if it fails."""


@dataclass(frozen=True)
class Microphone:
    """A microphone that was found: its name, and the table [source] for it."""

    name: str
    source: Mapping[str, Any]


def set_up(person: Person, changes: Changes, config: Path, program: tuple[str, ...], is_root: bool) -> None:
    """Ask, write the settings and install the service. The person agrees to each change before it is made.

    Parameters
    ----------
    person : Person
        The person who is asked.
    changes : Changes
        Changes the machine.
    config : Path
        The settings file to write.
    program : tuple of str
        The command that starts edgecry.
    is_root : bool
        True if a service can be installed.

    Raises
    ------
    EdgecryError
        There is no microphone, or something cannot be done.
    """
    table: dict[str, Any] = {"source": choose_microphone(person)}
    places, secrets = choose_places(person, config.parent)
    table |= places
    settings = parse_settings(table, str(config))
    text = toml(table)
    person.tell(f"\n{config}:\n\n{text}")
    if config.exists() and not person.agrees(f"{config} is there already. Replace it?", False):
        raise EdgecryError(f"{config}: was left as it is; name another file with --config")
    if not person.agrees(f"Write {', '.join(map(str, (config, *secrets)))}?"):
        raise EdgecryError("setup: nothing was written")
    for path, secret in secrets.items():
        changes.write(path, secret + "\n", 0o600)
    changes.write(config, text)
    install(person, changes, settings, (*program, "listen", "--config", str(config)), is_root)


# -- the microphone ----------------------------------------------------------------------------------------


def choose_microphone(person: Person) -> dict[str, Any]:
    """Have the person choose a microphone that gives sound. Return the table [source]."""
    found = list(microphones())
    if not found:
        raise EdgecryError(
            "no microphone is there; plug one in, and check that this user is in the group audio, and that "
            "arecord is there (apt install alsa-utils)"
        )
    while True:
        for i, microphone in enumerate(found, 1):
            person.tell(f"  {i}  {microphone.name}")
        answer = person.ask("Which microphone?", "1")
        if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(found)):
            person.tell(f"a number from 1 to {len(found)}, please")
            continue
        source = dict(found[int(answer) - 1].source)
        person.tell(f"recording {SECONDS:g} s; clap your hands ...")
        try:
            trial = listen_for(SourceSettings(**source))
        except AudioError as error:
            person.tell(f"that did not work: {error}")
            continue
        if trial.level is not None and trial.peak is not None:
            person.tell(f"level {trial.level:.0f} dB, at most {trial.peak:.0f} dB of full scale")
        is_heard = trial.state == "hearing" and trial.peak is not None and trial.peak > FAINT
        if not is_heard:
            person.tell(
                f"{trial.reason or 'hardly any sound'}: it may be muted (alsamixer, F4), or another one"
            )
        if person.agrees("Take this one?", is_heard):
            return source


def microphones() -> Iterator[Microphone]:
    """Find the microphones of ALSA by arecord, or those of PortAudio if arecord is missing."""
    program = shutil.which("arecord")
    if program is not None:
        listed = subprocess.run(  # noqa: S603 - the program on PATH
            [program, "-l"], capture_output=True, text=True, errors="replace", check=False
        )
        for card, name, number, what in _CARD.findall(listed.stdout):
            place = f"plughw:CARD={card},DEV={number}"
            command = f"arecord -q -D {place} -t raw -f S16_LE -c 1 -r 16000"
            yield Microphone(f"{name}, {what} ({place})", {"kind": "command", "command": command})
        return
    from edgecry.sources.device import list_devices

    try:
        devices = list_devices()
    except AudioError:  # the extra mic is not installed either
        return
    for device in devices:
        yield Microphone(device.name, {"kind": "device", "device": device.name})


# -- where it is told --------------------------------------------------------------------------------------


def choose_places(person: Person, folder: Path) -> tuple[dict[str, Any], dict[Path, str]]:
    """Ask where cries are told and kept. Return tables of the settings, and secrets by their files."""
    table: dict[str, Any] = {}
    secrets: dict[Path, str] = {}
    if name := person.ask("What is this device called (letters, digits, - and _)?", "nursery"):
        table["name"] = name
    if person.agrees("A page for phones in this network, with a key?"):
        table["web"] = {"address": ":8377"}
    if person.agrees("Keep a recording of each cry, 30 days and 1 GB at most?"):
        table["record"] = {"dir": "clips"}
    sinks: dict[str, Any] = {}
    if host := person.ask("An MQTT broker, such as Home Assistant's (HOST or mqtts://HOST; empty for none)?"):
        sinks["mqtt"] = mqtt_address(host)
        if user := person.ask("Its user (empty for none)?"):
            path = folder / "edgecry-mqtt-password"
            secrets[path] = person.secret("Its password?")
            sinks["mqtt"] |= {"user": user, "password_file": str(path)}
    if url := person.ask(
        "The page of another listener that shows this one, too (http://HOST:8377/; empty for none)?"
    ):
        sinks["page"] = {"url": url}
        if key := person.secret("Its key for reports ('edgecry page --report-key' tells it there)?"):
            path = folder / "edgecry-report-key"
            secrets[path] = key
            sinks["page"]["key_file"] = str(path)
    if urls := person.ask(
        "A phone, as Apprise writes it (ntfy://ntfy.sh/A-TOPIC-OF-YOURS, tgram://...; empty for none)?"
    ):
        path = folder / "edgecry-notify"
        secrets[path] = urls
        sinks["notify"] = {"urls_file": str(path)}
    return table | ({"sinks": sinks} if sinks else {}), secrets


def toml(table: Mapping[str, Any], place: str = "") -> str:
    """Write tables of texts, numbers and bools as TOML."""
    is_bare = not place or all(isinstance(value, Mapping) for value in table.values())
    lines = [] if is_bare else [f"[{place}]"]
    lines += [
        # A TOML text in double quotes is written as in JSON.
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in table.items()
        if not isinstance(value, Mapping)
    ]
    parts = ["\n".join(lines)] if lines else []
    for key, value in table.items():
        if isinstance(value, Mapping):
            parts.append(toml(value, f"{place}.{key}" if place else key).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


# -- the service -------------------------------------------------------------------------------------------


def install(
    person: Person, changes: Changes, settings: ListenSettings, command: tuple[str, ...], is_root: bool
) -> None:
    """Install the unit and start it, or say how to listen without a service."""
    by_hand = " ".join(command)
    if not SYSTEMD.is_dir():
        person.tell(f"systemd does not run this machine; listen with: {by_hand}")
        return
    if not is_root:
        person.tell(f"for a service, run this again with sudo and the full path; or listen with: {by_hand}")
        return
    wanted = settings_for(command, settings)
    for warning in warnings(wanted):
        person.tell(f"in the way: {warning}")
    if not person.agrees(f"Install {UNIT} and start it now, and with every start of the machine?"):
        person.tell(f"listen with: {by_hand}")
        return
    changes.write(UNIT, unit(wanted))
    changes.run("systemctl", "daemon-reload")
    changes.run("systemctl", "enable", "edgecry")
    changes.run("systemctl", "restart", "edgecry")
    person.tell("what the service says: journalctl -u edgecry -f")
    if settings.web.address:
        person.tell("the page's address, with its key: sudo edgecry page --config " + command[-1])
