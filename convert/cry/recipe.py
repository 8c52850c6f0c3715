"""What the detector hears, and how it learns: the constants of its recipe, each measured or reasoned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgecry.features.spec import FeatureSpec

#: 3.8 kHz is where an 8 kHz telephone and a 44.1 kHz recorder still hear alike. A window is as long as its
#: transform, as a converter's DC offset leaks into every band of a shorter one. 45 dB is what a telephone
#: leaves between a cry and its own noise.
SPEC: Final = FeatureSpec(
    sr=16000,
    families=("logmel",),
    n_mels=40,
    n_fft=512,
    hop_length=320,
    win_length=512,
    mel_fmin=100.0,
    mel_fmax=3800.0,
    center=False,
    floor_db=45.0,
    length=3.0,
    padding="none",
)
LABELS: Final = ("other", "cry")
POSITIVE: Final = "cry"
#: Seconds. A second alone is often the pause between two cries.
WINDOW: Final = 3.0
#: Seconds: 48 frames, three of the blocks that frames are multiplied in, so that windows share theirs.
HOP: Final = 0.96
POOL: Final = "max"
#: RMS about the mean, in dB of full scale, under which nothing can be said: a few units of 16 bits.
FLOOR_DBFS: Final = -75.0
#: Share of other sounds that may be taken for cries, where the threshold is chosen.
MAX_FPR: Final = 0.01
#: Parts that recordings are split into: a network takes minutes, so they are fewer than of other models.
FOLDS: Final = 4
SEED: Final = 0
FINAL_SEED: Final = 1


@dataclass(frozen=True)
class Lessons:
    """How windows are drawn for training. Each pair holds at its beginning and at its end.

    Parameters
    ----------
    cries : float
        Share of windows that are of a cry.
    corpora : mapping of str to float
        How often cries of each corpus are drawn; a corpus that is not named counts by its cries.
    mixed, short : (float, float)
        Share that lies under another sound, and share cut to 0.7 to 2.2 s.
    lowest_snr : (float, float)
        Lowest ratio of a window to the sound over it, in dB; the highest is 22.
    masks : float
        Share of windows in which a stretch of time, and of bands, is covered.
    label : float
        Weight of the label of a cry beside the teacher's probability.
    of_others : float
        What the teacher's probability of a sound that is not a cry is multiplied by.
    """

    cries: float = 0.42
    corpora: Mapping[str, float] = field(
        default_factory=lambda: {"donateacry": 0.6, "sounds": 0.16, "sounds2": 0.02, "sounds3": 0.22}
    )
    mixed: tuple[float, float] = (0.3, 0.6)
    short: tuple[float, float] = (0.25, 0.35)
    lowest_snr: tuple[float, float] = (6.0, -5.0)
    masks: float = 0.3
    label: float = 0.3
    of_others: float = 0.3


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Parameters
    ----------
    steps, batch : int
    rate : float
        Highest learning rate: reached after 100 steps, and lowered along a cosine.
    decay : float
        Of the weights (AdamW: Loshchilov and Hutter, ICLR 2019).
    average : float
        The weights that count are a moving average of those of all steps; how much of it a step keeps.
    embedding : float
        Weight of the distance to the teacher's embedding.
    width, wide, units : tuple of int, int, int
        Channels of the first convolutions, of the last three, and size of the embedding.
    """

    steps: int = 3_000
    batch: int = 48
    rate: float = 3e-3
    decay: float = 0.03
    average: float = 0.998
    embedding: float = 0.3
    width: tuple[int, ...] = (16, 32, 48, 64)
    wide: int = 80
    units: int = 64


#: Of the network that is shipped, and of those that are measured, of which there are many.
FINAL: Final = Schedule(steps=9_000, average=0.999)
MEASURED: Final = Schedule()


def record(threshold: float) -> dict[str, object]:
    """Give the ``decision`` record of a detector with this threshold."""
    return {
        "rule": "threshold",
        "positive": POSITIVE,
        "threshold": threshold,
        "window": WINDOW,
        "hop": HOP,
        "pool": POOL,
        "floor_dbfs": FLOOR_DBFS,
    }
