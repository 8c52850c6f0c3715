"""Detector: says, window by window, where in a recording a baby cries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgecry.arrays import Float32, Float64
from edgecry.decision import Window
from edgecry.errors import ModelError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.models.rules import Threshold

#: What there was to hear; see :func:`what_was_heard`.
Heard = Literal["sound", "too_quiet", "too_short", "digital_silence"]
#: Start and end of a window, in samples.
Span = tuple[int, int]

#: The part of a hop that may be left over at the end without a window of its own.
_LEFT_OVER = 0.25
#: Number of samples whose squares float32 sums to within a hundredth in any order: the number times the
#: resolution of float32 is less than that.
_ROUGH = 2**16
#: The part of a window, as a divisor, that is looked at before all of it.
_SHARE = 8

#: Windows judged at once: the frames of many, and what a network makes of them, would take much memory.
_AT_ONCE = 32


class Detector:
    """Runs a model of the task "cry" over the windows of a signal. Threads may share it.

    Parameters
    ----------
    model : CryModel
        A model with the rule "threshold".
    engine : {"numpy", "numba"}
        The engine of the features.
    also : collection of str
        Extra families to compute when the signal is a single window, so that another model can use the
        same vector.

    Attributes
    ----------
    model : CryModel
    rule : Threshold
        The length of a window, and how windows are decided on.
    extractor, whole : FeatureExtractor
        For windows, and for a signal that is a single window. Both can be replaced, to go on with another
        engine.

    Raises
    ------
    ModelError
        The model is not a detector.
    SpecError
        The engine is unknown, or not installed.
    """

    def __init__(self, model: CryModel, engine: str = "numpy", also: Collection[str] = ()) -> None:
        self.model = model
        self.rule = detector_rule(model)
        read = model.metadata.families_read
        self.extractor = FeatureExtractor(model.spec, engine, read)
        self.whole = FeatureExtractor(model.spec, engine, {*read, *also})

    @property
    def spec(self) -> FeatureSpec:
        """The recipe of the vector its model reads."""
        return self.model.spec

    def listen(self, y: Float32) -> tuple[list[Window], NDArray[np.float64] | None]:
        """Give each window of a signal the probability of a cry.

        A window under the rule's floor is silent: its probability is 0, and nothing is computed for it.

        Parameters
        ----------
        y : float32 [shape=(n,)], n >= 1
            Mono samples at ``spec.sr``.

        Returns
        -------
        windows : list of Window
            At least one.
        vector : float64 [shape=(n_features,)], or None
            The features of the whole signal, if it is a single window and not silent.

        Raises
        ------
        AudioError
            A window cannot be measured.
        ModelError
            The model gives values that are not probabilities.
        """
        sr, told, single = self.spec.sr, [], None
        measured = self._measured(y)
        while some := list(islice(measured, _AT_ONCE)):
            heard = [vector for _, vector in some if vector is not None]
            found = iter(self.judge(np.stack(heard)) if heard else ())
            told += [
                Window(a / sr, b / sr, 0.0 if vector is None else next(found)) for (a, b), vector in some
            ]
            single = some[0][1]
        return told, single if len(told) == 1 else None

    def embed(self, y: Float32) -> tuple[list[Window], Float32]:
        """Give each window of a signal the probability of a cry, and the embedding of its network.

        Parameters
        ----------
        y : float32 [shape=(n,)], n >= 1
            Mono samples at ``spec.sr``.

        Returns
        -------
        windows : list of Window
            As :meth:`listen` gives them.
        embeddings : float32 [shape=(n_windows, embedding_size)]
            A row for each window. The row of a silent window is NaN.

        Raises
        ------
        AudioError
            A window cannot be measured.
        ModelError
            The model has no embedding, or gives values that are not probabilities.
        """
        self.model.require_embedding()
        sr, found = self.spec.sr, self.vectors(y)
        embeddings = np.full((len(found), self.model.embedding_size), np.nan, np.float32)
        probabilities = np.zeros(len(found))
        heard = [i for i, vector in enumerate(found.values()) if vector is not None]
        if heard:
            vectors = np.stack([vector for vector in found.values() if vector is not None])
            embeddings[heard] = self.model.embed(vectors)
            probabilities[heard] = self.judge(vectors)
        told = [Window(a / sr, b / sr, p) for (a, b), p in zip(found, probabilities.tolist(), strict=True)]
        return told, embeddings

    def vectors(self, y: Float32) -> dict[Span, Float64 | None]:
        """Cut a signal into windows, and give the vector of each.

        Parameters
        ----------
        y : float32 [shape=(n,)], n >= 1
            Mono samples at ``spec.sr``.

        Returns
        -------
        dict of (start, stop) to float64 [shape=(n_features,)], or None
            By the samples of the window, in order; at least one. A silent window has None.

        Raises
        ------
        AudioError
            A window cannot be measured.
        """
        return dict(self._measured(y))

    def _measured(self, y: Float32) -> Iterator[tuple[Span, Float64 | None]]:
        """Yield each window, and its vector; None for a silent one."""
        size, hop = round(self.rule.window * self.spec.sr), round(self.rule.hop * self.spec.sr)
        spans = list(windows(len(y), size, hop))
        extractor = self.whole if len(spans) == 1 else self.extractor
        for span in spans:
            part = y[slice(*span)]
            yield span, None if is_silent(part, self.rule.floor_dbfs) else extractor.extract(part)

    def judge(self, vectors: Float64) -> list[float]:
        """Give vectors the probability of a cry.

        Parameters
        ----------
        vectors : float64 [shape=(n_features,) or (n, n_features)]

        Returns
        -------
        list of float in [0, 1]
            One for each.

        Raises
        ------
        ModelError
            The model gives values that are not probabilities.
        """
        positive = self.model.labels.index(self.rule.positive)
        found: list[float] = self.model.predict_proba(vectors)[:, positive].tolist()
        return found


def detector_rule(model: CryModel) -> Threshold:
    """Return the decision rule of a detector.

    Raises
    ------
    ModelError
        The model is not a detector.
    """
    rule = model.metadata.rule
    if not isinstance(rule, Threshold):
        raise ModelError(
            f"{model.path}: is not a detector: its task is {model.metadata.task!r} and its decision rule "
            f"{model.metadata.decision['rule']!r}; expected 'cry' and 'threshold', so name another"
        )
    return rule


def windows(n: int, size: int, hop: int) -> Iterator[tuple[int, int]]:
    """Cut a signal of ``n`` samples into windows of ``size`` samples, ``hop`` apart.

    Yields
    ------
    (start, stop)
        If more than a quarter of a hop would be left over, one more window ends with the signal. A signal
        shorter than a window is a single window.
    """
    stop = 0
    for stop in range(size, n + 1, hop):
        yield stop - size, stop
    if is_left_over(n, stop, hop):
        yield max(0, n - size), n


def what_was_heard(y: Float32, sr: int, rule: Threshold | None) -> Heard:
    """Tell what there was to hear in a signal in which no cry was found.

    Parameters
    ----------
    y : float32 [shape=(n,)], n >= 1
        Mono samples.
    sr : int
        Their rate in Hz.
    rule : Threshold or None
        What a window is, and from which level on it is heard; None without a detector.

    Returns
    -------
    str
        "digital_silence": all samples are equal, which no live microphone gives. "too_quiet": each window
        is under the rule's floor. "too_short": the signal is shorter than a window. Otherwise "sound".
    """
    if y.min() == y.max():
        return "digital_silence"
    if rule is None:
        return "sound"
    size = round(rule.window * sr)
    spans = windows(len(y), size, round(rule.hop * sr))
    if all(is_silent(y[slice(*span)], rule.floor_dbfs) for span in spans):
        return "too_quiet"
    return "too_short" if len(y) < size else "sound"


def is_left_over(n: int, stop: int, hop: int) -> bool:
    """Tell whether the rest after the last whole window, which ends at ``stop``, needs its own window.

    ``stop`` is 0 if there is no whole window.
    """
    return n - stop > _LEFT_OVER * hop or stop == 0


def is_silent(y: Float32, floor_dbfs: float | None) -> bool:
    """Tell whether the RMS of a window about its mean is under the floor, in dB of full scale."""
    if floor_dbfs is None:
        return False
    floor = 10 ** (floor_dbfs / 20)
    # Most windows are far from the floor. A loud one shows it in its first samples, as all vary no less, a
    # quiet one in its squares, without the mean.
    least, most = len(y) * floor**2 * 0.99, len(y) * floor**2 * 1.01
    if 0 < len(y) <= _ROUGH:
        for part in (y[: len(y) // _SHARE], y):
            squares = float(np.dot(part, part))
            if 0.99 * squares > most and 0.99 * squares - 1.01 * _offset(part) > most:
                return False
        if 1.01 * squares < least or 1.01 * squares - 0.99 * _offset(y) < least:
            return True
    return float(np.std(y, dtype=np.float64)) < floor


def _offset(y: Float32) -> float:
    """Return how much of the sum of squares is not about the mean, by sums of float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(y.sum()) ** 2 / len(y)
