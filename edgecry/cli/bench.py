"""``edgecry bench``: what classifying costs on this machine."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecry.answers.records import dump
from edgecry.errors import EdgecryError
from edgecry.terminal import printable, quiet_stderr, say

if TYPE_CHECKING:
    from edgecry.diagnostics.bench import EngineReport, Options, Report, Scaling, Timing
    from edgecry.diagnostics.bench_compare import Change
    from edgecry.diagnostics.machine import Machine

REGRESSED = 1
NAME_WIDTH = 16
LONGEST = 3600.0

EPILOG = """\
exit codes: 0 measured; 1 something has become slower than OLD, or than the median of the earlier runs
in FILE, by more than the tolerance; 2 wrong use, or nothing to measure or to compare
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "bench",
        help="measure what classifying costs on this machine",
        description="Measures what classifying a recording costs on this machine, warm and as a new process.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what is measured")
    what.add_argument("--model", metavar="M", help="a model file, or one of 'edgecry models' (default: seed)")
    what.add_argument("--file", metavar="F", help="a recording (default: the one that comes with edgecry)")
    what.add_argument("--seconds", metavar="S", type=_seconds, help="repeat it or cut it to this length")
    what.add_argument(
        "--engine", choices=("auto", "numpy", "numba"), default="auto", help="auto: all that are ready"
    )
    what.add_argument("--repeat", metavar="N", type=_count, default=100, help="runs of a clip (default: 100)")
    what.add_argument(
        "--cold", metavar="N", type=_count_or_none, default=5, help="new processes (default: 5; 0: none)"
    )
    what.add_argument(
        "--scaling",
        metavar="S",
        type=_seconds,
        nargs="?",
        const=600.0,
        help="also clips of 1 s to S seconds (600 if left out, at most 3600), and 1, 2 and 4 threads",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON object, to be kept")
    parser.add_argument("--compare", metavar="OLD", help="compare with what --json wrote earlier")
    parser.add_argument(
        "--history", metavar="FILE", help="add this run to FILE, and compare it with the earlier ones there"
    )
    parser.add_argument(
        "--tolerance",
        metavar="PERCENT",
        type=_percent,
        default=10.0,
        help="growth that is allowed (default: 10)",
    )
    parser.add_argument(
        "--anyway", action="store_true", help="compare, though OLD is of another machine, clip or model"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and compare if asked to. Return 1 if something has become slower."""
    with quiet_stderr(), suppress(ImportError):  # opening the model reports this
        import onnxruntime  # noqa: F401
    from edgecry.diagnostics import bench, bench_history
    from edgecry.diagnostics.bench_compare import compare, read
    from edgecry.features.warmup import status

    old = None if args.compare is None else read(args.compare)
    history = [] if args.history is None else bench_history.read(args.history)
    if args.engine == "numba" and not status().ready:
        say("compiling the numba engine, which takes a while")
    check = None if old is None or args.anyway else partial(_refuse_difference, old, path=args.compare)
    report = bench.measure(_options(args), check)
    new = asdict(report)
    changes = compare(old, new, args.tolerance) if old is not None else []
    past = bench_history.alike(history, new)
    since = bench_history.compare(past, new, args.tolerance)
    if args.history is not None:
        bench_history.keep(args.history, new)
    if args.json:
        compared = {"changes": changes, "since": since}
        print(dump({**new, **{name: [*map(asdict, found)] for name, found in compared.items()}}, indent=2))
    else:
        print("\n".join(_lines(report)))
        if old is not None:
            print("\n".join(["", *_change_lines("old", changes), *_notes(old, new)]))
        if args.history is not None:
            print(f"\nhistory   earlier runs on this machine, with this clip and model: {len(past)}")
            print("\n".join(_change_lines("median", since)))
    return _judge(changes, f"{args.tolerance:g} %") or _judge(since, f"{args.tolerance:g} % of their median")


def _judge(changes: Sequence[Change], tolerance: str) -> int:
    """Say how many figures grew by more than the tolerance; return the exit code."""
    regressed = [change.figure for change in changes if change.regressed]
    if regressed:
        say(f"{len(regressed)} of {len(changes)} figures grew by over {tolerance}")
    return REGRESSED if regressed else 0


def _options(args: argparse.Namespace) -> Options:
    from edgecry.diagnostics.bench import Options

    names = ("seconds", "engine", "repeat", "cold", "scaling")
    given: dict[str, Any] = {name: getattr(args, name) for name in names}
    if args.model:
        given["model"] = args.model
    if args.file:
        given["recording"] = Path(args.file)
    return Options(**given)


def _refuse_difference(old: Mapping[str, Any], head: Mapping[str, Any], path: str) -> None:
    from edgecry.diagnostics.bench_compare import differences

    if found := differences(old, head):
        raise EdgecryError(f"{path}: {'; '.join(found)}; measure it again, or add --anyway to compare anyway")


# -- the report as text ----------------------------------------------------------------------------


def _lines(report: Report) -> Iterator[str]:
    clip = report.clip
    yield (
        f"edgecry {report.edgecry}, model {printable(report.model)}, "
        f"{printable(clip.name)}: {clip.seconds:g} s of sound, {clip.size / 1e3:.0f} kB"
    )
    yield from _machine_lines(report.machine)
    yield ""
    yield from _table(report.engines)
    if report.cold is not None:
        cold = report.cold
        yield ""
        yield (
            f"new process       {cold.wall.p50:.0f} ms ({cold.cpu.p50:.0f} ms of CPU), "
            f"at most {cold.peak_mb:.0f} MB; median of {cold.wall.runs}"
        )
    if report.scaling is not None:
        yield ""
        yield from _scaling_lines(report.scaling)


def _machine_lines(machine: Machine) -> Iterator[str]:
    memory = "" if machine.memory_mb is None else f", {machine.memory_mb} MB"
    cores = f"{machine.cores} core{'s' if machine.cores > 1 else ''}"
    yield f"machine   {machine.cpu}, {machine.architecture}, {cores}{memory}"
    yield f"          governor {machine.governor or 'unknown'}, load {machine.load}, {machine.system}"
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    yield f"software  Python {machine.python}, {packages}"
    yield "threads   " + ", ".join(f"{name} {value or 'unset'}" for name, value in machine.threads.items())


def _table(engines: Mapping[str, EngineReport]) -> Iterator[str]:
    """Yield one row for each stage, with three columns for each engine."""
    reports = list(engines.values())
    first = reports[0]
    yield " " * NAME_WIDTH + "".join(f"{engine + ', warm':^27}" for engine in engines).rstrip()
    yield f"{'ms':<{NAME_WIDTH}}" + len(reports) * f"{'p50':>9}{'p95':>9}{'p99':>9}"
    for stage in first.stages:
        yield _row(stage, [report.stages[stage] for report in reports])
    yield _row("a clip", [report.clip for report in reports])
    yield "a family alone"
    for family in first.alone:
        yield _row(f"  {family}", [report.alone[family] for report in reports])
    rates = "".join(f"{report.times_real_time:>9.0f}{'':18}" for report in reports)
    yield f"{'x real time':<{NAME_WIDTH}}{rates}".rstrip()
    memory = "".join(f"{report.rss_mb:>9.0f}{'':18}" for report in reports)
    yield f"{'memory, MB':<{NAME_WIDTH}}{memory}".rstrip()


def _row(name: str, timings: Sequence[Timing]) -> str:
    cells = (f"{ms:>9.2f}" for timing in timings for ms in (timing.p50, timing.p95, timing.p99))
    return f"{name:<{NAME_WIDTH}}{''.join(cells)}"


def _scaling_lines(scaling: Scaling) -> Iterator[str]:
    yield f"{'s of sound':<{NAME_WIDTH}}{'ms':>9}{'x real time':>13}{'peak, MB':>10}   ({scaling.engine})"
    for length in scaling.lengths:
        rate = 1e3 * length.seconds / length.ms
        yield f"{length.seconds:<{NAME_WIDTH}g}{length.ms:>9.1f}{rate:>13.0f}{length.peak_mb:>10.0f}"
    yield f"{'threads':<{NAME_WIDTH}}{'clips / s':>9}"
    for sharing in scaling.threads:
        yield f"{sharing.threads:<{NAME_WIDTH}}{1e3 / sharing.ms_a_clip:>9.1f}"


def _change_lines(before: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield one row for each figure, beside what it was before."""
    width = max((len(change.figure) for change in changes), default=0)
    if changes:
        yield f"{'':{width}}{before:>10}{'new':>10}{before + ' / new':>14}"
    for change in changes:
        mark = "   worse" if change.regressed else ""
        yield f"{change.figure:{width}}{change.old:>10.2f}{change.new:>10.2f}{change.ratio:>14.2f}{mark}"


def _notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    from edgecry.diagnostics.bench_compare import changes_told, differences

    for difference in (*differences(old, new), *changes_told(old, new)):
        yield f"note: {difference}"


# -- arguments -------------------------------------------------------------------------------------


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _count_or_none(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0.01 <= value <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is out of range; allowed are 0.01 to {LONGEST:g} seconds")
    return value


def _percent(text: str) -> float:
    value = _number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is out of range; allowed are 0 and more per cent")
    return value
