"""The recordings a command is given, one after the other, whatever becomes of the one before."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast

from edgecry.errors import EdgecryError, EdgecryWarning
from edgecry.terminal import say

if TYPE_CHECKING:
    from edgecry.audio.load import AudioOptions

STDIN: Final = "-"

#: A recording as it is named in the answer, and where it is read from.
Input = tuple[str, str | BinaryIO]
T = TypeVar("T")


def add_files(parser: argparse.ArgumentParser, folders: bool = False) -> None:
    """Add the FILE arguments, which may be folders."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="a recording, in any format that libsndfile reads, or ffmpeg if it is installed; "
        + ("a folder of recordings; " if folders else "")
        + "- reads stdin",
    )
    parser.add_argument(
        "--strict", action="store_true", help="refuse damaged recordings, instead of using what is there"
    )
    parser.add_argument(
        "--longest",
        metavar="S",
        type=float,
        default=86_400.0,
        help="seconds that a recording may last (default: a day)",
    )


def audio_options(args: argparse.Namespace) -> AudioOptions:
    """How recordings are to be read.

    Raises
    ------
    AudioError
        A value is out of range.
    """
    from edgecry.audio.load import AudioOptions

    return AudioOptions(args.strict, args.longest)


def find(files: Sequence[str], parser: argparse.ArgumentParser) -> list[Input]:
    """Resolve the FILE arguments; a stdin that cannot be meant is wrong use."""
    if files.count(STDIN) > 1:
        parser.error("- stands for the one recording on stdin; name it once")
    if STDIN in files and sys.stdin.isatty():
        parser.error("- reads a recording from stdin, which is a terminal; pipe one in")
    return [(file, _source(file)) for file in files]


def _source(file: str) -> str | BinaryIO:
    """Where a recording is read from; a pipe says so if its end does not come."""
    with suppress(OSError, ValueError):
        status = os.fstat(sys.stdin.fileno()) if file == STDIN else Path(file).stat()
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            from edgecry.cli.patience import Patient

            return cast(BinaryIO, Patient(file, sys.stdin.buffer if file == STDIN else None))
    return sys.stdin.buffer if file == STDIN else file


def each(
    inputs: Sequence[Input], work: Callable[[str | BinaryIO], T]
) -> Iterator[tuple[str, T | EdgecryError]]:
    """Do the work on each input, and talk of failures and oddities as they come.

    Yields
    ------
    (str, result or EdgecryError)
        The input's name, and what came of it.
    """
    for name, source in inputs:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always", EdgecryWarning)
            result: T | EdgecryError
            try:
                result = work(source)
            except EdgecryError as error:
                result = error
        for message in dict.fromkeys(str(note.message) for note in notes):  # each once
            _tell(name, source, message)
        if isinstance(result, EdgecryError):
            _tell(name, source, str(result))
        yield name, result


def _tell(name: str, source: str | BinaryIO, message: str) -> None:
    origin = source if isinstance(source, str) else source.name
    say(message if message.startswith(origin) else f"{name}: {message}")
