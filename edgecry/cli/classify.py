"""``edgecry classify``: whether a baby cries in each recording, and what may be the reason."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edgecry.answers.records import is_timeline
from edgecry.answers.writers import FORMATS, Writer, writer_of
from edgecry.cli.inputs import Input, add_files, audio_options, each, find
from edgecry.cli.outputs import CAUTION, file_name, output
from edgecry.errors import EdgecryError
from edgecry.models.bundled import SAMPLE
from edgecry.models.rules import CRY, NO_CRY
from edgecry.terminal import say

if TYPE_CHECKING:
    from edgecry.classifier import Classifier
    from edgecry.prediction import Prediction
    from edgecry.timeline import Timeline

    Work = Callable[..., Prediction | Timeline]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "classify",
        help="say whether a baby cries in each recording, and why",
        description="Says whether a baby cries in each recording, and what may be the reason. In a recording "
        "of over 30 s it says when. A folder stands for the recordings in it.",
        allow_abbrev=False,
    )
    add_files(parser, folders=True)
    parser.add_argument(
        "--sample", action="store_true", help="classify the recording that comes with edgecry"
    )
    parser.add_argument(
        "--model",
        metavar="M",
        help="the model of reasons: a file, or one of 'edgecry models' (default: reason)",
    )
    _add_answers(parser)
    _add_folders(parser.add_argument_group("folders, and many files"))
    _add_decision(parser.add_argument_group("what is made of it"))
    parser.set_defaults(run=lambda args: run(args, parser), decodes=True)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is answered, and where it is written."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="text for people; json, one array; jsonl, a line a file as it is done; csv and parquet, tables; "
        "audacity, raven and srt, labels of cries (default: text)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=file_name,
        help="write the answers to this file (default: stdout)",
    )
    parser.add_argument(
        "--plot",
        metavar="PICTURE",
        help="also draw (.png or .svg; extra plot) a recording: waveform, spectrogram, scores and cries; "
        "or a folder: crying by hour of the day and by file",
    )
    parser.add_argument(
        "--top", metavar="K", type=_count, help="show the K most probable labels only (default: all)"
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="one answer for a recording of any length, in place of when a baby cries in one of over 30 s",
    )


def _add_folders(folders: argparse._ArgumentGroup) -> None:
    """Add the options that choose recordings, and share the work."""
    folders.add_argument(
        "--include",
        metavar="GLOB",
        action="append",
        default=[],
        help="take the files that fit, such as '*.wav' or '2026-*/*' (default: what is named as a recording)",
    )
    folders.add_argument(
        "--exclude", metavar="GLOB", action="append", default=[], help="leave these files and folders out"
    )
    folders.add_argument(
        "--jobs", metavar="N", type=_count, default=1, help="processes, with one thread each (default: 1)"
    )
    folders.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler whose workers share the work, such as tcp://host:8786 (extra dask)",
    )
    folders.add_argument(
        "--engine",
        choices=("auto", "numpy", "numba"),
        default="auto",
        help="of the features; auto: numpy, or numba for much sound if 'edgecry warmup' has prepared it",
    )


def _add_decision(decision: argparse._ArgumentGroup) -> None:
    """Add the options that turn probabilities into an answer."""
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


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Classify the files; 1 if any failed."""
    _check_use(args, parser)
    # Processes share many files, too, and a cluster takes a single one.
    is_shared = args.jobs > 1 and len(args.files) + args.sample > 1
    if _names_a_folder(args) or is_shared or args.scheduler is not None:
        from edgecry.cli import archive

        return archive.run(args, parser)
    inputs = find(args.files, parser)
    if args.sample:
        # Not to be taken for a file of the user's that has the same name.
        own = SAMPLE.name in args.files
        inputs.append((str(SAMPLE) if own else SAMPLE.name, str(SAMPLE)))
    if not inputs:
        parser.error("name a recording, or - for stdin, or --sample for the one that comes with edgecry")
    if args.plot is not None and len(inputs) > 1:
        parser.error("--plot draws one recording, or folders that hold some; name one")
    kind = writer_of(args.format, args.raw)
    classifier = _classifier(args, parser)
    work, picture = _work(classifier, kind, args), None
    if args.plot is not None:
        from edgecry.cli.plot import OnePicture

        picture = OnePicture(args.plot, classifier, args.threshold, audio_options(args))
        work = picture.watching(work)
    with output(args.output, args.files, kind.binary) as stream:
        writer = kind(stream, [name for name, _ in inputs], classifier.labels, args.top)
        failed, guessed = _classify(inputs, work, writer)
        writer.end()
    if picture is not None:
        picture.draw(inputs[0][0])
    if args.format == "text" and guessed and classifier.model.metadata.task == "reason":
        say(CAUTION)
    return 1 if failed else 0


def _work(classifier: Classifier, kind: type[Writer], args: argparse.Namespace) -> Work:
    """Choose what is done with each recording."""
    if args.whole or args.raw:
        return classifier.classify
    return classifier.timeline if kind.needs_times else classifier.answer


def _classify(inputs: list[Input], work: Work, writer: Writer) -> tuple[int, int]:
    """Classify the files, and count those that failed and those for which reasons were weighed."""
    failed = guessed = 0
    for name, result in each(inputs, work):
        writer.write(name, result)
        if isinstance(result, EdgecryError):
            failed += 1
        elif _is_guess(result):
            guessed += 1
    return failed, guessed


def _check_use(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse options that contradict each other."""
    for name in ("detector", "threshold", "coverage"):
        if args.raw and getattr(args, name) is not None:
            parser.error(f"--raw decides nothing; leave --{name} out")
    if args.no_detector and args.threshold is not None:
        parser.error("--threshold is a setting of the detector; leave it or --no-detector out")
    kind = writer_of(args.format, args.raw)
    if kind.needs_times and (args.raw or args.whole or args.no_detector):
        option = "--raw" if args.raw else "--whole" if args.whole else "--no-detector"
        parser.error(f"--format {args.format} holds the times of cries, of which {option} knows nothing")
    if kind.single and (len(args.files) + args.sample > 1 or _names_a_folder(args)):
        parser.error(f"--format {args.format} is for one recording; name one, or take raven or csv")
    if (args.include or args.exclude) and not _names_a_folder(args):
        parser.error("--include and --exclude choose among the recordings of a folder; name one")
    if kind.binary and args.output is None:
        parser.error(f"--format {args.format} is not for a terminal; name a file with -o")
    if args.plot is not None:
        from edgecry.cli import plot

        plot.check(args, parser)


def _names_a_folder(args: argparse.Namespace) -> bool:
    return any(Path(file).is_dir() or ("://" in file and file.endswith("/")) for file in args.files)


def _is_guess(result: Prediction | Timeline) -> bool:
    """Tell whether reasons were weighed."""
    if is_timeline(result):
        return any(cry.reasons for cry in result.cries)
    return result.label not in (CRY, NO_CRY)


def _classifier(args: argparse.Namespace, parser: argparse.ArgumentParser) -> Classifier:
    """Open the models, and decide as is asked for."""
    from edgecry.classifier import Classifier
    from edgecry.decision import Decision
    from edgecry.models.runtimes import RuntimeOptions

    detector = None if args.no_detector else args.detector or "cry"
    decision = None if args.raw else Decision(args.threshold, args.coverage)
    audio = audio_options(args)
    classifier = Classifier(
        args.model,
        args.engine,
        detector=detector,
        decision=decision,
        audio=audio,
        runtime=RuntimeOptions(runtime="light"),
    )
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
