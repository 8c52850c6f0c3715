"""The system edgecry replaces: librosa, joblib and scikit-learn, as its model card gives them.

``extract_features`` is the card's function with the parameters the card leaves open filled in; it
differs only in letting errors through. The card's pickles are not ours to ship, so a stand-in
forest of the same shape (194 values in, five labels out) takes their place.
"""

from __future__ import annotations

from pathlib import Path

import joblib
import librosa
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import LabelEncoder

LABELS = ("belly_pain", "burping", "discomfort", "hungry", "tired")
N_FEATURES = 194
SR = 16000

n_fft = 1024
hop_length = 160
win_length = 400
window = "hann"
n_mels = 128
n_bands = 7
fmin = 100


def load(file_path: str | Path) -> np.ndarray:
    """The first line of the card's function."""
    y, _ = librosa.load(file_path, sr=SR)
    return y


def features_of(y: np.ndarray, sr: int = SR) -> np.ndarray:
    """The card's function after loading."""
    mfcc, mel, stft = mfcc_of(y, sr), mel_of(y, sr), stft_of(y)
    return np.concatenate((mfcc, chroma_of(y, stft, sr), mel, contrast_of(y, stft, sr), tonnetz_of(y, sr)))


def extract_features(file_path: str | Path) -> np.ndarray:
    """The card's function: (194,) float32 of a file."""
    return features_of(load(file_path))


def mfcc_of(y: np.ndarray, sr: int = SR) -> np.ndarray:
    return np.mean(
        librosa.feature.mfcc(
            y=y,
            sr=sr,
            n_mfcc=40,
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=win_length,
            window=window,
        ).T,
        axis=0,
    )


def mel_of(y: np.ndarray, sr: int = SR) -> np.ndarray:
    return np.mean(
        librosa.feature.melspectrogram(
            y=y,
            sr=sr,
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=win_length,
            window="hann",
            n_mels=n_mels,
        ).T,
        axis=0,
    )


def stft_of(y: np.ndarray) -> np.ndarray:
    return np.abs(librosa.stft(y))


def chroma_of(y: np.ndarray, stft: np.ndarray, sr: int = SR) -> np.ndarray:
    return np.mean(librosa.feature.chroma_stft(S=stft, y=y, sr=sr).T, axis=0)


def contrast_of(y: np.ndarray, stft: np.ndarray, sr: int = SR) -> np.ndarray:
    return np.mean(
        librosa.feature.spectral_contrast(
            S=stft,
            y=y,
            sr=sr,
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=win_length,
            n_bands=n_bands,
            fmin=fmin,
        ).T,
        axis=0,
    )


def tonnetz_of(y: np.ndarray, sr: int = SR) -> np.ndarray:
    return np.mean(librosa.feature.tonnetz(y=y, sr=sr).T, axis=0)


def predict_cry(file_path: str | Path, model: RandomForestClassifier, encoder: LabelEncoder) -> str:
    """The card's answer, with the pickles already loaded."""
    prediction = model.predict(extract_features(file_path).reshape(1, -1))
    return str(encoder.inverse_transform(prediction)[0])


def write_stand_in(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write ``model.joblib`` and ``label.joblib``: 100 trees to depth 12, of noise.

    What a forest costs depends on its size, not on what it has learnt.
    """
    rng = np.random.default_rng(seed)
    encoder = LabelEncoder().fit(LABELS)
    X, labels = rng.standard_normal((500, N_FEATURES)), rng.integers(len(LABELS), size=500)
    model = RandomForestClassifier(n_estimators=100, max_depth=12, random_state=seed).fit(X, labels)
    paths = folder / "model.joblib", folder / "label.joblib"
    joblib.dump(model, paths[0])
    joblib.dump(encoder, paths[1])
    return paths
