"""Feature vectors of real and synthetic sounds, as the device computes them, to prove a conversion on.

Vectors that are made from a model (`convert.portable.vectors`) lie where the model decides. These lie
where recordings lie; a model that was fitted on other features shows here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.dataset import SUFFIXES
from convert.errors import ConversionError
from convert.scene import bark
from convert.synth import synthetic_cry
from edgecry.audio.load import load_audio
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import SAMPLE

#: Recordings of a folder that are used; more would say the same.
MOST_FILES: Final = 200


@dataclass(frozen=True)
class Sounds:
    """Vectors of sounds, and the files that some of them were read from.

    Parameters
    ----------
    vectors : float32 [shape=(n, n_features)]
    files : tuple of (Path, int)
        Recordings, each with its row in ``vectors``.
    """

    vectors: NDArray[np.float32]
    files: tuple[tuple[Path, int], ...]


def sounds(spec: FeatureSpec, folder: Path | None = None) -> Sounds:
    """Compute the vectors of the bundled sample, of synthetic sounds, and of the recordings in a folder.

    Parameters
    ----------
    spec : FeatureSpec
    folder : Path, optional
        At most ``MOST_FILES`` recordings in it and in its folders are used, in the order of their names.

    Raises
    ------
    ConversionError
        There is no such folder, or no recording in it can be read.
    """
    vectors, files = _bundled(spec)
    if folder is None:
        return Sounds(vectors, files)
    more = list(_of_folder(spec, folder))
    rows = range(len(vectors), len(vectors) + len(more))
    both = np.concatenate([vectors, [vector for _, vector in more]]).astype(np.float32)
    return Sounds(both, (*files, *((path, row) for (path, _), row in zip(more, rows, strict=True))))


@lru_cache(maxsize=8)
def _bundled(spec: FeatureSpec) -> tuple[NDArray[np.float32], tuple[tuple[Path, int], ...]]:
    extractor = FeatureExtractor(spec, engine="numpy")
    sample = load_audio(SAMPLE, spec.sr).samples
    vectors = []
    for sound in [sample, *_others(sample, spec.sr)]:
        try:
            vectors.append(extractor.extract(sound))
        except EdgecryError:
            if sound is sample:
                raise
    found = np.array(vectors).astype(np.float32)
    return found[np.isfinite(found).all(axis=1)], ((SAMPLE, 0),)


def _others(sample: NDArray[np.float32], sr: int) -> Iterator[NDArray[np.float32]]:
    """Parts of the sample, cries at several levels, a dog, a hum and noise: two seconds each."""
    rng = np.random.default_rng(0)
    n = 2 * sr
    for start in (0, n // 2, n):
        yield sample[start : start + n]
    for gain in (0.1, 0.02):
        yield (gain * sample[:n]).astype(np.float32)
    for seed, peak in enumerate((0.5, 0.5, 0.1, 0.02)):
        yield synthetic_cry(sr, 2.0, seed, peak=peak)
    noise = rng.standard_normal(n)
    for level in (0.001, 0.01, 0.1):
        yield (level * noise).astype(np.float32)
    dog = 0.001 * rng.standard_normal(n)
    for start in (n // 6, n // 2):
        part = 0.4 * bark(sr, rng)[: n - start]
        dog[start : start + part.size] += part
    yield dog.astype(np.float32)
    t = np.arange(n) / sr
    hum = sum(np.sin(2 * np.pi * 110 * k * t) / k for k in range(1, 4))
    yield (0.1 * hum + 0.002 * noise).astype(np.float32)
    yield (synthetic_cry(sr, 2.0, 4) * 0.5 + 0.05 * noise).astype(np.float32)


def _of_folder(spec: FeatureSpec, folder: Path) -> Iterator[tuple[Path, NDArray[np.float64]]]:
    if not folder.is_dir():
        raise ConversionError(f"{folder}: no such folder; name one with recordings")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    extractor = FeatureExtractor(spec, engine="numpy")
    found, first = 0, ""
    for path in paths[:MOST_FILES]:
        try:
            vector = extractor.extract(load_audio(path, spec.sr).samples)
        except EdgecryError as error:
            first = first or str(error)
            continue
        found += 1
        yield path, vector
    if not found:
        raise ConversionError(
            f"{folder}: no recording in it can be read{f'; the first: {first}' if first else ''}"
        )
