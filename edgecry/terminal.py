"""What goes to stderr, and how names and messages are made fit for a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


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


@contextmanager
def own_outputs() -> Iterator[None]:
    """Keep stdout and stderr to Python: what native code prints meanwhile is dropped.

    Decoders print: notes of libmpg123 on stderr, of libsndfile on stdout, in the middle of an answer in
    JSON. Python's streams get descriptors of their own, and the usual two lead to nowhere.
    """
    streams = {1: ("stdout", sys.stdout), 2: ("stderr", sys.stderr)}
    kept: dict[int, int] = {}
    own: list[TextIO] = []
    try:
        for number, (name, stream) in streams.items():
            stream.flush()
            kept[number] = os.dup(number)
            if _descriptor(stream) == number:
                own.append(_copy(stream, number))
                setattr(sys, name, own[-1])
        nothing = os.open(os.devnull, os.O_WRONLY)
        for number in kept:
            os.dup2(nothing, number)
        os.close(nothing)
        yield
        for stream in own:
            stream.flush()  # here, where a failure can still be told
    finally:
        for number, descriptor in kept.items():
            os.dup2(descriptor, number)
            os.close(descriptor)
        for name, stream in streams.values():
            setattr(sys, name, stream)
        for stream in own:
            with suppress(OSError, ValueError):
                stream.close()


def _descriptor(stream: TextIO) -> int | None:
    """Return the descriptor that a stream writes to; None if it has no file, as in tests."""
    with suppress(OSError, ValueError, AttributeError):
        return stream.fileno()
    return None


def _copy(stream: TextIO, number: int) -> TextIO:
    """The same stream with a descriptor of its own."""
    lines = 1 if number == 2 or stream.isatty() else -1
    return open(os.dup(number), "w", lines, stream.encoding, stream.errors)  # noqa: PTH123
