"""``python -m convert verify OUT.onnx MODEL``: repeat the proof of a model file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convert.commands.options import add_source_arguments, read_source, read_trial
from convert.errors import ConversionError
from convert.jobs import Source
from convert.labels import class_names
from convert.parity import TOLERANCE, ParityReport
from convert.portable.examine import Examined
from convert.stranger import verify_stranger
from edgecry.models.model import CryModel
from edgecry.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("output", metavar="OUT.onnx", help="the model file")
    parser.add_argument("model", metavar="MODEL", help="the pickle it was made of")
    add_source_arguments(parser, tolerance=None)


def run(args: argparse.Namespace) -> int:
    """Compare a model file with its pickle: the digests, the labels, the answers; and tell what changed."""
    device = CryModel.load(args.output)
    source, names = read_source(args)
    _require_same_files(args.output, source, device.metadata.source)
    stated = device.metadata.evaluation.get("parity", {})
    if args.tolerance is None:
        args.tolerance = stated.get("tolerance", TOLERANCE)
    report, examined = verify_stranger(source, Path(args.output), device.spec, read_trial(args, device.spec))
    if args.labels is not None:
        _require_same_labels(args, device, examined, names)
    lines = [
        f"digest  {source.model.sha256}, as stated",
        *(f"changed {line}" for line in _changes(stated, report)),
        f"proof   {report}",
        *([f"note    {report.note}"] if report.note else []),
    ]
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    if not report.passed:
        raise ConversionError(
            f"{args.output}: does not answer as {source.model.origin} does. Either what runs it has changed, "
            "see above, or the file: convert the model again, and compare"
        )
    sys.stdout.write("passed\n")
    return 0


def _require_same_files(output: str, source: Source, stated: Any) -> None:
    """Refuse other files than those that the model file says it was made of."""
    found = [source.model, *source.scalers]
    digests = [stated["sha256"], *stated.get("parts", [])]
    if len(found) != len(digests):
        raise ConversionError(
            f"{output}: was made with {len(digests) - 1} transformers in files of their own, "
            f"{len(found) - 1} are given; name each with --scaler, in the same order"
        )
    for file, digest in zip(found, digests, strict=True):
        if file.sha256 != digest:
            raise ConversionError(
                f"{output}: was made of another file than {file.origin} "
                f"(sha256 {str(digest)[:12]}, this one has {file.sha256[:12]})"
            )


def _require_same_labels(
    args: argparse.Namespace, device: CryModel, examined: Examined, names: tuple[str, ...] | None
) -> None:
    found = class_names(examined.classes, examined.encoder, names)
    if found != device.labels:
        raise ConversionError(
            f"{args.output}: its labels are {', '.join(device.labels)}; {args.labels} says {', '.join(found)}"
        )


def _changes(stated: Any, report: ParityReport) -> Iterator[str]:
    """What is not as it was when the file was made: versions, the number of vectors, the difference."""
    now = report.to_dict()
    for key, what in (
        ("reference", "the reference"),
        ("runtime", "the runtime"),
        ("tolerance", "allowed difference"),
        ("vectors", "vectors compared"),
        ("given", "vectors that --vectors gives"),
        ("real", "vectors of sounds"),
        ("files", "recordings from the file to the answer"),
        ("label_mismatches", "other labels"),
    ):
        if key in stated and stated[key] != now[key]:
            yield f"{what}: {stated[key]} then, {now[key]} now"
    then = stated.get("max_difference")
    if isinstance(then, float) and report.max_difference > max(2 * then, 1e-7):
        yield f"largest difference: {then:.1e} then, {report.max_difference:.1e} now"
