"""From the scores of windows to cry events. A pure state machine: it knows no audio, no model and no clock.

Windows whose score reaches the *release* threshold, with less than ``end_after`` seconds from one to
the next, are a *bout*. Where bouts lie depends on nothing else. A bout becomes an event once ``k`` of its
last ``n`` windows reach the *onset* threshold and it has lasted ``min_length`` seconds from the first of
those windows. The event is announced at that moment, and it ends when the bout ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from edgecry.decision import DIGITS
from edgecry.errors import EdgecryError
from edgecry.stream.settings import EventSettings

#: Seconds by which a sum of times may be off. It is less than a sample.
_SLACK: Final = 1e-6


@dataclass(frozen=True)
class CryEvent:
    """News of a cry.

    Attributes
    ----------
    kind : {"start", "update", "end"}
        Whether the cry begins, goes on or has ended.
    number : int >= 1
        Number of the cry in its stream.
    start, end : float
        Seconds from the first sample of the stream. ``start`` is the beginning of the first window that
        reached the onset threshold. ``end`` is the end of the last window so far that reached the release
        threshold.
    peak, mean : float in [0, 1]
        Highest and average score of its windows.
    reasons : dict of str to float, or None
        The average distribution over reasons, of the windows that have one.
    windows : int >= 1
        Number of its windows from start to end, without those that were skipped.
    label : str
        The reason if the evidence singles out one, "uncertain" if it does not, or "cry" if no reason was
        looked for.
    reason_set : tuple of str
        The reasons that the evidence leaves. Empty without ``reasons``, and if the model knows of no sets.
    """

    kind: Literal["start", "update", "end"]
    number: int
    start: float
    end: float
    peak: float
    mean: float
    reasons: Mapping[str, float] | None
    windows: int
    label: str = "cry"
    reason_set: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length so far, in seconds."""
        return self.end - self.start

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the duration as plain types for JSON, rounded."""
        reasons = self.reasons
        return {
            "kind": self.kind,
            "number": self.number,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "duration": round(self.duration, 3),
            "peak": round(self.peak, DIGITS),
            "mean": round(self.mean, DIGITS),
            "reasons": None if reasons is None else {k: round(p, DIGITS) for k, p in reasons.items()},
            "windows": self.windows,
            "label": self.label,
            "reason_set": list(self.reason_set),
        }


class Window(NamedTuple):
    """One window: ``start`` and ``end`` in seconds, and the rest as :meth:`EventTracker.push` takes it."""

    start: float
    end: float
    score: float
    reasons: Mapping[str, float] | None = None
    skipped: bool = False


class EventTracker:
    """Turns the scores of windows, one after another, into events.

    It holds the last ``n`` windows and sums over the current cry, so its memory is bounded.

    Parameters
    ----------
    settings : EventSettings, optional
        When a run of windows is a cry.
    """

    def __init__(self, settings: EventSettings | None = None) -> None:
        self.settings = settings or EventSettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything. Times and the count of events begin again."""
        # What the model said, and what was decided: the scores never depend on the decisions.
        self._scores: deque[Window] = deque(maxlen=self.settings.n)
        self._decisions: deque[bool] = deque(maxlen=self.settings.n)
        self._last_start = -math.inf
        self._bout_end = -math.inf  # end of the last window that reached the release threshold
        self._quiet_until = -math.inf
        self._labels: frozenset[str] = frozenset()
        self._number = 0
        self._cry: _Cry | None = None

    @property
    def is_crying(self) -> bool:
        """True while an event that was announced goes on."""
        return self._cry is not None and self._cry.reported is not None

    @property
    def scores(self) -> tuple[float, ...]:
        """Scores of the last windows of the current bout, at most ``n``, as they were pushed."""
        return tuple(window.score for window in self._scores)

    @property
    def decisions(self) -> tuple[bool, ...]:
        """For each of the last windows, at most ``n``: True if a cry went on after it."""
        return tuple(self._decisions)

    def push(
        self,
        start: float,
        end: float,
        score: float,
        reasons: Mapping[str, float] | None = None,
        skipped: bool = False,
    ) -> list[CryEvent]:
        """Take the next window.

        Parameters
        ----------
        start, end : float
            Its time in seconds from the first sample of the stream. It starts no earlier than the window
            before.
        score : float in [0, 1]
            Probability of a cry in it.
        reasons : mapping of str to float in [0, 1], optional
            Distribution over reasons, with the same labels throughout.
        skipped : bool
            True if nothing was computed for it, because the room is quiet. It is then not a cry, whatever
            ``score`` says, and does not count in the averages of an event.

        Returns
        -------
        list of CryEvent
            The events that this window completes; mostly none.

        Raises
        ------
        EdgecryError
            A value is out of range, or the window is out of order.
        """
        window = self._checked(Window(start, end, score, reasons, skipped))
        events = []
        if self._is_over(window):
            events += self._finish()
        self._last_start = window.start
        self._scores.append(window)
        if self._cry is None and self._has_onset():
            self._cry = self._begin()
        elif self._cry is not None:
            self._cry.add(window, self._continues(window))
        if self._continues(window):
            self._bout_end = window.end
            events += self._report(window)
        self._decisions.append(self.is_crying)
        return events

    def expects(self, start: float, end: float, score: float) -> bool:
        """Tell whether a window, if it came next, would be part of a cry that is announced or is about to be.

        This lets a caller learn more about such a window before it is pushed.
        """
        window = Window(start, end, score)
        if self._is_over(window):
            # It would first end the current event, and it may then be too early for another.
            ended = self._cry.end + self.settings.refractory if self._cry and self.is_crying else -math.inf
            return self.settings.k == 1 and self._votes(window) and start >= ended - _SLACK
        if self._cry is not None:
            return self._continues(window)
        before = list(self._scores)[-(self.settings.n - 1) :] if self.settings.n > 1 else []
        return sum(map(self._votes, [*before, window])) >= self.settings.k

    def flush(self) -> list[CryEvent]:
        """End the current event, if there is one, because the stream ends or has a gap."""
        return self._finish()

    # -- the steps -------------------------------------------------------------------------------------

    def _checked(self, window: Window) -> Window:
        if not (math.isfinite(window.start) and math.isfinite(window.end) and window.start < window.end):
            raise EdgecryError(f"window: {window.start} to {window.end} s; it has to end after it begins")
        if window.start < self._last_start:
            raise EdgecryError(
                f"window: begins at {window.start} s, before the last at {self._last_start} s; "
                "push windows in order, or call reset() first"
            )
        if not 0 <= window.score <= 1:
            raise EdgecryError(f"score: {window.score} is not a probability; allowed are 0 to 1")
        if window.reasons is not None:
            labels, self._labels = frozenset(window.reasons), self._labels or frozenset(window.reasons)
            if labels != self._labels:
                raise EdgecryError(
                    f"reasons: found {', '.join(sorted(labels)) or 'none'}; the windows before had "
                    f"{', '.join(sorted(self._labels))}, and all of a stream need the same"
                )
        return window

    def _continues(self, window: Window) -> bool:
        return not window.skipped and window.score >= self.settings.release

    def _is_over(self, window: Window) -> bool:
        """Tell whether this window ends the bout, because it has been quiet for long or comes late."""
        known = window.start if self._continues(window) else window.end
        return known - self._bout_end >= self.settings.end_after - _SLACK

    def _votes(self, window: Window) -> bool:
        loud = not window.skipped and window.score >= self.settings.onset
        return loud and window.start >= self._quiet_until - _SLACK

    def _has_onset(self) -> bool:
        return sum(map(self._votes, self._scores)) >= self.settings.k

    def _begin(self) -> _Cry:
        """Begin a cry with the first window that votes, and all windows since."""
        windows = list(self._scores)
        while not self._votes(windows[0]):
            del windows[0]
        cry = _Cry(windows[0].start)
        for window in windows:
            cry.add(window, self._continues(window))
        return cry

    def _report(self, now: Window) -> list[CryEvent]:
        cry, settings = self._cry, self.settings
        if cry is None:
            return []
        if cry.reported is None:
            if cry.end - cry.start < settings.min_length - _SLACK:
                return []
            self._number += 1
            cry.reported = now.end
            return [cry.event("start", self._number)]
        if settings.update_every == 0 or now.end - cry.reported < settings.update_every - _SLACK:
            return []
        cry.reported = now.end
        return [cry.event("update", self._number)]

    def _finish(self) -> list[CryEvent]:
        cry, self._cry = self._cry, None
        self._scores.clear()
        self._bout_end = -math.inf
        if cry is None or cry.reported is None:
            return []
        self._quiet_until = cry.end + self.settings.refractory
        return [cry.event("end", self._number)]


@dataclass
class _Sums:
    """Sums from which averages are made."""

    n: int = 0
    score: float = 0.0
    peak: float = 0.0
    n_reasons: int = 0
    reasons: dict[str, float] = field(default_factory=dict)

    def add(self, window: Window) -> None:
        if window.skipped:
            return
        self.n += 1
        self.score += window.score
        self.peak = max(self.peak, window.score)
        if window.reasons is not None:
            self._merge(window.reasons, 1)

    def absorb(self, other: _Sums) -> None:
        """Add the sums of another."""
        self.n += other.n
        self.score += other.score
        self.peak = max(self.peak, other.peak)
        if other.n_reasons:
            self._merge(other.reasons, other.n_reasons)

    def _merge(self, reasons: Mapping[str, float], n: int) -> None:
        self.n_reasons += n
        self.reasons = {label: self.reasons.get(label, 0.0) + p for label, p in reasons.items()}


class _Cry:
    """A cry that goes on. ``reported`` is the time of the last event of it; None before the first."""

    def __init__(self, start: float) -> None:
        self.start = self.end = start
        self.reported: float | None = None
        self._sums = _Sums()
        self._tail = _Sums()  # windows that become part of it only if it goes on

    def add(self, window: Window, continues: bool) -> None:
        self._tail.add(window)
        if continues:
            self._sums.absorb(self._tail)
            self._tail = _Sums()
            self.end = window.end

    def event(self, kind: Literal["start", "update", "end"], number: int) -> CryEvent:
        sums = self._sums
        reasons = {k: p / sums.n_reasons for k, p in sums.reasons.items()} if sums.n_reasons else None
        return CryEvent(
            kind,
            number,
            self.start,
            self.end,
            sums.peak,
            min(sums.score / sums.n, sums.peak),
            reasons,
            sums.n,
        )
