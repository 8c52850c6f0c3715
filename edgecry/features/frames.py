"""Frames of the shorter transforms, in one pass: mel, mfcc, onset, voice and logmel are made of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np

from edgecry.arrays import Float32, Float64
from edgecry.features.kernels import Kernels
from edgecry.features.mel import mel_bank
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import BLOCK, Geometry, hann, rows_at_once, stretches
from edgecry.features.voice import voice_band, voice_frames

#: Families that are made of mel frames, and those that are made of ShortFrames alone.
MEL_FAMILIES: Final = frozenset({"mel", "mfcc", "onset", "logmel"})
SHORT_FAMILIES: Final = MEL_FAMILIES | {"voice"}


class ShortFrames(NamedTuple):
    """Frames of a clip, or of a stretch of a stream.

    Parameters
    ----------
    mel : float32 [shape=(frames, n_mels)]
        Power, as librosa.feature.melspectrogram transposed. The level is not taken out yet.
    voice : float64 [shape=(frames, 1)]
        Strength of the voice.
    """

    mel: Float32
    voice: Float64


def short_geometry(spec: FeatureSpec) -> Geometry:
    """Return the geometry that these families share."""
    return Geometry(spec.n_fft, spec.hop_length, spec.win_length, spec.center)


def short_frames(
    y: Float32,
    spec: FeatureSpec,
    kernels: Kernels,
    families: Collection[str],
    first: int = 0,
    last: int | None = None,
) -> ShortFrames:
    """Compute the frames of ``y`` that ``families`` are made of. Other frames have no columns.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    spec : FeatureSpec
    kernels : Kernels
    families : collection of str
    first, last : int, optional
        Only these frames. ``first`` is a multiple of what the engine transforms at once.
    """
    geometry, low = short_geometry(spec), spec.mel_fmin
    n = (geometry.n_frames(len(y)) if last is None else last) - first
    high = spec.sr / 2 if spec.mel_fmax is None else spec.mel_fmax
    wants_mel, wants_voice = not MEL_FAMILIES.isdisjoint(families), "voice" in families
    whole = -(-n // BLOCK) * BLOCK  # frames after the last one mean nothing
    mel = np.empty((whole, spec.n_mels if wants_mel else 0), np.float32)
    voice = np.empty((whole, 1 if wants_voice else 0))
    rows, block = rows_at_once(y, geometry, kernels), 0 if spec.center else BLOCK
    powers_of = kernels.powers(hann(spec.win_length), spec.hop_length, spec.n_fft, rows, block)
    for at, stretch in stretches(y, geometry, rows, first, last):
        powers = powers_of(stretch)
        if wants_voice:
            band = voice_band(spec.sr, spec.n_fft, low, high, spec.voice_fmin, spec.voice_fmax)
            strength = voice_frames(kernels.sizes(powers, band.bins), band).reshape(-1, 1)
            voice[at - first : at - first + len(strength)] = strength
        if wants_mel:  # last, because it may write over the powers
            bank = mel_bank(kernels, spec.sr, spec.n_fft, spec.n_mels, low, high, spec.htk, spec.mel_norm)
            kernels.mel_power(powers, bank, out=mel[at - first :])
    return ShortFrames(mel[:n], voice[:n])
