"""Fundamental frequency and harmonics-to-noise ratio, frame by frame, by autocorrelation.

The method and its constants are those of Boersma, "Accurate short-term analysis of the fundamental
frequency and the harmonics-to-noise ratio of a sampled sound", Proceedings of the Institute of Phonetic
Sciences 17 (1993) 97-110, which Praat has, too. The autocorrelation of a windowed frame is divided by that
of the window; its maxima are candidates, and the cheapest path through the candidates of all frames is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgecry.arrays import Float32, Float64

#: Periods of the lowest fundamental that a frame holds, and frames that such a frame overlaps with.
PERIODS: Final = 3
OVERLAP: Final = 4
#: Number of candidates of a frame, including the one that says there is no voice.
CANDIDATES: Final = 15
#: Autocorrelation below which a frame has no voice, and share of the signal's peak below which it is silent.
VOICING: Final = 0.45
SILENCE: Final = 0.03
#: The cost of an octave lower, of a jump of an octave, and of a change between voice and no voice.
OCTAVE_COST: Final = 0.01
JUMP_COST: Final = 0.35
CHANGE_COST: Final = 0.14
#: How much finer than the samples the autocorrelation is, before a parabola finds its maximum.
_FINER: Final = 4
#: Number of frames that are computed at once, which bounds the memory.
_BATCH: Final = 1024


@dataclass(frozen=True)
class Pitch:
    """The fundamental of a signal.

    Attributes
    ----------
    times : float64 [shape=(n,)]
        Middle of each frame in seconds.
    f0 : float64 [shape=(n,)]
        Fundamental in Hz; NaN where there is no voice.
    strength : float64 [shape=(n,)], in (0, 1)
        Normalised autocorrelation at the period: the share of the power that is periodic; NaN without voice.
    """

    times: Float64
    f0: Float64
    strength: Float64

    @property
    def voiced(self) -> np.ndarray:
        """True for each frame with a voice, as bool [shape=(n,)]."""
        return np.isfinite(self.f0)

    @property
    def hnr(self) -> Float64:
        """Harmonics-to-noise ratio of each frame in dB (equation 4); NaN without voice."""
        return 10 * np.log10(self.strength / (1 - self.strength))


def track(y: Float32, sr: int, f0_min: float, f0_max: float, peak: float | None = None) -> Pitch:
    """Find the fundamental.

    Parameters
    ----------
    y : float32 [shape=(n,)]
    sr : int
        In Hz; at least four times ``f0_max``.
    f0_min, f0_max : float
        Range in Hz. A frame lasts three periods of ``f0_min``, and the step is a quarter of a frame.
    peak : float, optional
        Largest absolute sample that counts as loud, where ``y`` is a part of a signal.

    Returns
    -------
    Pitch
        It has no frames if ``y`` is shorter than one frame.
    """
    size = round(PERIODS * sr / f0_min)
    step = size // OVERLAP
    if len(y) < size:
        return Pitch(np.empty(0), np.empty(0), np.empty(0))
    frames = np.lib.stride_tricks.sliding_window_view(y, size)[::step]
    loudest = float(np.abs(y).max()) if peak is None else peak
    found = [_candidates(some, sr, f0_min, f0_max, loudest) for some in _batches(frames)]
    f0, strength, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
    path = _cheapest(f0, score, 0.01 * sr / step)
    rows = np.arange(len(frames))
    times = (rows * step + size / 2) / sr
    voice = path > 0
    return Pitch(
        times, np.where(voice, f0[rows, path], np.nan), np.where(voice, strength[rows, path], np.nan)
    )


def _batches(frames: Float32) -> Iterator[Float64]:
    for start in range(0, len(frames), _BATCH):
        yield frames[start : start + _BATCH].astype(np.float64)


def _candidates(
    frames: Float64, sr: int, f0_min: float, f0_max: float, loudest: float
) -> tuple[Float64, Float64, Float64]:
    """Return fundamental, autocorrelation and score of each candidate, all [shape=(n, CANDIDATES)].

    The first candidate of a frame is that it has no voice, with a fundamental of 0.
    """
    frames = frames - frames.mean(axis=1, keepdims=True)
    r = _autocorrelation(frames)
    low, high = int(_FINER * sr / f0_max), int(np.ceil(_FINER * sr / f0_min))
    before, here, after = r[:, low - 1 : high - 1], r[:, low:high], r[:, low + 1 : high + 1]
    is_peak = (here > before) & (here >= after) & (here > VOICING / 2)
    # A parabola through three values gives the maximum between them.
    bend = np.where(is_peak, before - 2 * here + after, -1.0)
    shift = 0.5 * (before - after) / bend
    top = here - 0.25 * (before - after) * shift
    top = np.where(top > 1, 1 / np.maximum(top, 1), top)
    f0 = _FINER * sr / (np.arange(low, high) + shift)
    is_peak &= (f0 >= f0_min) & (f0 <= f0_max)
    score = np.where(is_peak, top - OCTAVE_COST * np.log2(f0_min / f0), -np.inf)
    best = np.argsort(-score, axis=1, kind="stable")[:, : CANDIDATES - 1]
    peak = np.abs(frames).max(axis=1)
    silence = 2 - peak / max(loudest, 1e-12) / (SILENCE / (1 + VOICING))
    none = VOICING + np.maximum(0, silence)
    zeros = np.zeros((len(frames), 1))
    return (
        np.hstack((zeros, np.take_along_axis(f0, best, 1))),
        np.hstack((zeros, np.clip(np.take_along_axis(top, best, 1), 1e-6, 1 - 1e-6))),
        np.hstack((none[:, None], np.take_along_axis(score, best, 1))),
    )


def _autocorrelation(frames: Float64) -> Float64:
    """Return the autocorrelation of frames, less that of the window, at lags of a quarter of a sample.

    A longer inverse transform interpolates exactly what the samples say (equation 22 without its limit).
    """
    size = frames.shape[1]
    n_fft = 1 << int(np.ceil(np.log2(1.5 * size)))
    window = np.hanning(size + 2)[1:-1]

    def of(x: Float64) -> Float64:
        power = np.abs(np.fft.rfft(x * window, n_fft)) ** 2
        r = np.fft.irfft(power, _FINER * n_fft)[..., : _FINER * size // 2]
        found: Float64 = r / np.maximum(r[..., :1], 1e-30)
        return found

    found: Float64 = of(frames) / of(np.ones(size))
    return found


def _cheapest(f0: Float64, score: Float64, correction: float) -> np.ndarray:
    """Return the candidate of each frame on the path of the highest score (equations 27 and 28)."""
    voice = f0 > 0
    octaves = np.log2(np.where(voice, f0, 1.0))
    total, back = score[0], np.zeros(f0.shape, np.intp)
    for i in range(1, len(f0)):
        both = voice[i - 1][:, None] & voice[i]
        jump = JUMP_COST * np.abs(octaves[i - 1][:, None] - octaves[i])
        change = CHANGE_COST * (voice[i - 1][:, None] != voice[i])
        reached = total[:, None] - correction * np.where(both, jump, change)
        back[i] = reached.argmax(axis=0)
        total = score[i] + reached[back[i], np.arange(f0.shape[1])]
    path = np.empty(len(f0), np.intp)
    path[-1] = total.argmax()
    for i in range(len(f0) - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path
