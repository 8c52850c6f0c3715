"""StreamClassifier: the always-on door. It takes chunks of sound and gives cry events."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.audio.chunks import Chunk, Intake
from edgecry.checks import number, whole
from edgecry.decision import DIGITS, Decision
from edgecry.detector import Detector, Span, is_left_over, is_silent
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.roles import Models, ModelSource, models_for
from edgecry.stream.events import CryEvent, EventTracker, Window
from edgecry.stream.history import History
from edgecry.stream.reasoner import Reasoner, reach
from edgecry.stream.settings import EventSettings
from edgecry.stream.statistics import StreamStatistics, Tally
from edgecry.stream.vectors import share

#: Number of windows whose scores are kept for the caller: ten minutes, if they are a second apart.
RECENT: Final = 600
#: Seconds by which sums of times may be off; less than a sample.
_SLACK: Final = 1e-6


class StreamClassifier:
    """Listens to a stream without end, and says when a baby cries, and why. Use it from one thread.

    The detector scores every window of the stream as it would score that window alone, however the stream
    is cut into chunks. Runs of high scores become events. While a baby cries, and not before, the model of
    reasons is asked about the cry. It hears the sound from the first window of the cry on, and at most
    the last 7 s or the length of its recipe, because its training recordings are that long. It does not
    hear the room before the cry, because those recordings have none: with 3 s of room before 4 s of a cry,
    answers moved by 0.18 (total variation, 25 recordings), without it by 0.003. The reasons of an event
    are the average of the answers, and its label is what that average singles out.

    Memory is bounded and taken at the beginning. Times of events are counted in samples and never read
    from a clock.

    Parameters
    ----------
    model : path, str or CryModel, optional
        The model of reasons, as :class:`~edgecry.classifier.Classifier` takes it; "reason" if left out.
        If it is itself a detector ("cry"), it works alone and no reasons are given.
    sr : int in [1000, 768000]
        Rate of the chunks in Hz.
    channels : int in [1, 256]
        Their channels, which are averaged.
    engine : {"auto", "numpy", "numba"}
        The engine of the features. "auto" is NumPy, because a process that runs for months should be
        small: numba takes more than twice the memory, for a quarter less time.
    detector : path, str or CryModel
        The model that tells whether there is a cry. Ignored if ``model`` is itself a detector.
    decision : Decision
        Settings in place of the models' own.
    events : EventSettings, optional
        When a run of windows is a cry; ``EventSettings.around`` the detector's threshold if left out.
    gate : float < 0, optional
        A window whose RMS is under this, in dB of full scale, has score 0, and nothing is computed for
        it. The detector's own floor holds as well.
    reason_every : float >= 0
        Seconds between two questions for the reason, while a cry goes on.
    at_once : int >= 1
        Windows that are scored together. More than one takes less time where the sound is there already,
        as in a recording, but the first of them waits for the last.

    Attributes
    ----------
    sr, channels : int
        Rate and channels of the chunks.
    window, hop : float
        Length of a window and step to the next, in seconds.
    labels : tuple of str
        Names of the reasons; "cry" and "no_cry" of a detector alone.
    engine : str
        The engine of the features.
    events : EventSettings
        The settings in use.
    recent : deque of Window
        The last 600 windows with the scores that the model gave.

    Raises
    ------
    ModelError
        A model file is refused, or ``detector`` is not a detector.
    SpecError
        The engine is unknown, or not installed.
    AudioError
        ``sr`` or ``channels`` is out of range.
    EdgecryError
        Another setting is out of range.

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
        at_once: int = 1,
    ) -> None:
        _check_kind("decision", decision, Decision)
        self._models = models_for(model, detector, decision)
        ear, rule = self._models.needed_detector()
        rate = ear.spec.sr
        self._detector = Detector(ear, "numpy" if engine == "auto" else engine)
        self._detector_sr = rate
        self._window_samples, self._hop_samples = round(rule.window * rate), round(rule.hop * rate)
        self.sr, self.channels = sr, channels
        self.window, self.hop = rule.window, rule.hop
        self.events = EventSettings.around(rule.chosen(decision.threshold)) if events is None else events
        _check_kind("events", self.events, EventSettings)
        if gate is not None:
            gate = number("gate", gate, high=0, unit="dB", below=True)
        self._gate = _loudest(rule.floor_dbfs, gate)
        self._reason_every = number("reason_every", reason_every, 0, unit="s")
        self._at_once = whole("at_once", at_once, 1, RECENT)
        self._intake = Intake(sr, channels, rate)
        self._lay_out(self._models, decision)
        self._rehearse()
        self.recent: deque[Window] = deque(maxlen=RECENT)
        self._tracker = EventTracker(self.events)
        # Three clocks: frames of the stream at its own rate, samples of the stretch at hand at the
        # detector's rate, and seconds since the stream began.
        self._past_frames = 0  # before the stretch at hand
        self._lost_frames = 0  # those of them that never came
        self.reset()

    def _lay_out(self, models: Models, decision: Decision) -> None:
        """Allocate the memory for samples and frames that the longest look back needs."""
        own, rate, self._kept_samples = self._detector.extractor, self._detector_sr, self._window_samples
        asked, extractors = models.reasons, [own]
        if asked is not None:
            extractors.append(FeatureExtractor(asked.spec, own.engine, asked.metadata.families_read))
            self._kept_samples = max(self._kept_samples, reach(asked.spec, rate))
        self._kept_samples += (self._at_once - 1) * self._hop_samples
        self._samples = History(self._kept_samples)
        self._vectors = share(self._samples, rate, extractors, self._kept_samples, self._hop_samples)
        self._reasoner: Reasoner | None = None
        if asked is not None:
            length = reach(asked.spec, rate)
            self._reasoner = Reasoner(asked, models.conformal, self._vectors[1], length, decision)

    def _rehearse(self) -> None:
        """Score noise once, so that memory is taken and tables are made now and not while a baby cries."""
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, self._kept_samples).astype(np.float32)
        self._samples.extend(noise)
        self._detector.judge(self._vectors[0].of(0, self._window_samples))
        if self._reasoner is not None:
            self._reasoner.ask(0, self._kept_samples)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the reasons; "cry" and "no_cry" of a detector alone."""
        return self._models.labels

    @property
    def engine(self) -> str:
        """The engine of the features."""
        return self._detector.extractor.engine

    def set_onset(self, onset: float) -> None:
        """Let a window vote for a cry from another score on; the score at which a cry ends moves with it.

        Raises
        ------
        EdgecryError
            ``onset`` is not over 0, or more than 1.
        """
        self.events = self._tracker.settings = self.events.with_onset(onset)

    @property
    def position(self) -> float:
        """Seconds of the stream so far, heard or lost."""
        seconds: float = (self._past_frames + self._intake.frames) / self.sr
        return seconds

    @property
    def is_crying(self) -> bool:
        """True while a cry that was announced goes on."""
        return self._tracker.is_crying

    @property
    def statistics(self) -> StreamStatistics:
        """Counters, as they are now."""
        samples = self._past_frames - self._lost_frames + self._intake.frames
        return self._tally.statistics(samples, self._lost_frames, self._intake.invalid)

    def push(self, chunk: Chunk) -> list[CryEvent]:
        """Take the next chunk.

        Parameters
        ----------
        chunk : bytes, or int16, float32 or float64 [shape=(n,) or (n, channels)]
            Any number of samples. Bytes are 16-bit samples, the least significant byte first. Bytes and
            flat arrays are interleaved, and may end in the middle of a sample or frame. Floats have full
            scale 1. NaN, infinity and values over 1e6 are taken for silence and counted.

        Returns
        -------
        list of CryEvent
            The events that this chunk completes; mostly none.

        Raises
        ------
        AudioError
            The chunk is of another type or shape. Nothing of it is taken.
        ModelError
            A model gives values that are not probabilities.
        """
        return [event for y in self._intake.feed(chunk) for event in self._hear(y)]

    def gap(self, seconds: float) -> list[CryEvent]:
        """Note that so much sound is missing before the next chunk.

        No window spans a gap. If at least a quarter of a hop came since the last window, one more window
        ends at the gap, unless less than a window came since the gap before. An open cry goes on if sound
        comes back soon enough.

        Raises
        ------
        EdgecryError
            ``seconds`` is negative or not a number.
        """
        lost_frames = round(number("seconds", seconds, 0, unit="s") * self.sr)
        if lost_frames == 0:
            return []
        events = self._close(least=self._window_samples)
        start = self.position
        self._past_frames += lost_frames
        self._lost_frames += lost_frames
        events += self._told(self._tracker.push(start, self.position, 0.0, skipped=True))
        self._begin()
        return events

    def flush(self) -> list[CryEvent]:
        """Hear the rest as if a recording ended here, and end an open cry.

        The timeline goes on with what is pushed afterwards.
        """
        events = self._close(least=1)
        self._begin()
        return events + self._told(self._tracker.flush())

    def reset(self) -> None:
        """Forget everything. Times, counts and numbers of events begin again."""
        self._intake.reset()
        self._tracker.reset()
        self._tally = Tally()
        self.recent.clear()
        self._past_frames, self._lost_frames = 0, 0
        self._asked_s = -math.inf
        self._begin()

    # -- a stretch without a gap -----------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a stretch. Samples are counted from here."""
        self._stretch_s = self.position
        self._samples.begin(0)
        self._next_sample = 0  # the first of the next window
        self._cry_sample = 0  # the first of the cry that a reason is looked for
        for vectors in self._vectors:
            vectors.begin()

    def _hear(self, y: Float32) -> list[CryEvent]:
        """Take samples at the detector's rate, and hear windows when the last sample of them comes."""
        events: list[CryEvent] = []
        while len(y):
            enough = self._next_sample + self._window_samples + (self._at_once - 1) * self._hop_samples
            missing = enough - self._samples.stop
            self._samples.extend(y[:missing])
            y = y[missing:]
            if self._samples.stop == enough:
                events += self._hear_whole()
        return events

    def _hear_whole(self) -> list[CryEvent]:
        """Hear the windows that are whole and have not been heard."""
        spans = []
        while (stop := self._next_sample + self._window_samples) <= self._samples.stop:
            spans.append((self._next_sample, stop))
            self._next_sample += self._hop_samples
        return self._hear_windows(spans)

    def _close(self, least: int) -> list[CryEvent]:
        """End a stretch. Hear what is left over if the stretch has at least ``least`` samples."""
        frames = self._intake.frames
        events = self._hear(self._intake.finish()) + self._hear_whole()
        n = self._samples.stop
        heard = self._next_sample - self._hop_samples + self._window_samples if self._next_sample else 0
        if n >= least and is_left_over(n, heard, self._hop_samples):
            events += self._hear_windows([(max(0, n - self._window_samples), n)])
        self._past_frames += frames
        return events

    # -- windows ---------------------------------------------------------------------------------------

    def _hear_windows(self, spans: list[Span]) -> list[CryEvent]:
        """Score windows, from one sample to another each, and make events of the scores."""
        began = time.perf_counter()
        scores = self._scores(spans)
        each = (time.perf_counter() - began) / max(1, len(spans))
        return [
            event
            for span, score in zip(spans, scores, strict=True)
            for event in self._hear_window(*span, score, each)
        ]

    def _scores(self, spans: list[Span]) -> list[float | None]:
        """Give each window its score; None if it is too quiet."""
        loud = [span for span in spans if not is_silent(self._samples.view(*span), self._gate)]
        if not loud:
            return [None] * len(spans)
        vectors = self._vectors[0]
        if len(loud) > 1:
            vectors.prepare(loud[0][0], loud[-1][1])
        judged = self._detector.judge(np.stack([vectors.of(*span) for span in loud]))
        found = dict(zip(loud, judged, strict=True))
        return [found.get(span) for span in spans]

    def _hear_window(self, start: int, stop: int, found: float | None, seconds: float) -> list[CryEvent]:
        """Make events of a score that took so many seconds."""
        began = time.perf_counter()
        start_s, stop_s = (self._stretch_s + n / self._detector_sr for n in (start, stop))
        skipped = found is None
        score = 0.0 if found is None else found
        # As in every decision: the digits after these depend on the processor.
        vote = round(score, DIGITS)
        reasons = None
        if self._reasoner is not None and not skipped and self._is_due(start_s, stop_s, vote):
            if not self._tracker.is_crying:
                self._cry_sample = start
            reasons, self._asked_s = self._reasoner.ask(self._cry_sample, stop), stop_s
        self.recent.append(Window(start_s, stop_s, score, reasons, skipped))
        events = self._told(self._tracker.push(start_s, stop_s, vote, reasons, skipped))
        if reasons is None:  # or this second would take longer still
            self._look_ahead()
        self._tally.window(skipped, reasons is not None, seconds + time.perf_counter() - began)
        return events

    def _is_due(self, start_s: float, stop_s: float, vote: float) -> bool:
        """Tell whether to look for a reason: when a cry is announced, and now and then while it is loud."""
        if vote < self.events.onset or not self._tracker.expects(start_s, stop_s, vote):
            return False
        return not self._tracker.is_crying or stop_s - self._asked_s >= self._reason_every - _SLACK

    def _look_ahead(self) -> None:
        """Spread the work of the next question, if a window that votes for a cry brings one."""
        start, stop = self._next_sample, self._next_sample + self._window_samples
        start_s, stop_s = (self._stretch_s + n / self._detector_sr for n in (start, stop))
        if self._reasoner is None or self._at_once > 1 or not self._tracker.expects(start_s, stop_s, 1.0):
            return
        if self._tracker.is_crying:
            wait_s = self._asked_s + self._reason_every - _SLACK - stop_s
            start, stop = self._cry_sample, stop + max(0, math.ceil(wait_s / self.hop)) * self._hop_samples
        self._reasoner.expect(start, stop, self._window_samples)

    def _told(self, events: list[CryEvent]) -> list[CryEvent]:
        """Label events, and count them."""
        told = [self._concluded(event) for event in events]
        self._tally.tell(told)
        return told

    def _concluded(self, event: CryEvent) -> CryEvent:
        if self._reasoner is None or not event.reasons:
            return event
        label, reason_set = self._reasoner.conclude(event.reasons)
        return replace(event, label=label, reason_set=reason_set)


def _loudest(*levels: float | None) -> float | None:
    return max((level for level in levels if level is not None), default=None)


def _check_kind(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise EdgecryError(
            f"{name}: found {type(value).__name__}; allowed is {kind.__name__}, or leave it out"
        )
