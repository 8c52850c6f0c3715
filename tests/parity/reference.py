"""The seed's recipe, written with librosa, for any FeatureSpec: what the extractor is held against.

It follows the documents (the model card, the FeatureSpec, librosa's own) and shares no code with
edgecry. librosa missing is a failure of these tests, never a skip.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping

import librosa
import numpy as np
import scipy.fft
import scipy.stats

from edgecry.features.spec import FeatureSpec

DELTA_WIDTH = 9


def vector(y: np.ndarray, spec: FeatureSpec, tuned: Mapping[str, float] | None = None) -> np.ndarray:
    """The feature vector of ``y``: families in the spec's order, inside one a statistic at a time.

    ``tuned`` is what :func:`tunings` gave, if at hand; without it librosa estimates once more.
    """
    y, tuned = fitted(y, spec), tuned or {}
    parts = []
    with quiet():
        for family, stats in spec.stats_by_family:
            if family == "logmel":
                parts.append(logmel(y, spec))
                continue
            X = frames(y, family, spec, tuned.get(family))
            parts += [statistic(X, stat) for stat in stats]
    return np.concatenate(parts)


def tunings(y: np.ndarray, spec: FeatureSpec) -> dict[str, float]:
    """The tunings, in parts of a note, that chroma_stft(S=...) and tonnetz(y=...) estimate."""
    y, out = fitted(y, spec), {}
    with quiet():
        if "chroma" in spec.families:
            S = magnitude(y, spec) ** spec.chroma_power
            out["chroma"] = librosa.estimate_tuning(S=S, sr=spec.sr, bins_per_octave=12)
        if "tonnetz" in spec.families:
            sound = librosa.effects.harmonic(y) if spec.tonnetz_of == "harmonic" else y
            out["tonnetz"] = librosa.estimate_tuning(y=sound, sr=spec.sr, bins_per_octave=36)
    return out


def frames(y: np.ndarray, family: str, spec: FeatureSpec, tuning: float | None = None) -> np.ndarray:
    """One family over time, (values, frames), by librosa's own call; None lets it estimate the tuning."""
    mel = {
        "center": spec.center,
        "n_fft": spec.n_fft,
        "hop_length": spec.hop_length,
        "win_length": spec.win_length,
        "window": "hann",
        "n_mels": spec.n_mels,
        "fmin": spec.mel_fmin,
        "fmax": spec.mel_fmax,
        "htk": spec.htk,
    }
    mel_norm = None if spec.mel_norm == "none" else spec.mel_norm
    cepstral = {
        "n_mfcc": spec.n_mfcc,
        "dct_type": spec.dct_type,
        "norm": None if spec.dct_norm == "none" else spec.dct_norm,
        "lifter": spec.lifter,
    }
    match family:
        case "mfcc":
            if spec.level == "keep" and len(y) >= spec.n_fft:
                return librosa.feature.mfcc(y=y, sr=spec.sr, mel_norm=mel_norm, **cepstral, **mel)
            S = librosa.power_to_db(frames(y, "mel", dataclasses.replace(spec, mel_unit="power")))
            return librosa.feature.mfcc(S=S, sr=spec.sr, **cepstral)
        case "mel":
            if not spec.center and len(y) < spec.n_fft:  # which librosa refuses
                y = np.pad(y, (0, spec.n_fft - len(y)))
            S = librosa.feature.melspectrogram(y=y, sr=spec.sr, norm=mel_norm, **mel)
            S = S / S.mean() if spec.level == "remove" and S.any() else S
            if spec.mel_unit == "power":
                return S
            return librosa.power_to_db(S, ref=1.0 if spec.mel_unit == "db" else np.max)
        case "onset":
            S = frames(y, "mel", dataclasses.replace(spec, mel_unit="power", level="keep"))
            geometry = {"n_fft": spec.n_fft, "hop_length": spec.hop_length, "center": spec.center}
            return librosa.onset.onset_strength(S=librosa.power_to_db(S), sr=spec.sr, **geometry)[None]
        case "voice":
            return voice(y, spec)
        case "chroma":
            S = magnitude(y, spec) ** spec.chroma_power
            return librosa.feature.chroma_stft(S=S, sr=spec.sr, tuning=tuning)
        case "contrast":
            return librosa.feature.spectral_contrast(
                S=magnitude(y, spec), sr=spec.sr, n_bands=spec.n_bands, fmin=spec.fmin
            )
        case "tonnetz":
            y = librosa.effects.harmonic(y) if spec.tonnetz_of == "harmonic" else y
            return librosa.feature.tonnetz(y=y, sr=spec.sr, tuning=tuning)
        case "chroma_cqt":
            return librosa.feature.chroma_cqt(y=y, sr=spec.sr)
        case "chroma_cens":
            return librosa.feature.chroma_cens(y=y, sr=spec.sr)
        case "centroid":
            return librosa.feature.spectral_centroid(S=magnitude(y, spec), sr=spec.sr)
        case "bandwidth":
            return librosa.feature.spectral_bandwidth(S=magnitude(y, spec), sr=spec.sr)
        case "rolloff":
            S, part = magnitude(y, spec), spec.roll_percent
            return librosa.feature.spectral_rolloff(S=S, sr=spec.sr, roll_percent=part)
        case "flatness":
            return librosa.feature.spectral_flatness(S=magnitude(y, spec))
        case "poly":
            return librosa.feature.poly_features(S=magnitude(y, spec), sr=spec.sr, order=spec.poly_order)
        case "rms":
            sizes = {"frame_length": spec.stft_n_fft, "hop_length": spec.stft_hop_length}
            return librosa.feature.rms(y=y, **sizes)
        case "zcr":
            sizes = {"frame_length": spec.stft_n_fft, "hop_length": spec.stft_hop_length}
            return librosa.feature.zero_crossing_rate(y, **sizes)
    raise ValueError(f"no reference for {family!r}")


def logmel(y: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """librosa's mel power, frame by frame, in dB above a floor under the mean of the whole window."""
    S = frames(y, "mel", spec).T.astype(np.float64)
    window = np.zeros((1 + (round(spec.length * spec.sr) - spec.n_fft) // spec.hop_length, spec.n_mels))
    before = (len(window) - len(S)) // 2
    window[before : before + len(S)] = S
    if not window.any():
        return window.ravel()
    return (
        (librosa.power_to_db(window / window.mean(), amin=1e-20, top_db=None) + spec.floor_db).clip(0).ravel()
    )


def voice(y: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """Not librosa's: the magnitudes of a band, transformed back whole, and the best of the lags."""
    if not spec.center and len(y) < spec.n_fft:
        y = np.pad(y, (0, spec.n_fft - len(y)))
    geometry = {"n_fft": spec.n_fft, "hop_length": spec.hop_length, "win_length": spec.win_length}
    S = np.abs(librosa.stft(y.astype(np.float64), center=spec.center, **geometry))
    frequencies = librosa.fft_frequencies(sr=spec.sr, n_fft=spec.n_fft)
    top = spec.sr / 2 if spec.mel_fmax is None else spec.mel_fmax
    S[(frequencies < spec.mel_fmin) | (frequencies >= top)] = 0
    S[0] = 0
    correlation = scipy.fft.irfft(S, axis=0)
    lags = correlation[int(spec.sr / spec.voice_fmax) : int(spec.sr / spec.voice_fmin) + 1]
    whole = S.sum(axis=0) / spec.n_fft * 2
    return np.divide(lags.max(axis=0), whole, out=np.zeros_like(whole), where=whole > 0)[None]


def magnitude(y: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """What chroma and contrast read: magnitude, not power."""
    return np.abs(
        librosa.stft(
            y, n_fft=spec.stft_n_fft, hop_length=spec.stft_hop_length, win_length=spec.stft_win_length
        )
    )


def statistic(X: np.ndarray, name: str) -> np.ndarray:
    """One number a row of ``X`` (values, frames)."""
    if name == "mean":
        return np.mean(X.T, axis=0)  # as the seed does, in librosa's float32
    X = X.astype(np.float64)
    prefix, _, plain = name.rpartition("_")
    if prefix:
        X = {"delta": slope, "delta2": curvature, "all": lambda X: X.reshape(1, -1)}[prefix](X)
    return plain_statistic(X, plain)


def plain_statistic(X: np.ndarray, name: str) -> np.ndarray:
    match name:
        case "mean":
            return np.mean(X, axis=1)
        case "std":
            return np.std(X, axis=1)
        case "var":
            return np.var(X, axis=1)
        case "kurtosis":
            return np.nan_to_num(scipy.stats.kurtosis(X, axis=1), nan=0.0)
        case "min":
            return np.min(X, axis=1)
        case "max":
            return np.max(X, axis=1)
        case "skew":
            # scipy gives NaN, with a warning, for a row that does not vary.
            return np.nan_to_num(scipy.stats.skew(X, axis=1, bias=True), nan=0.0)
    return np.percentile(X, int(name.removeprefix("p")), axis=1, method="linear")


def slope(X: np.ndarray) -> np.ndarray:
    """librosa's delta; of clips too short for it the widest that fits, and none of one or two frames."""
    return derivative(X, 1)


def curvature(X: np.ndarray) -> np.ndarray:
    """librosa's delta of the second order, as :func:`slope`."""
    return derivative(X, 2)


def derivative(X: np.ndarray, order: int) -> np.ndarray:
    n_frames = X.shape[1]
    if n_frames < 3:
        return np.zeros_like(X)
    widest = n_frames if n_frames % 2 else n_frames - 1
    return librosa.feature.delta(X, width=min(DELTA_WIDTH, widest), order=order, mode="interp")


def fitted(y: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """``y`` brought to the spec's length, spelt out with NumPy's own words for it."""
    if spec.length is None:
        return y
    size = round(spec.length * spec.sr)
    missing = size - len(y)
    if missing < 0:
        start = -missing // 2 if spec.crop == "center" else 0
        return y[start : start + size]
    if spec.padding == "none":
        return y
    if spec.padding == "repeat" and len(y):
        return np.pad(y, (0, missing), mode="wrap")
    return np.pad(y, (0, missing))


class quiet(warnings.catch_warnings):  # noqa: N801 (reads as a word in a with statement)
    """Silence librosa about clips shorter than a transform, silent ones, and scipy about constants."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
