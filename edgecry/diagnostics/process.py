"""Runs processes, and tells what they take and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgecry.errors import EdgecryError

_PACKAGE: Final = Path(__file__).parents[1]
_NAMES: Final = {int(s): s.name for s in signal.Signals}
_STATUS: Final = Path("/proc/self/status")
MB: Final = 1e6


@dataclass(frozen=True)
class Usage:
    """What a process took.

    Attributes
    ----------
    wall, cpu : float
        Seconds from start to end, and seconds of them on the processor (user and system).
    peak_mb : float
        The most memory that it held at once (resident set), in megabytes.
    """

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes
    ----------
    code : int
        Exit code. If negative, the number of the signal that killed it.
    stdout, stderr : str
        What it wrote.
    """

    code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """What went wrong, in one line: the signal that killed it, or the last line it wrote."""
        if self.code < 0:
            return f"died of {_NAMES.get(-self.code, 'a signal')} ({signal.strsignal(-self.code)})"
        said = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return said[-1] if said else f"ended with code {self.code} and no message"


def memory(line: str = "VmRSS", status: Path = _STATUS) -> int | None:
    """Return the bytes of memory that this process holds, or with "VmHWM" the most that it ever held.

    None if the system does not tell.
    """
    try:
        found = re.search(rf"{line}:\s+(\d+) kB", status.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None


def environment() -> dict[str, str]:
    """Return an environment in which a new Python finds this very edgecry, installed or not."""
    paths = [str(_PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def measure(command: Sequence[str], env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end, drop its output, and tell what it took.

    Parameters
    ----------
    command : sequence of str
        The program, by its full path, and its arguments.
    env : mapping, optional
        Its environment; :func:`environment` if left out.

    Raises
    ------
    EdgecryError
        It failed.
    """
    watcher = [sys.executable, "-I", "-S", str(_PACKAGE / "diagnostics" / "watcher.py")]
    done = run([*watcher, *command], env)
    facts = json.loads(done.stdout) if done.code == 0 else {"code": done.code}
    if facts["code"] != 0:
        complaint = Outcome(facts["code"], "", done.stderr).complaint
        raise EdgecryError(f"{' '.join(command)}: {complaint}")
    return Usage(facts["wall"], facts["cpu"], facts["peak"] / MB)


def run(command: Sequence[str], env: Mapping[str, str] | None = None, timeout: float = 600.0) -> Outcome:
    """Run a command, and tell how it ended. It is killed after ``timeout`` seconds."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            list(command),
            env=dict(env or environment()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(1, "", f"did not end within {timeout:g} s")
    except OSError as error:
        return Outcome(1, "", f"cannot be started ({error.strerror or error})")
    return Outcome(done.returncode, done.stdout, done.stderr)
