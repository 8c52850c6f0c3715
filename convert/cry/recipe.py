"""What the detector hears, and when: the constants of its recipe, each measured or reasoned."""

from __future__ import annotations

from typing import Final

from edgecry.features.spec import FeatureSpec

#: 3.8 kHz is where an 8 kHz telephone and a 44.1 kHz recorder still hear alike, once a resampler has
#: taken its share; under 150 Hz are hum and handling. A hop of 1/64 s divides a second, so that the
#: frames of overlapping windows are the same ones. The window is as long as the transform: of a shorter
#: one a converter's DC offset leaks into every band.
SPEC: Final = FeatureSpec(
    sr=16000,
    families=("mfcc", "voice"),
    stats=("mean", "std", "delta_std", "skew"),
    n_mfcc=20,
    n_mels=40,
    n_fft=512,
    hop_length=250,
    win_length=512,
    mel_fmin=150.0,
    mel_fmax=3800.0,
    center=False,
    level="remove",
    length=3.0,
)
LABELS: Final = ("other", "cry")
POSITIVE: Final = "cry"
#: Seconds. A second alone is often the pause between two cries.
WINDOW: Final = 3.0
HOP: Final = 1.0
POOL: Final = "max"
#: RMS about the mean, in dB of full scale, under which nothing can be said: a few units of 16 bits.
FLOOR_DBFS: Final = -75.0
#: Share of other sounds that may be taken for cries, where the threshold is chosen.
MAX_FPR: Final = 0.01
#: Varied copies of a recording, by corpus: as many as make about this many cries, within bounds.
WANTED_CRIES: Final = 600
COPIES: Final = (8, 24)
#: Categories that are rare and hard: as many copies as a rare cry has.
RARE: Final = frozenset({"baby_laugh", "baby_voice", "laughter"})
#: Of each kind of distractor, and how much each weighs beside a recording.
DISTRACTORS: Final = 60
DISTRACTOR_WEIGHT: Final = 0.15
SEED: Final = 0


def record(threshold: float) -> dict[str, object]:
    """The ``decision`` record of a detector with this threshold."""
    return {
        "rule": "threshold",
        "positive": POSITIVE,
        "threshold": threshold,
        "window": WINDOW,
        "hop": HOP,
        "pool": POOL,
        "floor_dbfs": FLOOR_DBFS,
    }
