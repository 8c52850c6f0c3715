"""What goes to stderr, and how names and messages are made fit for a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Tell the person something, in one line on stderr."""
    print(f"edgecry: {printable(text)}", file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Escape what would not show or would steer the terminal, such as newlines in a file's name."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text
    )


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what native code writes on stderr meanwhile.

    For the import of onnxruntime: on boards without a PCI graphics card, some versions warn of
    that before their log level can be set (microsoft/onnxruntime#27092).
    """
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
