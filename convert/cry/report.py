"""The report of the detector. All of it is measured on groups that the network has not learned from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from convert.cache import cache_folder
from convert.cry import recipe
from convert.cry.altered import altered_cries
from convert.cry.conditions import changed_recordings, closed_forms, left_out
from convert.cry.folds import OutOfFold, out_of_fold
from convert.cry.material import Material, read_material
from convert.cry.night import nights
from convert.cry.parent import exhibits
from convert.cry.tables import by_corpus, by_kind, other_thresholds, peer, reliable, rooms
from convert.cry.voiced import by_voice
from convert.errors import ConversionError
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import Comparison, Measurements, Report, compare
from convert.evaluation.sections import POOLED
from convert.tell import Tell

#: Arguments of other tasks, with their values if nobody gives them.
CHOICES: Final[Mapping[str, object]] = {
    "spec": None,
    "label_column": None,
    "group_by": None,
    "positive": None,
    "permutations": None,
    "gain": True,
}


@dataclass(frozen=True, eq=False)
class Measured:
    """A report, and the values that training takes from it."""

    report: Report
    threshold: float
    scale: float
    shift: float


def report(args: argparse.Namespace, tell: Tell) -> Report:
    """Measure the detector as the arguments of ``python -m convert evaluate`` say."""
    refuse_choices(args)
    material = read_material(args.folders, cache_folder(args), tell, getattr(args, "steps", None))
    if getattr(args, "full_length", False):
        material = replace(material, procedure=replace(material.procedure, schedule=material.final))
    only_folds = getattr(args, "folds_only", False)
    return measure(material, draws=args.draws, tell=tell, only_folds=only_folds).report


def refuse_choices(args: argparse.Namespace) -> None:
    """Refuse the arguments of other tasks, because the recipe of the detector fixes these choices.

    Raises
    ------
    ConversionError
        One of them is given.
    """
    for name, unset in CHOICES.items():
        if getattr(args, name, unset) != unset:
            option = "no-gain" if name == "gain" else name.replace("_", "-")
            raise ConversionError(
                f"--{option}: has no place in the task cry, which always splits by source and measures "
                "everything; leave it out, or take --task clip"
            )


def measure(material: Material, *, draws: int, tell: Tell, only_folds: bool = False) -> Measured:
    """Measure everything, or only what the networks of the folds say of the recordings as they are."""
    found = out_of_fold(material)
    judge = peer(material)
    sections: list[Comparison | Measurements] = [
        _out_of_fold(found, draws),
        *exhibits(found, draws),
        by_voice(found, draws, tell),
        by_corpus(found, judge, draws),
        by_kind(found, judge, draws),
        *rooms(found, judge, draws),
        other_thresholds(found, draws),
        reliable(found),
    ]
    if not only_folds:
        sections += [
            *altered_cries(found, judge, draws, tell),
            *changed_recordings(found, draws, tell),
            closed_forms(found),
            *nights(found, tell),
            *left_out(found, draws, tell),
        ]
    made = Report("Detector of cries", _protocol(found), _data(material), tuple(sections))
    return Measured(made, found.threshold, found.scale, found.shift)


def _protocol(found: OutOfFold) -> str:
    """Say how the figures came about."""
    material = found.material
    learned = (
        "It learned from labels and from YAMNet (EDGECRY_TEACHER), whose judgement of training windows is a "
        "part of what it was taught; tested recordings count by their labels alone"
        if len(material.procedure.tracks[0].scores)
        else "It learned from labels alone"
    )
    return (
        f"out of fold, StratifiedGroupKFold({recipe.FOLDS}) by source ({len(set(material.groups))} "
        f"groups), {len(material.y)} recordings, a network for each fold, trained for "
        f"{material.procedure.schedule.steps} steps (the shipped one for {material.final.steps}, on all). "
        f"A recording counts as the device hears it: windows of {recipe.WINDOW:g} s every {recipe.HOP:g} s, "
        f"the largest probability. The threshold, {found.threshold:g}, is where {recipe.MAX_FPR:.0%} of "
        f"other sounds pass out of fold. Two numbers calibrate the probabilities; they and the threshold are "
        f"chosen on all folds together. {learned}"
    )


def _data(material: Material) -> str:
    """Say which recordings were measured."""
    cries = int(material.y.sum())
    corpora = ", ".join(dict.fromkeys(example.sound.corpus for example in material.examples))
    return (
        f"{len(material.y)} recordings of {corpora}: {cries} cries, {len(material.y) - cries} other "
        "sounds. Not every recording that is taken for a cry holds one: some are nearly silent"
    )


def _out_of_fold(found: OutOfFold, draws: int) -> Comparison:
    material = found.material
    contenders = {"network": [found.P]}
    judge = peer(material)
    if judge is not None:
        contenders["YAMNet"] = [judge]
    splits = Splits.by("source", material.groups, (recipe.SEED,), recipe.FOLDS)
    for name, guess in BASELINES.items():
        contenders[name] = cross_validate(guess, material.rows, material.y, splits, n_classes=2)
    notes = ["Probabilities are of balanced classes: as many cries as other sounds.", POOLED]
    if judge is not None:
        notes.append("YAMNet: its class 'Baby cry, infant cry', the highest of a window every 0.4 s.")
    return compare(
        "Out of fold, by source",
        material.y,
        contenders,
        recipe.LABELS,
        material.groups,
        positive=recipe.POSITIVE,
        draws=draws,
        notes=notes,
    )
