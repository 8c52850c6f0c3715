"""What tests of streams share: models whose windows share frames, and scenes with cries in them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.events import CryEvent, EventTracker, Window
from edgecry.stream.settings import EventSettings
from tests import graphs

SR = 8000
#: As the bundled detector's, but small: a hop of 0.1 s is 16 frames, so that windows share theirs.
SPEC = FeatureSpec(
    sr=SR,
    families=("mfcc", "voice"),
    stats=("mean", "std", "delta_std", "skew"),
    n_mfcc=4,
    n_mels=8,
    n_fft=256,
    hop_length=50,
    win_length=200,
    mel_fmin=150,
    mel_fmax=3800,
    center=False,
    level="remove",
)
LOUD = replace(SPEC, level="keep")
#: Scaled to windows of 0.3 s, as the defaults are to windows of 3 s.
EVENTS = EventSettings(
    onset=0.06, release=0.05, k=2, n=3, min_length=0.2, end_after=0.5, refractory=1.0, update_every=1.0
)
DECISION = {**graphs.THRESHOLD, "window": 0.3, "hop": 0.1, "threshold": 0.06, "floor_dbfs": -70.0}


def detector(folder: Path, spec: FeatureSpec = SPEC, W: np.ndarray | None = None, **decision) -> CryModel:
    """Make a detector of random weights, small enough that no score is saturated."""
    metadata = replace(graphs.EAR, spec=spec, reads=reads(spec), decision={**DECISION, **decision})
    W = graphs.weights(spec.n_features, 2) if W is None else W
    return load(folder / f"ear{len(list(folder.iterdir()))}.onnx", metadata, W)


def loud_detector(folder: Path, **decision) -> CryModel:
    """Make a detector that takes loud sounds for cries: ``1 / (1 + exp(-mfcc_0 / 50))``."""
    W = np.zeros((LOUD.n_features, 2), np.float32)
    W[0, 1] = 0.02
    return detector(folder, LOUD, W, **decision)


def reasoner(folder: Path, spec: FeatureSpec = LOUD, **decision) -> CryModel:
    """Make a model of reasons that is asked about 0.7 s."""
    spec = replace(spec, length=0.7, stats=("mean", "max"))
    metadata = replace(
        graphs.REASONS, spec=spec, reads=reads(spec), decision={**graphs.CONFORMAL, **decision}
    )
    return load(
        folder / f"why{len(list(folder.iterdir()))}.onnx", metadata, graphs.weights(spec.n_features, 3)
    )


def find_events(windows: Iterable[Window], settings: EventSettings | None = None) -> list[CryEvent]:
    """Give the events of a whole recording: what ``push`` of its windows one by one and ``flush`` return."""
    tracker = EventTracker(settings)
    events = [event for window in windows for event in tracker.push(*window)]
    return events + tracker.flush()


def reads(spec: FeatureSpec) -> tuple[int, ...]:
    return tuple(range(spec.n_features))


def load(path: Path, metadata, W: np.ndarray) -> CryModel:
    return CryModel.load(graphs.save(path, graphs.make(metadata, W=W)))


def noise(seconds: float, level: float = 0.01, sr: int = SR, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * sr))).astype(np.float32)


def scene(seconds: float, *cries: tuple[float, float], sr: int = SR, level: float = 1e-3) -> np.ndarray:
    """Make a quiet room with a loud sound for each cry, from one time to another."""
    y = noise(seconds, level, sr)
    t = np.arange(len(y)) / sr
    for start, end in cries:
        y[(start <= t) & (t < end)] += 0.3
    y[:] = np.where(y > 0.2, 0.3 * np.sin(2 * np.pi * 440 * t) + y - 0.3, y)
    return y


def listen(model, **settings) -> StreamClassifier:
    return StreamClassifier(model, SR, **{"events": EVENTS, "engine": "numpy", **settings})


def run(stream, y, sizes=(997,), end=True) -> list:
    """Push the samples in pieces of these sizes, in turn."""
    events, at, i = [], 0, 0
    while at < len(y):
        events += stream.push(y[at : at + sizes[i % len(sizes)]])
        at += sizes[i % len(sizes)]
        i += 1
    return events + (stream.flush() if end else [])


def spans(events) -> list:
    """Start and end of the events that are over."""
    return [(round(e.start, 3), round(e.end, 3)) for e in events if e.kind == "end"]
