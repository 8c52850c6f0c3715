"""A command, started for each event with the event as JSON on its stdin."""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, cast

from edgecry import children
from edgecry.checks import check_kinds, number
from edgecry.errors import SinkError
from edgecry.needs import Need, Program
from edgecry.sinks.base import Sink
from edgecry.sinks.message import Report
from edgecry.words import split, without_secrets

log = logging.getLogger("edgecry")

#: Bytes of a command's output that go to the log; the rest is read and dropped.
OUTPUT = 4096


@dataclass(frozen=True)
class ExecSettings:
    """What is started.

    Attributes
    ----------
    command : str
        A program and its arguments, split as a shell would; no shell is started.
    timeout : float
        Seconds until it is ended, and whatever it has started.
    """

    command: str
    timeout: float = 10.0

    def __post_init__(self) -> None:
        check_kinds(self, "exec: ")
        number("exec: timeout", self.timeout, 0, unit="s", above=True)
        _ = self.argv

    @property
    def argv(self) -> list[str]:
        """The program and its arguments."""
        return split("exec: command", self.command)


class ExecSink(Sink):
    """Starts a command for each event, one at a time; its output goes to the log.

    It is not started again for an event for which it failed or took too long. What it leaves running
    in the background when it ends in time is its own affair.
    """

    Settings = ExecSettings
    network = True

    def __init__(self, settings: ExecSettings, name: str = "exec") -> None:
        self.settings = settings
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._is_checked = False

    @classmethod
    def shown(cls, settings: ExecSettings) -> str:
        """Return the command without the passwords in its addresses."""
        return without_secrets(settings.command)

    @classmethod
    def needs(cls, settings: ExecSettings) -> tuple[Need, ...]:
        """Return the program that has to be there."""
        return (Program(settings.argv[0]),)

    def open(self) -> None:
        """Say once, before the first event, that the program is not there."""
        program = self.settings.argv[0]
        if not self._is_checked and shutil.which(program) is None:
            log.warning("%s: there is no program %r; until there is, events are given up", self.name, program)
        self._is_checked = True

    def deliver(self, message: Report) -> None:
        """Run the command to its end, or to the end of its time."""
        deadline = time.monotonic() + self.settings.timeout
        program = self.settings.argv[0]
        try:
            process = children.start(
                self.settings.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        except (OSError, ValueError) as error:
            # Too many processes, or no memory for one more, may pass; a missing program does not.
            passes = getattr(error, "errno", None) in (errno.EAGAIN, errno.ENOMEM)
            raise SinkError(f"{program}: cannot be started ({error})", permanent=not passes) from error
        self._process = process
        try:
            output = self._converse(process, json.dumps(message.to_dict()).encode() + b"\n", deadline)
        finally:
            self._process = None
            late = process.poll() is None
            if late:
                children.end(process)
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe:
                        pipe.close()
        for line in output.decode(errors="backslashreplace").splitlines():
            log.info("%s: %s", self.name, without_secrets(line))
        if late:
            raise SinkError(f"{program}: ended after {self.settings.timeout:g} s", permanent=True)
        if process.returncode:
            raise SinkError(f"{program}: failed with exit code {process.returncode}", permanent=True)

    def close(self) -> None:
        """End the command that runs, if one does."""
        if (process := self._process) is not None:
            children.signal_group(process, signal.SIGKILL)

    @staticmethod
    def _converse(process: subprocess.Popen[bytes], text: bytes, deadline: float) -> bytes:
        """Write the text and read the output until the process ends or its time does.

        What it leaves running may hold its output open, and write without end.
        """
        stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)  # both are pipes
        write, read = stdin.fileno(), stdout.fileno()
        os.set_blocking(write, False)
        os.set_blocking(read, False)
        kept = b""
        readers, writers = [read], [write]
        while True:
            ended = process.poll() is not None
            left = max(0.0, deadline - time.monotonic())
            ready, writable, _ = select.select(readers, writers, [], 0.0 if ended else min(left, 0.05))
            if writable:
                try:
                    text = text[os.write(write, text) :]
                except BlockingIOError:
                    pass
                except OSError:
                    text = b""  # the command does not read its input
                if not text:
                    stdin.close()
                    writers = []
            if ready:
                block = os.read(read, 65536)
                kept = (kept + block)[:OUTPUT]
                if not block:
                    readers = []
            if (ended and not ready) or not left:
                return kept
