"""The loop, with a classifier that takes ones for a cry: what is told, in which order, and how it ends."""

import logging
import re
import threading
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from edgecry.clips.recorder import ClipRecorder, ClipSettings
from edgecry.errors import AudioError
from edgecry.listening.clock import WallClock
from edgecry.listening.hearing import HearingSettings, Verdict
from edgecry.listening.listener import HUNG, Listener, Parts, level
from edgecry.listening.messages import Messages
from edgecry.listening.notify import Notifier
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.ids import MessageIds
from edgecry.sinks.message import SOURCE_KINDS, ControlsMessage, Health, Heartbeat
from edgecry.sources.base import Gap
from edgecry.sources.reader import Reader
from edgecry.sources.ring import Block
from edgecry.stream.events import CryEvent, Window
from edgecry.stream.statistics import StreamStatistics, Tally
from tests.sinks.messages import ListSink, wait_for
from tests.sources.fakes import Clock, Script, ones

SR = 1000


class Ear:
    """Windows of a second; a cry begins with the first that is loud, and ends with a gap, quiet or flush."""

    def __init__(self) -> None:
        self.recent: deque[Window] = deque(maxlen=10)
        self._tally = Tally()
        self.heard: list[np.ndarray] = []
        self.gaps: list[float] = []
        self.onsets: list[float] = []
        self._rest = np.empty(0, np.float32)
        self._position = 0.0
        self._cry: CryEvent | None = None
        self._number = 0

    def push(self, samples: np.ndarray) -> list[CryEvent]:
        self.heard.append(samples)
        self._rest = np.concatenate([self._rest, samples])
        events = []
        while len(self._rest) >= SR:
            window, self._rest = self._rest[:SR], self._rest[SR:]
            score = float(window.mean())
            self._position += 1
            self.recent.append(Window(self._position - 1, self._position, score, skipped=score == 0))
            self._tally.window(score == 0, False, 0.001)
            if score > 0.5 and self._cry is None:
                self._number += 1
                self._cry = CryEvent(
                    "start", self._number, self._position - 1, self._position, 1.0, 1.0, None, 1
                )
                self._tally.tell([self._cry])
                events.append(self._cry)
            elif score <= 0.5:
                events += self._end()
        return events

    @property
    def statistics(self) -> StreamStatistics:
        return self._tally.statistics(0, 0, 0)

    def set_onset(self, onset: float) -> None:
        self.onsets.append(onset)

    def gap(self, seconds: float) -> list[CryEvent]:
        self.gaps.append(seconds)
        self._position += seconds
        return self._end()

    def flush(self) -> list[CryEvent]:
        return self._end()

    def _end(self) -> list[CryEvent]:
        cry, self._cry = self._cry, None
        return [] if cry is None else [CryEvent("end", cry.number, cry.start, cry.end, 1.0, 1.0, None, 1)]


@pytest.fixture
def listen(tmp_path):
    """Listen to a script to its end, or until ``ended``; returns what there is to see."""

    def run(
        *steps,
        ended=lambda: False,
        record=False,
        heartbeat=0.0,
        sink=None,
        source=None,
        clock=None,
        controls=None,
    ):
        sink = sink or ListSink()
        source = source or Script(*steps, sr=SR)
        reader = Reader(source, hold=30.0)
        controls = controls or Controls(0.8)
        dispatcher = Dispatcher([sink], controls=controls)
        ear, wall, view = Ear(), WallClock(), SimpleNamespace(shown=[])
        clips = ClipSettings(1, 1, 5)
        recorder = ClipRecorder(tmp_path / "clips", SR, wall.at, clips) if record else None
        view.show = lambda *args: view.shown.append(args)
        messages = Messages(MessageIds("cot", 1), wall, "script", "ear")
        parts = Parts(reader, ear, messages, dispatcher, wall, recorder, Notifier({}), view, controls)
        reader.start()
        dispatcher.open()
        listener = Listener(parts, heartbeat, **({"clock": clock} if clock else {}))
        seen = SimpleNamespace(sink=sink, ear=ear, view=view, listener=listener, source=source, error=None)
        try:
            listener.run(ended)
        except AudioError as error:
            seen.error = error
        return seen

    return run


def kinds(seen) -> list[str]:
    return [message.kind for message in seen.sink.delivered]


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SR), np.float32)


def test_all_that_comes_is_heard_and_told(listen):
    seen = listen(quiet(2), ones(3 * SR), quiet(2.5))
    assert np.concatenate(seen.ear.heard).tolist() == [*np.zeros(2000), *np.ones(3000), *np.zeros(2500)]
    start, end = seen.sink.delivered
    assert (start.kind, start.start, end.kind, end.start) == ("start", 2.0, "end", 2.0)
    assert seen.source.closed
    assert seen.sink.closed


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (quiet(2), "digital silence for 2 s"),
        (np.linspace(0, 0.1, SR // 2, dtype=np.float32), "only 0.5 s of sound came before the source ended"),
    ],
)
def test_what_was_no_sound_or_too_little_is_told_at_the_end(listen, caplog, sound, words):
    listen(sound)
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert words in record.getMessage()


def test_the_end_of_the_sound_ends_the_cry(listen):
    assert kinds(listen(ones(2 * SR))) == ["start", "end"]


def test_an_end_that_is_asked_for_ends_the_cry(listen):
    """What has come until then is heard, and the source is let go of."""
    asked = threading.Event()

    def endless():
        asked.set()
        threading.Event().wait(0.01)
        return np.empty(0, np.float32)

    seen = listen(source=Script(ones(2 * SR), *[endless] * 10_000, sr=SR), ended=asked.is_set)
    assert kinds(seen) == ["start", "end"]
    assert sum(map(len, seen.ear.heard)) == 2 * SR
    assert seen.source.closed


def test_a_gap_moves_the_time(listen):
    seen = listen(ones(SR), Gap(4 * SR), ones(SR))
    assert seen.ear.gaps == [4.0]
    assert [(m.kind, m.start) for m in seen.sink.delivered if m.kind == "start"] == [
        ("start", 0.0),
        ("start", 5.0),
    ]


def test_a_source_that_is_gone_in_the_middle_of_a_cry(listen):
    """The cry does not go on until it is back."""
    clock, sink = Clock(), ListSink()

    def told(*expected: str) -> None:
        wait_for(lambda: [message.kind for message in sink.delivered] == list(expected))

    def away() -> np.ndarray:
        told("start")
        clock.now += 20
        told("start", "source_lost", "end", "recorded")
        return ones(SR)

    seen = listen(ones(SR), away, sink=sink, clock=clock, record=True)
    first, rest = kinds(seen)[:4], kinds(seen)[4:]
    assert first == ["start", "source_lost", "end", "recorded"]
    assert sorted(rest) == ["end", "recorded", "source_back", "start"]
    lost, back = (message for message in seen.sink.delivered if message.kind.startswith("source"))
    assert (lost.state, lost.reason, lost.duration) == ("no_sound", "no sound for 20 s", 0.0)
    assert (back.state, back.reason) == ("hearing", "")
    shown = [message.hearing for message in seen.sink.shown if isinstance(message, Health)]
    assert shown[-1]


def test_a_source_that_fails_for_good(listen):
    """Is told, after all that came before was heard and delivered."""
    seen = listen(ones(2 * SR), "script: pulled out")
    assert str(seen.error) == "script: pulled out"
    assert kinds(seen) == ["start", "source_lost", "end"]
    assert seen.sink.delivered[1].reason == "script: pulled out"
    assert [message.hearing for message in seen.sink.shown if isinstance(message, Health)][-1:] == [False]
    assert seen.sink.closed


def test_recordings_are_named_and_finished(listen, tmp_path):
    seen = listen(quiet(2), ones(SR), record=True)
    (path,) = (tmp_path / "clips").iterdir()
    *others, last = seen.sink.delivered
    assert {message.clip for message in others} == {None}, "it could not be opened then"
    assert (last.kind, last.clip, last.event) == ("recorded", str(path), others[-1].event)
    assert others[-1].kind == "end"
    assert path.suffix == ".flac"


def test_counters(listen):
    """Those of the stream and of the source."""
    seen = listen(quiet(3), ones(2 * SR), quiet(1), ones(SR))
    snapshot = seen.listener.snapshot()
    assert (snapshot.windows, snapshot.skipped, snapshot.events) == (7, 4, 2)
    assert snapshot.samples == 7 * SR
    assert snapshot.latency_p95 == 0.001


def test_heartbeats(listen, caplog):
    """One when it is due, one at the end; to the log, too."""
    clock = Clock()

    def later() -> np.ndarray:
        clock.now += 60
        return ones(SR)

    with caplog.at_level(logging.INFO, "edgecry"):
        seen = listen(later, heartbeat=50.0, clock=clock)
    beats = [record.getMessage() for record in caplog.records if "heartbeat" in record.getMessage()]
    assert 1 <= len(beats) <= 2
    assert re.fullmatch(r"heartbeat: up .*, 1 cry, .*MB", beats[-1])
    last = [message for message in seen.sink.shown if isinstance(message, Heartbeat)][-1]
    assert last.counters["events"] == 1
    assert last.counters["list.delivered"] >= 0


def test_no_heartbeat(listen, caplog):
    with caplog.at_level(logging.INFO, "edgecry"):
        seen = listen(ones(SR))
    assert "heartbeat" not in caplog.text
    assert not [message for message in seen.sink.shown if isinstance(message, Heartbeat)]


def test_view(listen):
    seen = listen(quiet(1), ones(2 * SR))
    levels, scores, crying, positions, troubles = zip(*seen.view.shown, strict=True)
    assert set(troubles) == {""}
    assert levels[0] == -np.inf
    assert scores[-1] == 1.0
    assert (crying[0], crying[-1]) == (None, 1.0)
    assert positions[-1] == 3.0


def test_service_manager_is_told(tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        reader, dispatcher, wall = Reader(Script(ones(2 * SR), sr=SR)), Dispatcher([]), WallClock()
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
        messages = Messages(MessageIds("cot", 1), wall, "script", "ear")
        reader.start()
        dispatcher.open()
        parts = Parts(reader, Ear(), messages, dispatcher, wall, None, notifier, None, Controls(0.8))
        Listener(parts).run(lambda: False)
        manager.setblocking(False)
        told = []
        try:
            while True:
                told.append(manager.recv(4096).decode())
        except BlockingIOError:
            pass
    assert told[0] == "READY=1\nSTATUS=listening"
    assert "WATCHDOG=1" in told
    assert "STATUS=a baby cries" in told
    assert told[-1] == "STOPPING=1" or told.index("STOPPING=1") > told.index("STATUS=a baby cries")


def test_what_it_hears_is_told_when_it_changes(caplog):
    """Once when it begins, once when it is over; how it is goes to the service manager, too."""
    told, sent, clock = [], [], Clock()
    parts = SimpleNamespace(
        reader=SimpleNamespace(sr=16000),
        notifier=SimpleNamespace(status=told.append),
        dispatcher=SimpleNamespace(send=sent.append),
        messages=Messages(MessageIds("cot", 1), WallClock(clock, clock), "script", "ear"),
    )
    listener = Listener(parts, clock=clock)
    muted = Verdict("digital_silence", "is it muted?")
    for verdict in (Verdict("starting"), Verdict("hearing"), muted, muted, Verdict("hearing")):
        listener._judge(verdict)
        clock.now += 5
    assert [(message.kind, message.duration) for message in sent if message.kind in SOURCE_KINDS] == [
        ("source_lost", 0.0),
        ("source_back", 10.0),
    ]
    assert [message.hearing for message in sent if message.kind == "health"] == [True, False, True]
    assert [record.message for record in caplog.records] == ["is it muted?", "sound is heard again"]
    assert told == ["listening", "is it muted?", "listening"]


def test_what_a_person_sets_is_heeded_and_told(listen):
    """At once, and once; alerts that are off keep nothing from being heard."""
    sink = ListSink()

    def change() -> np.ndarray:
        wait_for(lambda: [m.threshold for m in sink.shown if isinstance(m, ControlsMessage)] == [0.8])
        seen.controls.set_threshold(0.4)
        seen.controls.mute(60)
        return ones(2 * SR)

    seen = SimpleNamespace(controls=Controls(0.8))
    heard = listen(quiet(1), change, quiet(1), sink=sink, controls=seen.controls)
    assert heard.ear.onsets == [0.8, 0.4]
    told = [message for message in sink.shown if isinstance(message, ControlsMessage)]
    assert [(message.alerts, message.threshold) for message in told] == [(True, 0.8), (False, 0.4)]
    assert told[-1].muted_until > told[-1].at
    assert kinds(heard) == []
    assert heard.listener.snapshot().events == 1


def test_no_sign_of_life_while_the_source_hangs(caplog):
    """systemd is to start everything anew, rather than believe that somebody listens."""
    reader, beats = SimpleNamespace(sr=16000), []
    notifier = SimpleNamespace(beat=lambda: beats.append(reader.idle), interval=30.0)
    listener = Listener(SimpleNamespace(reader=reader, notifier=notifier, recorder=None))
    for idle in (0.0, HUNG, 2 * HUNG, 0.5):
        reader.idle = idle
        listener._live(0.0)
    assert beats == [0.0, 0.5]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("restart_after", [600.0, 0.0])
def test_no_sign_of_life_when_nothing_was_heard_for_long(caplog, restart_after):
    """The microphone may need a new start of everything; 0 stands for never."""
    clock, beats = Clock(), []
    parts = SimpleNamespace(
        reader=SimpleNamespace(sr=16000, idle=0.0),
        notifier=SimpleNamespace(beat=lambda: beats.append(clock.now), interval=30.0, status=lambda _: None),
        dispatcher=SimpleNamespace(send=lambda _: None),
        messages=Messages(MessageIds("cot", 1), WallClock(clock, clock), "script", "ear"),
        recorder=None,
        view=None,
        stream=Ear(),
        controls=Controls(0.8),
    )
    listener, began = (
        Listener(parts, 0.0, hearing=HearingSettings(restart_after=restart_after), clock=clock),
        clock.now,
    )
    for seconds in (5, 10, 609, 610, 700):
        clock.now = began + seconds
        listener._look_around()
    assert [now - began for now in beats] == ([5, 10, 609] if restart_after else [5, 10, 609, 610, 700])
    assert ("nothing has been heard" in caplog.text) == bool(restart_after)


@pytest.mark.parametrize("amplitude", [1.0, 0.5, 0.01])
def test_level_of_a_square_is_its_amplitude(amplitude):
    """Whatever it stands on."""
    square = np.tile([amplitude, -amplitude], 500).astype(np.float32) + np.float32(0.125)
    assert level(Block(0, square, 0)) == pytest.approx(20 * np.log10(amplitude), abs=1e-4)


def test_level_of_silence():
    assert level(Block(0, np.full(10, 0.25, np.float32), 0)) == -np.inf
