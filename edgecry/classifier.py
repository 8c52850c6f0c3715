"""Classifier: the one-shot door. A recording in, a Prediction out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from edgecry.audio import Source, load_audio
from edgecry.decision import DIGITS, top_label
from edgecry.errors import AudioError, EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.model import BUNDLED_MODEL, CryModel

#: Recordings after which numba has paid for its loading: half a second to a second, against what it
#: saves on each. Whoever has as many will likely have more.
MANY = 150


@dataclass(frozen=True)
class Prediction:
    """What a model says of one recording.

    Attributes
    ----------
    label : str
        The most probable label; of labels that tie to six decimals the first.
    confidence : float in [0, 1]
        Its probability, as the model gives it.
    probabilities : dict of str to float in [0, 1]
        The probability of every label, in the model's order.
    duration : float
        Length of the recording in seconds.
    elapsed : float
        Time the answer took in seconds, from decoding to probabilities.
    model : str
        Name of the model.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    duration: float
    elapsed: float
    model: str

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON: the fields, rounded, with ``elapsed_ms`` for ``elapsed``."""
        return {
            "label": self.label,
            "confidence": round(self.confidence, DIGITS),
            "probabilities": {label: round(p, DIGITS) for label, p in self.probabilities.items()},
            "duration": round(self.duration, 3),
            "elapsed_ms": round(1000 * self.elapsed, 2),
            "model": self.model,
        }


class Classifier:
    """Classifies recordings with one model, opened once. Threads may share it.

    Parameters
    ----------
    model : path or CryModel, optional
        The model file; the bundled one if left out. Pass a :class:`~edgecry.model.CryModel` to
        choose its runtime options.

    engine : {"auto", "numpy", "numba"}
        What features are computed with. "auto" is NumPy, and numba once :meth:`classify_many` has
        seen so many recordings that loading it pays, if ``edgecry warmup`` has prepared it.

    Attributes
    ----------
    model : CryModel
        The model in use.

    Raises
    ------
    ModelError
        The model file is refused.
    SpecError
        The engine is unknown, or not installed.

    Examples
    --------
    >>> from edgecry import Classifier
    >>> classifier = Classifier()
    >>> classifier.classify("cry.wav").label  # doctest: +SKIP
    'hungry'
    """

    def __init__(self, model: str | os.PathLike[str] | CryModel | None = None, engine: str = "auto") -> None:
        if not isinstance(model, CryModel):
            model = CryModel.load(BUNDLED_MODEL if model is None else model)
        self.model = model
        self._engine = engine
        self._extractor = FeatureExtractor(
            model.spec, "numpy" if engine == "auto" else engine, model.metadata.families_read
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.model.labels

    @property
    def spec(self) -> FeatureSpec:
        """The recipe of the vector the model reads."""
        return self.model.spec

    def classify(self, source: Source | NDArray[Any], sr: int | None = None) -> Prediction:
        """Classify one recording.

        Parameters
        ----------
        source : path, bytes, binary file object, array, (array, rate) or Waveform
            The recording; arrays as :func:`~edgecry.audio.load_audio` takes them.
        sr : int, optional
            The rate of an array in Hz. Every other source states its own.

        Raises
        ------
        AudioError
            The recording cannot be read or holds nothing to classify, or ``sr`` is missing for an
            array or given for something else.
        ModelError
            The model gives something else than probabilities.
        """
        begin = time.perf_counter()
        waveform = load_audio(_with_rate(source, sr), sr=self.spec.sr)
        try:
            vector = self._extractor.extract(waveform.samples)
        except AudioError as error:
            raise AudioError(f"{waveform.origin}: {error}") from error
        (row,) = self.model.predict_proba(vector).tolist()
        label = top_label(row, self.labels)
        probabilities = dict(zip(self.labels, row, strict=True))
        return Prediction(
            label=label,
            confidence=probabilities[label],
            probabilities=probabilities,
            duration=waveform.duration,
            elapsed=time.perf_counter() - begin,
            model=self.model.name,
        )

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
                self._extractor = _faster(self._extractor)
            try:
                result: Prediction | EdgecryError = self.classify(source)
            except EdgecryError as error:
                if errors == "raise":
                    raise
                result = error
            yield result


def _faster(extractor: FeatureExtractor) -> FeatureExtractor:
    """The same extractor on numba, where that is ready; compiling has no place in the middle of work."""
    from edgecry.warmup import status

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
