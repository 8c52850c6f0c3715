"""Where a command writes its answers, and what it says beside them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

CAUTION = "what a model knows of reasons are parents' guesses; its answer is a guess too, never a diagnosis"

#: Names of stdout and stderr, which lead nowhere while libraries that print as they like are kept from them.
_STDOUT: Final = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_STDERR: Final = ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2")


def file_name(text: str) -> str | None:
    """Read the argument of ``-o``: the name of a file, or None for stdout."""
    if text in _STDERR:
        raise argparse.ArgumentTypeError(f"{text} is for messages; name a file, or - for stdout")
    return None if text in _STDOUT else text


@contextmanager
def output(path: str | None, recordings: Iterable[str], binary: bool = False) -> Iterator[IO[Any]]:
    """Give the file to write to: stdout, or one that replaces the file of its name when it is done.

    Raises
    ------
    EdgecryError
        The path is a folder, or one of the recordings.
    OSError
        The file cannot be written.
    """
    if path is None:
        yield sys.stdout.buffer if binary else sys.stdout
        return
    from edgecry.answers.output import Output, spare

    spare(path, recordings)
    with Output(path, binary) as file:
        yield file.stream
