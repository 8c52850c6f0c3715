"""The loop: sound comes in, windows are heard, events go out, and the service says how it is."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from edgecry.clips.recorder import ClipRecorder
from edgecry.errors import AudioError
from edgecry.listening.clock import WallClock
from edgecry.listening.health import Snapshot, Stats
from edgecry.listening.hearing import Hearing, HearingSettings, Verdict
from edgecry.listening.memory import SpareMemory
from edgecry.listening.messages import Messages
from edgecry.listening.notify import Notifier
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sources.reader import Reader
from edgecry.sources.ring import Block
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.events import CryEvent

#: Seconds of sound taken at once, at most and at least, so that a quiet room wakes the processor some twice
#: a second; and seconds after which the loop looks around although no sound came.
BITE: Final = 0.5
NIBBLE: Final = 0.3
GLANCE: Final = 1.0
#: Seconds for hearing what is held when the end is asked for, and for delivering what waits.
DRAIN: Final = 3.0
DELIVER: Final = 8.0
#: Seconds that a source may hang before no sign of life is given any more, so that systemd starts all anew.
HUNG: Final = 30.0
#: Seconds between readings of the probability, when it has changed by so much, and when it has not.
SOONEST: Final = 10.0
CHANGE: Final = 0.03
LATEST: Final = 60.0
#: Seconds between looks at the age of recordings.
TIDY: Final = 3600.0

log = logging.getLogger("edgecry")


class View(Protocol):
    """Shows a person how it goes."""

    def show(
        self, level: float, score: float, crying: float | None, position: float, trouble: str = ""
    ) -> None:
        """Show level in dB of full scale, newest score, since when it cries, the time, and what is wrong."""


@dataclass(frozen=True)
class Parts:
    """The parts of a listener; ``recorder`` and ``view`` may be None."""

    reader: Reader
    stream: StreamClassifier
    messages: Messages
    dispatcher: Dispatcher
    clock: WallClock
    recorder: ClipRecorder | None
    notifier: Notifier
    view: View | None
    controls: Controls


class Listener:
    """Listens until the source ends or somebody asks for an end, and leaves nothing open.

    Parameters
    ----------
    parts : Parts
        The reader has been started, the dispatcher is open.
    heartbeat : float >= 0
        Seconds between two reports of its own state; 0 for none.
    patience : float
        Seconds without any sound after which a cry is taken for over: a source that is gone in the
        middle of one must not leave it on for as long as it stays away.
    tells : bool
        Whether the log has these reports, too.
    hearing : HearingSettings
        From when on it is not hearing.
    clock : callable
        Seconds, ever rising.
    """

    def __init__(
        self,
        parts: Parts,
        heartbeat: float = 60.0,
        patience: float = 10.0,
        tells: bool = True,
        hearing: HearingSettings = HearingSettings(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._heartbeat = heartbeat or math.inf
        self._patience = patience
        self._tells = tells
        self._clock = clock
        self._stats = Stats()
        self._beaten = self._tidied = self._taken = clock()
        self._reading = (-math.inf, 0.0)  # when the newest was told, and its probability
        self._crying_since: float | None = None
        self._position = 0.0
        self._spare = SpareMemory(clock())
        self._view = -math.inf, 0.0  # level and score of what came last
        self._is_dead = False
        self._restart_after = hearing.restart_after or math.inf
        self._hearing = Hearing(parts.reader.sr, hearing, clock())
        self._verdict = Verdict("starting")
        self._deaf_since: float | None = None
        self._set: tuple[float | None, float] | None = None  # alerts and threshold as they were told last

    def run(self, ended: Callable[[], bool]) -> None:
        """Listen.

        Parameters
        ----------
        ended : callable
            Tells whether an end was asked for.

        Raises
        ------
        AudioError
            The source has failed for good; all that came before was heard and delivered.
        """
        parts = self._parts
        parts.notifier.ready("listening")
        parts.dispatcher.send(parts.messages.health(self._verdict))
        try:
            while not ended():
                block = parts.reader.read(self._bite, GLANCE, least=self._nibble)
                if block is not None:
                    self._take(block)
                elif parts.reader.ended:
                    self._refuse_nothing()
                    self._look_back()
                    break
                self._look_around()
        except AudioError as error:
            self._judge(Verdict("gone", str(error)))
            raise
        finally:
            self._finish()

    @property
    def _bite(self) -> int:
        return max(1, round(BITE * self._parts.reader.sr))

    @property
    def _nibble(self) -> int:
        return max(1, round(NIBBLE * self._parts.reader.sr))

    def _refuse_nothing(self) -> None:
        """A source that ends without a single sample is no success."""
        if self._parts.reader.counts.samples == 0:
            raise AudioError("no sound came before the source ended; see what is wrong with its program")

    def _look_back(self) -> None:
        """Log why it means little that no cry was heard, if the source ended before that could be told."""
        counts, statistics = self._parts.reader.counts, self._parts.stream.statistics
        found = self._hearing.verdict_at_end(self._clock())
        if found.state != self._verdict.state and found.reason:
            log.warning("%s", found.reason)
        elif statistics.windows <= 1:
            seconds = counts.samples / self._parts.reader.sr
            log.warning("only %.2g s of sound came before the source ended: too short to tell", seconds)

    # -- sound -----------------------------------------------------------------------------------------

    def _take(self, block: Block) -> None:
        """Hear a block, and tell what there is to tell."""
        parts = self._parts
        sr = parts.reader.sr
        self._position, self._taken = block.end / sr, self._clock()
        parts.clock.hear(self._position, parts.reader.is_live)
        self._hearing.hear(block.samples, self._taken, parts.reader.is_behind)
        if block.gap:
            log.info("%.1f s of sound are missing", block.gap / sr)
            self._tell(parts.stream.gap(block.gap / sr))
        if parts.recorder is not None:
            parts.recorder.push(block.start, block.samples)
        self._tell(parts.stream.push(block.samples))
        self._tell_recorded()
        score = parts.stream.recent[-1].score if parts.stream.recent else 0.0
        self._read(score, block)
        self._view = level(block), score
        self._show()

    def _show(self) -> None:
        if (view := self._parts.view) is not None:
            trouble = self._verdict.state.replace("_", " ") if self._verdict.reason else ""
            view.show(*self._view, self._crying_since, self._position, trouble)

    def _read(self, score: float, block: Block) -> None:
        """Tell what is heard now: at least once a minute, and sooner when it has changed."""
        now = self._clock()
        then, told = self._reading
        changed = now - then >= SOONEST and abs(score - told) >= CHANGE
        if changed or now - then >= LATEST:
            self._reading = now, score
            self._parts.dispatcher.send(self._parts.messages.reading(score, level(block)))

    def _tell(self, events: Iterable[CryEvent]) -> None:
        parts = self._parts
        for event in events:
            if event.kind == "start":
                self._crying_since = event.start
            elif event.kind == "end":
                self._crying_since = None
            parts.notifier.status(self._state)
            clip = None if parts.recorder is None else parts.recorder.handle(event)
            is_there = clip is not None and clip.exists()
            parts.dispatcher.send(parts.messages.event(event, clip if is_there else None))

    def _tell_recorded(self) -> None:
        parts = self._parts
        if parts.recorder is None:
            return
        for number, clip in parts.recorder.recorded():
            if (message := parts.messages.recorded(number, clip)) is not None:
                parts.dispatcher.send(message)

    # -- the service itself ----------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return the state of the listener now."""
        parts = self._parts
        counters = parts.dispatcher.statistics()
        return self._stats.snapshot(
            parts.stream.statistics,
            parts.reader.counts,
            None if parts.recorder is None else parts.recorder.counts,
            queued=_sum(counters, "waiting"),
            dropped=_sum(counters, "dropped"),
        )

    def _look_around(self) -> None:
        """Do what is due, whether or not there is sound."""
        parts, now = self._parts, self._clock()
        self._obey()
        self._judge(self._hearing.verdict(now))
        if self._verdict.is_deaf or now - self._taken >= GLANCE:
            self._show()  # a sign of life without sound
        self._live(now)
        if now - self._taken >= self._patience:
            if self._crying_since is not None:
                log.warning("no sound for %.0f s; the cry at hand is taken for over", now - self._taken)
                self._tell(parts.stream.flush())
            if parts.recorder is not None:
                parts.recorder.settle()
                self._tell_recorded()
        if now - self._beaten >= self._heartbeat:
            self._beaten = now
            self._beat()
        if parts.recorder is not None and now - self._tidied >= TIDY:
            self._tidied = now
            parts.recorder.tidy()
        self._spare.look(now, self._position)

    def _obey(self) -> None:
        """Do what a person has set meanwhile, and say so."""
        parts, controls, before = self._parts, self._parts.controls, self._set
        self._set = (controls.muted_until if controls.is_muted else None, controls.threshold)
        if self._set == before:
            return
        if before is not None:
            log.info("alerts are %s, the threshold is %g", "off" if controls.is_muted else "on", self._set[1])
        parts.stream.set_onset(self._set[1])
        parts.dispatcher.send(parts.messages.controls(controls))

    def _live(self, now: float) -> None:
        """Give a sign of life, unless the source hangs or was not heard for long: a new start may help."""
        is_deaf = self._deaf_since is not None and now - self._deaf_since >= self._restart_after
        was_dead, self._is_dead = self._is_dead, is_deaf or self._parts.reader.idle >= HUNG
        if not self._is_dead:
            self._parts.notifier.beat()
        elif not was_dead and self._parts.notifier.interval is not None:
            what = "nothing has been heard for long" if is_deaf else "the source hangs; nothing is heard"
            log.error("%s; no sign of life is given to the service manager until there is sound", what)

    def _judge(self, verdict: Verdict) -> None:
        """Tell when it stops hearing, and when it hears again: the one place that does."""
        parts, now, before = self._parts, self._clock(), self._verdict
        self._verdict = verdict
        if verdict.state != before.state:
            if verdict.reason and verdict.state != "gone":  # that is told as the error that ends it all
                log.warning("%s", verdict.reason)
            elif before.reason:
                log.warning("sound is heard again")
            parts.notifier.status(self._state)
            parts.dispatcher.send(parts.messages.health(verdict))
        if verdict.is_deaf and self._deaf_since is None:
            self._deaf_since = now
            parts.dispatcher.send(parts.messages.source(verdict, 0.0))
        elif verdict.is_hearing and self._deaf_since is not None:
            parts.dispatcher.send(parts.messages.source(verdict, now - self._deaf_since))
            self._deaf_since = None

    @property
    def _state(self) -> str:
        """Return the state in a few words."""
        return self._verdict.reason or ("listening" if self._crying_since is None else "a baby cries")

    def _beat(self) -> None:
        parts, snapshot = self._parts, self.snapshot()
        parts.notifier.status(f"{self._state}; {snapshot.line()}")
        if self._tells:
            reason = "" if self._verdict.state == "gone" else self._verdict.reason
            log.info("heartbeat: %s", "; ".join(filter(None, (reason, snapshot.line()))))
        parts.dispatcher.send(parts.messages.health(self._verdict))
        parts.dispatcher.send(parts.messages.heartbeat(snapshot.to_dict() | parts.dispatcher.statistics()))

    def _finish(self) -> None:
        """Hear what is held, end what is open, deliver what waits: each within its time."""
        parts = self._parts
        parts.notifier.stopping()
        try:
            parts.reader.stop()
            self._drain()
            self._tell(parts.stream.flush())
            if self._heartbeat < math.inf:
                self._beat()
        finally:
            if parts.recorder is not None:
                parts.recorder.close()
                self._tell_recorded()
            parts.dispatcher.close(DELIVER)
            parts.notifier.close()

    def _drain(self) -> None:
        deadline = self._clock() + DRAIN
        while not self._parts.reader.ended and self._clock() < deadline:
            try:
                block = self._parts.reader.read(self._bite, 0.0)
            except AudioError:  # told by who runs into it first
                return
            if block is None:
                return
            self._take(block)


def level(block: Block) -> float:
    """RMS of a block about its mean in dB of full scale; -inf of digital silence."""
    rms = float(np.std(block.samples, dtype=np.float64))
    return 20 * math.log10(rms) if rms > 0 else -math.inf


def _sum(counters: dict[str, int], what: str) -> int:
    return sum(n for name, n in counters.items() if name.endswith(f".{what}"))
