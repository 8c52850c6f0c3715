"""All figures of speed beside their targets: ``python -m benchmarks.speed``.

One run measures everything on one core, in turns with the pipeline that edgecry replaces ("seed"). "x" says
how many times less edgecry takes than the seed in this run. Times are CPU time and each figure is a median,
so that other work of the machine counts little; it moves milliseconds all the same. The figure of a stream
takes the median of each second over all rounds, and then their mean or their longest. With ``--no-size``
nothing is installed, and that row is left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import cold, size
from benchmarks.clip import SECONDS, SR, write_clip
from benchmarks.ratio import confine_to_one_core, in_turns, machine
from benchmarks.stages import MEL_MFCC_ONLY, engines, feature_stages
from benchmarks.stream import ALWAYS, cost_of, room
from benchmarks.stream import SR as STREAM_SR
from edgecry.stream.classifier import StreamClassifier

#: Seconds of a stream: ten that are not measured, and 24, which are 25 hops of the detector.
STREAM = 10 + 24
NOISY, QUIET = 1e-2, 2e-5


class Target(NamedTuple):
    """What a row is to reach, value by value. Of a ratio ("x") more is better, of all else less."""

    unit: str
    least: tuple[float, ...]
    aim: tuple[float, ...]


#: The rows of the table. Two values are of NumPy and numba, or of ``classify`` and ``classify --raw``.
TARGETS = {
    "warm: load + extract, NumPy; numba": Target("x", (7.5, 12), (8, 15)),
    "warm: mel and mfcc only, NumPy; numba": Target("x", (24, 40), (25, 45)),
    "new process to the printed answer; `--raw`": Target("x", (14, 16), (15, 17)),
    "peak memory of it; `--raw`": Target("MB", (75, 65), (70, 60)),
    "a second of a quiet stream, NumPy; numba": Target("ms", (0.06, 0.06), (0.05, 0.05)),
    "a second of a noisy stream, NumPy; numba": Target("ms", (0.45, 0.35), (0.3, 0.2)),
    "longest second with reasons, NumPy; numba": Target("ms", (6, 6), (4, 4)),
    "installed, the seed's size to edgecry's": Target("x", (3.5,), (4,)),
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each is measured (20)")
    parser.add_argument("--no-size", action="store_true", help="do not install anything to measure its size")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    confine_to_one_core("benchmarks.speed")
    with tempfile.TemporaryDirectory() as folder:
        clip, origin = write_clip(Path(folder))
        print(f"{SECONDS:g} s of {SR} Hz audio ({origin}), {arguments.rounds} rounds, one core, CPU time\n")
        for name, value in machine().items():
            print(f"{name:13} {value}")
        print("\n| what | measured | at least | aim | reached |\n|---|---|---|---|---|")
        for name, values in measured(clip, Path(folder), arguments.rounds, not arguments.no_size):
            print(row(name, values, TARGETS[name]), flush=True)


def measured(clip: Path, folder: Path, rounds: int, sizes: bool) -> Iterator[tuple[str, list[float]]]:
    """Measure row by row, in the order of the targets."""
    names = iter(TARGETS)
    stages = {stage.name: stage for stage in feature_stages(clip)}
    for stage in ("load + extract", MEL_MFCC_ONLY):
        times = in_turns(stages[stage].by, rounds)
        yield next(names), ratios({side: statistics.median(times[side].cpu) for side in times})
    usages = cold.later_runs(cold.commands(clip, folder), folder / "kept", rounds)
    yield next(names), ratios({side: statistics.median(u.cpu for u in usages[side]) for side in usages})
    peaks = {side: statistics.median(u.peak_mb for u in usages[side]) for side in usages}
    yield next(names), [peak for side, peak in peaks.items() if side != "seed"]

    def stream(engine: str) -> StreamClassifier:
        return StreamClassifier("cry", STREAM_SR, engine=engine)

    def crying(engine: str) -> StreamClassifier:
        return StreamClassifier("reason", STREAM_SR, engine=engine, decision=ALWAYS)

    yield next(names), [float(each.mean()) for each in of_seconds(stream, QUIET, rounds)]
    yield next(names), [float(each.mean()) for each in of_seconds(stream, NOISY, rounds)]
    yield next(names), [float(each.max()) for each in of_seconds(crying, NOISY, rounds)]
    if sizes:
        yield next(names), ratios({side: sum(sizes.values()) for side, sizes in size.measure().items()})


def ratios(found: Mapping[str, float]) -> list[float]:
    """Return how many times each of the other values goes into the seed's."""
    return [found["seed"] / value for side, value in found.items() if side != "seed"]


def of_seconds(make: Callable[[str], StreamClassifier], level: float, rounds: int) -> list[np.ndarray]:
    """Return the median ms of each second of the same noise, for each engine. The engines take turns."""
    streams, sound = {engine: make(engine) for engine in engines()}, room(STREAM, level)
    each: dict[str, list[list[float]]] = {engine: [] for engine in streams}
    for _ in range(rounds):
        for engine, stream in streams.items():
            stream.reset()
            each[engine].append(cost_of(stream, sound).each)
    return [np.median(found, axis=0) for found in each.values()]


def row(name: str, values: Sequence[float], target: Target) -> str:
    """Write a line of the table, with the best that every value reaches."""
    cells = (shown(numbers, target.unit) for numbers in (values, target.least, target.aim))
    return f"| {name} | {' | '.join(cells)} | {reached(values, target)} |"


def reached(values: Sequence[float], target: Target) -> str:
    """Tell what every value reaches, as it is shown: the aim, the least that is wanted, or neither."""
    sign, values = 1 if target.unit == "x" else -1, [float(f"{value:.3g}") for value in values]

    def all_reach(wanted: tuple[float, ...]) -> bool:
        return all(sign * value >= sign * limit for value, limit in zip(values, wanted, strict=False))

    return "the aim" if all_reach(target.aim) else "the least" if all_reach(target.least) else "no"


def shown(numbers: Sequence[float], unit: str) -> str:
    return "; ".join(f"{number:.3g}" for number in numbers) + f" {unit}"


if __name__ == "__main__":
    main()
