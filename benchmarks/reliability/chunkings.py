"""A stream in chunks of any size gives the events of the same sound in one piece."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from benchmarks.reliability.campaign import Campaign, Wrong
from edgecry.audio.load import load_audio
from edgecry.models.bundled import SAMPLE
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.events import CryEvent

SR = 16_000


class Chunkings(Campaign):
    """Feed the bundled sample, in a quiet room, by pieces."""

    name = "streams in chunks"
    faults = "sizes from one sample to all, empty ones"
    quick, usual, long = 6, 100, 5000

    def prepare(self, _folder: Path) -> None:
        """Make the sound, and the events of it in one piece."""
        cry = load_audio(SAMPLE).samples
        cry = np.interp(np.arange(0, len(cry), load_audio(SAMPLE).sr / SR), np.arange(len(cry)), cry)
        room = np.random.default_rng(0).normal(0, 1e-4, (3, 5 * SR))
        self._x = np.concatenate([room[0], cry, room[1], 0.5 * cry, room[2]]).astype(np.float32)
        self._stream = StreamClassifier(sr=SR)
        self._whole = self._events([self._x])
        if not self._whole:
            raise Wrong("no event in the bundled sample")

    def _events(self, chunks: list[np.ndarray]) -> list[CryEvent]:
        self._stream.reset()
        events = [event for chunk in chunks for event in self._stream.push(chunk)]
        return events + self._stream.flush()

    def attempt(self, random: Random) -> str:
        """Cut it anywhere, and compare the events."""
        smallest = random.choice((64, 500, 5000))
        cuts = sorted(random.randrange(len(self._x)) for _ in range(len(self._x) // smallest // 4))
        cuts += [cuts[len(cuts) // 2]] * 3 if cuts else []
        found = self._events(np.split(self._x, sorted(cuts)))
        if found != self._whole:
            raise Wrong(f"{len(found)} events in {len(cuts) + 1} chunks, {len(self._whole)} in one piece")
        return "the same"
