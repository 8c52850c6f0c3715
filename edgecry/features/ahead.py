"""What of a clip can be computed before its end is known: all that no later sample can change.

A clip that is still being heard then leaves less to do when it ends. The numbers are those of the whole clip,
to the last bit, because they are computed in the same pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgecry.arrays import Float32
from edgecry.features.clip import Clip, Glance, surveyed
from edgecry.features.cqt import N_OCTAVES, half_size, keep_energy, octave_spectrum
from edgecry.features.frames import SHORT_FAMILIES, ShortFrames, short_frames, short_geometry
from edgecry.features.kernels import Kernels
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import Geometry, group_size, magnitudes


class Ahead:
    """Frames and halved signals of a clip that grows. It serves one clip.

    Parameters
    ----------
    spec : FeatureSpec
        Its frames are centred, and it sets no length.
    only : sequence of str
        Families to compute.
    kernels : Kernels
    """

    def __init__(self, spec: FeatureSpec, only: Sequence[str], kernels: Kernels) -> None:
        self._clip = Clip(np.empty(0, np.float32), spec, only, kernels)
        self._wants_short = not SHORT_FAMILIES.isdisjoint(only)
        self._wants_spectra = "chroma" in only
        self._short: list[ShortFrames] = []
        self._spectra: list[Float32] = []
        self._glances: list[Glance] = []
        wants_notes = "tonnetz" in only and spec.tonnetz_of == "clip"
        self._halves = Halves() if wants_notes and not octave_spectrum(spec.sr, 0.0).early else None

    def extend(self, y: Float32) -> None:
        """Compute what has become certain.

        Parameters
        ----------
        y : float32 [shape=(n,)]
            The clip so far, from its first sample on.
        """
        self._transform(
            y, self._whole(short_geometry(self._clip.spec), len(y)), self._whole(self._clip.stft, len(y))
        )
        if self._halves is not None:
            self._halves.extend(y)

    def complete(self, clip: Clip) -> None:
        """Hand what was computed to the clip, which is whole now, with what is missing of it."""
        y, geometry = clip.y, clip.stft
        self._transform(y, short_geometry(clip.spec).n_frames(len(y)), geometry.n_frames(len(y)))
        if self._short:
            clip.short = ShortFrames(*map(np.concatenate, zip(*self._short, strict=True)))
        if self._spectra:
            S, size = np.concatenate(self._spectra), group_size(y, geometry, clip.kernels)
            clip.magnitudes = [S[at : at + size] for at in range(0, len(S), size)]
            clip.survey = surveyed(self._glances)
        if self._halves is not None:
            clip.halves = self._halves.finish(y)

    def _transform(self, y: Float32, short: int, longer: int) -> None:
        """Compute frames until there are so many of the shorter transforms, and of the longer ones."""
        clip = self._clip
        if self._wants_short and (known := sum(len(part.mel) for part in self._short)) < short:
            self._short.append(short_frames(y, clip.spec, clip.kernels, clip.only, known, short))
        if self._wants_spectra and (known := sum(map(len, self._spectra))) < longer:
            S = magnitudes(y, clip.stft, clip.kernels, known, longer)
            self._spectra.append(S)
            self._glances.append(clip.glance(S))

    def _whole(self, geometry: Geometry, n: int) -> int:
        """Return how many frames are certain. They make up whole pieces."""
        certain = geometry.n_certain(n)
        return certain - certain % self._clip.kernels.frames_at_once(geometry.n_fft)


class Halves:
    """A signal at half its rate, at a quarter, and so on, as it comes."""

    def __init__(self) -> None:
        import soxr

        self._streams: list[Any] = [
            soxr.ResampleStream(2, 1, 1, dtype="float32", quality="HQ") for _ in range(N_OCTAVES - 1)
        ]
        self._parts: list[list[Float32]] = [[] for _ in self._streams]
        self._heard = 0

    def extend(self, y: Float32) -> None:
        """Take the signal so far, from its first sample on."""
        y, self._heard = y[self._heard :], len(y)
        for stream, parts in zip(self._streams, self._parts, strict=True):
            y = keep_energy(stream.resample_chunk(y), 2)
            parts.append(y)

    def finish(self, y: Float32) -> list[Float32]:
        """Take the whole signal, and return the others, as ``cqt.halved`` makes each of the one before."""
        size, y = len(y), y[self._heard :]
        halves = []
        for stream, parts in zip(self._streams, self._parts, strict=True):
            given, size = sum(map(len, parts)), half_size(size)
            tail = keep_energy(stream.resample_chunk(y, last=True), 2)[: size - given]
            y = np.concatenate((tail, np.zeros(size - given - len(tail), np.float32)))
            halves.append(np.concatenate((*parts, y)))
        return halves
