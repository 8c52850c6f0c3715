"""Synthetic recordings whose reason can be heard, or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from edgecry.features.spec import FeatureSpec

SPEC = FeatureSpec(sr=8000, families=("mfcc",), n_mfcc=13, n_mels=26, n_fft=512, level="remove")
PITCH = {"burping": 900, "hungry": 2200, "tired": 300}


def make_corpus(folder: Path, *, meaningful: bool = True, babies: int = 12) -> Path:
    """Two recordings of each baby; the reason is heard in the pitch or not at all."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    lines = ["file,label,instance"]
    for label, pitch in PITCH.items():
        for baby in range(babies):
            f0 = pitch * rng.uniform(0.9, 1.1) if meaningful else rng.uniform(300, 2200)
            for take in range(2):
                name = f"{label}-{baby}-{take}.wav"
                tone = 0.2 * np.sin(2 * np.pi * f0 * np.arange(1600) / 8000)
                soundfile.write(folder / name, tone + 0.01 * rng.standard_normal(1600), 8000)
                lines.append(f"{name},{label},{label}{baby}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder
