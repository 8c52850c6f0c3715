"""ring: samples on a timeline, from one thread to another."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.errors import AudioError
from edgecry.sources.ring import MAX_STRETCHES, Ring
from tests.sources.fakes import ones

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 30)),
        st.tuples(st.just("skip"), st.integers(0, 30)),
        st.tuples(st.just("read"), st.integers(1, 30)),
    ),
    max_size=60,
)


def timeline(ring: Ring, n: int) -> np.ndarray:
    """Return the next samples. Each is its own index on the timeline."""
    return np.arange(ring.position, ring.position + n, dtype=np.float32)


def drain(ring: Ring) -> list:
    blocks = []
    while (block := ring.read(7, timeout=0)) is not None:
        blocks.append(block)
    return blocks


def test_in_order():
    ring = Ring(10)
    ring.write(timeline(ring, 6))
    assert [b.samples.tolist() for b in (ring.read(4, 0), ring.read(4, 0))] == [[0, 1, 2, 3], [4, 5]]
    assert ring.read(4, 0) is None


def test_the_oldest_give_way_and_are_counted():
    ring = Ring(10)
    ring.write(timeline(ring, 8))
    ring.read(3, 0)
    ring.write(timeline(ring, 8))
    block = ring.read(100, 0)
    assert (block.start, block.gap, block.end, ring.overruns) == (6, 3, 16, 3)
    assert block.samples.tolist() == list(range(6, 16))


def test_more_at_once_than_fits():
    ring = Ring(4)
    ring.write(timeline(ring, 3))
    ring.write(timeline(ring, 9))
    block = ring.read(100, 0)
    assert (block.samples.tolist(), block.gap, ring.overruns) == ([8, 9, 10, 11], 8, 8)


def test_gaps_are_told_where_they_are():
    ring = Ring(100)
    ring.write(timeline(ring, 2))
    ring.skip(10)
    ring.skip(5)
    ring.write(timeline(ring, 2))
    a, b = drain(ring)
    assert (a.start, a.gap, len(a.samples)) == (0, 0, 2)
    assert (b.start, b.gap, b.samples.tolist()) == (17, 15, [17, 18])


@given(st.integers(1, 40), steps)
def test_timeline_is_true_whatever_happens(capacity, steps):
    ring, seen, skipped, written = Ring(capacity), [], 0, 0
    for what, n in steps:
        if what == "write":
            ring.write(timeline(ring, n))
            written += n
        elif what == "skip":
            ring.skip(n)
            skipped += n
        else:
            seen.append(ring.read(n, timeout=0))
        assert len(ring) <= capacity
    seen = [block for block in seen + drain(ring) if block is not None]
    expected = 0
    for block in seen:
        assert block.samples.tolist() == list(range(block.start, block.end))
        assert block.gap == block.start - expected
        expected = block.end
    read = sum(len(block.samples) for block in seen)
    assert read + ring.overruns == written
    assert ring.position == written + skipped


def test_stretches_are_bounded():
    ring = Ring(10 * MAX_STRETCHES)
    for _ in range(2 * MAX_STRETCHES):
        ring.write(timeline(ring, 1))
        ring.skip(1)
    assert len(ring) == MAX_STRETCHES
    assert ring.overruns == MAX_STRETCHES
    assert ring.read(1, 0).start == 2 * MAX_STRETCHES


def test_int16():
    ring = Ring(4, np.int16)
    ring.write(np.array([1, -2], np.int16))
    assert ring.read(4, 0).samples.dtype == np.int16


def test_blocks_are_the_readers_own():
    ring = Ring(4)
    ring.write(np.ones(4, np.float32))
    block = ring.read(4, 0)
    ring.write(np.zeros(4, np.float32))
    assert block.samples.tolist() == [1, 1, 1, 1]


def test_end():
    ring = Ring(4)
    ring.write(np.ones(1, np.float32))
    ring.close()
    assert not ring.ended
    assert ring.read(4) is not None
    assert ring.ended
    assert ring.read(4) is None


def test_reader_wakes_up_for_samples_and_for_the_end():
    ring, seen = Ring(4), []
    thread = threading.Thread(target=lambda: seen.extend([ring.read(4), ring.read(4)]))
    thread.start()
    ring.write(np.ones(2, np.float32))
    ring.close()
    thread.join(10)
    assert not thread.is_alive()
    assert [block and block.samples.tolist() for block in seen] == [[1, 1], None]


def test_room():
    ring = Ring(4)
    assert ring.wait_for_room(100, 0)  # as good as it gets
    ring.write(np.ones(3, np.float32))
    assert ring.wait_for_room(1, 0)
    assert not ring.wait_for_room(2, 0)
    ring.close()
    assert ring.wait_for_room(2, 0)


def test_capacity():
    with pytest.raises(AudioError, match=r"capacity: 0 samples"):
        Ring(0)


def test_reading_waits_for_as_much_as_is_wanted():
    """It waits no longer than it may, and not for more than there is room for."""
    ring = Ring(10)
    ring.write(ones(3))
    late = threading.Timer(0.05, ring.write, [ones(4)])
    late.start()
    assert len(ring.read(10, timeout=60, least=5).samples) == 7
    ring.write(ones(3))
    assert len(ring.read(10, timeout=0.01, least=5).samples) == 3
    ring.write(ones(10))
    assert len(ring.read(20, timeout=60, least=20).samples) == 10
    ring.write(ones(1))
    ring.close()
    assert len(ring.read(10, timeout=60, least=5).samples) == 1
    late.join()
