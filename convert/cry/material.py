"""All that the detector is trained and measured on, read and computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convert.cry import recipe
from convert.cry.corpora import read_sounds
from convert.cry.detector import CryDetector
from convert.cry.examples import Example, read_examples
from convert.cry.recipe import Schedule
from convert.cry.tracks import read_tracks
from convert.evaluation.figures import Labels
from convert.tell import Tell


@dataclass(frozen=True, eq=False)
class Material:
    """All that the detector is made of.

    Parameters
    ----------
    examples : tuple of Example
    procedure : CryDetector
        It is fitted to examples; its schedule is that of the networks that are measured.
    final : Schedule
        Of the network that is kept, which learns from all examples.
    y : int [shape=(n,)]
        1 for a cry, by example.
    groups : tuple of str
        Source of each example.
    cache : Path, optional
        Folder where features and networks are kept.
    """

    examples: tuple[Example, ...]
    procedure: CryDetector
    final: Schedule
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


def read_material(
    folders: Sequence[Path], cache: Path | None, tell: Tell, steps: int | None = None
) -> Material:
    """Read corpora, and compute what is heard and what is learned.

    Every network is trained for ``steps`` steps; by default for as many as the recipe says.
    """
    examples = read_examples(read_sounds(folders, tell), cache, tell)
    tracks = read_tracks([example.sound for example in examples], cache, tell)
    y = np.array([int(example.sound.is_cry) for example in examples], dtype=np.intp)
    groups = tuple(example.sound.group for example in examples)
    measured, final = recipe.MEASURED, recipe.FINAL
    if steps is not None:
        measured, final = replace(measured, steps=steps), replace(final, steps=steps)
    procedure = CryDetector(examples, tracks, measured, cache, tell)
    return Material(examples, procedure, final, y, groups, cache)
