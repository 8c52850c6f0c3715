"""Makes a fork wait while another thread holds a lock that the child could never release.

A child has one thread, so a lock that another thread held is never released. OpenBLAS holds such a lock in a
matrix product on several threads, soundfile while it opens a file, and onnxruntime while it computes. Python
and the system repair the locks of Python and of the allocator.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, get_ident  # threading would cost a process that answers once 2 ms
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final

#: The most seconds that a fork waits. Then it goes on, as it would without this module.
PATIENCE: Final = 10.0
#: Seconds between two checks while one waits for another. Forks are rare, and sections are short.
_GLANCE: Final = 0.001


class Unforked:
    """Sections of code during which no other thread forks. ``with unforked:`` is one.

    Several threads may be in sections at once, and a section may be inside another. The hooks are registered
    when the first section is entered.
    """

    def __init__(self) -> None:
        self._is_registered = False
        self._depths: dict[int, int] = {}  # number of sections that each thread is in
        self._lock, self._turn = allocate_lock(), allocate_lock()
        self._is_forking = False

    def __enter__(self) -> None:
        me = get_ident()
        depth = self._depths.get(me, 0)
        if depth == 0:
            if not self._is_registered:
                self._register()
            if not self._is_let_in(me):
                _wait(lambda: self._is_let_in(me))
        self._depths[me] = depth + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        me = get_ident()
        if (depth := self._depths[me]) > 1:
            self._depths[me] = depth - 1
        else:
            del self._depths[me]

    def _is_let_in(self, me: int) -> bool:
        """Count a thread in, unless a fork is under way."""
        with self._lock:
            if not self._is_forking:
                self._depths[me] = 1
            return not self._is_forking

    def _register(self) -> None:
        with self._lock:
            if not self._is_registered:
                self._is_registered = True
                os.register_at_fork(
                    before=self._before, after_in_parent=self._after, after_in_child=self._born
                )

    def _before(self) -> None:
        """Wait for the sections of other threads, and let no thread into one until the child exists."""
        self._turn.acquire(timeout=PATIENCE)
        with self._lock:
            self._is_forking = True
        me = get_ident()
        _wait(lambda: not self._depths or list(self._depths) == [me])

    def _after(self) -> None:
        self._is_forking = False
        with suppress(RuntimeError):  # it was not this fork's turn: it went on when its patience was over
            self._turn.release()

    def _born(self) -> None:
        """Forget the sections of other threads, because the child has no other threads."""
        me = get_ident()
        self._depths = {thread: depth for thread, depth in self._depths.items() if thread == me}
        self._lock, self._turn = allocate_lock(), allocate_lock()
        self._is_forking = False


def _wait(is_over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_over() and time.monotonic() < deadline:
        time.sleep(_GLANCE)


#: The only one in a process, because a fork concerns the whole process.
unforked: Final = Unforked()
