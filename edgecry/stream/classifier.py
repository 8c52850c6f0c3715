"""StreamClassifier: the always-on door. Chunks in, cry events out."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.audio.chunks import Chunk, Intake
from edgecry.decision import DIGITS, Decision
from edgecry.detector import Detector, is_left_over, is_silent
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.roles import Models, ModelSource, models_for
from edgecry.stream.events import CryEvent, EventTracker, Window
from edgecry.stream.history import History
from edgecry.stream.reasoner import Reasoner, reach
from edgecry.stream.settings import EventSettings
from edgecry.stream.statistics import StreamStatistics, Tally
from edgecry.stream.vectors import share

#: Windows whose scores are kept to be looked at: ten minutes, a second apart.
RECENT: Final = 600
#: Seconds by which sums of times may be off; less than a sample.
_SLACK: Final = 1e-6


class StreamClassifier:
    """Listens to a stream without end, and says when a baby cries, and why. One thread's own.

    The detector hears every window of the stream, and scores it as it would by itself, whatever the
    chunks. Runs of high scores become events. While a baby cries, and not before, the model of reasons is
    asked about the cry: from the window that makes it one on, and at most the last 7 s, or what its recipe
    takes, as that is how long the recordings are that it was trained on. The room before the cry is left
    out, for such recordings have none: with 3 s of it before 4 s of a cry, answers moved by 0.18 (total
    variation, 25 recordings), without it by 0.003. An event's reasons are the average of the answers, and
    its label what that singles out.

    Memory is bounded and taken at the beginning. Times of events are counted in samples, never read off a
    clock.

    Parameters
    ----------
    model : path, str or CryModel, optional
        The model of reasons, as :class:`~edgecry.classifier.Classifier` takes it; "reason" if left out.
        A model of the task "cry" ("cry") is the detector itself, and no reasons are given.
    sr : int in [1000, 768000]
        Rate of the chunks in Hz.
    channels : int in [1, 256]
        Their channels, which are averaged.
    engine : {"auto", "numpy", "numba"}
        What features are computed with. "auto" is NumPy: what runs for months is to be small, and numba
        takes 221 MB instead of 91, for a quarter less time.
    detector : path, str or CryModel
        The model that tells whether there is a cry. Of no account where ``model`` is of the task "cry".
    decision : Decision
        Settings in place of the models' own.
    events : EventSettings, optional
        When a run of windows is a cry; ``EventSettings.around`` the detector's threshold if left out.
    gate : float < 0, optional
        Windows quieter than this, RMS in dB of full scale, have score 0, and nothing is computed for
        them; those under the detector's own floor never are.
    reason_every : float >= 0
        Seconds from one question for the reason to the next, while a cry goes on.

    Attributes
    ----------
    sr, channels : int
        Of the chunks.
    window, hop : float
        Length of a window and step to the next, in seconds.
    labels : tuple of str
        Names of the reasons; "cry" and "no_cry" of a detector alone.
    engine : str
        What features are computed with.
    events : EventSettings
        In use.
    recent : deque of Window
        The last 600 windows with their scores, as the model gave them.

    Raises
    ------
    ModelError
        A model file is refused, or the detector is none.
    SpecError
        The engine is unknown, or not installed.
    AudioError
        ``sr`` or ``channels`` is out of range.
    EdgecryError
        Another setting is.

    Examples
    --------
    >>> from edgecry import StreamClassifier
    >>> stream = StreamClassifier(sr=16000)
    >>> while data := microphone.read(3200):  # doctest: +SKIP
    ...     for event in stream.push(data):
    ...         print(event.kind, event.label, event.start)
    """

    def __init__(
        self,
        model: ModelSource | None = None,
        sr: int = 16000,
        *,
        channels: int = 1,
        engine: str = "auto",
        detector: ModelSource = "cry",
        decision: Decision = Decision(),  # noqa: B008 - frozen
        events: EventSettings | None = None,
        gate: float | None = None,
        reason_every: float = 5.0,
    ) -> None:
        _check_kind("decision", decision, Decision)
        self._models = models_for(model, detector, decision)
        ear, rule = self._models.needed_detector()
        rate = ear.spec.sr
        self._detector = Detector(ear, "numpy" if engine == "auto" else engine)
        self._rate, self._size, self._hop = rate, round(rule.window * rate), round(rule.hop * rate)
        self.sr, self.channels = sr, channels
        self.window, self.hop = rule.window, rule.hop
        self.events = EventSettings.around(rule.chosen(decision.threshold)) if events is None else events
        _check_kind("events", self.events, EventSettings)
        self._gate = _loudest(rule.floor_dbfs, _checked_gate(gate))
        self._reason_every = _checked_seconds("reason_every", reason_every)
        self._intake = Intake(sr, channels, rate)
        self._lay_out(self._models, decision)
        self._rehearse()
        self.recent: deque[Window] = deque(maxlen=RECENT)
        self._tracker = EventTracker(self.events)
        self._past = 0  # samples before the stretch at hand
        self._lost = 0  # of them, those that never came
        self.reset()

    def _lay_out(self, models: Models, decision: Decision) -> None:
        """Take the memory for samples and frames, as much as the longest look back needs."""
        own, rate, self._keep = self._detector.extractor, self._rate, self._size
        asked, extractors = models.reasons, [own]
        if asked is not None:
            extractors.append(FeatureExtractor(asked.spec, own.engine, asked.metadata.families_read))
            self._keep = max(self._keep, reach(asked.spec, rate))
        self._samples = History(self._keep)
        self._vectors = share(self._samples, rate, extractors, self._keep, self._hop)
        self._reasoner: Reasoner | None = None
        if asked is not None:
            length = reach(asked.spec, rate)
            self._reasoner = Reasoner(asked, models.conformal, self._vectors[1], length, decision)

    def _rehearse(self) -> None:
        """Look at noise once: memory is taken and tables are made now, not while a baby cries."""
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, self._keep).astype(np.float32)
        self._samples.extend(noise)
        self._detector.judge(self._vectors[0].of(0, self._size))
        if self._reasoner is not None:
            self._reasoner.ask(0, self._keep)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the reasons; "cry" and "no_cry" of a detector alone."""
        return self._models.labels

    @property
    def engine(self) -> str:
        """What features are computed with."""
        return self._detector.extractor.engine

    @property
    def position(self) -> float:
        """Seconds that were heard or lost so far."""
        seconds: float = (self._past + self._intake.frames) / self.sr
        return seconds

    @property
    def is_crying(self) -> bool:
        """Whether a cry has been announced and is not over."""
        return self._tracker.is_crying

    @property
    def statistics(self) -> StreamStatistics:
        """Counters, as they are now."""
        samples = self._past - self._lost + self._intake.frames
        return self._tally.statistics(samples, self._lost, self._intake.invalid)

    def push(self, chunk: Chunk) -> list[CryEvent]:
        """Take what comes next.

        Parameters
        ----------
        chunk : bytes, or int16, float32 or float64 [shape=(n,) or (n, channels)]
            Any number of samples. Bytes are 16-bit samples, the least significant byte first; what is
            flat is interleaved. Both may end in the middle of a sample or frame. Floats have full scale
            1; NaN, infinity and what is over 1e6 is taken for silence, and counted.

        Returns
        -------
        list of CryEvent
            What there is to tell; mostly nothing.

        Raises
        ------
        AudioError
            The chunk is of another type or shape; then nothing of it is taken.
        ModelError
            A model gives something else than probabilities.
        """
        return [event for y in self._intake.feed(chunk) for event in self._hear(y)]

    def gap(self, seconds: float) -> list[CryEvent]:
        """Note that so much sound is missing before the next chunk.

        No window spans a gap. What came since the last window, and is at least a quarter of a hop, is
        heard in one that ends at the gap, unless less than a window came since the gap before. An open
        cry goes on if sound comes back soon enough.

        Raises
        ------
        EdgecryError
            ``seconds`` is negative or no number.
        """
        lost = round(_checked_seconds("seconds", seconds) * self.sr)
        if lost == 0:
            return []
        events = self._close(least=self._size)
        start, self._past, self._lost = self.position, self._past + lost, self._lost + lost
        events += self._told(self._tracker.push(start, self.position, 0.0, skipped=True))
        self._begin()
        return events

    def flush(self) -> list[CryEvent]:
        """Hear what is left, as of a recording that ends here, and end an open cry.

        What is pushed afterwards continues the timeline.
        """
        events = self._close(least=1)
        self._begin()
        return events + self._told(self._tracker.flush())

    def reset(self) -> None:
        """Forget everything: times, counts and numbers of events begin anew."""
        self._intake.reset()
        self._tracker.reset()
        self._tally = Tally()
        self.recent.clear()
        self._past, self._lost = 0, 0
        self._asked = -math.inf
        self._begin()

    # -- a stretch without a gap -----------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a stretch: samples are counted from here."""
        self._origin = self.position
        self._samples.begin(0)
        self._next = 0  # first sample of the next window
        self._since = 0  # and of the cry, where it is asked for its reason
        for vectors in self._vectors:
            vectors.begin()

    def _hear(self, y: Float32) -> list[CryEvent]:
        """Take samples at the detector's rate; each window is heard when its last sample comes."""
        events: list[CryEvent] = []
        while len(y):
            missing = self._next + self._size - self._samples.stop
            self._samples.extend(y[:missing])
            y = y[missing:]
            if self._samples.stop == self._next + self._size:
                self._next += self._hop
                events += self._hear_window(self._samples.stop - self._size)
        return events

    def _close(self, least: int) -> list[CryEvent]:
        """End a stretch, with a window for what is left over if the stretch has ``least`` samples."""
        frames = self._intake.frames
        events = self._hear(self._intake.finish())
        n = self._samples.stop
        heard = self._next - self._hop + self._size if self._next else 0
        if n >= least and is_left_over(n, heard, self._hop):
            events += self._hear_window(max(0, n - self._size))
        self._past += frames
        return events

    # -- a window --------------------------------------------------------------------------------------

    def _hear_window(self, start: int) -> list[CryEvent]:
        """Score the samples from ``start`` on."""
        began = time.perf_counter()
        stop = self._samples.stop
        a, b = self._origin + start / self._rate, self._origin + stop / self._rate
        skipped = is_silent(self._samples.view(start, stop), self._gate)
        score = 0.0 if skipped else self._detector.judge(self._vectors[0].of(start, stop))[0]
        # As decisions elsewhere: what the digits after these say depends on the processor.
        vote = round(score, DIGITS)
        reasons = None
        if self._reasoner is not None and not skipped and self._is_due(a, b, vote):
            if not self._tracker.is_crying:
                self._since = start
            reasons, self._asked = self._reasoner.ask(self._since, stop), b
        self.recent.append(Window(a, b, score, reasons, skipped))
        events = self._told(self._tracker.push(a, b, vote, reasons, skipped))
        self._tally.window(skipped, reasons is not None, time.perf_counter() - began)
        return events

    def _is_due(self, a: float, b: float, vote: float) -> bool:
        """Whether a reason is to be looked for: as a cry is announced, and now and then while it is loud."""
        if vote < self.events.onset or not self._tracker.expects(a, b, vote):
            return False
        return not self._tracker.is_crying or b - self._asked >= self._reason_every - _SLACK

    def _told(self, events: list[CryEvent]) -> list[CryEvent]:
        """Put a label on events, and count them."""
        reasoner = self._reasoner
        if reasoner is not None:
            events = [replace(e, label=reasoner.name(e.reasons)) if e.reasons else e for e in events]
        self._tally.tell(events)
        return events


def _loudest(*levels: float | None) -> float | None:
    given = [level for level in levels if level is not None]
    return max(given) if given else None


def _check_kind(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise EdgecryError(
            f"{name}: found {type(value).__name__}; allowed is {kind.__name__}, or leave it out"
        )


def _checked_gate(gate: float | None) -> float | None:
    if gate is None:
        return None
    if not _is_number(gate) or not gate < 0:
        raise EdgecryError(f"gate: {gate!r}; allowed are numbers under 0 (dB of full scale), or None")
    return float(gate)


def _checked_seconds(name: str, value: float) -> float:
    if not _is_number(value) or value < 0:
        raise EdgecryError(f"{name}: {value!r}; allowed are numbers of seconds, 0 and more")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
