"""Vectors of stretches of a stream. What stretches that overlap have in common is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.frames import ShortFrames
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import BLOCK
from edgecry.stream.history import History

if TYPE_CHECKING:
    from edgecry.features.ahead import Ahead

#: Parameters that the frames of mel, mfcc, onset, voice and logmel depend on.
_FRAMES = (
    "sr", "n_fft", "hop_length", "win_length", "n_mels", "mel_fmin", "mel_fmax", "voice_fmin", "voice_fmax",
    "center", "htk", "mel_norm",
)  # fmt: skip


class SharedFrames:
    """Frames of a stream. They are computed when a stretch first needs them, and kept for later stretches.

    They are kept in whole blocks, because the last bit of a frame depends on its place in a block.

    Parameters
    ----------
    samples : History
        Samples of the stream.
    extractor : FeatureExtractor
        It makes the frames, and ``is_short``.
    keep : int
        Number of samples in the longest stretch.
    """

    def __init__(self, samples: History, extractor: FeatureExtractor, keep: int) -> None:
        self._samples, self._extractor = samples, extractor
        spec = extractor.spec
        self._hop, self._size = spec.hop_length, spec.n_fft
        widths = extractor.frames(np.zeros(1, np.float32))
        rows = 1 + keep // self._hop
        self._mel = History(rows, widths.mel.shape[1], np.float32)
        self._voice = History(rows, widths.voice.shape[1], np.float64)

    def begin(self) -> None:
        """Forget all frames, because the samples begin again."""
        self._mel.begin(0)
        self._voice.begin(0)

    def covers(self, start: int, stop: int) -> bool:
        """Tell whether the frames of a stretch are, to the last bit, frames of the stream."""
        return start % (BLOCK * self._hop) == 0 and stop - start >= self._size

    def of(self, start: int, stop: int) -> ShortFrames:
        """Return a copy of the frames of a stretch. Only frames that are not kept yet are computed."""
        first, last = start // self._hop, 1 + (stop - self._size) // self._hop
        if not self._mel.start <= first <= self._mel.stop:
            self._mel.begin(first)
            self._voice.begin(first)
        known = self._mel.stop
        if known >= last:
            return ShortFrames(self._mel.view(first, last).copy(), self._voice.view(first, last).copy())
        y = self._samples.view(known * self._hop, (last - 1) * self._hop + self._size)
        new = self._extractor.frames(y)
        frames = ShortFrames(
            np.concatenate((self._mel.view(first, known), new.mel)),
            np.concatenate((self._voice.view(first, known), new.voice)),
        )
        # Frames of a block that is not full yet are computed again with the rest of the block.
        whole = len(new.mel) - len(new.mel) % BLOCK
        self._mel.extend(new.mel[:whole])
        self._voice.extend(new.voice[:whole])
        return frames


class Vectors:
    """Vectors of stretches, by one recipe.

    Parameters
    ----------
    samples : History
        Samples of the stream.
    sr : int
        Their rate in Hz. Stretches are resampled if the recipe has another rate.
    extractor : FeatureExtractor
    frames : SharedFrames, or None
        Frames from which the recipe can be made; None if it needs more than those.
    """

    def __init__(
        self, samples: History, sr: int, extractor: FeatureExtractor, frames: SharedFrames | None
    ) -> None:
        self._samples, self._sr, self._extractor, self._frames = samples, sr, extractor, frames
        self._ahead: Ahead | None = None  # of a stretch that begins at:
        self._ahead_start = 0

    def begin(self) -> None:
        """Forget all frames, because the samples begin again."""
        self._ahead = None
        if self._frames is not None:
            self._frames.begin()

    def prepare(self, start: int, stop: int) -> None:
        """Compute the frames of all stretches from ``start`` to ``stop`` at once, which takes fewer calls."""
        if self._frames is not None and self._frames.covers(start, stop):
            self._frames.of(start, stop)

    def expect(self, start: int, most: int) -> None:
        """Compute what is certain already of a stretch that begins at ``start`` and whose end is to come.

        Nothing is computed of one that is unheard of and has more than ``most`` samples already: that would
        take as long as what it saves.
        """
        stop = self._samples.stop
        if self._sr != self._extractor.spec.sr or start >= stop:
            return
        if self._ahead_start != start:
            self._ahead, self._ahead_start = None, start
        if self._ahead is not None or stop - start <= most:
            self._ahead = self._extractor.work_ahead(self._samples.view(start, stop), self._ahead)

    def of(self, start: int, stop: int) -> Float64:
        """Make the vector of samples ``start`` to ``stop``, equal to that of ``extract`` to the last bit."""
        if self._frames is not None and self._frames.covers(start, stop) and self._fits(stop - start):
            return self._extractor.summarise(self._frames.of(start, stop))
        y: Float32 = self._samples.view(start, stop)
        if self._sr != self._extractor.spec.sr:
            y = load_audio((y, self._sr), sr=self._extractor.spec.sr).samples
        ahead, self._ahead = self._ahead, None
        return self._extractor.extract(y, ahead if self._ahead_start == start else None)

    def _fits(self, n: int) -> bool:
        """Tell whether the recipe takes a stretch of this length as it is."""
        spec = self._extractor.spec
        return spec.length is None or n == max(1, round(spec.length * spec.sr))


def share(
    samples: History, sr: int, extractors: Sequence[FeatureExtractor], keep: int, hop: int
) -> list[Vectors]:
    """Make the vectors of each recipe. Frames are shared by recipes, and by stretches, where they can be.

    Parameters
    ----------
    samples : History
    sr : int
        Their rate in Hz.
    extractors : sequence of FeatureExtractor
        One for each recipe, all of one engine.
    keep : int
        Number of samples in the longest stretch.
    hop : int
        Samples from one stretch to the next.
    """
    shared: dict[tuple[object, ...], SharedFrames] = {}
    vectors = []
    for extractor in extractors:
        spec, frames, key = extractor.spec, None, _recipe(extractor.spec)
        if extractor.is_short and spec.sr == sr and hop % (BLOCK * spec.hop_length) == 0:
            if key not in shared:
                alike = [e for e in extractors if e.is_short and _recipe(e.spec) == key]
                shared[key] = SharedFrames(samples, _union(alike), keep)
            frames = shared[key]
        vectors.append(Vectors(samples, sr, extractor, frames))
    return vectors


def _recipe(spec: FeatureSpec) -> tuple[object, ...]:
    """Return the parameters that the frames of mel, mfcc, onset, voice and logmel depend on."""
    return tuple(getattr(spec, name) for name in _FRAMES)


def _union(extractors: Sequence[FeatureExtractor]) -> FeatureExtractor:
    """Make an extractor whose frames serve all of these."""
    # Log-mel is made of the same frames as mel, and mel needs no length.
    only = {family for extractor in extractors for family in extractor.only}
    families = {"mel" if family == "logmel" else family for family in only}
    first = extractors[0]
    spec = FeatureSpec.from_dict({**first.spec.to_dict(), "families": sorted(families), "stats": ["mean"]})
    return FeatureExtractor(spec, first.engine)
