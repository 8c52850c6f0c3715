"""Programs as sources: they end, fail, are killed, hang, close their output, flood, or come back."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np

from benchmarks.reliability.campaign import Campaign, Wrong
from edgecry.arrays import Float32
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.command import CommandSource
from edgecry.sources.reader import Reader
from edgecry.sources.restart import Restarting, RestartSettings

PCM = PcmFormat(16_000)
#: Writes samples that count up, from ``first`` on, in pieces of any size; then it talks, and does the last.
_PROGRAM = """
import os, random, signal, struct, sys, time
first, samples, seed, last = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
draw = random.Random(seed)
data = b"".join(struct.pack("<h", (first + n) % 30000) for n in range(samples))
while data:
    n = draw.choice((1, 3, 999, 65537))
    os.write(1, data[:n])
    data = data[n:]
os.write(2, draw.choice((b"", b"\\xff\\0", b"a line\\n", b"x" * 5000, b"\\r" * 100)))
if last == "odd":
    os.write(1, b"\\1")
while last == "floods":
    os.write(1, bytes(65536))
if last == "closes":
    os.close(1)
if last in ("hangs", "closes"):
    time.sleep(1000)
if last == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(3 if last == "fails" else 0)
"""
#: What it does last, and what the reader's complaint then says; "" if it has none.
_LAST = {
    "ends": "",
    "odd": "",
    "fails": "ended with code 3",
    "killed": "died of SIGKILL",
    "closes": "did not end",
    "hangs": "sent nothing",
    "floods": "",
}
#: Seconds without sound after which a program is given up; once all has come, a second counts as a thousand.
_STALL = 300.0


class Programs(Campaign):
    """Read a program, or one that failed before: all it wrote, once and in order, and why it ended."""

    name = "programs as sources"
    faults = "ends, fails, killed, hangs, closes, floods, comes back"
    quick, usual, long = 30, 300, 5000

    def prepare(self, _folder: Path) -> None:
        """Count what this process holds."""
        self._held = held()

    def attempt(self, random: Random) -> str:
        """Start it, take what comes, and look at what is left."""
        last = random.choice(tuple(_LAST))
        failures = random.choice((0, 1, 2)) if last in ("ends", "odd") else 0
        runs = [(random.choice((0, 500, 40_000)), "fails") for _ in range(failures)]
        runs.append((random.choice((500, 777, 30_000)), last))
        written = sum(samples for samples, _ in runs)
        commands, came = commands_of(runs, random), threading.Event()
        settings = RestartSettings("on-failure" if failures else "never", _STALL, first=0.01, longest=0.01)
        source = Restarting(lambda: CommandSource(next(commands), PCM), settings, clock=hurried(came))
        with patch("edgecry.children.GRACE", 0.2), Reader(source) as reader:
            heard, complaint = listened(reader, written, came)
        counts = reader.counts
        if not np.array_equal(heard[:written], expected(written)) or heard[written:].any():
            raise Wrong(f"{last}: {len(heard)} samples of {written}, or others")
        if last != "floods" and len(heard) != written:
            raise Wrong(f"{last}: {len(heard) - written} samples more than were written")
        if counts.overruns or counts.restarts != failures:
            raise Wrong(f"{last}: {counts}, after {failures} failures")
        if _LAST[last] not in complaint or bool(_LAST[last]) != bool(complaint):
            raise Wrong(f"{last}: the complaint is {complaint!r}")
        if (left := held()) != self._held:
            raise Wrong(f"{last}: left are (files, threads, children) {left}, before {self._held}")
        return last


def commands_of(runs: list[tuple[int, str]], random: Random) -> Iterator[str]:
    """Give the command of each run; the samples of all of them count up."""
    first = 0
    for samples, last in runs:
        arguments = map(str, (first, samples, random.getrandbits(32), last))
        yield shlex.join([sys.executable, "-S", "-c", _PROGRAM, *arguments])
        first += samples


def hurried(came: threading.Event) -> Callable[[], float]:
    """Make a clock of which a second is a thousand from some time after the event on."""
    since: list[float] = []

    def clock() -> float:
        now = time.monotonic()
        if came.is_set() and not since:
            since.append(now)
        return now + 1000 * (now - since[0] if since else 0)

    return clock


def listened(reader: Reader, written: int, came: threading.Event) -> tuple[Float32, str]:
    """Take what comes until it ends, or until much more has come; return it, and the complaint."""
    heard, n = [np.empty(0, np.float32)], 0
    try:
        while n < written + 200_000:
            if (block := reader.read(PCM.sr, 0.2)) is not None:
                heard.append(block.samples)
                n += len(block.samples)
            elif reader.ended:
                break
            if n >= written:
                came.set()
    except AudioError as error:
        return np.concatenate(heard), str(error)
    return np.concatenate(heard), ""


def expected(samples: int) -> Float32:
    """Return what the program writes."""
    return (np.arange(samples) % 30_000 / 2**15).astype(np.float32)


def held() -> tuple[int, int, str]:
    """Count open files and threads, and name the children of this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count(), children
