"""once: computed at the first use, kept, and never under a lock."""

import threading

from edgecry.features.once import once


class Counted:
    def __init__(self) -> None:
        self.calls = 0
        self.begun, self.go_on = threading.Event(), threading.Event()

    @once
    def number(self) -> int:
        self.calls += 1
        return self.calls

    @once
    def slow(self) -> bool:
        self.begun.set()
        return self.go_on.wait(60)


def test_it_is_computed_once_for_each_object():
    one, two = Counted(), Counted()
    assert [one.number, one.number, two.number] == [1, 1, 1]


def test_nobody_waits_for_another_object():
    """A forked process would wait like this for a thread that does not exist any more."""
    slow, other = Counted(), Counted()
    thread = threading.Thread(target=lambda: slow.slow)
    thread.start()
    assert slow.begun.wait(60)
    other.go_on.set()
    assert other.slow
    slow.go_on.set()
    thread.join()
