"""Listens for some seconds and says what is heard, before anybody depends on it.

``python -m edgecry.listening.trial listen.toml`` writes the result as JSON. ``edgecry doctor`` runs that,
because it does not load NumPy or drivers itself.
"""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from edgecry.arrays import Float32
from edgecry.errors import EdgecryError
from edgecry.listening.hearing import HearingSettings, Looks
from edgecry.sources.making import make_reader
from edgecry.sources.settings import SourceSettings

#: Seconds of sound, and seconds to wait for the first of it: a camera starts slowly.
SECONDS: Final = 3.0
PATIENCE: Final = 12.0


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    Attributes
    ----------
    seconds : float
        Of sound.
    level, peak : float or None
        RMS about the mean, and the largest sample, in dB of full scale; None in digital silence.
    state, reason : str
        As a verdict has them: "hearing", or "no_sound", "digital_silence", "not_sound", "clipping".
    """

    seconds: float
    level: float | None
    peak: float | None
    state: str
    reason: str


def listen_for(
    settings: SourceSettings,
    hearing: HearingSettings | None = None,
    seconds: float = SECONDS,
    patience: float = PATIENCE,
) -> Trial:
    """Listen to a source for some seconds.

    Parameters
    ----------
    settings : SourceSettings
        The source.
    hearing : HearingSettings, optional
        What is clipping.
    seconds, patience : float
        Of sound, and that may pass until there is so much.

    Raises
    ------
    EdgecryError
        The source cannot be opened, or has failed for good.
    """
    blocks: list[Float32] = []
    with make_reader(settings) as reader:
        deadline = time.monotonic() + patience
        missing = round(seconds * reader.sr)
        while missing > 0 and time.monotonic() < deadline:
            if (block := reader.read(missing, 0.5)) is not None:
                blocks.append(block.samples)
                missing -= len(block.samples)
            elif reader.ended:
                break
        complaint = reader.counts.last_error or f"no sound for {patience:.0f} s"
        return judge(np.concatenate(blocks) if blocks else None, reader.sr, hearing, complaint)


def judge(y: Float32 | None, sr: int, hearing: HearingSettings | None = None, complaint: str = "") -> Trial:
    """Judge samples, float32 [shape=(n,)]. ``complaint`` says why there are none."""
    if y is None or len(y) == 0:
        return Trial(0.0, None, None, "no_sound", complaint)
    hearing = hearing or HearingSettings()
    if y.min() == y.max():
        what = "digital silence, which no live microphone gives: is it muted?"
        return Trial(len(y) / sr, None, None, "digital_silence", what)
    looks = Looks()
    for at in range(0, len(y), sr // 2):
        looks.add(y[at : at + sr // 2], hearing.loud)
    verdict = looks.verdict(hearing.clipping)
    level, peak = (20 * math.log10(float(value)) for value in (y.std(dtype=np.float64), np.abs(y).max()))
    return Trial(len(y) / sr, round(level, 1), round(peak, 1), verdict.state, verdict.reason)


def main(path: str) -> int:
    """Listen to the source of a settings file, and write what was heard."""
    from edgecry.listening.settings import load_settings

    try:
        settings = load_settings(path)
        sys.stdout.write(json.dumps(asdict(listen_for(settings.source, settings.hearing))) + "\n")
    except EdgecryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
