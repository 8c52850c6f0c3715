"""What listening costs, always on: ``python -m benchmarks.stream``.

For each engine, in a process of its own on one core: CPU time of each 1 s of sound with the detector
alone, with reasons while a baby cries, and in a quiet room; how many times faster than the sound that
is, and the memory it takes. With ``--hours 24`` that much sound is pushed through as fast as it goes
instead: memory, file descriptors and threads are compared with those after the first minute, and the
events with those of one-hour pieces.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.ratio import ONE_THREAD, machine
from edgecry.decision import Decision
from edgecry.diagnostics.process import memory
from edgecry.features.kernels import ENGINES
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.events import CryEvent

SR = 16000
MINUTE = 60 * SR
MB = 1e6
#: Megabytes that memory may grow after the first minute.
FLAT = 2.0
#: Takes everything for a cry, so that reasons are looked for all the time.
ALWAYS = Decision(threshold=1e-6)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, help="this one alone, in this process")
    parser.add_argument("--seconds", type=int, default=300, help="of sound for each figure (300)")
    parser.add_argument("--hours", type=int, default=0, help="of sound to push through instead")
    parser.add_argument("--model", default="reason", help="model of reasons")
    parser.add_argument("--detector", default="cry", help="detector")
    arguments = parser.parse_args(argv)
    if arguments.engine is None:
        each_in_its_own_process(sys.argv[1:] if argv is None else argv)
    elif arguments.hours:
        endure(arguments)
    else:
        report(arguments)


def each_in_its_own_process(argv: Sequence[str]) -> None:
    """Pin a process for each engine to one core, with thread pools of one."""
    for name, value in machine().items():
        print(f"{name:13} {value}")
    for engine in ENGINES if find_spec("numba") else ("numpy",):
        command = [sys.executable, "-m", "benchmarks.stream", "--engine", engine, *argv]
        print(f"\n{engine}", flush=True)
        subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=True)


# -- what a second costs -----------------------------------------------------------------------------


class Cost(NamedTuple):
    """Milliseconds of CPU of each second of sound."""

    each: list[float]

    def __str__(self) -> str:
        mean, middle, most = statistics.fmean(self.each), statistics.median(self.each), max(self.each)
        return (
            f"{mean:7.3f} ms mean, {middle:7.3f} median, {most:7.3f} most;"
            f" {mean / 10:6.3f} % of a core, {1e3 / mean:7.0f} x real time"
        )


def report(arguments: argparse.Namespace) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    engine, detector, model = arguments.engine, arguments.detector, arguments.model

    def stream(decision: Decision) -> StreamClassifier:
        return StreamClassifier(model, SR, engine=engine, detector=detector, decision=decision)

    crying = stream(ALWAYS)
    for _ in range(6):  # rather than at once: sound would be memory of its own
        cost_of(crying, room(10, 1e-2))
    print(f"{'RSS':13}{held().rss / MB:7.1f} MB, after a minute with reasons")
    noisy, quiet = room(arguments.seconds, 1e-2), room(arguments.seconds, 2e-5)
    print_cost("detector", StreamClassifier(detector, SR, engine=engine), noisy)
    print_cost("with reasons", crying, noisy)
    print_cost("quiet room", stream(Decision()), quiet)


def print_cost(name: str, stream: StreamClassifier, sound: bytes) -> None:
    before = stream.statistics
    cost = cost_of(stream, sound)
    counts = (
        f"{getattr(stream.statistics, name) - getattr(before, name)} {name}"
        for name in ("windows", "skipped", "explained")
    )
    print(f"{name:13}{cost}   ({', '.join(counts)})")


def cost_of(stream: StreamClassifier, sound: bytes) -> Cost:
    """Push second by second; the first ten, in which memory is touched and caches fill, do not count."""
    each = []
    for at in range(0, len(sound), 2 * SR):
        began = time.thread_time()
        stream.push(sound[at : at + 2 * SR])
        each.append(1e3 * (time.thread_time() - began))
    return Cost(each[10:] or each)


def room(seconds: float, level: float) -> bytes:
    """Noise of an RMS, as 16-bit samples."""
    return pcm(level * np.random.default_rng(0).standard_normal(round(seconds * SR)))


def pcm(y) -> bytes:
    return np.clip(np.round(2**15 * y), -(2**15), 2**15 - 1).astype("<i2").tobytes()


# -- for days ----------------------------------------------------------------------------------------


class Holdings(NamedTuple):
    """What a process holds: bytes of memory, file descriptors and threads."""

    rss: int
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"RSS {self.rss / MB:.1f} MB, {self.descriptors} file descriptors, {self.threads} threads"


def held(process: int | str = "self") -> Holdings:
    """What a process holds now: this one, or that of a number."""
    proc = Path("/proc") / str(process)
    counts = [sum(1 for _ in (proc / kind).iterdir()) for kind in ("fd", "task")]
    return Holdings(memory(status=proc / "status") or 0, *counts)


def endure(arguments: argparse.Namespace) -> None:
    """Push hours through one stream, and then through a new one for each hour; fail where they differ."""
    minutes = list(some_minutes())

    def stream() -> StreamClassifier:
        return StreamClassifier(arguments.model, SR, engine=arguments.engine, detector=arguments.detector)

    began, whole, told = time.perf_counter(), stream(), Told()
    told.add(whole.push(minutes[0]))
    first = held()
    print(f"after a minute   {first}", flush=True)
    for i in range(1, 60 * arguments.hours):
        told.add(whole.push(minutes[i % len(minutes)]))
    told.add(whole.flush())
    last, took = held(), time.perf_counter() - began
    print(f"after {arguments.hours} hours   {last}; {took:.0f} s, {3600 * arguments.hours / took:.0f} x")
    print(f"                 {whole.statistics}", flush=True)
    pieces = Told()
    for hour in range(arguments.hours):
        piece = stream()
        for i in range(60 * hour, 60 * hour + 60):
            pieces.add(piece.push(minutes[i % len(minutes)]), 3600 * hour)
        pieces.add(piece.flush(), 3600 * hour)
    same = told.digest == pieces.digest
    flat = last.rss - first.rss <= FLAT * MB and last[1:] <= first[1:]
    print(f"{told.count} things told, {'the same' if same else 'OTHERS'} in one-hour pieces")
    print(f"holdings {'flat' if flat else 'GREW'}")
    if not (same and flat and told.count):
        sys.exit(1)


def some_minutes() -> Iterator[bytes]:
    """Minutes of a room, ten of them; cries in some.

    Nothing sounds where they begin and end, for longer than a refractory time: a piece that begins
    there knows of no cry before.
    """
    from convert.synth import synthetic_cry

    for i in range(10):
        y = np.random.default_rng(i).normal(0, (1e-3, 1e-2, 2e-5)[i % 3], MINUTE)
        if i % 3 == 0:
            cry = synthetic_cry(sr=SR, seconds=8 + 2 * i, seed=i)
            y[15 * SR : 15 * SR + len(cry)] += cry
        y[: 8 * SR] = y[-8 * SR :] = 0
        yield pcm(y)


class Told:
    """What was told of events, digested: a list of a day's events would be memory that grows."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = hashlib.sha256()

    def add(self, events: Sequence[CryEvent], seconds: float = 0.0) -> None:
        """All of events but their numbers, so much later."""
        for e in events:
            times = (round(e.start + seconds, 3), round(e.end + seconds, 3))
            self._sum.update(repr((e.kind, *times, e.peak, e.mean, e.label, e.reasons, e.windows)).encode())
            self.count += 1

    @property
    def digest(self) -> str:
        """The same of the same."""
        return self._sum.hexdigest()


if __name__ == "__main__":
    main()
