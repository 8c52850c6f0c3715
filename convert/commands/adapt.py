"""``python -m convert adapt --base cry DIR -o OUT.onnx``: a detector, fitted to the sounds of a home."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convert.errors import ConversionError
from edgecry.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source",
        metavar="DIR",
        type=Path,
        help="clips in the folders cry and not_cry, or a CSV file (or a folder with one): file, verdict "
        "('cry' or 'not a cry'), perhaps day",
    )
    parser.add_argument(
        "--base",
        metavar="M",
        default="cry",
        help="the detector whose last layer is fitted again, a model file or a bundled one "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT.onnx", type=Path, required=True, help="the model file to write"
    )
    parser.add_argument("--name", help="what the model is called in answers (default: OUT)")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="write it although there are too few clips, or although it is worse than its base",
    )


def run(args: argparse.Namespace) -> int:
    """Adapt, print the figures, write the model file."""
    from convert.adapt.adapted import Base, adapt

    if not args.output.parent.is_dir():
        raise ConversionError(f"{args.output.parent}: no such folder to write {args.output.name} to; make it")
    base = Base.load(args.base)
    if args.output.exists() and args.output.samefile(base.model.path):
        raise ConversionError(f"{args.output}: is the base itself; write the adapted model to another file")
    converted = adapt(
        base,
        args.source,
        args.name or args.output.stem,
        anyway=args.anyway,
        tell=_tell,
        show=lambda report: _print(str(report)),
    )
    converted.save(args.output)
    adapted = converted.metadata.data["adapted"]
    _print(
        f"\nadapted from {adapted['from']} ({adapted['sha256'][:12]}), strength of the correction "
        f"{adapted['strength of the correction']:g}\nparity: {converted.report}\n"
        f"{args.output}: {len(converted.onnx) / 1000:.0f} kB"
    )
    return 0


def _print(text: str) -> None:
    sys.stdout.write("\n".join(map(printable, text.splitlines())) + "\n")
    sys.stdout.flush()


def _tell(line: str) -> None:
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()
