"""Two tiny corpora of synthetic sounds, and what is made of them once for all tests of the detector.

What needs PyTorch is skipped where that is not installed, and says so.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.cry import conditions, distractors, night, recipe
from convert.cry.distractors import hum, tone
from convert.cry.material import read_material
from convert.cry.report import measure
from convert.cry.variation import coloured_noise
from convert.synth import synthetic_cry


def write_manifest(folder: Path, rows: list[dict[str, object]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def write_corpora(folder: Path) -> Path:
    """A telephone's cries by app instance; cries and more of several authors, one of whom has both."""
    rng = np.random.default_rng(5)
    home = []
    for n in range(10):
        name = f"hungry/{n}.wav"
        y = synthetic_cry(8000, seconds=1.2 + 0.5 * (n % 5), seed=n)
        if n == 9:  # not every recording that is called a cry holds one
            y = 0.1 * coloured_noise(16000, 8000, 1, rng)
        home.append(
            _written(folder / "home" / name, y, 8000, file=name, label="hungry", instance=f"app{n // 2}")
        )
    town = []
    for n in range(8):
        name, y = f"crying_baby/{n}.flac", synthetic_cry(16000, seconds=2 + 0.4 * n, seed=100 + n)
        if n == 3:  # silent at the end
            y = np.concatenate([y, np.zeros(4 * 16000, np.float32)])
        author = "both" if n == 7 else f"parent{n // 2}"
        town.append(
            _written(
                folder / "town" / name, y, 16000, file=name, category="crying_baby", is_cry=1, author=author
            )
        )
    makers = {
        "hum": hum,
        "tone": tone,
        "rain": lambda n, sr, r: coloured_noise(n, sr, 1, r),
        "laughter": laughter,
    }
    for n in range(13):
        kind = "silence" if n == 12 else list(makers)[n % 4]
        y = np.zeros(16000) if n == 12 else makers[kind](16000 * (1 + n % 4), 16000, rng)
        name, author = f"{kind}/{n}.flac", "both" if n == 11 else f"shed{n // 2}"
        y = 0.5 * y / max(np.abs(y).max(), 1e-9)
        town.append(
            _written(folder / "town" / name, y, 16000, file=name, category=kind, is_cry=0, author=author)
        )
    write_manifest(folder / "home", home)
    write_manifest(folder / "town", town)
    return folder


def laughter(n: int, sr: int, rng: np.random.Generator) -> np.ndarray:
    """The voice of a cry in bursts, five a second."""
    t = np.arange(n) / sr
    return synthetic_cry(sr, n / sr, int(rng.integers(1000))) * np.clip(np.sin(2 * np.pi * 5 * t), 0, 1)


def _written(path: Path, y: np.ndarray, sr: int, **row: object) -> dict[str, object]:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, subtype="PCM_16")
    return row


TINY = recipe.Schedule(steps=30, batch=8, width=(4, 4, 6, 8), wide=8, units=6)


def need_torch() -> None:
    pytest.importorskip("torch", reason="NOT TESTED: PyTorch is not installed; pip install -e '.[train]'")


@pytest.fixture(scope="package", autouse=True)
def _small():
    """Small networks, soon trained: what they are worth is not tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EDGECRY_TEACHER", raising=False)
        patch.setattr(recipe, "MEASURED", TINY)
        patch.setattr(recipe, "FINAL", TINY)
        patch.setattr(recipe, "FOLDS", 2)
        patch.setattr(distractors, "LEARNED", 1)
        patch.setattr(distractors, "MORE", {})
        patch.setattr(recipe, "FINAL_SEED", 0)
        patch.setattr(conditions, "TESTED", 2)
        patch.setattr(conditions, "ENOUGH", 8)
        patch.setattr(night, "HOURS", 0.15)
        patch.setattr(night, "NIGHTS", 1)
        yield


@pytest.fixture(scope="package")
def corpora(tmp_path_factory):
    return write_corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="package")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="package")
def material(_small, corpora, cache):
    return read_material([corpora], cache, lambda _: None)


@pytest.fixture(scope="package")
def measured(material):
    need_torch()
    return measure(material, draws=20, tell=lambda _: None)
