"""How many times faster than the seed, on one core: ``python -m benchmarks.ratio``.

Both run warm in one process and in turns, so that whatever else the machine does falls on both.
CPU time of the thread is what to quote; wall time stands beside it.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

SIDES = ("seed", "numpy", "numba")
#: Measured runs a turn.
RUNS = 3
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
PACKAGES = ("numpy", "soxr", "onnxruntime", "librosa", "numba", "scipy", "scikit-learn")


class Times(NamedTuple):
    """Milliseconds of every round."""

    cpu: list[float]
    wall: list[float]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratio", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how often each stage is measured (30)")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    confine_to_one_core("benchmarks.ratio")
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), arguments.rounds)


def confine_to_one_core(module: str) -> None:
    """Pin the process to one core, and start its module again if its thread pools are not at one.

    They read the environment when they are loaded, which an import may already have done.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **ONE_THREAD})


def report(folder: Path, rounds: int) -> None:
    from benchmarks.clip import SECONDS, SR, write_clip
    from benchmarks.stages import answer_stage, detector_stage, feature_stages
    from edgecry.errors import ModelError

    clip, origin = write_clip(folder)
    print(f"{SECONDS:g} s of {SR} Hz audio ({origin}), {rounds} rounds, one core, warm\n")
    for name, value in machine().items():
        print(f"{name:13} {value}")
    stages = feature_stages(clip)
    try:
        stages += [answer_stage(clip, folder), detector_stage(clip)]
    except ModelError as error:
        print(f"\nwithout models: {error}")
    print(f"\n{'median ms of CPU':26}" + "".join(f"{side:>9}" for side in SIDES), end="")
    print("".join(f"{'seed / ' + side:>15}" for side in SIDES[1:]) + "   (wall)")
    for stage in stages:
        times = in_turns(stage.by, rounds)
        cells = [f"{statistics.median(times[side].cpu):.2f}" if side in times else "" for side in SIDES]
        ratios = [ratio(times["seed"], times[side]) if side in times else "" for side in SIDES[1:]]
        print(f"{stage.name:26}" + "".join(f"{c:>9}" for c in cells) + "".join(f"{r:>15}" for r in ratios))


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Measure ``works`` in turns, so that whatever else the machine does falls on all of them.

    In each turn a work runs a few times: first without being measured, since the caches hold the
    others' data, and "warm" is what is to be known.
    """
    times = {side: Times([], []) for side in works}
    for _ in range(rounds):
        for side, work in works.items():
            work()
            for _ in range(RUNS):
                began = time.thread_time(), time.perf_counter()
                work()
                ended = time.thread_time(), time.perf_counter()
                times[side].cpu.append(1e3 * (ended[0] - began[0]))
                times[side].wall.append(1e3 * (ended[1] - began[1]))
    return times


def ratio(seed: Times, edgecry: Times) -> str:
    cpu, wall = (statistics.median(a) / statistics.median(b) for a, b in zip(seed, edgecry, strict=True))
    return f"{cpu:.1f} ({wall:.1f})"


def machine() -> Mapping[str, str]:
    """What it was measured on."""
    import edgecry

    return {
        "edgecry": edgecry.__version__,
        "CPU": cpu_model(),
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
