"""``edgecry classify``: what the model says of each recording."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from edgecry.cli.inputs import SAMPLE, add_files, each, find
from edgecry.cli.output import WRITERS
from edgecry.cli.talk import quiet_stderr, say
from edgecry.errors import EdgecryError

CAUTION = "what a model knows of reasons are parents' guesses; its answer is a guess too, never a diagnosis"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "classify",
        help="say what each recording is",
        description="Says what the model takes each recording for.",
        allow_abbrev=False,
    )
    add_files(parser)
    parser.add_argument(
        "--sample", action="store_true", help="classify the recording that comes with edgecry"
    )
    parser.add_argument(
        "--model", metavar="M", help="a model file (default: the one that comes with edgecry)"
    )
    parser.add_argument(
        "--format",
        choices=tuple(WRITERS),
        default="text",
        help="text for people; json, one array; jsonl, a line a file as it is done; csv, with a header",
    )
    parser.add_argument(
        "--top", metavar="K", type=_count, help="show the K most probable labels only (default: all)"
    )
    parser.set_defaults(run=lambda args: run(args, parser))


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Classify the files; 1 if any failed."""
    inputs = find(args.files, parser)
    if args.sample:
        inputs.append((SAMPLE.name, str(SAMPLE)))
    if not inputs:
        parser.error("name a recording, or - for stdin, or --sample for the one that comes with edgecry")
    with quiet_stderr(), suppress(ImportError):  # which opening the model will report
        import onnxruntime  # noqa: F401
    from edgecry.classifier import Classifier

    classifier = Classifier(args.model)
    writer = WRITERS[args.format](sys.stdout, [name for name, _ in inputs], classifier.labels, args.top)
    failed = 0
    for name, result in each(inputs, classifier.classify):
        writer.write(name, result)
        failed += isinstance(result, EdgecryError)
    writer.end()
    if args.format == "text" and failed < len(inputs) and classifier.model.metadata.task == "reason":
        say(CAUTION)
    return 1 if failed else 0


def _count(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value
