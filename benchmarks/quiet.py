"""What a quiet room costs ``edgecry listen``, all of it: ``python -m benchmarks.quiet``.

A process listens to faint noise that comes as fast as it sounds, in the pieces that ``arecord`` writes.
Told are the share of a core that it takes, from utime and stime and, finer, from the scheduler's own count;
how often it wakes; and its memory. The first seconds, in which it starts, are left out. With ``--phones 2``
it shows its page, and two readers look at it all the time.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from benchmarks.ratio import ONE_THREAD, machine

#: Seconds for the start.
START = 5.0


class Taken(NamedTuple):
    """What a process has taken so far: seconds of a core by two counts, and how often it woke."""

    ticks: float
    scheduled: float
    wakes: int


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quiet", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound (60)")
    parser.add_argument("--piece", type=float, default=0.125, help="seconds written at once (0.125)")
    parser.add_argument(
        "--phones", type=int, help="show the page to so many readers; none at all if left out"
    )
    parser.add_argument("--rate", type=int, default=16000, help="samples a second (16000)")
    arguments = parser.parse_args(argv)
    for name, value in machine().items():
        print(f"{name:13} {value}")
    with tempfile.TemporaryDirectory() as state:
        flags = ("--quiet", "--no-text", "--state", state, "--rate", str(arguments.rate))
        command = [sys.executable, "-m", "edgecry", "listen", "-", *flags]
        port = free_port()
        if arguments.phones is not None:
            command += ["--web", f"127.0.0.1:{port}"]
        with (
            ExitStack() as stack,
            subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **ONE_THREAD}) as process,
        ):
            assert process.stdin is not None  # it is a pipe
            for _ in range(arguments.phones or 0):
                look(port, stack)
            report(Path(f"/proc/{process.pid}"), process.stdin, arguments)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def look(port: int, stack: ExitStack) -> None:
    """Look at the page as a phone does, once it is there: read its stream, and forget it."""
    while True:
        try:
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        sock.sendall(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        threading.Thread(target=forget, args=[sock], daemon=True).start()
        return


def forget(sock: socket.socket) -> None:
    with suppress(OSError):
        while sock.recv(65536):
            pass


def report(proc: Path, pipe: IO[bytes], arguments: argparse.Namespace) -> None:
    noise = np.random.default_rng(0).normal(0, 3, round(arguments.piece * arguments.rate))
    piece = noise.round().astype("<i2").tobytes()
    write(pipe, piece, arguments.piece, START)
    before, began = taken(proc), time.monotonic()
    write(pipe, piece, arguments.piece, arguments.seconds)
    after, seconds = taken(proc), time.monotonic() - began
    print(f"of a core     {100 * (after.ticks - before.ticks) / seconds:.2f} % (utime + stime)")
    print(f"of a core     {100 * (after.scheduled - before.scheduled) / seconds:.3f} % (scheduler)")
    print(f"wakes         {(after.wakes - before.wakes) / seconds:.1f} a second")
    print(f"memory        {field(proc / 'status', 'VmRSS') * 1024 / 1e6:.0f} MB")


def write(pipe: IO[bytes], piece: bytes, each: float, seconds: float) -> None:
    """Write pieces as a microphone would, by the clock."""
    begin = time.monotonic()
    for n in range(1, round(seconds / each) + 1):
        pipe.write(piece)
        pipe.flush()
        time.sleep(max(0.0, begin + n * each - time.monotonic()))


def taken(proc: Path) -> Taken:
    """Add up what all threads have taken."""
    tasks = list((proc / "task").iterdir())
    times = (proc / "stat").read_text().rpartition(")")[2].split()
    return Taken(
        (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
        sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9,
        sum(field(task / "status", "voluntary_ctxt_switches") for task in tasks),
    )


def field(status: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
