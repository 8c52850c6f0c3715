"""``python -m convert convert MODEL -o OUT.onnx``: make a model file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from convert.commands.options import add_source_arguments, read_spec, read_vectors
from convert.errors import ConversionError
from convert.export import NOT_STATED, Card, Converted, examine_file, package
from convert.labels import read_labels
from convert.pickles import PickleFile
from edgecry.models.metadata import TASKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", help="a file of joblib.dump or pickle.dump")
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


def run(args: argparse.Namespace) -> int:
    """Convert, prove and write."""
    output = Path(args.output)
    if not output.parent.is_dir():
        raise ConversionError(f"{output}: there is no folder {output.parent}; make it first")
    spec = read_spec(args.spec)
    vectors = read_vectors(args.vectors, spec)
    labels = None if args.labels is None else read_labels(args.labels)
    model = PickleFile.read(args.model)
    card = Card(
        name=args.name or output.stem,
        task=args.task,
        data={"name": args.data_name, "licence": args.data_licence, "attribution": args.attribution},
    )
    examined = examine_file(
        model, labels, spec.n_features, vectors=vectors, isolated=args.isolated, trust=args.trust
    )
    names = labels if isinstance(labels, tuple) else None
    converted = package(examined, names, spec, card, model.sha256)
    converted.save(output)
    sys.stdout.write(_summary(converted, output))
    return 0


def _summary(converted: Converted, output: Path) -> str:
    metadata, report = converted.metadata, converted.report
    note = f"note    {report.note}\n" if report.note else ""
    return (
        f"wrote   {output}, {len(converted.onnx):,} bytes\n"
        f"from    {metadata.source['estimator']}, scikit-learn {metadata.source['sklearn']}\n"
        f"labels  {', '.join(metadata.labels)}\n"
        f"proof   {report}\n{note}"
    )
