"""All that the detector is fitted to and measured on, read and computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.cry import recipe
from convert.cry.corpora import read_sounds
from convert.cry.detector import CryDetector
from convert.cry.examples import Example, distractor_vectors, read_examples
from convert.evaluation.figures import Labels

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Material:
    """Examples, the procedure that is fitted to them, and where features are kept."""

    examples: tuple[Example, ...]
    procedure: CryDetector
    y: Labels
    groups: tuple[str, ...]
    cache: Path | None

    @property
    def rows(self) -> Labels:
        """All of them."""
        return self.procedure.rows

    def cries_of(self, corpus: str) -> Labels:
        """Rows of the cries of a corpus."""
        return self.where(lambda e: e.sound.is_cry and e.sound.corpus == corpus)

    def where(self, test: Callable[[Example], bool]) -> Labels:
        """Rows of the examples that pass."""
        return np.flatnonzero([test(example) for example in self.examples])


def read_material(folders: Sequence[Path], cache: Path | None, tell: Tell) -> Material:
    """Read corpora and compute what is heard and taught."""
    examples = read_examples(read_sounds(folders, tell), cache, tell)
    _, taught = distractor_vectors(recipe.DISTRACTORS, recipe.SEED)
    y = np.array([int(example.sound.is_cry) for example in examples], dtype=np.intp)
    groups = tuple(example.sound.group for example in examples)
    return Material(examples, CryDetector(examples, taught), y, groups, cache)
