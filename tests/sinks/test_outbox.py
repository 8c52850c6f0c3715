"""outbox: order, bounds, and what a disk or a kill can do to it."""

import itertools
import logging
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.errors import EdgecryError
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.messages import cry


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "state" / "outbox.db"


def box(path, **bounds) -> Outbox:
    return Outbox(OutboxSettings(path, **bounds))


def drain(outbox: Outbox, sink: str) -> list[str]:
    """Take all that waits for a sink; their ids."""
    ids = []
    while entry := outbox.peek(sink):
        assert outbox.peek(sink) == entry, "looking does not take"
        ids.append(entry.message.id)
        outbox.done(sink, entry.seq)
    return ids


def ids(*numbers: int) -> list[str]:
    return [cry(n).id for n in numbers]


@contextmanager
def full_disk():
    """No file may grow: the kernel refuses each write beyond its first byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# -- a queue for each sink ---------------------------------------------------------------------------


@pytest.mark.parametrize("on_disk", [True, False])
def test_order_for_each_sink(path, on_disk):
    outbox = box(path if on_disk else None)
    for n in (3, 1, 2):  # as put, whatever the ids say
        outbox.put("mqtt", cry(n))
        outbox.put("webhook", cry(10 + n))
    assert outbox.waiting() == {"mqtt": 3, "webhook": 3}
    assert drain(outbox, "mqtt") == ids(3, 1, 2)
    assert outbox.peek("mqtt") is None
    assert drain(outbox, "webhook") == ids(13, 11, 12)
    assert outbox.peek("unknown") is None


def test_message_comes_back_as_it_was(path):
    message = cry(clip="/clips/ä.flac", label="hungry")
    outbox = box(path)
    outbox.put("mqtt", message)
    assert outbox.peek("mqtt").message == message


def test_survives_a_restart(path):
    outbox = box(path)
    for n in (1, 2, 3):
        outbox.put("mqtt", cry(n))
    outbox.done("mqtt", outbox.peek("mqtt").seq)
    outbox.close()
    outbox = box(path)
    outbox.put("mqtt", cry(4))
    assert drain(outbox, "mqtt") == ids(2, 3, 4)
    outbox.close()
    assert drain(box(path), "mqtt") == []


def test_done_twice_is_done_once(path):
    outbox = box(path)
    outbox.put("mqtt", cry(1))
    seq = outbox.peek("mqtt").seq
    outbox.put("mqtt", cry(2))
    outbox.done("mqtt", seq)
    outbox.done("mqtt", seq)
    assert drain(outbox, "mqtt") == ids(2)


def test_wall_clock_does_not_matter(path, monkeypatch):
    """Order and numbers hold while the clock jumps by decades, both ways."""
    rng = random.Random(5)
    monkeypatch.setattr(time, "time", lambda: rng.uniform(-1e9, 4e9))
    monkeypatch.setattr(time, "time_ns", lambda: rng.randrange(0, 4 * 10**18))
    reserved = []
    for run in range(5):
        outbox = box(path)
        reserved.append(outbox.reserve())
        outbox.put("mqtt", cry(run))
        outbox.close()
    assert all(b - a >= 10**9 for a, b in itertools.pairwise(reserved))
    assert drain(box(path), "mqtt") == ids(*range(5))


def test_each_commit_is_synced(path):
    """A power cut takes what is not: WAL alone syncs at checkpoints only."""
    db = box(path)._file._db
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert db.execute("PRAGMA journal_mode").fetchone() == (b"wal",)


def test_second_process_is_refused(path, caplog):
    outbox = box(path)
    outbox.put("mqtt", cry(1))
    with pytest.raises(EdgecryError, match="in use by another process"):
        box(path)
    assert caplog.text == "", "nothing waits in memory: it does not run"
    assert drain(outbox, "mqtt") == ids(1)


# -- bounds ------------------------------------------------------------------------------------------


def test_oldest_go_first(path, caplog):
    outbox = box(path, max_messages=3)
    for n in range(1, 6):
        outbox.put("mqtt", cry(n))
    outbox.put("webhook", cry(9))  # has bounds of its own
    assert outbox.dropped() == {"mqtt": 2}
    assert [r.getMessage().split()[2] for r in caplog.records] == ids(1, 2)
    outbox.close()
    outbox = box(path, max_messages=3)
    assert outbox.dropped() == {"mqtt": 2}, "a restart does not forget them"
    outbox.put("mqtt", cry(6))
    assert outbox.dropped() == {"mqtt": 3}
    assert drain(outbox, "mqtt") == ids(4, 5, 6)
    assert drain(outbox, "webhook") == ids(9)


def test_bytes_are_bounded(path):
    big = 5000
    outbox = box(path, max_bytes=3 * big)
    for n in range(1, 11):
        outbox.put("mqtt", cry(n, clip="x" * big))
    assert drain(outbox, "mqtt") == ids(9, 10)
    outbox.put("mqtt", cry(11, clip="x" * 4 * big))
    assert drain(outbox, "mqtt") == ids(11), "one is kept, however large"


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.sampled_from("ab")),
            st.tuples(st.just("take"), st.sampled_from("ab")),
            st.tuples(st.just("reopen"), st.none()),
        ),
        max_size=30,
    )
)
def test_is_a_bounded_queue(tmp_path_factory, steps):
    """Whatever is done with it, and whenever it is opened anew, it is what a list would be."""
    path = tmp_path_factory.mktemp("outbox") / "outbox.db"
    model: dict[str, list[str]] = {"a": [], "b": []}
    dropped = {"a": 0, "b": 0}
    outbox = box(path, max_messages=4)
    for n, (what, sink) in enumerate(steps):
        if what == "put":
            outbox.put(sink, cry(n))
            model[sink].append(cry(n).id)
            if len(model[sink]) > 4:
                model[sink].pop(0)
                dropped[sink] += 1
        elif what == "take":
            entry = outbox.peek(sink)
            assert (entry.message.id if entry else None) == (model[sink][0] if model[sink] else None)
            if entry:
                outbox.done(sink, entry.seq)
                model[sink].pop(0)
        else:
            outbox.close()
            outbox = box(path, max_messages=4)
        assert {s: outbox.waiting().get(s, 0) for s in model} == {s: len(q) for s, q in model.items()}
        assert {s: outbox.dropped().get(s, 0) for s in model} == dropped
    assert {s: drain(outbox, s) for s in model} == model
    outbox.close()


@pytest.mark.parametrize("bounds", [{"max_messages": 0}, {"max_bytes": -1}])
def test_bounds_out_of_range(bounds):
    with pytest.raises(EdgecryError, match=r"out of range; allowed are 1(000)? and more"):
        OutboxSettings(**bounds)


# -- corrupt -----------------------------------------------------------------------------------------


def test_a_foreign_database_is_refused_and_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE states (state TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(EdgecryError, match="a database of another program"):
        box(path)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.corrupt*"))


# -- disk full ---------------------------------------------------------------------------------------


def test_full_disk(path, caplog):
    """Nothing raises, nothing is lost, order holds, and it is said once."""
    outbox = box(path)
    outbox.put("mqtt", cry(1))
    with full_disk():
        for n in (2, 3, 4):
            outbox.put("mqtt", cry(n))
        assert outbox.waiting() == {"mqtt": 4}
        assert outbox.unwritten() == {"mqtt": 3}
        assert outbox.errors >= 3
        assert [r.levelno for r in caplog.records] == [logging.ERROR]
        # Delivered although they cannot be deleted: not given twice.
        taken = drain(outbox, "mqtt")
        assert taken == ids(1, 2, 3, 4)
        outbox.put("mqtt", cry(5))
    outbox.put("mqtt", cry(6))
    assert "works again" in caplog.text
    outbox.close()
    assert drain(box(path), "mqtt") == ids(5, 6)


def test_full_disk_from_the_start(path):
    """What an earlier run left is older than what waits in memory."""
    outbox = box(path)
    for n in (1, 2, 3):
        outbox.put("mqtt", cry(n))
    outbox.close()
    path.rename(path.with_name("kept"))
    path.mkdir()  # something that cannot be opened
    outbox = box(path)
    assert outbox.reserve() > 0
    outbox.put("mqtt", cry(4))
    outbox.put("mqtt", cry(5))
    held = outbox.peek("mqtt")
    assert held.message.id == cry(4).id
    path.rmdir()
    path.with_name("kept").rename(path)
    outbox.put("mqtt", cry(6))
    outbox.done("mqtt", held.seq)
    assert drain(outbox, "mqtt") == ids(1, 2, 3, 5, 6)


def test_memory_is_bounded_too(path):
    outbox = box(path, max_messages=3)
    with full_disk():
        for n in range(50):
            outbox.put("mqtt", cry(n))
        assert outbox.waiting() == {"mqtt": 3}
        assert sum(outbox.unwritten().values()) == 3
        assert drain(outbox, "mqtt") == ids(47, 48, 49)
    assert outbox.dropped() == {"mqtt": 47}


def test_read_only_directory(path):
    """A failing card does this. Messages wait in memory."""
    path.parent.write_text("not a directory")
    outbox = box(path)
    outbox.put("mqtt", cry(1))
    assert drain(outbox, "mqtt") == ids(1)
    outbox.close()


# -- threads and kills -------------------------------------------------------------------------------


def test_threads_share_it(path):
    outbox = box(path)
    taken: list[str] = []
    n, end = 60, threading.Event()

    def take():
        while not end.is_set() or outbox.waiting()["b"]:
            if entry := outbox.peek("b"):
                taken.append(entry.message.id)
                outbox.done("b", entry.seq)

    taker = threading.Thread(target=take)
    putters = [
        threading.Thread(
            target=lambda k=k: [outbox.put(s, cry(1000 * k + i)) for i in range(n) for s in "ab"]
        )
        for k in (1, 2)
    ]
    for thread in (*putters, taker):
        thread.start()
    for thread in putters:
        thread.join()
    end.set()
    taker.join()
    for got in (taken, drain(outbox, "a")):
        assert sorted(got) == ids(*(1000 * k + i for k in (1, 2) for i in range(n)))
        for k in (1, 2):  # each thread's are in its order
            own = [i for i in got if f"{k:013d}" in i]
            assert own == sorted(own)


PUTTER = """
import sys
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.messages import cry
outbox = Outbox(OutboxSettings(sys.argv[1]))
for n in range(int(sys.argv[2]), 10**9):
    outbox.put("mqtt", cry(n))
    print(n, flush=True)
    if n % 3 == 2 and n % 2:
        entry = outbox.peek("mqtt")
        print("take", entry.message.id, flush=True)
        outbox.done("mqtt", entry.seq)
"""


def test_survives_kill_9(path):
    """Killed at any moment, five times: all that was committed is there, in order."""
    rng, begin = random.Random(3), 0
    put: set[str] = set()
    taken: list[str] = []
    for _ in range(5):
        command = [sys.executable, "-c", PUTTER, str(path), str(begin)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        first = process.stdout.readline()
        time.sleep(rng.uniform(0.02, 0.2))
        os.kill(process.pid, signal.SIGKILL)
        lines = (first + process.communicate()[0]).split("\n")[:-1]  # the last may be torn
        taken += [line.removeprefix("take ") for line in lines if "take" in line]
        numbers = [int(line) for line in lines if "take" not in line]
        put |= set(ids(*numbers))
        begin = numbers[-1] + 2  # the next may be committed, but not said to be
    left = drain(box(path), "mqtt")
    assert left == sorted(set(left))
    assert taken == sorted(taken)
    assert put <= set(left) | set(taken), "what was committed is there"
    assert len(set(left) & set(taken)) <= 1, "all but the last that was taken is done"
    assert len(left) > 5
