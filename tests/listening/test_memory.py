"""Garbage of a process that lives long."""

import gc
import weakref

import pytest

from edgecry.listening.memory import GARBAGE, collect_often


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


def test_what_was_there_is_not_looked_at_again():
    kept = Knot()
    collect_often()
    assert gc.get_freeze_count() > 0
    assert not any(one is kept for one in gc.get_objects())
