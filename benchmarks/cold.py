"""A whole new process, seed beside edgecry, in turns: ``python -m benchmarks.cold``.

From the start of Python to the printed answer, on one core.
`edgecry` listens with the detector first and asks for reasons then; `--raw` runs one model of the seed's
recipe, which is what the seed does. Three states of the machine:

- later runs: everything that either side keeps on disk is there: bytecode, and numba's for the seed;
- ``--first``: the first run after an installation by pip, which compiles bytecode and nothing else;
- ``--first``: the first run after an installer that compiles nothing (uv, pip --no-compile).

The files themselves are in memory in all of them; a slow card adds to both, and more to the larger.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgecry.diagnostics.process import Usage, measure

#: Where the modules are, so that the processes find both sides from anywhere.
ROOT = Path(__file__).parents[1]
Commands = Mapping[str, Sequence[str]]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cold", description="Whole new processes, seed beside edgecry."
    )
    parser.add_argument("--runs", type=int, default=10, help="processes a side (10)")
    parser.add_argument("--first", type=int, nargs="?", const=3, default=0, metavar="RUNS",
                        help="also first processes after installation, so many a side (3)")  # fmt: skip
    arguments = parser.parse_args(argv)
    if arguments.runs < 1 or arguments.first < 0:
        parser.error("--runs, --first: at least 1")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # which the processes inherit
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), arguments.runs, arguments.first)


def report(folder: Path, runs: int, first: int) -> None:
    from benchmarks.clip import SECONDS, SR, write_clip
    from benchmarks.ratio import machine

    clip, origin = write_clip(folder)
    print(f"{SECONDS:g} s of {SR} Hz audio ({origin}), whole processes, one core\n")
    for name, value in machine().items():
        print(f"{name:13} {value}")
    sides = commands(clip, folder)
    kept = folder / "kept"
    show("later runs", later_runs(sides, kept, runs))
    if first:
        show("first run, bytecode compiled", first_runs(sides, folder / "first", first, bytecode=kept))
        show("first run, nothing compiled", first_runs(sides, folder / "first", first, bytecode=None))


def commands(clip: Path, folder: Path) -> Commands:
    from benchmarks.seed_pipeline import write_stand_in

    seed = ["-m", "benchmarks.seed_process", str(clip), *map(str, write_stand_in(folder))]
    classify = [sys.executable, "-m", "edgecry", "classify", str(clip)]
    return {
        "seed": [sys.executable, *seed],
        "edgecry": classify,
        "--raw": [*classify, "--raw", "--model", "seed"],
    }


def later_runs(sides: Commands, kept: Path, runs: int) -> dict[str, list[Usage]]:
    """Runs that find in ``kept`` what one run before them, which is not measured, put there."""
    for command in sides.values():
        measure(command, environment(kept, kept))
    return in_turns(sides, ((kept, kept) for _ in range(runs)))


def first_runs(sides: Commands, folder: Path, runs: int, bytecode: Path | None) -> dict[str, list[Usage]]:
    """Runs that find no numba cache, and no bytecode either where that is None."""

    def fresh() -> Iterator[tuple[Path, Path]]:
        for _ in range(runs):
            yield bytecode or folder / "bytecode", folder / "numba"
            shutil.rmtree(folder, ignore_errors=True)

    out: dict[str, list[Usage]] = {}
    for side, command in sides.items():  # each by itself, as neither may find what the other left
        out |= in_turns({side: command}, fresh())
    return out


def in_turns(sides: Commands, caches: Iterator[tuple[Path, Path]]) -> dict[str, list[Usage]]:
    usages: dict[str, list[Usage]] = {side: [] for side in sides}
    for bytecode, numba in caches:
        for side, command in sides.items():
            usages[side].append(measure(command, environment(bytecode, numba)))
    return usages


def environment(bytecode: Path, numba: Path) -> dict[str, str]:
    """An environment with caches of its own, and without settings that keep Python from using them."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    inherited = {name: value for name, value in os.environ.items() if name not in dropped}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(bytecode),
        "NUMBA_CACHE_DIR": str(numba),
    }


def show(title: str, usages: Mapping[str, Sequence[Usage]]) -> None:
    (_, *ours), count = usages, len(usages["seed"])
    print(f"\n{title + f', median of {count}':40}" + "".join(f"{side:>9}" for side in usages), end="")
    print("".join(f"{'seed / ' + side:>16}" for side in ours))
    for name, pick in (
        ("wall, s", lambda usage: usage.wall),
        ("CPU, s", lambda usage: usage.cpu),
        ("peak RSS, MB", lambda usage: usage.peak_mb),
    ):
        found = {side: statistics.median(map(pick, usages[side])) for side in usages}
        print(f"{name:40}" + "".join(f"{value:>9.3g}" for value in found.values()), end="")
        print("".join(f"{found['seed'] / found[side]:>16.1f}" for side in ours))


if __name__ == "__main__":
    main()
