"""``python -m convert evaluate DIR``: figures that cannot fool us, as text, JSON and HTML."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from convert.cache import add_cache_arguments
from convert.commands.options import add_data_arguments, add_steps_argument, count, require_clip, require_cry
from convert.errors import ConversionError
from convert.evaluation.bootstrap import DRAWS
from convert.training import DEFAULT as DEFAULT_ESTIMATOR
from convert.training import ESTIMATORS
from edgecry.answers.output import Output
from edgecry.terminal import printable

if TYPE_CHECKING:
    from convert.evaluation.report import Report

#: What is evaluated, and the module that does: ``report(args, tell) -> Report``.
RECIPES: Final[Mapping[str, str]] = {
    "clip": "convert.clip.report",
    "reason": "convert.reason.report",
    "cry": "convert.cry.report",
}
DEFAULT: Final = "clip"
MODEL: Final = "convert.model_file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_data_arguments(parser)
    _add_subject(parser)
    _add_measurement(parser)
    _add_networks(parser)
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write it as JSON")
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=Path,
        help="also write it as one HTML file, with pictures; of the task cry, also its worst mistakes",
    )
    add_cache_arguments(parser)


def _add_subject(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is evaluated."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--task",
        choices=RECIPES,
        help="the recipe that is evaluated; clip: any classifier, one vector a recording "
        f"(default: {DEFAULT}; in a folder as EDGECRY_DATA names, each of the models that come with edgecry "
        "as its file was measured, held against the file)",
    )
    what.add_argument(
        "--model", metavar="M.onnx", help="a model file as it is, on recordings it was not trained on"
    )
    parser.add_argument(
        "--estimator",
        choices=ESTIMATORS,
        help=f"the classifier of the task clip (default: {DEFAULT_ESTIMATOR})",
    )


def _add_measurement(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how it is measured."""
    parser.add_argument(
        "--positive", metavar="LABEL", help="detect this label: adds recall at 1 %% and 5 %% false positives"
    )
    parser.add_argument(
        "--repeats", metavar="N", type=count, default=3, help="seeds of the splits (default: %(default)s)"
    )
    parser.add_argument(
        "--permutations",
        metavar="N",
        type=_count_or_none,
        help="also repeat it N times on labels moved between groups (default: 99 of the task reason)",
    )
    parser.add_argument(
        "--draws",
        metavar="N",
        type=count,
        default=DRAWS,
        help="resamples of the intervals (default: %(default)s)",
    )
    parser.add_argument("--no-gain", dest="gain", action="store_false", help="leave the gain test out")


def _add_networks(parser: argparse.ArgumentParser) -> None:
    """Add the options of the task cry: how many networks are trained, and how long."""
    parser.add_argument(
        "--folds-only",
        action="store_true",
        help="of the task cry, leave out what takes hours: other conditions, nights, corpora left out",
    )
    parser.add_argument(
        "--full-length",
        action="store_true",
        help="of the task cry, train each measured network as long as the one that is shipped: three times "
        "as long as otherwise",
    )
    add_steps_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the report, write what else was asked for."""
    for path in (args.json, args.html):
        if path is not None and not path.parent.is_dir():
            raise ConversionError(f"{path.parent}: no such folder to write {path.name} to; make it")
    if args.html is not None:
        from convert.evaluation.pictures import require_matplotlib

        require_matplotlib()
    require_cry(args, "folds_only", "full_length", "steps")
    reports = []
    for number, report in enumerate(_reports(args, logging.getLogger("edgecry").info)):
        sys.stdout.write("\n\n" * (number > 0) + "\n".join(map(printable, str(report).splitlines())) + "\n")
        sys.stdout.flush()
        reports.append(report)
    if args.json is not None:
        plain = [report.to_dict() for report in reports]
        found = plain[0] if len(plain) == 1 else {"reports": plain}
        _write(args.json, json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    if args.html is not None:
        from convert.evaluation.page import page

        _write(args.html, page(*reports))
    return 0


def _reports(args: argparse.Namespace, tell: Callable[[str], None]) -> Iterator[Report]:
    """Several where nobody says what of all that the bundled models were made of is to be evaluated."""
    from convert import bundled

    if args.task is None and args.model is None and bundled.is_all(args.folders):
        yield from bundled.reports(args, tell)
        return
    require_clip(args, args.task or DEFAULT)
    module = import_module(MODEL if args.model else RECIPES[args.task or DEFAULT])
    yield module.report(args, tell)


def _write(path: Path, text: str) -> None:
    try:
        with Output(str(path)) as file:
            file.stream.write(text)
    except OSError as error:
        raise ConversionError(f"{path}: cannot be written ({error.strerror})") from error


def _count_or_none(text: str) -> int:
    return 0 if text == "0" else count(text)
