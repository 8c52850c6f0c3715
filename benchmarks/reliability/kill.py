"""Runs a piece of work in a child that is killed at a chosen step, so that no kill depends on luck."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import edgecry

_PACKAGE = str(Path(edgecry.__file__).parent)
#: Says a line to the parent, which has it whatever happens next.
Say = Callable[[str], None]


def killed_at(step: int, work: Callable[[Say], None]) -> tuple[list[str], bool]:
    """Do the work in a child, and kill it with SIGKILL before the given line of edgecry's code that it runs.

    Returns
    -------
    said : list of str
        What the work said before it was killed.
    killed : bool
        False if the work came to its end before that step.

    Raises
    ------
    RuntimeError
        The work failed by itself.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _work(step, work, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        said = file.read().splitlines()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return said, True
    if status:
        raise RuntimeError(f"the work failed by itself (status {status}); it said {said}")
    return said, False


def count_steps(work: Callable[[Say], None]) -> int:
    """Count the lines of edgecry's code that the work runs."""
    said, _ = killed_at(sys.maxsize, work)
    return int(said[-1])


def _work(step: int, work: Callable[[Say], None], writing: int) -> None:
    left = step

    def trace(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        if what == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    code = 1
    try:
        sys.settrace(trace)
        work(lambda line: (os.write(writing, f"{line}\n".encode()), None)[1])
        sys.settrace(None)
        if step == sys.maxsize:
            os.write(writing, f"{step - left}\n".encode())
        code = 0
    finally:
        sys.settrace(None)
        os._exit(code)
