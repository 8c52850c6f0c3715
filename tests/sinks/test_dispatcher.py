"""dispatcher: every sink gets all, in order, and none holds up another."""

import logging
import threading
import time

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks import dispatcher as module
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.dispatcher import Dispatcher, Worker
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.messages import ListSink, cry, heartbeat, later, wait_for


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    wait_for(lambda: set(threading.enumerate()) <= before, "threads to end")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.db"


def on_disk(path) -> Outbox:
    return Outbox(OutboxSettings(path))


def numbers(sink: ListSink) -> list[int]:
    return [int(message.id.split("-")[1]) for message in sink.delivered]


class Stuck(Sink):
    """Takes a message and does not come back until it is closed."""

    def __init__(self, name: str = "stuck") -> None:
        self.name = name
        self.free = threading.Event()

    def deliver(self, message) -> None:
        self.free.wait()

    def close(self) -> None:
        self.free.set()


@pytest.mark.parametrize("durable", [True, False])
def test_all_get_all_in_order(path, durable):
    sinks = [ListSink("a"), ListSink("b", durable=durable)]
    dispatcher = Dispatcher(sinks, on_disk(path))
    with dispatcher:
        for n in range(50):
            dispatcher.send(cry(n))
    assert [numbers(sink) for sink in sinks] == [list(range(50))] * 2
    assert [sink.closed for sink in sinks] == [1, 1]
    counters = dispatcher.statistics()
    assert counters["a.delivered"] == counters["b.delivered"] == 50
    assert counters["a.waiting"] == counters["b.waiting"] == counters["outbox.overflow"] == 0
    assert on_disk(path).peek("b") is None


def test_one_that_fails_fails_alone(path, caplog):
    good, bad, refusing = ListSink("good"), ListSink("bad", error=later()), ListSink("refusing")
    refusing.error = SinkError("never", permanent=True)
    with Dispatcher([bad, refusing, good]) as dispatcher:
        for n in range(5):
            dispatcher.send(cry(n))
        wait_for(lambda: len(good.delivered) == refusing.tries == 5 and bad.tries > 3)
        counters = dispatcher.statistics()
    assert counters["bad.delivered"] == counters["bad.failed"] == 0
    assert counters["bad.retries"] >= 3
    assert (counters["refusing.failed"], counters["refusing.retries"]) == (5, 0)
    said = [r.getMessage() for r in caplog.records if "bad: not now" in r.getMessage()]
    assert len(said) == 1, "the same complaint is made once"
    assert caplog.text.count("is given up: never") == 5
    assert "bad: 5 messages are lost" in caplog.text


def test_recovers(path, caplog):
    caplog.set_level(logging.INFO)
    sink = ListSink(durable=True, error=later())
    with Dispatcher([sink], on_disk(path)) as dispatcher:
        for n in range(3):
            dispatcher.send(cry(n))
        wait_for(lambda: sink.tries > 2)
        assert dispatcher.statistics()["list.waiting"] >= 1
        sink.error = None
        wait_for(lambda: numbers(sink) == [0, 1, 2])
    assert "list: works again after" in caplog.text


def test_what_is_not_delivered_waits_for_the_next_run(path, caplog):
    broken = ListSink(durable=True, error=later())
    with Dispatcher([broken], on_disk(path)) as dispatcher:
        for n in range(3):
            dispatcher.send(cry(n))
    assert "3 messages wait for the next run" in caplog.text
    fixed = ListSink(durable=True)
    with Dispatcher([fixed], on_disk(path)) as dispatcher:
        dispatcher.send(cry(3))
    assert numbers(fixed) == [0, 1, 2, 3]


def test_what_no_disk_has_taken_is_not_said_to_wait(tmp_path, caplog):
    """Here there is a file where the folder should be."""
    (tmp_path / "state").touch()
    broken = ListSink(durable=True, error=later())
    with Dispatcher([broken], on_disk(tmp_path / "state" / "outbox.db")) as dispatcher:
        for n in range(3):
            dispatcher.send(cry(n))
    assert "3 messages are lost" in caplog.text
    assert "wait for the next run" not in caplog.text


def test_messages_for_a_sink_that_is_gone_are_told(path, caplog):
    outbox = on_disk(path)
    outbox.put("webhook", cry(1))
    with Dispatcher([ListSink()], outbox):
        pass
    assert "1 messages wait for webhook, which is not in use" in caplog.text


def test_sending_never_waits(path, monkeypatch):
    """Not for a sink that hangs, nor for a disk that does."""
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    free, outbox, sink = threading.Event(), on_disk(path), ListSink(durable=True)
    put = outbox.put
    monkeypatch.setattr(outbox, "put", lambda *args: (free.wait(), put(*args)))
    with Dispatcher([sink, Stuck()], outbox) as dispatcher:
        for n in range(30):
            dispatcher.send(cry(n))  # would hang here
        assert dispatcher.statistics()["outbox.overflow"] >= 19
        free.set()
        wait_for(lambda: len(sink.delivered) + dispatcher.statistics()["outbox.overflow"] == 30)
        assert numbers(sink)[-10:] == list(range(20, 30)), "the newest are kept"
        dispatcher.close(timeout=0.1)


def test_close_ends_a_sink_that_hangs(caplog):
    stuck, good = Stuck(), ListSink()
    dispatcher = Dispatcher([stuck, good])
    dispatcher.open()
    dispatcher.send(cry(1))
    wait_for(lambda: good.delivered)
    dispatcher.close(timeout=0.2)
    assert "stuck: still busy, ended" in caplog.text
    dispatcher.send(cry(2))  # too late, and harmless
    dispatcher.close(timeout=0)
    assert numbers(good) == [1]


def test_close_does_not_wait_out_a_back_off():
    sink = ListSink(error=later())
    sink.backoff = Backoff(1000, 1000)
    with Dispatcher([sink]) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: sink.tries)
        began = time.monotonic()
    assert time.monotonic() - began < 500


def test_retry_after_is_honoured(monkeypatch):
    waits = []
    sink = ListSink(error=SinkError("busy", retry_after=77.0))
    dispatcher = Dispatcher([sink])
    (worker,) = dispatcher._workers
    monkeypatch.setattr(worker, "_after", lambda e, after=worker._after: waits.append(after(e)) or 0.001)
    with dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: len(waits) > 2)
    assert set(waits) == {77.0}


@pytest.mark.parametrize("where", ["deliver", "open", "show"])
def test_a_bug_in_a_sink_is_its_own_affair(caplog, where):
    buggy, good = ListSink("buggy"), ListSink("good")
    buggy.backoff = Backoff(0.01, 0.01)
    setattr(buggy, where, lambda *_: 1 / 0)
    with Dispatcher([buggy, good]) as dispatcher:
        for n in range(3):
            dispatcher.send(cry(n))
        wait_for(lambda: len(good.delivered) == 3 and caplog.text.count("ZeroDivisionError") >= 1)
    assert "buggy: failed in an unforeseen way" in caplog.text


def test_heartbeats_are_shown_but_never_queued(path):
    sink = ListSink(durable=True)
    with Dispatcher([sink], on_disk(path)) as dispatcher:
        dispatcher.send(heartbeat(windows=3600, rss_mb=80.5))
        wait_for(lambda: sink.shown)
    assert (sink.delivered, sink.shown) == ([], [heartbeat(windows=3600, rss_mb=80.5)])


def test_only_the_newest_is_shown(path):
    """After a failure, what holds now is shown, not what held then."""
    sink, fail = ListSink(durable=True), threading.Event()
    fail.set()

    def open_():
        if fail.is_set():
            sink.tries += 1
            raise later()

    sink.open = open_
    with Dispatcher([sink], on_disk(path)) as dispatcher:
        for n in range(5):
            dispatcher.send(cry(n))
        wait_for(lambda: dispatcher.statistics()["list.waiting"] == 5 and sink.tries > 2)
        fail.clear()
        wait_for(lambda: len(sink.delivered) == 5)
    assert sink.shown == [cry(4)]
    assert numbers(sink) == list(range(5))


def test_wake_calls_open():
    sink, opened = ListSink(), []
    sink.open = lambda: opened.append(1)
    with Dispatcher([sink]):
        wait_for(lambda: opened)
        n = len(opened)
        sink.wake()
        wait_for(lambda: len(opened) > n)


def test_names_differ():
    with pytest.raises(EdgecryError, match="name of its own"):
        Dispatcher([ListSink("a"), ListSink("a")])


def test_threads_are_named():
    with Dispatcher([ListSink("a")]):
        assert {"edgecry-a", "edgecry-outbox"} <= {thread.name for thread in threading.enumerate()}


# -- giving up ---------------------------------------------------------------------------------------


def test_an_unforeseen_error_gives_nothing_up(path, caplog):
    """The message for which it comes waits behind the others, and is tried again."""
    sink, broken = ListSink(durable=True), threading.Event()
    broken.set()
    deliver = sink.deliver

    def sometimes(message):
        if message.id == cry(1).id and broken.is_set():
            raise RuntimeError("nobody has thought of this")
        deliver(message)

    sink.deliver = sometimes
    sink.backoff = Backoff(0.01, 0.01)
    with Dispatcher([sink], on_disk(path)) as dispatcher:
        for n in range(4):
            dispatcher.send(cry(n))
        wait_for(lambda: len(sink.delivered) == 3 and dispatcher.statistics()[f"{sink.name}.retries"] > 6)
        broken.clear()
        wait_for(lambda: len(sink.delivered) == 4)
        assert dispatcher.statistics()[f"{sink.name}.failed"] == 0
    assert [message.id for message in sink.delivered] == [cry(n).id for n in (0, 2, 3, 1)]
    assert 1 <= caplog.text.count("in an unforeseen way") <= 4, "once, and again after each success"


def test_what_somebody_may_mend_is_given_up_after_a_while(path):
    """One message after another then; a success begins the while anew."""
    sink, now = ListSink(), [0.0]
    worker = Worker(sink, Outbox())
    error = SinkError("answered 404", patience=60.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: now[0])
        for at, is_refused in ((0, False), (59, False), (60, True), (61, True)):
            now[0] = at
            assert worker._is_refused(error) is is_refused
        assert not worker._is_refused(SinkError("no answer"))
        assert worker._is_refused(SinkError("answered 400", permanent=True))
        worker.take(cry(1))
        worker._step()
        assert not worker._is_refused(error)


# -- back-off ----------------------------------------------------------------------------------------


def test_back_off_doubles_up_to_the_longest():
    assert [Backoff(1, 60).delay(n, lambda: 1.0) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert Backoff(1, 60).delay(10**6, lambda: 1.0) == 60
    assert Backoff(1, 60).delay(3, lambda: 0.0) == 2, "chance takes at most half"


@pytest.mark.parametrize("bad", [(0, 1), (-1, 1), (2, 1), (float("nan"), 1)])
def test_back_off_out_of_range(bad):
    with pytest.raises(EdgecryError, match=r"_wait: .* is out of range"):
        Backoff(*bad)
