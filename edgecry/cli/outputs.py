"""Where a command writes its answers, and what it says beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

CAUTION = "what a model knows of reasons are parents' guesses; its answer is a guess too, never a diagnosis"


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
