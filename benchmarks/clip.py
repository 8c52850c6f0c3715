"""The clip that is measured: 7 s of crying, 8 kHz, 16 bit, mono, as phones of the corpus recorded it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import soundfile

SR = 8000
SECONDS = 7.0


def write_clip(folder: Path) -> tuple[Path, str]:
    """Write the clip as WAV into ``folder``; return its path and where the sound is from.

    With EDGECRY_DATA set it is a real cry, without a synthetic one.
    """
    samples, origin = _recorded() if os.environ.get("EDGECRY_DATA") else _synthetic()
    path = folder / "clip.wav"
    soundfile.write(path, samples, SR, subtype="PCM_16")
    return path, origin


def _recorded():
    """The manifest's first recording of full length, so that every machine takes the same."""
    manifest = Path(os.environ["EDGECRY_DATA"], "donateacry", "manifest.csv")
    with manifest.open(newline="", encoding="utf-8") as lines:
        files = [row["file"] for row in csv.DictReader(lines) if float(row["seconds"]) >= SECONDS]
    samples, sr = soundfile.read(manifest.parent / files[0], dtype="int16", frames=int(SECONDS * SR))
    if sr != SR:
        raise ValueError(f"{files[0]}: {sr} Hz; expected {SR} Hz")
    return samples, f"donateacry/{files[0]}"


def _synthetic():
    from convert.synth import synthetic_cry

    return synthetic_cry(sr=SR, seconds=SECONDS, seed=0), "synthetic cry, seed 0"
