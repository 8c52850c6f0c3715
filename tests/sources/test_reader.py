"""reader: the thread between a source and whoever listens."""

import io
import logging
import threading

import numpy as np
import pytest

from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.base import NOTHING, Gap, Source
from edgecry.sources.pipe import PipeSource
from edgecry.sources.reader import Reader
from tests.sinks.messages import wait_for
from tests.sources.fakes import Clock, Script, ones


class Live(Source):
    """Gives what is put in, when it is put in; ``step`` returns when the reader has taken it."""

    def __init__(self, clock: Clock, sr: int = 1000) -> None:
        self.name, self.sr, self.clock = "live", sr, clock
        self._asked, self._given = threading.Semaphore(0), threading.Semaphore(0)
        self._next: np.ndarray | None = None
        self._is_over = False

    def open(self) -> None: ...

    def close(self) -> None:
        self._is_over = True

    def read(self, timeout: float):
        self._asked.release()
        assert self._given.acquire(timeout=30), "nobody gives anything"
        return self._next

    def step(self, block: np.ndarray | None, seconds: float) -> None:
        assert self._asked.acquire(timeout=30), "nobody asks"
        self.clock.now += seconds
        self._next = block
        self._given.release()


def ramp(start: int, n: int) -> np.ndarray:
    return np.arange(start, start + n, dtype=np.float32)


def everything(reader: Reader) -> list:
    blocks = []
    while not reader.ended:
        block = reader.read(100_000, timeout=10)
        if block is not None:
            blocks.append(block)
    return blocks


def test_all_of_a_source_with_its_gaps():
    with Reader(Script(ramp(0, 10), Gap(5), ramp(15, 10), NOTHING, ramp(25, 3))) as reader:
        blocks = everything(reader)
    timeline = np.concatenate([block.samples for block in blocks])
    assert timeline.tolist() == [*range(10), *range(15, 28)]
    assert [b.gap for b in blocks if b.gap] == [5]
    assert all(b.samples[0] == b.start for b in blocks)
    counts = reader.counts.to_dict()
    assert counts == {
        "samples": 23,
        "overruns": 0,
        "gaps": 1,
        "missing": 5,
        "restarts": 0,
        "last_error": None,
    }


@pytest.mark.parametrize("hold", [0.01, 0.5, 10])
def test_a_file_waits_for_a_slow_listener_and_loses_nothing(hold):
    samples = np.arange(300_000, dtype="<i4").astype("<i2")
    source = PipeSource(io.BytesIO(samples.tobytes()), PcmFormat(16000))
    with Reader(source, hold=hold) as reader:
        heard = np.concatenate([block.samples for block in everything(reader)])
    np.testing.assert_array_equal((heard * 32768).astype("<i2"), samples)
    assert reader.counts.overruns == 0


def test_a_live_source_never_waits_and_what_is_lost_is_counted():
    """Nobody listens for a minute to what is held for 10 s."""
    clock = Clock()
    source = Live(clock)
    reader = Reader(source, hold=10, clock=clock)
    reader.start()
    for i in range(60):
        source.step(ramp(1000 * i, 1000), seconds=1)
    source.step(None, 0)
    reader.stop()
    block = reader.read(1_000_000)
    assert (block.start, block.gap, block.end) == (50_000, 50_000, 60_000)
    assert block.samples.tolist() == list(range(50_000, 60_000))
    assert reader.counts.overruns == 50_000
    assert reader.ended


def test_a_card_that_runs_fast_is_still_live():
    """The source gives one percent more than its rate for hours."""
    clock = Clock()
    source = Live(clock)
    reader = Reader(source, hold=1, clock=clock)
    reader.start()
    for _ in range(300):
        source.step(ones(10_100), seconds=10)
    source.step(None, 0)
    reader.stop()
    assert reader.counts.overruns == 300 * 10_100 - 1000


def test_who_is_behind():
    """The one that reads, if more than half of what can be held waits."""
    with Reader(Script(ones(600), ones(400), sr=1000), hold=1.0, live=True) as reader:
        wait_for(lambda: reader.counts.samples == 1000)
        assert reader.is_behind
        reader.read(400)
        assert reader.is_behind
        reader.read(200)
        assert not reader.is_behind


def test_live_can_be_said():
    clock = Clock()
    reader = Reader(Script(*[ones(1000)] * 50), hold=1, live=True, clock=clock)
    reader.start()
    reader.stop()  # which lets it come to its end, or cuts it short
    counts = reader.counts
    assert counts.overruns == max(0, counts.samples - 1000)


def test_a_source_that_fails_for_good():
    with Reader(Script(ones(5), AudioError("the cable is cut"))) as reader:
        assert len(reader.read(100, 10).samples) == 5
        with pytest.raises(AudioError, match=r"the cable is cut"):
            reader.read(100, 10)
    assert reader.counts.last_error == "the cable is cut"


def test_a_source_that_ends_as_it_should_not():
    with Reader(Script(ones(5), "died of SIGSEGV")) as reader:
        assert len(reader.read(100, 10).samples) == 5
        with pytest.raises(AudioError, match=r"died of SIGSEGV"):
            reader.read(100, 10)


def test_a_fault_does_not_end_in_silence(caplog):
    caplog.set_level(logging.CRITICAL, "edgecry")
    source = Script(ZeroDivisionError("oops"))
    with Reader(source) as reader, pytest.raises(AudioError, match=r"reading failed .*oops"):
        reader.read(100, 10)
    assert source.closed


def test_a_source_that_cannot_be_opened_is_closed():
    source = Script()
    source.fail_open = "no microphone"
    with pytest.raises(AudioError, match=r"no microphone"):
        Reader(source).start()
    assert source.closed == 1


def test_stop_wakes_a_listener_and_leaves_no_thread():
    before = threading.active_count()
    reader = Reader(Script(*[NOTHING] * 10**6))
    reader.start()
    assert reader.read(1, timeout=0.01) is None
    assert not reader.ended
    reader.stop()
    reader.stop()
    assert reader.ended
    assert reader.read(1) is None
    assert threading.active_count() == before


def test_stop_while_a_file_waits_for_room():
    """What is held can still be read: nothing pushes it out."""
    reader = Reader(Script(*[ramp(1000 * i, 1000) for i in range(100)]), hold=1)
    reader.start()
    reader.stop()
    assert reader._thread is not None
    assert not reader._thread.is_alive()
    assert reader.counts.overruns == 0
    assert reader.read(1_000_000).samples.tolist() == list(range(1000))


def test_idle_while_the_source_hangs():
    """It is only then: coming back with nothing is a sign of life."""
    clock, hangs, free = Clock(), threading.Event(), threading.Event()

    def hang() -> np.ndarray:
        hangs.set()
        free.wait(30)
        return NOTHING

    reader = Reader(Script(NOTHING, hang, ones(5)), clock=clock)
    assert reader.idle == 0
    reader.start()
    assert hangs.wait(30)
    assert reader.idle == 0
    clock.now += 40
    assert reader.idle == 40
    free.set()
    reader.stop()
    assert reader.idle == 0


def test_not_started():
    with pytest.raises(AudioError, match=r"call start"):
        Reader(Script()).read(1)


@pytest.mark.parametrize("hold", [0, -1, float("inf"), float("nan")])
def test_hold_out_of_range(hold):
    with pytest.raises(AudioError, match=r"hold: "):
        Reader(Script(), hold=hold)
