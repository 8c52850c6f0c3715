"""``edgecry classify FOLDER``: many recordings, in several processes; a run that was broken off goes on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecry.answers.output import Output, spare
from edgecry.answers.records import has_reasons
from edgecry.answers.writers import Writer, writer_of
from edgecry.archive.find import Found, Left
from edgecry.archive.journal import Journal, identity_at
from edgecry.archive.paths import workers_for
from edgecry.archive.progress import Progress
from edgecry.archive.run import Summary
from edgecry.archive.run import run as run_over
from edgecry.archive.search import find
from edgecry.archive.task import Task, Told
from edgecry.audio.remote import is_address
from edgecry.cli.inputs import STDIN
from edgecry.cli.outputs import CAUTION
from edgecry.models.bundled import SAMPLE
from edgecry.terminal import say

if TYPE_CHECKING:
    from edgecry.plots.overview import Overview

#: Bytes of recordings from which on numba pays for its loading: about two hours of FLAC at 16 kHz.
MUCH: Final = 100 << 20
#: The name of the journal is that of the results with this behind it.
JOURNAL: Final = ".journal"


def run(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Classify the recordings of folders and files. Return 1 if any failed."""
    if STDIN in args.files:
        parser.error(
            "- is stdin, which one process reads; classify it without a folder, --jobs and --scheduler"
        )
    files = search(args)
    if not files:
        parser.error("name a recording or a folder, or --sample for the recording that comes with edgecry")
    if args.output is not None:
        spare(args.output, (found.name for found in files))
    kind = writer_of(args.format, args.raw)
    journal_path = None if args.output is None else Path(args.output + JOURNAL)
    task = task_of(args, kind, _engine(args.engine, files, journal_path))
    summary = Summary()
    with ExitStack() as stack:
        pool = workers_for(task, files, args.jobs, args.scheduler)
        stack.enter_context(pool)
        journal = None
        if journal_path is not None:
            journal = stack.enter_context(Journal(journal_path, pool.identity))
            if journal.changed:
                say(f"{journal_path}: {', '.join(journal.changed)} changed since; all is done anew")
        results = run_over(files, pool.tell, journal, summary)
        is_guess = _write(args, files, kind, pool.labels, results)
    if is_guess and args.format == "text":
        say(CAUTION)
    say(in_words(summary))
    return 1 if summary.errors else 0


def _write(
    args: argparse.Namespace,
    files: Sequence[Found],
    kind: type[Writer],
    labels: Sequence[str],
    results: Iterable[tuple[Told, bool]],
) -> bool:
    """Write what becomes of the recordings as they come. Return True if reasons were weighed."""
    is_guess, overview = False, _overview(args)
    named = {found.name: found for found in files}
    progress = Progress(len(files), sum(found.size for found in files))
    with ExitStack() as stack:
        file = None if args.output is None else stack.enter_context(Output(args.output, kind.binary))
        stream = sys.stdout if file is None else file.stream
        writer = kind(stream, list(named), labels, args.top)
        is_published = file is None or not kind.grows
        for told, is_new in results:
            if is_new and not is_published and file is not None:
                file.publish()  # it includes what earlier runs did
                is_published = True
            record = told["record"]
            is_guess |= has_reasons(record)
            complaints = [*told["notes"], record["error"]] if "error" in record else told["notes"]
            if is_new and complaints:
                progress.clear()
                for text in complaints:
                    say(text if text.startswith(record["file"]) else f"{record['file']}: {text}")
            writer.put(record, told["text"])
            found = named[record["file"]]
            if overview is not None:
                overview.add(record, None if is_address(found.name) else found.mtime_ns / 1e9)
            progress.add(found.size, record.get("duration", 0.0) / 3600, is_new)
        progress.clear()
        writer.end()
    if overview is not None:
        from edgecry.plots import archive, canvas

        folder = args.files[0] if len(args.files) == 1 else f"{len(args.files)} folders and files"
        canvas.save(archive.draw(overview, folder), args.plot)
    return is_guess


def _overview(args: argparse.Namespace) -> Overview | None:
    """Begin what a picture shows, if one is asked for."""
    if args.plot is None:
        return None
    from edgecry.plots.overview import Overview

    return Overview()


def search(args: argparse.Namespace) -> list[Found]:
    """Find the recordings of all arguments."""
    left = Left()
    found = find([*args.files, *([str(SAMPLE)] if args.sample else [])], args.include, args.exclude, left)
    for seen in left.seen:
        say(f"{seen}: leads to a folder that was searched already; left out")
    return found


def task_of(args: argparse.Namespace, kind: type[Writer], engine: str) -> Task:
    """Make a task of the options."""
    return Task(
        model=args.model,
        detector=None if args.no_detector else args.detector or "cry",
        threshold=args.threshold,
        coverage=args.coverage,
        raw=args.raw,
        whole=args.whole,
        always=kind.needs_times,
        strict=args.strict,
        longest=args.longest,
        top=args.top,
        engine=engine,
    )


def _engine(asked: str, files: Sequence[Found], journal: Path | None) -> str:
    """Choose the engine: that of the journal if there is one, or numba for much sound if it is ready."""
    from edgecry.features.warmup import status

    if asked != "auto":
        return asked
    before = {} if journal is None else identity_at(journal)
    ready = status().ready
    if before.get("engine") == "numpy" or (before.get("engine") == "numba" and ready):
        return str(before["engine"])
    return "numba" if ready and sum(found.size for found in files) > MUCH else "numpy"


def in_words(summary: Summary) -> str:
    """Say in words what a run has done."""
    text = (
        f"{summary.files} {'recording' if summary.files == 1 else 'recordings'}, {summary.hours:.2f} h: "
        f"{summary.cries} {'cry' if summary.cries == 1 else 'cries'}, {summary.errors} "
        f"{'error' if summary.errors == 1 else 'errors'}"
    )
    rate = summary.rate()
    return text if rate is None else f"{text}; {rate:.0f} audio-hours a core-hour"
