"""What stands in the way of ``edgecry listen``, for ``edgecry doctor``: the source, the sinks, the folders.

The source is listened to for three seconds. Nothing is kept or published. Whether another machine answers is
asked by a connection that is closed at once, so that a listener that is running is left alone.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from edgecry.diagnostics import process
from edgecry.diagnostics.doctor import PATIENCE, Check
from edgecry.diagnostics.process import Outcome
from edgecry.errors import EdgecryError, SinkError
from edgecry.listening.settings import load_settings, outbox_path
from edgecry.needs import Folder, Microphone, Need, Program, Server
from edgecry.sinks.ids import default_device
from edgecry.sinks.making import SINKS, is_durable, make_sinks, sink_settings
from edgecry.sources.making import SOURCES
from edgecry.sources.settings import SourceSettings

#: Seconds that another machine has to answer.
TIMEOUT: Final = 5.0
#: RMS in dB of full scale under which even a quiet room should not be: the gain is at its lowest.
FAINT: Final = -80.0
_LIST: Final = (
    "import json; from edgecry.sources.device import list_devices; "
    "print(json.dumps([[d.index, d.name, d.is_default] for d in list_devices()]))"
)


def examine_listening(path: Path) -> Iterator[Check]:
    """Look at what a settings file asks for, one after the other.

    Parameters
    ----------
    path : Path
        The settings file.

    Yields
    ------
    Check
        As each is done.
    """
    try:
        settings = load_settings(path)
    except EdgecryError as error:
        yield Check("settings", "fail", str(error), "mend the file, as docs/listen.toml has it")
        return
    command = [sys.executable, "-m", "edgecry", "listen", "--config", str(path), "--check-config"]
    yield whole(path, process.run(command, timeout=PATIENCE))
    there = source(settings.source)
    yield there
    if there.status == "ok" and settings.source.kind != "stdin":
        command = [sys.executable, "-m", "edgecry.listening.trial", str(path)]
        yield sound(process.run(command, timeout=PATIENCE))
    if settings.record.dir:
        yield folder("recordings", Path(settings.record.dir), settings.record.max_bytes)
    try:
        sinks = sink_settings(settings.sinks, settings.name or default_device())
    except EdgecryError:
        return  # which was told as a whole
    if is_durable(sinks):
        yield folder("outbox", outbox_path(settings, os.environ).parent, settings.outbox.max_bytes)
    for name, found in sinks.items():
        yield sink(name, found)
    if settings.web.address:
        yield page(*settings.web.place)


def whole(path: Path, trial: Outcome) -> Check:
    """Tell whether all settings fit together; ``trial`` ran ``edgecry listen --check-config``."""
    if trial.code == 0:
        return Check("settings", "ok", str(path))
    advice = "mend that; edgecry listen --check-config says when it is right"
    return Check("settings", "fail", trial.complaint.removeprefix("edgecry: "), advice)


def source(settings: SourceSettings) -> Check:
    """Tell whether the program or the microphone is there."""
    kind = SOURCES[settings.kind]
    try:
        found, needs = kind.shown(settings), kind.needs(settings)
    except EdgecryError as error:
        return Check("source", "fail", str(error), "mend [source]")
    return _first_bad("source", found, needs)


def sound(trial: Outcome) -> Check:
    """Tell what is heard; ``trial`` ran :mod:`edgecry.listening.trial`."""
    advice = "mend the source; if a listener runs, it may hold the microphone: end it, and try again"
    if trial.code != 0:
        return Check("sound", "fail", trial.complaint, advice)
    found = json.loads(trial.stdout)
    if found["state"] != "hearing":
        status: Literal["warn", "fail"] = "warn" if found["state"] == "clipping" else "fail"
        return Check("sound", status, found["reason"], advice if status == "fail" else "lower the gain")
    heard = f"level {found['level']:.0f} dB, at most {found['peak']:.0f} dB of full scale"
    if found["level"] < FAINT:
        return Check("sound", "warn", f"{heard}: very quiet", "raise the gain, such as with alsamixer")
    return Check("sound", "ok", heard)


def microphone(wanted: str | int, trial: Outcome) -> Check:
    """Tell whether the microphone is among those that ``trial`` listed as JSON."""
    if trial.code != 0:
        found = trial.complaint.rpartition("AudioError: ")[2]
        return Check("source", "fail", found, "pip install '.[mic]', and apt install libportaudio2")
    devices = json.loads(trial.stdout)
    advice = "plug it in, and check that this user is in the group audio; edgecry listen --list-devices"
    if not devices:
        return Check("source", "fail", "no microphone is there", advice)
    chosen = [name for index, name, is_default in devices if _is_meant(wanted, index, name, is_default)]
    if len(chosen) == 1:
        return Check("source", "ok", f"microphone {chosen[0]}")
    if chosen:
        return Check(
            "source", "fail", f"{wanted!r} is a part of {', '.join(chosen)}", "name one of them in full"
        )
    there = ", ".join(name for _, name, _ in devices)
    return Check("source", "fail", f"no microphone {wanted!r}; there are {there}", advice)


def sink(name: str, settings: Any) -> Check:
    """Tell whether a sink could deliver: what it needs is there, and a broker takes us."""
    title = f"sink {name}"
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
            (made,) = make_sinks({name: settings}, nowhere)
    except EdgecryError as error:
        return Check(title, "fail", str(error), f"mend [sinks.{name}]")
    check = _first_bad(title, SINKS[name].shown(settings), SINKS[name].needs(settings))
    if check.status == "ok":
        try:
            made.greet(TIMEOUT)
        except SinkError as error:
            return Check(title, "fail", str(error), "events wait until that is mended")
    return check


def _first_bad(title: str, found: str, needs: tuple[Need, ...]) -> Check:
    """Look at what is needed: the first that is not there, or the last that is."""
    check = Check(title, "ok", found)
    for need in needs:
        match need:
            case Program():
                check = program(title, need.name)
            case Folder():
                check = folder(title, need.path, need.size)
            case Server():
                check = server(title, need.host, need.port, found)
            case Microphone():
                outcome = process.run([sys.executable, "-c", _LIST], timeout=PATIENCE)
                check = microphone(need.wanted, outcome)
        if check.status != "ok":
            break
    return check


def page(host: str, port: int) -> Check:
    """Tell whether the page can be at this address, of which a running listener may have the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.bind((host, 0))
    except OSError as error:
        found = f"{host}: cannot be listened on ({error.strerror or error})"
        return Check(
            "page", "fail", found, "name another address in [web]; :8377 is every one of this machine"
        )
    return Check("page", "ok", f"{host}:{port}")


def server(title: str, host: str, port: int, found: str) -> Check:
    """Tell whether a server answers; events wait for one that does not, so that is no failure."""
    try:
        socket.create_connection((host, port), TIMEOUT).close()
    except OSError as error:
        reason = error.strerror or str(error)
        return Check(
            title, "warn", f"{found}: {host}:{port} does not answer ({reason})", "events wait for it"
        )
    return Check(title, "ok", f"{found}; {host}:{port} answers")


def folder(title: str, path: Path, wanted: int) -> Check:
    """Tell whether a folder can be written to, or made, and has ``wanted`` bytes left."""
    there = path.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        return Check(title, "fail", f"{path}: {there} is no folder", "name another")
    if not os.access(there, os.W_OK | os.X_OK):
        return Check(
            title, "fail", f"{path}: cannot be written to", "give this user the right, or name another"
        )
    free = shutil.disk_usage(there).free
    found = f"{path}; {free / 1e6:.0f} MB free"
    if free < wanted:
        advice = f"up to {wanted / 1e6:.0f} MB may be needed; make room, or allow less"
        return Check(title, "warn", found, advice)
    return Check(title, "ok", found)


def program(title: str, name: str) -> Check:
    """Tell whether a program is there."""
    path = shutil.which(name)
    if path is None:
        return Check(title, "fail", f"there is no program {name!r}", "install it, or give its path")
    return Check(title, "ok", path)


def _is_meant(wanted: str | int, index: int, name: str, is_default: bool) -> bool:
    """Tell whether a device is meant, as sounddevice chooses: by number, or by parts of its name."""
    if wanted == "":
        return is_default
    if isinstance(wanted, int):
        return index == wanted
    return all(part in name.lower() for part in wanted.lower().split())
