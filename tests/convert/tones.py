"""Synthetic recordings whose label is heard in their pitch, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from edgecry.features.spec import FeatureSpec

SR, LENGTH = 8000, 1600
SPEC = FeatureSpec(sr=SR, families=("mfcc",), n_mfcc=13, n_mels=26, n_fft=512)
PITCH = {"burping": 900, "hungry": 2200, "tired": 300}


def make_corpus(
    folder: Path, seed: int = 0, *, meaningful: bool = True, babies: int = 10, spec: FeatureSpec = SPEC
) -> Path:
    """Write two recordings of each baby, a manifest, and ``spec.json``.

    The label is heard in the pitch. If the corpus is not meaningful, it is not heard at all.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    lines = ["file,label,instance"]
    for label, pitch in PITCH.items():
        for baby in range(babies):
            f0 = pitch * rng.uniform(0.9, 1.1) if meaningful else rng.uniform(300, 2200)
            for take in range(2):
                name = f"{label}-{baby}-{take}.wav"
                tone = 0.2 * np.sin(2 * np.pi * f0 * np.arange(LENGTH) / SR)
                soundfile.write(folder / name, tone + 0.01 * rng.standard_normal(LENGTH), SR)
                lines.append(f"{name},{label},{label}{baby}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    (folder / "spec.json").write_text(spec.to_json())
    return folder
