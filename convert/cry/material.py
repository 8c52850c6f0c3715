"""All that the detector is trained and measured on, read and computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.cry import recipe
from convert.cry.corpora import read_sounds
from convert.cry.detector import CryDetector
from convert.cry.examples import Example, read_examples
from convert.cry.tracks import read_tracks
from convert.evaluation.figures import Labels
from convert.tell import Tell


@dataclass(frozen=True, eq=False)
class Material:
    """Examples, the procedure that is fitted to them, and the folder where features are kept."""

    examples: tuple[Example, ...]
    procedure: CryDetector
    y: Labels
    groups: tuple[str, ...]
    cache: Path | None

    @property
    def rows(self) -> Labels:
        """The rows of all examples."""
        return self.procedure.rows

    def where(self, test: Callable[[Example], bool]) -> Labels:
        """Give the rows of the examples that pass a test."""
        return np.flatnonzero([test(example) for example in self.examples])


def read_material(folders: Sequence[Path], cache: Path | None, tell: Tell) -> Material:
    """Read corpora, and compute what is heard and what is learned."""
    examples = read_examples(read_sounds(folders, tell), cache, tell)
    tracks = read_tracks([example.sound for example in examples], cache, tell)
    y = np.array([int(example.sound.is_cry) for example in examples], dtype=np.intp)
    groups = tuple(example.sound.group for example in examples)
    procedure = CryDetector(examples, tracks, recipe.MEASURED, cache, tell)
    return Material(examples, procedure, y, groups, cache)
