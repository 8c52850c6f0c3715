"""``edgecry classify --plot``: pictures beside the answers."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

from edgecry.answers.records import is_timeline
from edgecry.audio.blocks import blocks
from edgecry.audio.load import AudioOptions
from edgecry.audio.spool import spooled
from edgecry.classifier import Classifier
from edgecry.detector import detector_rule
from edgecry.errors import EdgecryError, EdgecryWarning
from edgecry.plots import canvas, recording
from edgecry.plots.sketch import SR, Sketch


def check(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse a picture without times, and one that cannot be made.

    Raises
    ------
    EdgecryError
        As :func:`edgecry.plots.canvas.check`.
    """
    for name in ("raw", "whole", "no_detector"):
        if getattr(args, name):
            option = name.replace("_", "-")
            parser.error(f"--plot shows the detector's scores and cries, of which --{option} knows nothing")
    canvas.check(args.plot)


class OnePicture:
    """Draws the one recording that is classified.

    Parameters
    ----------
    path : str
        The picture.
    classifier : Classifier
    threshold : float or None
        The threshold in place of the detector's.
    options : AudioOptions
        How the recording is read.

    Raises
    ------
    EdgecryError
        There is no detector.
    """

    def __init__(
        self, path: str, classifier: Classifier, threshold: float | None, options: AudioOptions
    ) -> None:
        if classifier.detector is None:
            raise EdgecryError(
                f"--plot: {classifier.model.name} works without a detector; name another model"
            )
        self._path, self._classifier, self._options = path, classifier, options
        self._threshold = detector_rule(classifier.detector).chosen(threshold)
        self._source: Any = None
        self._answer: Any = None

    def watching(self, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return work that remembers what it was given, a pipe with what came of it, and its answer."""

        def watched(source: str | BinaryIO) -> Any:
            self._source = source if isinstance(source, str) else spooled(source, source.name)
            self._answer = work(self._source)
            return self._answer

        return watched

    def draw(self, name: str) -> None:
        """Draw what was classified. Nothing is drawn if that failed.

        Raises
        ------
        OSError
            The picture cannot be written.
        """
        if self._answer is None:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EdgecryWarning)  # the answer has told them already
            timeline = self._answer
            if not is_timeline(timeline):
                timeline = self._classifier.timeline(self._again())
            sketch = Sketch.of(blocks(self._again(), SR, self._options))
        canvas.save(recording.draw(timeline, sketch, name, self._threshold), self._path)

    def _again(self) -> Any:
        if not isinstance(self._source, str):
            self._source.seek(0)
        return self._source
