"""history: the last rows of a sequence, in one piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.stream.history import History


@given(st.integers(1, 20), st.lists(st.integers(0, 50), max_size=20), st.integers(0, 1000))
def test_the_last_rows_can_be_read(keep, sizes, at):
    """Whatever the pieces: all that was kept is what was written, and at least ``keep`` rows are."""
    history, rows = History(keep, dtype=np.int64), np.arange(at, at + sum(sizes))
    history.begin(at)
    for size in sizes:
        history.extend(rows[history.stop - at : history.stop - at + size])
    assert history.stop == at + len(rows)
    assert history.start <= max(at, history.stop - keep)
    np.testing.assert_array_equal(
        history.view(history.start, history.stop), np.arange(history.start, history.stop)
    )


def test_memory_is_what_it_was():
    history = History(10, width=3)
    store = history._store
    for _ in range(100):
        history.extend(np.ones((7, 3)))
    assert history._store is store
    assert store.shape == (20, 3)
    assert history.view(690, 700).base is store


def test_what_is_not_there_is_refused():
    history = History(4)
    history.extend(np.zeros(20))
    for start, stop in ((0, 4), (18, 21), (19, 18)):
        with pytest.raises(IndexError, match="kept are"):
            history.view(start, stop)


def test_begins_anew():
    history = History(4)
    history.extend(np.ones(6))
    history.begin(100)
    history.extend(np.array([5.0]))
    assert history.view(100, 101).tolist() == [5]
    with pytest.raises(IndexError):
        history.view(99, 100)
