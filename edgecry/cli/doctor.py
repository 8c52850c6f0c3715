"""``edgecry doctor``: whether this installation is sound, and what to do where it is not."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from edgecry.answers.records import dump
from edgecry.terminal import printable

if TYPE_CHECKING:
    from edgecry.diagnostics.doctor import Check

UNHEALTHY = 1
NAME_WIDTH = 17
LINE_WIDTH = 100


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "doctor",
        help="check this installation, and say what to do",
        description="Checks the machine, the packages, the features and the model, and says what to do.",
        epilog="exit codes: 0 healthy, warnings allowed; 1 something stands in the way",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--model", metavar="M", type=Path, help="a model file, or one of 'edgecry models' (default: reason)"
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="settings of 'listen', whose source and sinks are checked",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show each check as it is done; 1 if any failed."""
    from edgecry.diagnostics.doctor import examine

    checks = []
    for check in chain(examine(args.model), _listening(args.config)):
        checks.append(check)
        if not args.json:
            print("\n".join(_lines(check)), flush=True)
    healthy = all(check.status != "fail" for check in checks)
    if args.json:
        print(dump({"healthy": healthy, "checks": [asdict(check) for check in checks]}, indent=2))
    return 0 if healthy else UNHEALTHY


def _listening(config: Path | None) -> Iterator[Check]:
    if config is not None:
        from edgecry.listening.checks import examine_listening

        yield from examine_listening(config)


def _lines(check: Check) -> Iterator[str]:
    """One line of what was found, and where there is advice, that below it."""
    margin = " " * (6 + NAME_WIDTH)
    yield f"{check.status:<6}{printable(check.name):<{NAME_WIDTH}}{printable(check.found)}"
    if check.advice:
        yield from textwrap.wrap(
            f"-> {printable(check.advice)}",
            LINE_WIDTH,
            initial_indent=margin,
            subsequent_indent=margin + "   ",
            break_long_words=False,
            break_on_hyphens=False,
        )
