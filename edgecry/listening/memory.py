"""Keeps the memory of a process that lives long within what a small board has."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import Final

#: ``M_ARENA_MAX`` of glibc's ``mallopt(3)``, and how many arenas all
#: threads share. Each has holes of its own.
_ARENA_MAX: Final = -8
_ARENAS: Final = 1
#: A name that is entered into Python's table of names whenever ``__array_interface__`` is read, as soundfile
#: does for each block, and that leaves a hole there when it goes. Held here it stays. The table has to be
#: made anew once it is full: without this after a day of sound, twice as large, 1 MB more.
HELD_NAME: Final = sys.intern("typestr")
#: Objects made, and not yet gone, after which those that hold one another are looked for.
GARBAGE: Final = 500
#: Seconds between two times that memory is given back.
SPARE: Final = 30.0


def share_arenas() -> None:
    """Have all threads share one pool of memory. Call it before there are threads.

    glibc gives each thread a pool that reserves 64 MB of addresses, and twice that while it is made. With a
    page, a broker and recordings a process then wants more than 512 MB of addresses, and dies where it may
    not have them (``python -m benchmarks.small_board``). Does nothing with another C library.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)


def collect_often() -> None:
    """Look for garbage often from now on, and no more among what is there. Call it when all is loaded.

    A command that answers once hardly looks for it, as that takes time. Here each request to the page leaves
    objects that hold one another, as asyncio's transports do: 5 MB of them came together before they were
    looked for (``python -m benchmarks.soak``).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


def give_back() -> None:
    """Give back to the system what is no longer needed. Call it now and then.

    Garbage goes first, for it holds up the pages in which it lies. glibc keeps most of what was freed. The
    start, with models, packages and first windows, and each recording take more for a moment than listening
    does. Another C library is left alone.
    """
    import ctypes

    gc.collect()  # of what came after collect_often alone: a few milliseconds
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class SpareMemory:
    """Gives memory back every :data:`SPARE` seconds: of the clock, or of sound if that comes faster.

    So a recording that is piped in, or the soak, has the memory of a room that is listened to.
    """

    def __init__(self, now: float) -> None:
        self._last = now, 0.0

    def look(self, now: float, position: float) -> bool:
        """Give it back if that is due; say whether it was. Both are seconds, ever rising."""
        is_due = max(now - self._last[0], position - self._last[1]) >= SPARE
        if is_due:
            self._last = now, position
            give_back()
        return is_due
