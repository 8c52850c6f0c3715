"""``python -m convert verify OUT.onnx MODEL``: repeat the proof of a model file."""

from __future__ import annotations

import argparse
import sys

from convert.commands.options import add_source_arguments, read_vectors
from convert.errors import ConversionError
from convert.export import examine_file
from convert.labels import class_names, read_labels
from convert.parity import prove
from convert.pickles import PickleFile
from edgecry.models.model import CryModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("output", metavar="OUT.onnx", help="the model file")
    parser.add_argument("model", metavar="MODEL", help="the pickle it was made of")
    add_source_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Compare a model file with its pickle: the digest, the labels, the answers."""
    device = CryModel.load(args.output)
    vectors = read_vectors(args.vectors, device.spec)
    labels = None if args.labels is None else read_labels(args.labels)
    model = PickleFile.read(args.model)
    stated = device.metadata.source["sha256"]
    if model.sha256 != stated:
        raise ConversionError(
            f"{args.output}: was made of another file than {model.origin} "
            f"(sha256 {str(stated)[:12]}, this one has {model.sha256[:12]})"
        )
    examined = examine_file(
        model, labels, device.spec.n_features, vectors=vectors, isolated=args.isolated, trust=args.trust
    )
    if labels is not None:
        names = class_names(examined.classes, examined.encoder, labels if isinstance(labels, tuple) else None)
        if names != device.labels:
            raise ConversionError(
                f"{args.output}: its labels are {', '.join(device.labels)}; "
                f"{args.labels} says {', '.join(names)}"
            )
    report = prove(device, examined)
    note = f"note    {report.note}\n" if report.note else ""
    sys.stdout.write(f"digest  {model.sha256}, as stated\nproof   {report}\n{note}")
    if not report.passed:
        raise ConversionError(f"{args.output}: does not answer as {model.origin} does")
    sys.stdout.write("passed\n")
    return 0
