"""Classifier: the one-shot door. A recording in, a Prediction out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float64
from edgecry.audio.load import Source, Waveform
from edgecry.audio.recording import Recording
from edgecry.decision import DIGITS, Cry, Decision, Reasons, decide, find_cry, find_reasons
from edgecry.detector import Detector, Heard, what_was_heard
from edgecry.errors import AudioError, EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.models.rules import CRY, NO_CRY
from edgecry.roles import ModelSource, models_for

#: Recordings after which numba has paid for its loading: half a second to a second, against what it
#: saves on each. Whoever has as many will likely have more.
MANY = 150


@dataclass(frozen=True)
class Prediction:
    """What is said of one recording.

    Attributes
    ----------
    label : str
        "no_cry"; or a reason, or "uncertain" where the evidence does not single one out; or "cry" from a
        detector alone. From a model that knows of no sets the most probable label; of labels that tie to
        six decimals the first.
    confidence : float in [0, 1], or None
        The label's probability, as the model gives it; None for "uncertain", which has none.
    probabilities : dict of str to float in [0, 1]
        The probability of every label, in the model's order; of "cry" and "no_cry" from a detector
        alone; empty where no reason was looked for, as there was no cry.
    duration : float
        Length of the recording in seconds.
    elapsed : float
        Time the answer took in seconds, from decoding to the label.
    model : str
        Name of the model.
    cry : Cry, or None
        Whether there is a cry; None where no detector listened.
    reasons : Reasons, or None
        Calibrated probabilities and what the evidence leaves of them; None without a cry, and from a
        model that knows of no sets.
    heard : {"sound", "too_quiet", "too_short", "digital_silence"}
        What there was to hear, as :func:`~edgecry.detector.what_was_heard` tells it: "no_cry" means
        little unless this is "sound". It is "sound" where a cry was found.
    """

    label: str
    confidence: float | None
    probabilities: dict[str, float]
    duration: float
    elapsed: float
    model: str
    cry: Cry | None = None
    reasons: Reasons | None = None
    heard: Heard = "sound"

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields, rounded, with ``elapsed_ms`` for ``elapsed``."""
        return {
            "label": self.label,
            "confidence": None if self.confidence is None else round(self.confidence, DIGITS),
            "probabilities": {label: round(p, DIGITS) for label, p in self.probabilities.items()},
            "cry": None if self.cry is None else self.cry.to_dict(),
            "reasons": None if self.reasons is None else self.reasons.to_dict(),
            "heard": self.heard,
            "duration": round(self.duration, 3),
            "elapsed_ms": round(1000 * self.elapsed, 2),
            "model": self.model,
        }


class Classifier:
    """Says of recordings whether a baby cries, and why; its models are opened once. Threads may share it.

    Parameters
    ----------
    model : path, str or CryModel, optional
        The model of reasons: a file, or the name of a bundled one ("reason", "seed"); "reason" if left
        out. A model of the task "cry" ("cry") says no more than that. Pass a
        :class:`~edgecry.models.model.CryModel` to choose its runtime options.

    engine : {"auto", "numpy", "numba"}
        What features are computed with. "auto" is NumPy, and numba once :meth:`classify_many` has
        seen so many recordings that loading it pays, if ``edgecry warmup`` has prepared it.

    detector : path, str or CryModel, or None
        The model that is asked first whether there is a cry; without one no reason is looked for. None
        takes every sound for a cry. Of no account where ``model`` is itself of the task "cry".

    decision : Decision, or None
        Settings in place of the models' own. None decides nothing: no detector, and the most probable
        label whatever the sound.

    Attributes
    ----------
    model : CryModel
        The model in use.
    detector : CryModel, or None
        The model that tells whether there is a cry.

    Raises
    ------
    ModelError
        A model file is refused, or the detector is none.
    SpecError
        The engine is unknown, or not installed.
    EdgecryError
        ``decision`` is none, or sets what these models do not decide by.

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
    ) -> None:
        self._models = models_for(model, detector, decision)
        self._decision = Decision() if decision is None else decision
        self._engine = engine
        now = "numpy" if engine == "auto" else engine
        reasons, ear = self._models.reasons, self._models.detector
        families = () if reasons is None else reasons.metadata.families_read
        self._extractor = None if reasons is None else FeatureExtractor(reasons.spec, now, families)
        # One vector serves both models where their recipes are the same.
        self._is_shared = reasons is not None and ear is not None and reasons.spec == ear.spec
        self._detector = None if ear is None else Detector(ear, now, families if self._is_shared else ())

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
        """Names in the order of the probabilities: the model's labels; of a detector "cry" and "no_cry"."""
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
            The recording cannot be read or holds nothing to classify, or ``sr`` is missing for an
            array or given for something else.
        ModelError
            A model gives something else than probabilities.
        """
        begin = time.perf_counter()
        rate = self.spec.sr if self._detector is None else self._detector.spec.sr
        recording = Recording(_with_rate(source, sr), again=rate != self.spec.sr)
        waveform = recording.at(rate)
        duration = waveform.duration
        cry, vector = self._listen(waveform)
        found: Heard = "sound"
        if cry is None or not cry.detected:
            rule = None if self._detector is None else self._detector.rule
            found = what_was_heard(waveform.samples, rate, rule)
        del waveform  # lest it be held while the next is decoded
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
        """Whether there is a cry, and the vector of the whole where that was computed for it."""
        if self._detector is None:
            return None, None
        with _named(waveform.origin):
            windows, vector = self._detector.listen(waveform.samples)
        return find_cry(windows, self._detector.rule, self._decision), vector

    def _ask(
        self, extractor: FeatureExtractor, recording: Recording, vector: Float64 | None
    ) -> dict[str, float]:
        """Probabilities of the model's labels; ``vector`` is used if it is by the model's own recipe."""
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
        """Classify recordings one by one, each when its turn is asked for.

        Parameters
        ----------
        sources : iterable
            What :meth:`classify` takes; arrays as (array, rate).
        errors : {"raise", "yield"}
            What becomes of a recording that fails: its error ends the iteration, or is yielded in
            its place, and the rest still done.

        Yields
        ------
        Prediction
            One for each source, in order; with ``errors="yield"`` an EdgecryError where it failed.
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
        """Go on with numba, where that is ready."""
        if self._extractor is not None:
            self._extractor = _faster(self._extractor)
        if self._detector is not None:
            self._detector.extractor = _faster(self._detector.extractor)
            self._detector.whole = _faster(self._detector.whole)


@contextmanager
def _named(origin: str) -> Iterator[None]:
    """Have an AudioError say which recording it is of."""
    try:
        yield
    except AudioError as error:
        raise AudioError(f"{origin}: {error}") from error


def _faster(extractor: FeatureExtractor) -> FeatureExtractor:
    """The same extractor on numba, where that is ready; compiling has no place in the middle of work."""
    from edgecry.features.warmup import status

    if extractor.engine != "numpy" or not status().ready:
        return extractor
    return FeatureExtractor(extractor.spec, "numba", extractor.only)


def _with_rate(source: Source | NDArray[Any], sr: int | None) -> Source:
    """Put an array and its rate together; leave what states its own rate alone."""
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
