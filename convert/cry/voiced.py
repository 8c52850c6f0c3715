"""How far the labels go: which cries are found, by how much voice there is in the recording."""

from __future__ import annotations

import hashlib
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from convert.cache import FeatureCache
from convert.cry.examples import SR
from convert.cry.folds import OutOfFold
from convert.cry.material import Material
from convert.evaluation.exhibit import Exhibit
from convert.evaluation.figures import Labels
from convert.evaluation.report import Value
from convert.evaluation.sections import hit_rates
from convert.tell import Tell
from edgecry.arrays import Float64
from edgecry.audio.load import load_audio
from edgecry.measure import pitch

#: Seconds of voice that part the rows.
BOUNDS: Final = (0.0, 0.5, 1.0, 1.5, 2.5, np.inf)
#: Range in Hz of the fundamental of most cries.
LOWEST: Final = 200.0
HIGHEST: Final = 800.0


def by_voice(found: OutOfFold, draws: int, tell: Tell) -> Exhibit:
    """Give recall of the cries by how much voice they hold. Neither label nor network knows of that."""
    tell("how much voice the cries hold")
    material = found.material
    cries = np.flatnonzero(material.y == 1)
    seconds = voice(material, cries)
    rows: dict[str, dict[str, Value]] = {}
    for low, high in pairwise(BOUNDS):
        inside = cries[(seconds >= low) & (seconds < high)]
        if not len(inside):
            continue
        groups = [material.groups[i] for i in inside.tolist()]
        hits = found.P[inside, 1] >= found.threshold
        rates = hit_rates([hits], np.ones(len(hits), np.intp), groups, draws=draws)
        rows[f"{low:g} s or more" if high == BOUNDS[-1] else f"{low:g} to {high:g} s"] = {
            "cries": len(inside),
            "sources": len(set(groups)),
            "found": int(hits.sum()),
            "recall": rates["recall"],
        }
    note = (
        f"Seconds of a recording, labelled a cry, in which a fundamental of {LOWEST:g} to {HIGHEST:g} Hz is "
        "found by autocorrelation, as by 'edgecry measure'. Other voices and hums count too."
    )
    title = f"Cries by how much voice they hold, at the threshold {found.threshold:g}"
    return Exhibit(title, "voice", rows, (note,))


def voice(material: Material, rows: Labels) -> Float64:
    """Give the seconds with a voice in recordings, by their rows."""
    code = hashlib.sha256(Path(pitch.__file__).read_bytes()).hexdigest()
    kept = FeatureCache(material.cache, f"voice {LOWEST:g} {HIGHEST:g} {code}")
    paths = [material.examples[i].sound.path for i in rows.tolist()]
    return np.array([float(kept.fetch(path, partial(_voice, path))) for path in paths])


def _voice(path: Path) -> Float64:
    y = load_audio(path, SR).samples
    voiced = pitch.track(y, SR, LOWEST, HIGHEST).voiced
    return np.asarray(voiced.mean() * len(y) / SR if len(voiced) else 0.0)
