"""``python -m convert train DIR -o OUT.onnx``: labelled recordings to a model file, by a recipe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from convert.cache import add_cache_arguments
from convert.commands.options import add_data_arguments, add_steps_argument, require_clip, require_cry
from convert.errors import ConversionError
from convert.training import DEFAULT as DEFAULT_ESTIMATOR
from convert.training import ESTIMATORS
from edgecry.models.metadata import TASKS
from edgecry.terminal import printable

if TYPE_CHECKING:
    from convert.export import Converted

#: What is trained, and the module that does: ``train(args, tell) -> (Converted, text)``.
RECIPES: Final[Mapping[str, str]] = {
    "clip": "convert.clip.train",
    "reason": "convert.reason.train",
    "cry": "convert.cry.train",
}
DEFAULT: Final = "clip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_data_arguments(parser)
    parser.add_argument(
        "-o", "--output", metavar="OUT.onnx", type=Path, required=True, help="the model file to write"
    )
    parser.add_argument(
        "--task",
        choices=RECIPES,
        default=DEFAULT,
        help="the recipe; clip: any classifier, one vector a recording (default: %(default)s)",
    )
    parser.add_argument(
        "--estimator",
        choices=ESTIMATORS,
        help=f"what the task clip trains (default: {DEFAULT_ESTIMATOR})",
    )
    parser.add_argument(
        "--tells",
        choices=TASKS,
        help="what a model of the task clip tells (default: reason)",
    )
    parser.add_argument("--name", help="what the model is called in answers (default: OUT)")
    parser.add_argument(
        "--data-name", metavar="TEXT", help="what the recordings are called (default: the folder's name)"
    )
    parser.add_argument("--data-licence", metavar="TEXT", help="licence of the recordings")
    parser.add_argument("--attribution", metavar="TEXT", help="whom to name for them")
    add_steps_argument(parser)
    add_cache_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, print the figures, write the model file; 0 if all of it worked."""
    if not args.output.parent.is_dir():
        raise ConversionError(f"{args.output.parent}: no such folder to write {args.output.name} to; make it")
    require_clip(args, args.task)
    require_cry(args, "steps")
    converted: Converted
    converted, text = import_module(RECIPES[args.task]).train(args, _tell)
    converted.save(args.output)
    size = f"{args.output}: {len(converted.onnx) / 1000:.0f} kB"
    lines = [*text.splitlines(), "", f"parity: {converted.report}", size]
    sys.stdout.write("\n".join(map(printable, lines)) + "\n")
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()
