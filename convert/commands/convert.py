"""``python -m convert convert MODEL -o OUT.onnx``: make a model file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convert.commands.options import add_source_arguments, read_source, read_spec, read_trial
from convert.errors import ConversionError
from convert.export import NOT_STATED, Card, Converted
from convert.stranger import convert_stranger
from edgecry.models.metadata import TASKS
from edgecry.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a file of joblib.dump or pickle.dump, or of XGBoost's, LightGBM's or CatBoost's save_model",
    )
    parser.add_argument("-o", "--output", metavar="OUT.onnx", required=True, help="the model file to write")
    add_source_arguments(parser)
    parser.add_argument(
        "--spec", metavar="FILE", help="feature spec it was trained on, JSON (default: the public model's)"
    )
    parser.add_argument("--name", help="what the model is called in answers (default: OUT)")
    parser.add_argument(
        "--task", choices=TASKS, default="reason", help="what it tells (default: %(default)s)"
    )
    parser.add_argument("--data-name", metavar="TEXT", default=NOT_STATED, help="what it was trained on")
    parser.add_argument("--data-licence", metavar="TEXT", default=NOT_STATED, help="licence of that data")
    parser.add_argument("--attribution", metavar="TEXT", default=NOT_STATED, help="whom to name for it")
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="write the file although real recordings lie far from what the model was fitted on",
    )


def run(args: argparse.Namespace) -> int:
    """Convert, prove and write."""
    output = Path(args.output)
    if not output.parent.is_dir():
        raise ConversionError(f"{output}: there is no folder {output.parent}; make it first")
    spec = read_spec(args.spec)
    source, names = read_source(args)
    card = Card(
        name=args.name or output.stem,
        task=args.task,
        data={"name": args.data_name, "licence": args.data_licence, "attribution": args.attribution},
    )
    converted, warning = convert_stranger(source, names, spec, card, read_trial(args, spec))
    converted.save(output)
    lines = _summary(converted, output, warning)
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    return 0


def _summary(converted: Converted, output: Path, warning: str) -> list[str]:
    metadata, report = converted.metadata, converted.report
    lines = [
        f"wrote   {output}, {len(converted.onnx):,} bytes",
        f"from    {metadata.source['estimator']}, {report.reference}",
        f"labels  {', '.join(metadata.labels)}",
        f"proof   {report}",
    ]
    if report.note:
        lines.append(f"note    {report.note}")
    if warning:
        lines.append(f"WARNING {warning}")
    return lines
