"""A hardened systemd unit for ``edgecry listen``: what it may do is what it needs, and no more."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from edgecry.checks import whole
from edgecry.errors import EdgecryError

if TYPE_CHECKING:
    from edgecry.listening.settings import ListenSettings

DYNAMIC: Final = "dynamic"
NAME: Final = "edgecry"
STATE: Final = PurePosixPath("/var/lib") / NAME
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII)
_SAFE: Final = re.compile(r"[A-Za-z0-9_@:,./+=%$-]+", re.ASCII)
_HOMES: Final = ("/home", "/root", "/run/user")
#: Where a service looks for programs.
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: The lowest port that needs no right.
_FREE_PORT: Final = 1024


@dataclass(frozen=True)
class UnitSettings:
    """What a unit depends on.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; its path is absolute.
    user : str
        The user to run as; "dynamic" for one that exists only while the service does.
    network : bool
        Whether it may talk to other machines.
    writable : sequence of str
        Absolute paths of folders it may write to, besides its own under /var/lib and /var/cache.
    readable : sequence of str
        Absolute paths of files that it reads.
    credentials : sequence of (str, str)
        Names and absolute paths of files that systemd reads for it, as its user may not: secrets and
        certificates.
    programs : sequence of str
        Programs that it starts, by their names or absolute paths.
    port : int
        The port of its page; 0 for none.
    memory_mb : int in [64, 65536]
        Memory it may take; the kernel ends it beyond.
    watchdog : int in [10, 3600]
        Seconds without a sign of life after which it is started again.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    command: tuple[str, ...]
    user: str = DYNAMIC
    network: bool = False
    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    credentials: tuple[tuple[str, str], ...] = ()
    programs: tuple[str, ...] = ()
    port: int = 0
    memory_mb: int = 256
    watchdog: int = 60

    def __post_init__(self) -> None:
        if not self.command or not PurePosixPath(self.command[0]).is_absolute():
            raise EdgecryError(f"command: {' '.join(self.command)!r} does not begin with an absolute path")
        secrets = [path for _, path in self.credentials]
        for text in (*self.command, *self.writable, *self.readable, *self.programs, *secrets):
            if any(not c.isprintable() for c in text):
                raise EdgecryError(f"{text!r}: has characters that a unit cannot hold; use another name")
        if not _USER.fullmatch(self.user):
            raise EdgecryError(f"user: {self.user!r} is no name of a user; allowed are a-z, 0-9, _ and -")
        for path in (*self.writable, *self.readable, *secrets):
            if not PurePosixPath(path).is_absolute():
                raise EdgecryError(
                    f"{path!r}: is a path from where you are, and a service starts elsewhere; give it from /"
                )
        whole("memory", self.memory_mb, 64, 65_536, "MB")
        whole("watchdog", self.watchdog, 10, 3600, "s")

    @property
    def needs_home(self) -> bool:
        """True if anything of it lies where people keep their own things."""
        paths = (*self.command, *self.writable, *self.readable, *self.programs)
        return any(PurePosixPath(path).is_relative_to(home) for path in paths for home in _HOMES)


def settings_for(
    command: tuple[str, ...],
    listen: ListenSettings,
    user: str = DYNAMIC,
    limits: Mapping[str, int] | None = None,
) -> UnitSettings:
    """Put together what a unit for these settings of ``listen`` depends on.

    Raises
    ------
    EdgecryError
        The sound is to come from standard input, which a service does not have, or a value is out of
        range.
    """
    from edgecry.models.bundled import BUNDLED
    from edgecry.sinks.making import SINKS, credential, is_file
    from edgecry.sources.making import SOURCES
    from edgecry.words import split

    source, sinks = listen.source, listen.sinks
    if source.kind == "stdin":
        raise EdgecryError("[source] kind: 'stdin' is nothing for a service; use 'device' or 'command'")
    commands = [source.command] if source.kind == "command" else []
    commands += [str(table["command"]) for name, table in sinks.items() if name == "exec"]
    words = [split("command", command) for command in commands]
    files = [str(listen.outbox.path or ""), str(sinks.get("jsonl", {}).get("path", ""))]
    folders = {listen.record.dir, *(str(PurePosixPath(file).parent) for file in files if file)}
    return UnitSettings(
        command,
        user,
        network=bool(listen.web.address)
        or SOURCES[source.kind].network
        or any(SINKS[name].network for name in sinks),
        writable=tuple(sorted(filter(_is_outside, folders))),
        readable=(
            *(name for name in (listen.model, listen.detector) if name not in BUNDLED),
            *(word for _, *rest in words for word in rest if _is_file(word)),
        ),
        credentials=tuple(
            (credential(sink, key), str(path))
            for sink, table in (*sinks.items(), ("web", {"key_file": listen.web.key_file or ""}))
            for key, path in table.items()
            if is_file(key) and PurePosixPath(path).is_absolute()  # others are in its own folder
        ),
        programs=tuple(program for program, *_ in words),
        port=listen.web.place[1] if listen.web.address else 0,
        **(limits or {}),
    )


def _is_file(word: str) -> bool:
    """Tell whether a word of a command names a file, such as a script."""
    return PurePosixPath(word).is_absolute() and Path(word).is_file()


def _is_outside(folder: str) -> bool:
    """Tell folders elsewhere from those below the service's own, where relative paths begin."""
    path = PurePosixPath(folder)
    return path.is_absolute() and not path.is_relative_to(STATE)


def unit(settings: UnitSettings) -> str:
    """Write the unit."""
    blocks = [
        ("Unit", _unit(settings)),
        ("Service", (*_service(settings), *_sandbox(settings))),
        ("Install", ("WantedBy=multi-user.target",)),
    ]
    return "\n".join("\n".join([f"[{name}]", *lines, ""]) for name, lines in blocks)


def warnings(settings: UnitSettings) -> list[str]:
    """Say what would keep the service from starting, or from working, a sentence for each path."""
    found = []
    if settings.user == DYNAMIC:
        found += [
            f"{path}: {folder} is closed to others, and so to a dynamic user; open it, "
            "or move it, such as to /opt or /etc, or name a user with --user"
            for path in needed_files(settings)
            for folder in obstacles(path)[:1]
        ]
        found += [
            f"{place}: is not a dynamic user's own; use a folder below /var/lib/edgecry, which a path "
            "that does not begin with / is, or name a user with --user"
            for place in settings.writable
        ]
    found += [
        f"{place}: the service has a /tmp of its own; move it, such as to /opt or /etc"
        for place in (*settings.command, *settings.readable, *settings.programs, *settings.writable)
        if Path(place).is_relative_to("/tmp")  # noqa: S108 - a question, not a file
    ]
    found += [
        f"{program}: is no program that the service finds; install it, or give its full path"
        for program in settings.programs
        if shutil.which(program, path=_PATH) is None
    ]
    if settings.user != DYNAMIC and not _is_user(settings.user):
        found.append(f"{settings.user}: there is no such user on this machine; make it, or name another")
    return found


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def needed_files(settings: UnitSettings) -> Iterator[Path]:
    """Name the files that the service's user has to read: those it is told, and the interpreter."""
    seen: set[Path] = set()
    words = [Path(word) for word in (*settings.command, *settings.readable, *settings.programs)]
    for path in (*words, *interpreters(words[0])):
        if path.is_absolute() and path not in seen:
            seen.add(path)
            yield path


def interpreters(script: Path) -> Iterator[Path]:
    """Name the interpreter of a script by each link that leads to it, and the Python that this is."""
    try:
        with script.open("rb") as file:
            first = file.readline(4096)
    except OSError:
        first = b""
    begins = [script]
    if first.startswith(b"#!"):
        begins.append(Path(os.fsdecode(first[2:].split()[0])) if first[2:].split() else script)
    begins += [Path(sys.executable), Path(sys.base_prefix)]
    for path in begins:
        yield from _links(path)


def _links(path: Path) -> Iterator[Path]:
    """Name a path and where each link leads, one after another."""
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def obstacles(path: Path) -> list[Path]:
    """Name what keeps a stranger, as a dynamic user is one, from reading a file: folders, or itself."""
    closed = []
    for place in (*reversed(path.parents), path):
        try:
            mode = place.stat().st_mode
        except PermissionError:  # a folder above it is closed to us, too, and is named
            break
        except OSError:
            continue
        if not mode & (0o001 if place.is_dir() else 0o004):
            closed.append(place)
    return closed


# -- the parts ---------------------------------------------------------------------------------------


def _unit(settings: UnitSettings) -> Iterator[str]:
    yield "Description=edgecry, tells whether and why a baby cries"
    yield "After=sound.target" + (" network-online.target" if settings.network else "")
    if settings.network:
        yield "Wants=network-online.target"
    yield "# Not for ever: 20 times in 10 minutes, and somebody should look."
    yield "StartLimitIntervalSec=600"
    yield "StartLimitBurst=20"


def _service(settings: UnitSettings) -> Iterator[str]:
    yield "Type=notify"
    yield "NotifyAccess=main"
    yield f"ExecStart={' '.join(quote(word.replace('$', '$$')) for word in settings.command)}"
    yield f"WatchdogSec={settings.watchdog}"
    yield "TimeoutStartSec=120"
    yield "TimeoutStopSec=30"
    yield "KillMode=mixed"
    yield "Restart=on-failure"
    yield "RestartSec=10"
    yield ""
    if settings.user == DYNAMIC:
        yield "DynamicUser=yes"
    else:
        yield f"User={settings.user}"
    yield "SupplementaryGroups=audio"
    yield f"StateDirectory={NAME}"
    yield "StateDirectoryMode=0750"
    yield f"CacheDirectory={NAME}"
    yield f"WorkingDirectory=%S/{NAME}"
    yield f"Environment=NUMBA_CACHE_DIR=%C/{NAME} XDG_CACHE_HOME=%C/{NAME} HOME=%S/{NAME}"
    yield "UMask=0027"
    for name, path in settings.credentials:
        yield f"LoadCredential={name}:{path.replace('%', '%%')}"  # no quotes are read here
    yield ""
    yield "# Other work goes first, and a leak ends here rather than in the whole board."
    yield "# On a Raspberry Pi, memory counts once cmdline.txt says cgroup_enable=memory."
    yield f"MemoryMax={settings.memory_mb}M"
    yield "MemorySwapMax=0"
    yield "TasksMax=64"
    yield "CPUWeight=50"
    yield "Nice=5"
    yield ""


def _sandbox(settings: UnitSettings) -> Iterator[str]:
    yield "ProtectSystem=strict"
    for path in settings.writable:
        yield f"ReadWritePaths={quote(f'-{path}')}"
    yield "ProtectHome=read-only" if settings.needs_home else "ProtectHome=yes"
    yield "PrivateTmp=yes"
    yield "# Of all devices only those for sound."
    yield "DevicePolicy=closed"
    yield "DeviceAllow=char-alsa rw"
    if settings.network:
        yield "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"
    else:
        yield "# Nothing leaves the device."
        yield "RestrictAddressFamilies=AF_UNIX"
        yield "PrivateNetwork=yes"
        yield "IPAddressDeny=any"
    yield "NoNewPrivileges=yes"
    if 0 < settings.port < _FREE_PORT:
        yield "# The page has a port that is not everybody's."
    capability = "CAP_NET_BIND_SERVICE" if 0 < settings.port < _FREE_PORT else ""
    yield f"CapabilityBoundingSet={capability}"
    yield f"AmbientCapabilities={capability}"
    for name in ("Clock", "Hostname", "KernelLogs", "KernelModules", "KernelTunables", "ControlGroups"):
        yield f"Protect{name}=yes"
    yield "# Not ProcSubset=pid: onnxruntime asks /proc/cpuinfo what the processor can do."
    yield "ProtectProc=invisible"
    for name in ("Namespaces", "Realtime", "SUIDSGID"):
        yield f"Restrict{name}=yes"
    yield "LockPersonality=yes"
    yield "PrivateMounts=yes"
    yield "RemoveIPC=yes"
    yield "KeyringMode=private"
    yield "# Not MemoryDenyWriteExecute: numba compiles, and libffi's callbacks may need it."
    yield "SystemCallArchitectures=native"
    yield "SystemCallFilter=@system-service"
    yield "SystemCallFilter=~@privileged"
    yield "SystemCallErrorNumber=EPERM"


def quote(text: str) -> str:
    """Quote a word for a unit, so that systemd takes it literally; in a command ``$`` wants doubling, too."""
    text = text.replace("%", "%%")
    if _SAFE.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
