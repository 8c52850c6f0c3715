"""Instruction budgets: what edgecry costs a Cortex-A72, against the committed ``budget.json``.

    python3 tests/arm64/budget.py             measure, compare, fail at 10 % over a budget
    python3 tests/arm64/budget.py --update    measure, and make what was found the new budgets
    ... --history FILE                        also keep what was found, and say what crept up since its least

Runs on the machine that emulates, after setup.sh, with Python's own library alone. Counts repeat to
within a per cent, where times on a shared machine do not. They compare work and are no times: all
instructions count alike.

Exit status: 0 within the budgets, 1 not, 77 this machine's QEMU cannot count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "budget.json"
#: How far over its budget a piece of work may be, as a part of it.
LIMIT = 0.10
#: Of a whole process; the pieces have their own.
ROUNDS = 2
MILLION = 1e6
SKIPPED = 77

#: Whole processes, whose arguments follow the interpreter. The first is what they all contain.
PROCESSES = {
    "python": ("-c", "pass"),
    "import edgecry": ("-c", "import edgecry"),
    "import Classifier": ("-c", "from edgecry import Classifier"),
    "edgecry classify": ("-m", "edgecry", "classify", "--sample", "--raw", "--model", "seed"),
}
Counts = dict[str, float]


def count(arguments: tuple[str, ...]) -> tuple[list[int], int, str]:
    """Run one emulated process: its marks, all of its instructions, and its stdout."""
    with tempfile.NamedTemporaryFile("r", suffix=".count") as counts:
        environment = {
            **os.environ,
            "ARM64_BOARD": "cortex-a72",
            "ARM64_COUNT": counts.name,
            "ARM64_SUITE": "bookworm",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(HERE.parents[1]),
        }
        command = [str(HERE / "run.sh"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
        *marks, last = [line.split() for line in counts]
    return [int(so_far) for _, so_far in marks], int(last[1]), done.stdout


def measure_pieces() -> Counts:
    """Return the millions of instructions of every piece of the workload: the median of its rounds."""
    marks, _, output = count(("-m", "tests.arm64.workload"))
    names = json.loads(output)
    costs = [end - begin for begin, end in zip(marks[::2], marks[1::2], strict=True)]
    rounds, odd = divmod(len(costs), len(names))
    if odd or not rounds:
        raise SystemExit(f"workload: {len(costs)} measurements of {len(names)} pieces; see workload.py")
    medians = [statistics.median(costs[i : i + rounds]) for i in range(0, len(costs), rounds)]
    nothing = medians[names.index("nothing")]
    found = {name: (median - nothing) / MILLION for name, median in zip(names, medians, strict=True)}
    del found["nothing"]
    return found


def measure_processes() -> Counts:
    """Return the millions of instructions of whole processes, after one that writes the byte code."""
    found = {}
    for name, arguments in PROCESSES.items():
        totals = [count(arguments)[1] for _ in range(1 + ROUNDS)][1:]
        found[name] = statistics.median(totals) / MILLION
    return found


def verdicts(found: Mapping[str, float], budgets: Mapping[str, float]) -> dict[str, str]:
    """Return what is wrong with each piece of work: over its budget, without one, or no longer measured."""
    wrong = {}
    for name in {**budgets, **found}:
        if name not in found:
            wrong[name] = "not measured"
        elif name not in budgets:
            wrong[name] = "no budget"
        elif found[name] > budgets[name] * (1 + LIMIT):
            wrong[name] = "OVER BUDGET"
    return wrong


def crept(found: Mapping[str, float], history: Path, limit: float = LIMIT) -> list[str]:
    """Say what has grown since its least in the history, however often its budget was renewed meanwhile."""
    past = [json.loads(line) for line in history.read_text().splitlines()] if history.exists() else []
    lines = []
    for name, new in found.items():
        known = [(run["millions"][name], run["at"]) for run in past if name in run["millions"]]
        if known and new > min(known)[0] * (1 + limit):
            least, at = min(known)
            lines.append(f"crept up: {name}, {new / least - 1:+.0%} since {at} ({len(known)} runs known)")
    return lines


def keep(found: Mapping[str, float], history: Path) -> None:
    """Add what was found to the history, a line of JSON for each run."""
    run = {"at": time.strftime("%Y-%m-%d"), "millions": {name: round(n, 3) for name, n in found.items()}}
    with history.open("a") as file:
        file.write(json.dumps(run) + "\n")


def report(found: Mapping[str, float], budgets: Mapping[str, float], wrong: Mapping[str, str]) -> str:
    """Return a line for each piece of work, in millions of instructions."""
    lines = [f"{'millions of instructions':28} {'found':>9} {'budget':>9} {'':>8}"]
    for name in {**budgets, **found}:
        new, old = found.get(name), budgets.get(name)
        change = f"{new / old - 1:+8.1%}" if new is not None and old else " " * 8
        cells = "".join(" " * 10 if value is None else f" {value:9.2f}" for value in (new, old))
        lines.append(f"{name:28}{cells} {change}  {wrong.get(name, '')}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Measure, and compare or update."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="make what is found the new budgets")
    parser.add_argument("--history", metavar="FILE", type=Path, help="keep what is found here, run by run")
    arguments = parser.parse_args()
    update = arguments.update
    if "-plugin" not in subprocess.run(["qemu-aarch64", "-h"], capture_output=True, text=True).stdout:
        print(
            "SKIPPED: no instruction was counted; this QEMU is built without plugins (Debian 12's has them)"
        )
        return SKIPPED
    budgets = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    found = {**measure_pieces(), **measure_processes()}
    wrong = {} if update else verdicts(found, budgets)
    print(report(found, budgets, wrong))
    if arguments.history is not None:
        print("\n".join(crept(found, arguments.history) or ["nothing has crept up since its least"]))
        keep(found, arguments.history)
    if update:
        TABLE.write_text(json.dumps({name: round(n, 3) for name, n in found.items()}, indent=2) + "\n")
    elif wrong:
        print(f"budget: {len(wrong)} of {len(found)} wrong; do less, or 'budget.py --update' and say why")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
