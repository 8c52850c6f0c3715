"""What a large archive takes, by a simulated run of the shard plan: ``python -m benchmarks.scale``.

The shards are made by the code that makes them in a real run. Workers of unequal speed take one after
another, as Dask gives them out. Some are slow, and some die and lose what they had begun. Nothing is heard:
how fast a core is comes from ``python -m benchmarks.archive``, and is an argument. What the command itself
keeps of each recording is measured. Everything is seeded, so the same arguments print the same table.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import tracemalloc
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgecry.archive.cluster import shards
from edgecry.archive.find import Found
from edgecry.archive.journal import Journal

#: Bytes of an hour of 16-bit FLAC at 16 kHz.
HOUR_BYTES = 60 << 20


@dataclass(frozen=True)
class Plan:
    """An archive, and the workers that it is given to."""

    name: str
    hours: float
    length: float  # hours of a recording, on average
    workers: int


PLANS = (
    Plan("100,000 h of nights", 100_000, 10.0, 10),
    Plan("100,000 h of nights", 100_000, 10.0, 100),
    Plan("100,000 h of minutes", 100_000, 1 / 60, 100),
    Plan("10 million h of nights", 10_000_000, 10.0, 100),
    Plan("10 million h of nights", 10_000_000, 10.0, 2000),
)


@dataclass(frozen=True)
class Machines:
    """What workers are like."""

    rate: float = 800.0  # audio-hours a core-hour
    spread: float = 0.1  # standard deviation of the logarithm of their speeds
    slow: float = 0.01  # share of workers that are five times slower
    lifetime: float = 200.0  # hours until a worker dies, on average
    overhead: float = 0.5  # seconds a shard, for the scheduler and the network
    restart: float = 60.0  # seconds until another worker stands in


@dataclass(frozen=True)
class Run:
    """What came of a simulated run; times in hours."""

    shards: int
    largest: float
    wall: float
    tail: float
    spent: float
    lost: float
    deaths: int


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rate", type=float, default=Machines.rate, help="audio-hours a core-hour (800)")
    parser.add_argument("--price", type=float, default=0.04, help="of a core-hour (0.04)")
    parser.add_argument("--seed", type=int, default=0, help="(0)")
    arguments = parser.parse_args(argv)
    if arguments.rate <= 0:
        parser.error("--rate: more than 0")
    machines = Machines(arguments.rate)
    print(f"{arguments.rate:g} audio-hours a core-hour; {arguments.price:g} a core-hour\n")
    print(
        "| archive | recordings | workers | shards | largest, h | TB read | GB/s | core-hours | lost "
        "| wall, h | tail, min | memory, GB | journal, GB | cost |"
    )
    print("|" + "---|" * 14)
    for plan in PLANS:
        count = round(plan.hours / plan.length)
        run = simulate(plan, machines, np.random.default_rng(arguments.seed))
        read = plan.hours * HOUR_BYTES
        memory, journal = (count * size / 1e9 for size in bytes_a_recording(round(plan.length)))
        print(
            f"| {plan.name} | {count:,} | {plan.workers:,} | {run.shards:,} | {run.largest:.1f} "
            f"| {read / 1e12:,.1f} | {read / run.wall / 3600 / 1e9:.2f} | {run.spent:,.0f} "
            f"| {100 * run.lost / run.spent:.2f} % | {run.wall:,.1f} | {60 * run.tail:.1f} "
            f"| {memory:.2f} | {journal:.2f} | {run.spent * arguments.price:,.0f} |"
        )


def simulate(plan: Plan, machines: Machines, rng: np.random.Generator) -> Run:
    """Give the shards of an archive to workers, and count what it takes."""
    waiting = deque(hours_of_shards(plan, rng))
    count, largest = len(waiting), max(waiting)
    speeds = machines.rate * rng.lognormal(0, machines.spread, plan.workers)
    speeds[rng.random(plan.workers) < machines.slow] /= 5
    free = [(0.0, worker) for worker in range(plan.workers)]
    dies = rng.exponential(machines.lifetime, plan.workers)
    spent, lost, deaths, ends = 0.0, 0.0, 0, np.zeros(plan.workers)
    heapq.heapify(free)
    while waiting:
        now, worker = heapq.heappop(free)
        hours = waiting.popleft()
        takes = hours / speeds[worker] + machines.overhead / 3600
        if now + takes > dies[worker]:  # what it had begun is given to another one
            wasted = max(0.0, dies[worker] - now)
            spent, lost, deaths = spent + wasted, lost + wasted, deaths + 1
            waiting.append(hours)
            back = max(now, dies[worker]) + machines.restart / 3600
            dies[worker] = back + rng.exponential(machines.lifetime)
            heapq.heappush(free, (back, worker))
            continue
        spent += takes
        ends[worker] = now + takes
        heapq.heappush(free, (now + takes, worker))
    first_idle = min(now for now, _ in free)
    wall = float(ends.max())
    return Run(count, largest, wall, wall - first_idle, spent, lost, deaths)


def hours_of_shards(plan: Plan, rng: np.random.Generator) -> Iterator[float]:
    """Yield the hours of each shard: recordings have lengths of their own, by which they are put together."""
    count = round(plan.hours / plan.length)
    lengths = rng.gamma(16.0, plan.length / 16, count)
    lengths *= plan.hours / lengths.sum()
    sizes = _Sizes(lengths)
    for shard in shards(map(str, range(count)), sizes):
        yield float(sum(lengths[int(name)] for name in shard))


class _Sizes(dict[str, int]):
    """Bytes of recordings that are named by their numbers."""

    def __init__(self, lengths: np.ndarray) -> None:
        super().__init__()
        self._lengths = lengths

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> int:
        return int(self._lengths[int(name)] * HOUR_BYTES)


def bytes_a_recording(cries: int, count: int = 3000) -> tuple[int, int]:
    """Measure what the command keeps of a recording with so many cries: in memory, and in the journal."""
    cry = {"number": 1, "start": 12345.678, "end": 12357.123, "duration": 11.445, "peak": 0.987654}
    cry |= {"mean": 0.912345, "windows": 12, "label": "uncertain", "reason_set": ["hungry", "tired"]}
    cry["reasons"] = dict.fromkeys(("hungry", "tired", "discomfort", "belly_pain", "burping"), 0.234567)
    record = {"label": "cry", "cries": [cry] * cries, "crying": 114.45, "windows": 37500, "heard": "sound"}
    record |= {"duration": 36000.0, "model": "reason"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with Journal(path, {"edgecry": "0"}) as journal:
            tracemalloc.start()
            files = [
                Found(f"/archive/{i % 97}/night-{i:09}.flac", 10**8 + i, 10**18 + i) for i in range(count)
            ]
            names = {found.name: found for found in files}
            sizes = {found.name: found.size for found in files}
            for found in files:
                journal.add(
                    found, {"record": {"file": found.name, **record}, "text": "10 cries", "notes": []}
                )
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            written = path.stat().st_size
    assert len(names) == len(sizes) == count
    return round(held / count), round(written / count)


if __name__ == "__main__":
    main()
