"""Programs that edgecry starts: they do not get its secrets, and all that they started ends with them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

#: Seconds that a program has between SIGTERM and SIGKILL.
GRACE: Final = 2.0
_STEP: Final = 0.01
#: Variables that are not for other programs: secrets, and the line to systemd.
_PRIVATE: Final = ("CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")
_PREFIX: Final = "EDGECRY_"


def start(arguments: Sequence[str], **pipes: Any) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own.

    Parameters
    ----------
    arguments : sequence of str
        The program and its arguments; no shell sees them.
    pipes
        ``stdin``, ``stdout`` and ``stderr`` as :class:`subprocess.Popen` takes them.

    Raises
    ------
    OSError, ValueError
        It cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - the user's own command
        arguments, bufsize=0, start_new_session=True, env=environment(os.environ), **pipes
    )


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: ours without what begins with EDGECRY_ or belongs to systemd."""
    return {
        name: value for name, value in ours.items() if not name.startswith(_PREFIX) and name not in _PRIVATE
    }


def wait(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Wait for a program to end; return True if it has.

    The process is not reaped. So its number, and that of its group, cannot be given to another process
    before :func:`end` has signalled the group.
    """
    until = time.monotonic() + timeout
    with suppress(ChildProcessError):  # where SIGCHLD is ignored, the kernel reaps at once
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() >= until:
                return False
            time.sleep(_STEP)
    return True


def end(process: subprocess.Popen[bytes]) -> bool:
    """End a program and its whole group: SIGTERM, and SIGKILL after ``GRACE`` seconds.

    Returns
    -------
    bool
        False if it cannot be killed: it runs as another user, or hangs in a driver.
    """
    if process.returncode is None:
        signal_group(process, signal.SIGTERM)
        wait(process, GRACE)
        # Always: the program may be gone while a child of it ignores SIGTERM.
        signal_group(process, signal.SIGKILL)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        return False
    return True


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a program and its group, if they are still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
