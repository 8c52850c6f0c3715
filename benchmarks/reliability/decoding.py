"""Damaged recordings of every container that libsndfile writes, and what load_audio makes of them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import soundfile

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from edgecry.audio.load import load_audio
from edgecry.errors import AudioError, EdgecryWarning

SR = 8000
#: libsndfile writes these without a header, so that there is nothing in them to read them by.
_HEADERLESS = {"RAW"}


class Decoding(Campaign):
    """Load a damaged recording: a finite waveform of some length, or an AudioError."""

    name = "recordings"
    faults = "bits, cuts, drops, repeats, sizes, chunks, sectors"
    quick, usual, long = 1000, 20_000, 1_000_000

    def prepare(self, folder: Path) -> None:
        """Write a short recording in each container and subtype."""
        self._path = folder / "damaged"
        # Without ffmpeg, which load_audio asks where libsndfile refuses: starting it is most of the time.
        self._hidden = {"PATH": str(folder)}
        t = np.arange(SR // 2) / SR
        x = (0.3 * np.sin(2 * np.pi * 450 * t) * (1 + np.sin(2 * np.pi * 3 * t)) / 2).astype(np.float32)
        self._recordings: list[bytes] = []
        for container in sorted(set(soundfile.available_formats()) - _HEADERLESS):
            for subtype in soundfile.available_subtypes(container):
                path = folder / "whole"
                try:
                    soundfile.write(path, x, SR, format=container, subtype=subtype)
                except (soundfile.LibsndfileError, ValueError):
                    continue  # a pair that libsndfile lists and does not write
                self._recordings.append(path.read_bytes())

    def attempt(self, random: Random) -> str:
        """Damage one, and load it."""
        self._path.write_bytes(damaged(random.choice(self._recordings), random))
        try:
            with warnings.catch_warnings(), patch.dict(os.environ, self._hidden):
                warnings.simplefilter("ignore", EdgecryWarning)
                waveform = load_audio(self._path)
        except AudioError:
            return "refused"
        if waveform.samples.ndim != 1 or not len(waveform.samples) or not np.isfinite(waveform.samples).all():
            raise Wrong(f"a waveform of shape {waveform.samples.shape}, or not finite")
        return "answered"
