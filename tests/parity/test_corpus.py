"""Parity over real recordings, and over synthetic ones where there are none.

EDGECRY_DATA names the folder of the recordings; a set that is missing there is skipped by name.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from convert.synth import synthetic_cry
from edgecry.features.families import SEED_FAMILIES
from tests.parity.comparison import Compared, compare

pytestmark = pytest.mark.once

SR = 16000
#: Of each set every n-th recording: all of the cries, and what is quick enough of the other sounds.
STRIDES = {"donateacry": 1, "sounds": 8, "sounds2": 8}
SYNTHETIC = 6


def clips(name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Name and samples at 16 kHz of every clip of a set."""
    if name == "synthetic":
        for seed in range(SYNTHETIC):
            yield f"synthetic cry {seed}", synthetic_cry(sr=SR, seconds=3.0 + seed / 2, seed=seed)
        return
    data = os.environ.get("EDGECRY_DATA")
    if not data:
        pytest.skip(f"{name} is missing: EDGECRY_DATA names no folder of recordings")
    manifest = Path(data, name, "manifest.csv")
    if not manifest.is_file():
        pytest.skip(f"{name} is missing: {manifest} does not exist")
    with manifest.open(newline="", encoding="utf-8") as lines:
        files = [row["file"] for row in csv.DictReader(lines)]
    for file in files[:: STRIDES[name]]:
        samples, sr = soundfile.read(manifest.parent / file, dtype="float32")
        yield f"{name}/{file}", soxr.resample(samples, sr, SR, quality="HQ") if sr != SR else samples


@pytest.fixture(scope="module", params=["synthetic", *STRIDES])
def compared(request: pytest.FixtureRequest) -> list[Compared]:
    """Every clip of a set, by both."""
    results = [compare(name, y) for name, y in clips(request.param)]
    assert len(results) >= SYNTHETIC, f"{request.param} holds only {len(results)} clips"
    return results


def test_no_tuning_flips(compared):
    """A tuning moves by jumps, so it is either the same or not: no clip may differ."""
    flips = [c.name for c in compared if not c.tunings_agree]
    assert len(flips) == 0, f"{len(flips)} of {len(compared)} clips flip: {', '.join(flips[:5])}"


@pytest.mark.parametrize("family", SEED_FAMILIES)
def test_family_is_within_tolerance(compared, family):
    excess = sorted(((c.excess(family), c.name) for c in compared), reverse=True)
    worst, over = excess[:3], sum(e > 1 for e, _ in excess)
    assert over == 0, f"{over} of {len(compared)} clips; the worst, in tolerances: {worst}"
