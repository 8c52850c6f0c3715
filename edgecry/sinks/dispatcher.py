"""Dispatcher: one message to many sinks, each with a thread of its own, each failing alone."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.base import Sink
from edgecry.sinks.controls import Controls
from edgecry.sinks.message import CRY_KINDS, SOURCE_KINDS, EventMessage, Message, SourceMessage
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.sinks.rules import Gate, Rules

log = logging.getLogger("edgecry")

#: Messages that may wait in memory, for a sink that needs no outbox and for the outbox itself.
IN_MEMORY = 1000
#: Seconds between looks at an outbox that could not be used, such as one that a backup reads.
REFRESH = 5.0


class Dispatcher:
    """Hands messages to sinks. The one that sends never waits, and nothing is raised to it.

    Parameters
    ----------
    sinks : iterable of Sink
        Where to. Their names differ.
    outbox : Outbox, optional
        Where events for durable sinks wait; in memory if left out. Closed with the dispatcher.
    rules : mapping of str to Rules
        What a sink is told and when, by its name.
    controls : Controls, optional
        Whether alerts are off; they are on if left out.

    Raises
    ------
    EdgecryError
        Two sinks have the same name.
    """

    def __init__(
        self,
        sinks: Iterable[Sink],
        outbox: Outbox | None = None,
        rules: Mapping[str, Rules] = MappingProxyType({}),
        controls: Controls | None = None,
    ) -> None:
        self._disk = outbox
        self._memory = Outbox(OutboxSettings(max_messages=IN_MEMORY))
        self._workers = [
            Worker(
                sink,
                self._disk if sink.durable and self._disk else self._memory,
                rules.get(sink.name) or Rules(mute=sink.alerts),
                controls,
            )
            for sink in sinks
        ]
        names = [worker.name for worker in self._workers]
        if len(set(names)) < len(names):
            raise EdgecryError(f"sinks: found {', '.join(names)}; give each a name of its own")
        self._inbox: deque[Message] = deque()
        self._overflow = 0
        self._closing = False
        self._arrived = threading.Condition()
        self._feeder = threading.Thread(target=self._feed, name="edgecry-outbox", daemon=True)

    def open(self) -> None:
        """Start the threads. Messages that an earlier run left in the outbox go out first."""
        for box in (self._disk, self._memory):
            for name, n in (box.waiting() if box else {}).items():
                if n and name not in {worker.name for worker in self._workers}:
                    log.warning("outbox: %d messages wait for %s, which is not in use", n, name)
        for worker in self._workers:
            worker.thread.start()
        self._feeder.start()

    def send(self, message: Message) -> None:
        """Take a message for all sinks; return at once."""
        with self._arrived:
            if self._closing:
                return
            if len(self._inbox) == IN_MEMORY:
                self._inbox.popleft()
                self._overflow += 1
            self._inbox.append(message)
            self._arrived.notify()

    def statistics(self) -> dict[str, int]:
        """Counters: of each sink what it delivered, failed to, tried again, waits and was dropped."""
        errors = self._disk.errors if self._disk else 0
        counters = {"outbox.overflow": self._overflow, "outbox.errors": errors}
        for worker in self._workers:
            counters |= worker.statistics()
        return counters

    def close(self, timeout: float = 10.0) -> None:
        """Deliver what can be within so many seconds, then end every thread.

        What a durable sink has not taken by then stays in the outbox for the next run.
        """
        deadline = time.monotonic() + timeout
        with self._arrived:
            if self._closing:
                return
            self._closing = True
            self._arrived.notify()
        _join(self._feeder, deadline)
        for worker in self._workers:
            worker.finish()
        for worker in self._workers:
            _join(worker.thread, deadline)
        for worker in self._workers:
            worker.abandon()
        for worker in self._workers:
            _join(worker.thread, time.monotonic() + 2)
        if self._disk:
            self._disk.close()
        for worker in self._workers:
            worker.report()

    def __enter__(self) -> Dispatcher:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _feed(self) -> None:
        """Bring messages into the outboxes, away from the sender: a disk may take its time."""
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._inbox or self._closing, REFRESH)
                if not self._inbox and self._closing:
                    return
                message = self._inbox.popleft() if self._inbox else None
            if message is None:
                self._refresh()
                continue
            for worker in self._workers:
                try:
                    worker.take(message)
                except Exception:  # the other sinks still get it
                    log.exception("%s: cannot take a message", worker.name)

    def _refresh(self) -> None:
        if self._disk and self._disk.refresh():
            for worker in self._workers:
                worker.wake()


class Worker:
    """Runs one sink: takes its messages from an outbox, tries again what failed."""

    def __init__(
        self,
        sink: Sink,
        outbox: Outbox,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        controls: Controls | None = None,
    ) -> None:
        self.sink = sink
        self.name = sink.name
        self.thread = threading.Thread(target=self._run, name=f"edgecry-{sink.name}", daemon=True)
        self._outbox = outbox
        self._rules, self._gate = rules, Gate(rules, controls)
        self._latest: dict[str, Message] = {}  # the newest of each sort: it says how things are now
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._finishing = self._abandoned = False
        self._counts = {"delivered": 0, "failed": 0, "retries": 0}
        self._failures = 0
        self._refused_since: float | None = None  # when failures began that somebody may mend
        self._complaint = ""
        sink.wake = self._wake.set  # type: ignore[method-assign]

    def take(self, message: Message) -> None:
        """Queue what the rules allow of a message; called by one thread."""
        for admitted in self._gate.admit(message):
            with self._lock:
                self._latest[_sort(admitted)] = admitted
            if isinstance(admitted, EventMessage | SourceMessage) and self._rules.wants(admitted.kind):
                self._outbox.put(self.name, admitted)
            self._wake.set()

    def wake(self) -> None:
        """Look at the outbox: messages have come into it by another way."""
        self._wake.set()

    def statistics(self) -> dict[str, int]:
        """Its counters, under the sink's name."""
        now = {"waiting": self._outbox.waiting(), "dropped": self._outbox.dropped()}
        counts = self._counts | {name: of.get(self.name, 0) for name, of in now.items()}
        return {f"{self.name}.{name}": value for name, value in counts.items()}

    def finish(self) -> None:
        """Deliver what waits, then end; stop at the first failure."""
        self._finishing = True
        self._end.set()
        self._wake.set()

    def abandon(self) -> None:
        """End now."""
        self._abandoned = True
        if self.thread.is_alive():
            log.warning("%s: still busy, ended", self.name)
            self._close_sink()

    def report(self) -> None:
        """Say what was not delivered."""
        lost = self._outbox.unwritten().get(self.name, 0)
        if kept := self._outbox.waiting().get(self.name, 0) - lost:
            log.warning("%s: %d messages wait for the next run", self.name, kept)
        if lost:
            log.warning("%s: %d messages are lost", self.name, lost)

    def _run(self) -> None:
        while not self._abandoned:
            self._wake.clear()
            try:
                idle = self._step()
            except SinkError as error:
                if self._finishing:
                    self._say(str(error))
                    break
                self._end.wait(self._after(error))
                continue
            except Exception as error:  # an error in the code of a sink stops neither it nor the others
                if repr(error) != self._complaint:
                    self._complaint = repr(error)
                    log.exception("%s: failed in an unforeseen way; tried again", self.name)
                if self._finishing:
                    break
                self._failures += 1
                self._counts["retries"] += 1
                self._end.wait(self.sink.backoff.delay(self._failures))
                continue
            if idle:
                if self._finishing:
                    break
                self._wake.wait()
        self._close_sink()

    def _step(self) -> bool:
        """Do one thing; whether there was nothing to do."""
        self.sink.open()
        with self._lock:
            latest, self._latest = list(self._latest.values()), {}
        for message in latest:
            try:
                self.sink.show(message)
            except SinkError:
                with self._lock:
                    self._latest.setdefault(_sort(message), message)
                raise
        entry = self._outbox.peek(self.name)
        if entry is None:
            self._recovered()
            return not latest
        try:
            self.sink.deliver(entry.message)
        except SinkError as error:
            if not self._is_refused(error):
                raise
            self._counts["failed"] += 1
            log.error("%s: %s is given up: %s", self.name, entry.message.id, error)
        except Exception:
            # Nobody knows whether it is the message or the moment: it stays, and the others go first.
            self._outbox.defer(self.name, entry.seq)
            raise
        else:
            self._counts["delivered"] += 1
            self._refused_since = None
        self._outbox.done(self.name, entry.seq)
        self._recovered()
        return False

    def _is_refused(self, error: SinkError) -> bool:
        """Return True if a message is to be given up for this error; no other reason gives one up."""
        if error.permanent or error.patience is None:
            return error.permanent
        now = time.monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        return now - self._refused_since >= error.patience

    def _after(self, error: SinkError) -> float:
        """Count a failure, say so unless that was said; seconds until the next try."""
        self._failures += 1
        self._counts["retries"] += 1
        delay = max(self.sink.backoff.delay(self._failures), error.retry_after or 0.0)
        self._say(f"{error}; next try in {delay:.1f} s", str(error))
        return delay

    def _say(self, text: str, key: str | None = None) -> None:
        if (key or text) != self._complaint:
            self._complaint = key or text
            log.warning("%s: %s", self.name, text)

    def _recovered(self) -> None:
        if self._failures:
            log.info("%s: works again after %d failures", self.name, self._failures)
        self._failures, self._complaint = 0, ""

    def _close_sink(self) -> None:
        try:
            self.sink.close()
        except Exception:
            log.exception("%s: cannot be closed", self.name)


def _sort(message: Message) -> str:
    """Return what a message speaks of: a newer one of the same sort makes it out of date."""
    if message.kind in CRY_KINDS:
        return "cry"
    return "source" if message.kind in SOURCE_KINDS else message.kind


def _join(thread: threading.Thread, deadline: float) -> None:
    if thread.is_alive():
        thread.join(max(0.0, deadline - time.monotonic()))
