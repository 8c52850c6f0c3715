"""``edgecry classify``: whether a baby cries in each recording, and what may be the reason."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from edgecry.cli.inputs import add_files, audio_options, each, find
from edgecry.cli.output import WRITERS, RawTextWriter
from edgecry.errors import EdgecryError
from edgecry.models.bundled import SAMPLE
from edgecry.models.rules import CRY, NO_CRY
from edgecry.terminal import quiet_stderr, say

if TYPE_CHECKING:
    from edgecry.classifier import Classifier

CAUTION = "what a model knows of reasons are parents' guesses; its answer is a guess too, never a diagnosis"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "classify",
        help="say whether a baby cries in each recording, and why",
        description="Says whether a baby cries in each recording, and what may be the reason.",
        allow_abbrev=False,
    )
    add_files(parser)
    parser.add_argument(
        "--sample", action="store_true", help="classify the recording that comes with edgecry"
    )
    parser.add_argument(
        "--model",
        metavar="M",
        help="the model of reasons: a file, or one of 'edgecry models' (default: reason)",
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
    decision = parser.add_argument_group("what is made of it")
    detector = decision.add_mutually_exclusive_group()
    detector.add_argument(
        "--detector", metavar="M", help="the model that tells whether there is a cry (default: cry)"
    )
    detector.add_argument("--no-detector", action="store_true", help="take every recording for a cry")
    decision.add_argument(
        "--threshold",
        metavar="P",
        type=lambda text: _share(text, including_one=True),
        help="probability from which on it is a cry (default: the detector's)",
    )
    decision.add_argument(
        "--coverage",
        metavar="P",
        type=_share,
        help="share of recordings of each reason that keep it in their set (default: the model's)",
    )
    decision.add_argument(
        "--raw", action="store_true", help="the model's most probable label, whatever the sound"
    )
    parser.set_defaults(run=lambda args: run(args, parser), decodes=True)


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Classify the files; 1 if any failed."""
    inputs = find(args.files, parser)
    if args.sample:
        # Not to be taken for a file of the user's that has the same name.
        own = SAMPLE.name in args.files
        inputs.append((str(SAMPLE) if own else SAMPLE.name, str(SAMPLE)))
    if not inputs:
        parser.error("name a recording, or - for stdin, or --sample for the one that comes with edgecry")
    classifier = _classifier(args, parser)
    kind = RawTextWriter if args.raw and args.format == "text" else WRITERS[args.format]
    writer = kind(sys.stdout, [name for name, _ in inputs], classifier.labels, args.top)
    failed = guessed = 0
    for name, result in each(inputs, classifier.classify):
        writer.write(name, result)
        if isinstance(result, EdgecryError):
            failed += 1
        elif result.label not in (CRY, NO_CRY):
            guessed += 1
    writer.end()
    if args.format == "text" and guessed and classifier.model.metadata.task == "reason":
        say(CAUTION)
    return 1 if failed else 0


def _classifier(args: argparse.Namespace, parser: argparse.ArgumentParser) -> Classifier:
    """Open the models, and decide as is asked for."""
    for name in ("detector", "threshold", "coverage"):
        if args.raw and getattr(args, name) is not None:
            parser.error(f"--raw decides nothing; leave --{name} out")
    if args.no_detector and args.threshold is not None:
        parser.error("--threshold is a setting of the detector; leave it or --no-detector out")
    with quiet_stderr(), suppress(ImportError):  # opening the model reports this
        import onnxruntime  # noqa: F401
    from edgecry.classifier import Classifier
    from edgecry.decision import Decision

    detector = None if args.no_detector else args.detector or "cry"
    decision = None if args.raw else Decision(args.threshold, args.coverage)
    classifier = Classifier(args.model, detector=detector, decision=decision, audio=audio_options(args))
    if classifier.model.metadata.task != "reason" and (args.detector or args.no_detector):
        option = "--no-detector" if args.no_detector else "--detector"
        parser.error(f"{classifier.model.name} tells itself whether there is a cry; leave {option} out")
    return classifier


def _share(text: str, including_one: bool = False) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1 and not (including_one and value == 1):
        top = "at most 1" if including_one else "under 1"
        raise argparse.ArgumentTypeError(f"{text!r} is not a number over 0 and {top}")
    return value


def _count(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value
