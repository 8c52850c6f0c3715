"""Classifier: the one-shot door. It takes a recording and gives a Prediction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64
from edgecry.audio.load import AudioOptions, Source, Waveform
from edgecry.audio.recording import Recording
from edgecry.decision import Cry, Decision, decide, find_cry, find_reasons
from edgecry.detector import Detector, Heard, what_was_heard
from edgecry.errors import AudioError, EdgecryError, ModelError, TooLongError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.models.rules import CRY, NO_CRY
from edgecry.models.runtimes import RuntimeOptions
from edgecry.prediction import Prediction
from edgecry.roles import ModelSource, models_for

if TYPE_CHECKING:
    from edgecry.timeline import Listener, Timeline

#: Number of recordings after which numba has paid for its loading: that takes half a second to a second,
#: and each recording then takes less. A caller who has had so many will likely have more.
MANY = 150
#: Seconds after which a recording is long: its answer is then a timeline, and not one label for all of it.
LONG = 30.0


class Classifier:
    """Says whether a baby cries in a recording, and why. Models are opened once. Threads may share it.

    Parameters
    ----------
    model : path, str or CryModel, optional
        The model of reasons: a file, or the name of a bundled model ("reason", "seed"); "reason" if left
        out. If it is itself a detector ("cry"), it works alone and no reasons are given.

    engine : {"auto", "numpy", "numba"}
        The engine of the features. "auto" is NumPy. If ``edgecry warmup`` has prepared numba, it is numba
        once :meth:`classify_many` has seen so many recordings that loading it pays.

    detector : path, str or CryModel, or None
        The model that is asked first whether there is a cry. No reason is looked for without a cry. None
        takes every sound for a cry. Ignored if ``model`` is itself a detector (task "cry").

    decision : Decision, or None
        Settings in place of the models' own. None decides nothing: no detector is opened, and the answer
        is the most probable label, whatever the sound.

    audio : AudioOptions
        How long a recording may be, and whether a damaged one is refused.

    runtime : RuntimeOptions
        How models are run that are opened here; a :class:`~edgecry.models.model.CryModel` is run as it was
        opened.

    Attributes
    ----------
    model : CryModel
        The model in use.
    detector : CryModel, or None
        The model that tells whether there is a cry.

    Raises
    ------
    ModelError
        A model file is refused, or ``detector`` is not a detector.
    SpecError
        The engine is unknown, or not installed.
    EdgecryError
        ``decision`` is not a Decision, or sets a value that these models do not use.

    Examples
    --------
    >>> from edgecry import Classifier
    >>> classifier = Classifier()
    >>> classifier.classify("cry.wav").label  # doctest: +SKIP
    'uncertain'
    """

    def __init__(
        self,
        model: ModelSource | None = None,
        engine: str = "auto",
        *,
        detector: ModelSource | None = "cry",
        decision: Decision | None = Decision(),  # noqa: B008 - frozen
        audio: AudioOptions = AudioOptions(),  # noqa: B008 - frozen
        runtime: RuntimeOptions = RuntimeOptions(),  # noqa: B008 - frozen
    ) -> None:
        self._audio = audio
        self._models = models_for(model, detector, decision, runtime)
        self._decision = Decision() if decision is None else decision
        self._engine = engine
        now = "numpy" if engine == "auto" else engine
        reasons, ear = self._models.reasons, self._models.detector
        families = () if reasons is None else reasons.metadata.families_read
        self._extractor = None if reasons is None else FeatureExtractor(reasons.spec, now, families)
        # One vector serves both models where their recipes are the same.
        self._is_shared = reasons is not None and ear is not None and reasons.spec == ear.spec
        self._detector = None if ear is None else Detector(ear, now, families if self._is_shared else ())
        self._idle: list[Listener] = []  # each is taken by one thread at a time

    @property
    def model(self) -> CryModel:
        """The model in use."""
        return self._models.named

    @property
    def detector(self) -> CryModel | None:
        """The model that tells whether there is a cry."""
        return self._models.detector

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels, in the order of the probabilities; "cry" and "no_cry" of a detector alone."""
        return self._models.labels

    @property
    def spec(self) -> FeatureSpec:
        """The recipe of the vector the model reads."""
        return self.model.spec

    def classify(self, source: Source | NDArray[Any], sr: int | None = None) -> Prediction:
        """Classify one recording.

        Parameters
        ----------
        source : path, bytes, binary file object, array, (array, rate) or Waveform
            The recording; arrays as :func:`~edgecry.audio.load.load_audio` takes them.
        sr : int, optional
            The rate of an array in Hz. Every other source states its own.

        Raises
        ------
        AudioError
            The recording cannot be read or holds nothing to classify. Or ``sr`` is missing for an array,
            or given for another source.
        ModelError
            A model gives values that are not probabilities.
        """
        again = self._rate != self.spec.sr
        return self._classified(Recording(_with_rate(source, sr), again, self._audio))

    def timeline(self, source: Source | NDArray[Any], sr: int | None = None) -> Timeline:
        """Find where in a recording a baby cries.

        The recording is decoded and heard block by block, so that ten hours take no more memory than ten
        minutes. The cries are those that a :class:`~edgecry.stream.classifier.StreamClassifier` with the same
        models finds in the same sound.

        Parameters
        ----------
        source : path, bytes, binary file object, array, (array, rate) or Waveform
            The recording, as :meth:`classify` takes it.
        sr : int, optional
            The rate of an array in Hz. Every other source states its own.

        Raises
        ------
        AudioError
            The recording cannot be read or holds no samples. Or ``sr`` is missing for an array, or given for
            another source.
        ModelError
            There is no detector, or a model gives values that are not probabilities.
        """
        return self._timeline(Recording(_with_rate(source, sr), True, self._audio))

    def answer(self, source: Source | NDArray[Any], sr: int | None = None) -> Prediction | Timeline:
        """Classify a short recording, and give the timeline of one that lasts more than 30 s.

        The parameters and errors are those of :meth:`classify`. Without a detector every recording is
        classified as a whole.
        """
        recording = Recording(_with_rate(source, sr), True, self._audio)
        if self._detector is not None and _is_long(recording, self._rate):
            timeline = self._timeline(recording)
            if timeline.duration > LONG:  # the header may have promised more than there is
                return timeline
        return self._classified(recording)

    @property
    def _rate(self) -> int:
        """The rate at which a recording is heard first, in Hz."""
        return self.spec.sr if self._detector is None else self._detector.spec.sr

    def _timeline(self, recording: Recording) -> Timeline:
        if self._detector is None:
            raise ModelError(
                f"{self.model.path}: works here without a detector, and only a detector finds when a baby "
                "cries; name one, and leave decision=None (--raw) out"
            )
        try:
            listener = self._idle.pop()
        except IndexError:
            listener = self._new_listener(self._detector)
        try:
            return listener.hear(recording.blocks(self._rate))
        finally:
            self._idle.append(listener)

    def _new_listener(self, ear: Detector) -> Listener:
        from edgecry.stream.classifier import StreamClassifier
        from edgecry.timeline import AT_ONCE, Listener

        stream = StreamClassifier(
            self.model,
            self._rate,
            engine=ear.extractor.engine,
            detector=ear.model,
            decision=self._decision,
            at_once=AT_ONCE,
        )
        return Listener(stream, self.model.name)

    def _classified(self, recording: Recording) -> Prediction:
        begin, rate = time.perf_counter(), self._rate
        waveform = recording.at(rate)
        duration = waveform.duration
        cry, vector = self._listen(waveform)
        found: Heard = "sound"
        if cry is None or not cry.detected:
            rule = None if self._detector is None else self._detector.rule
            found = what_was_heard(waveform.samples, rate, rule)
        del waveform  # so that it is not held while the recording is decoded at another rate
        probabilities: dict[str, float] = {}
        reasons, conformal = None, self._models.conformal
        if self._extractor is not None and (cry is None or cry.detected):
            probabilities = self._ask(self._extractor, recording, vector)
            if conformal is not None:
                reasons = find_reasons(probabilities, conformal, self._decision)
        nameable = () if conformal is None else conformal.nameable
        label, confidence = decide(cry, reasons, nameable, probabilities)
        if self._extractor is None and cry is not None:
            probabilities = {CRY: cry.probability, NO_CRY: 1 - cry.probability}
        return Prediction(
            label=label,
            confidence=confidence,
            probabilities=probabilities,
            duration=duration,
            elapsed=time.perf_counter() - begin,
            model=self.model.name,
            cry=cry,
            reasons=reasons,
            heard=found,
        )

    def _listen(self, waveform: Waveform) -> tuple[Cry | None, Float64 | None]:
        """Tell whether there is a cry; return the vector of the whole recording too, if there is one."""
        if self._detector is None:
            return None, None
        with _named(waveform.origin):
            windows, vector = self._detector.listen(waveform.samples)
        return find_cry(windows, self._detector.rule, self._decision), vector

    def _ask(
        self, extractor: FeatureExtractor, recording: Recording, vector: Float64 | None
    ) -> dict[str, float]:
        """Return the probabilities of the labels, from ``vector`` if it is by the model's own recipe."""
        if vector is None or not self._is_shared:
            waveform = recording.at(self.spec.sr)
            with _named(waveform.origin):
                vector = extractor.extract(waveform.samples)
        (row,) = self.model.predict_proba(vector).tolist()
        return dict(zip(self.labels, row, strict=True))

    @overload
    def classify_many(
        self, sources: Iterable[Source], errors: Literal["raise"] = "raise"
    ) -> Iterator[Prediction]: ...
    @overload
    def classify_many(
        self, sources: Iterable[Source], errors: Literal["yield"]
    ) -> Iterator[Prediction | EdgecryError]: ...

    def classify_many(
        self, sources: Iterable[Source], errors: Literal["raise", "yield"] = "raise"
    ) -> Iterator[Prediction | EdgecryError]:
        """Classify recordings one by one, each when the caller asks for the next.

        Parameters
        ----------
        sources : iterable
            What :meth:`classify` takes; arrays as (array, rate).
        errors : {"raise", "yield"}
            "raise" ends the iteration with the error of a recording that fails. "yield" gives the error
            in place of a prediction, and goes on.

        Yields
        ------
        Prediction
            One for each source, in order. With ``errors="yield"``, an EdgecryError for each source that
            fails.
        """
        if errors not in ("raise", "yield"):
            raise EdgecryError(f"errors: {errors!r} is unknown; allowed are raise, yield")
        return self._classify_many(sources, errors)

    def _classify_many(self, sources: Iterable[Source], errors: str) -> Iterator[Prediction | EdgecryError]:
        for number, source in enumerate(sources):
            if number == MANY and self._engine == "auto":
                self._go_faster()
            try:
                result: Prediction | EdgecryError = self.classify(source)
            except EdgecryError as error:
                if errors == "raise":
                    raise
                result = error
            yield result

    def _go_faster(self) -> None:
        """Go on with numba, if it is ready."""
        if self._extractor is not None:
            self._extractor = _faster(self._extractor)
        if self._detector is not None:
            self._detector.extractor = _faster(self._detector.extractor)
            self._detector.whole = _faster(self._detector.whole)


def _is_long(recording: Recording, rate: int) -> bool:
    try:
        return recording.at(rate, LONG).duration > LONG
    except TooLongError:
        return True


@contextmanager
def _named(origin: str) -> Iterator[None]:
    """Make an AudioError name its recording."""
    try:
        yield
    except AudioError as error:
        raise AudioError(f"{origin}: {error}") from error


def _faster(extractor: FeatureExtractor) -> FeatureExtractor:
    """Return the same extractor on numba, if it is ready: nothing is compiled in the middle of work."""
    from edgecry.features.warmup import status

    if extractor.engine != "numpy" or not status().ready:
        return extractor
    return FeatureExtractor(extractor.spec, "numba", extractor.only)


def _with_rate(source: Source | NDArray[Any], sr: int | None) -> Source:
    """Put an array and its rate together. Every other source states its own rate."""
    if isinstance(source, np.ndarray):
        if sr is None:
            raise AudioError("sr: an array does not tell its rate; give it in Hz, classify(y, sr=16000)")
        return source, sr
    if sr is not None:
        raise AudioError(
            f"sr: {sr} was given with a source of type {type(source).__name__}; only an array needs it, "
            "every other source states its own rate, so leave sr out"
        )
    return source
