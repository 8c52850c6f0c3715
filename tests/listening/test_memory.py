"""Garbage and spare memory of a process that lives long."""

import ctypes
import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

from edgecry.listening.memory import GARBAGE, HELD_NAME, SPARE, SpareMemory, collect_often, give_back

#: Takes 64 MB in pieces, keeps the last of them, which lies at the end, and frees the rest.
CODE = """
import ctypes
from pathlib import Path
from edgecry.listening.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

kept = [bytes(8192) for _ in range(8192)][-1]
before = resident()
give_back()
print(before - resident())
"""


class Knot:
    """Holds itself, so that counting references never frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before():
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_garbage_is_looked_for_before_there_is_much():
    """As the command does: hardly ever at first, and often from then on."""
    gc.set_threshold(50_000)
    collect_often()
    knots = weakref.WeakSet()
    for _ in range(5 * GARBAGE):
        knots.add(Knot())
    assert len(knots) <= GARBAGE


def test_the_name_that_numpy_enters_is_the_one_that_is_held():
    """Were it another object, that would go with the dict, and leave a hole in Python's table of names."""
    assert any(key is HELD_NAME for key in np.zeros(1).__array_interface__)


def test_what_was_there_is_not_looked_at_again():
    kept = Knot()
    collect_often()
    assert gc.get_freeze_count() > 0
    assert not any(one is kept for one in gc.get_objects())


def test_garbage_goes_with_what_is_given_back():
    gc.disable()
    try:
        knot = weakref.ref(Knot())
        assert knot() is not None
        give_back()
        assert knot() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("clock", "sound"), [(1.0, 1.0), (1.0, 0.0), (0.001, 1.0)])
def test_memory_is_given_back_by_the_clock_and_by_sound(clock, sound):
    """By whichever is faster: sound may be piped in at a thousand times its pace, or none may come."""
    spare, seconds = SpareMemory(100.0), range(1, round(3 * SPARE) + 1)
    given = [n for n in seconds if spare.look(100.0 + n * clock, n * sound)]
    assert given == [SPARE, 2 * SPARE, 3 * SPARE]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_what_was_freed_goes_back():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 32e6
