"""Where a command writes its answers, and what it says beside them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgecry.answers.writers import Writer

CAUTION = "what a model knows of reasons are parents' guesses; its answer is a guess too, never a diagnosis"


@contextmanager
def output(path: str | None, kind: type[Writer]) -> Iterator[IO[Any]]:
    """Give the file to write to: stdout, or one that replaces the file of its name when it is done."""
    if path is None:
        yield sys.stdout
        return
    from edgecry.answers.output import Output

    with Output(path, kind.binary) as file:
        yield file.stream
