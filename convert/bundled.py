"""The models that come with edgecry, measured again and held against what their files say."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from convert.dataset import MANIFEST
from convert.errors import ConversionError
from convert.evaluation.record import record
from convert.evaluation.report import Measurements, Report, Value
from convert.tell import Tell
from edgecry.models.model import CryModel

#: What another machine's arithmetic may move a number by.
TOLERANCE: Final = 0.002
#: Corpus that the models of reasons were made of, in the folder that holds them all.
DONATEACRY: Final = "donateacry"
#: By model: the module that measures, and the folder it is given.
MODELS: Final[Mapping[str, tuple[str, str]]] = {
    "cry": ("convert.cry.report", "."),
    "reason": ("convert.reason.report", DONATEACRY),
    "seed": ("convert.clip.report", DONATEACRY),
}


def is_all(folders: list[Path]) -> bool:
    """Tell whether a folder is the one that the bundled models were made of: corpora, and none itself."""
    if len(folders) != 1 or (folders[0] / MANIFEST).is_file():
        return False
    return (folders[0] / DONATEACRY / MANIFEST).is_file()


def reports(args: argparse.Namespace, tell: Tell) -> Iterator[Report]:
    """Measure each as its file was measured, which ``python -m convert evaluate`` asks for alone.

    One whose recordings are not there is told of and left out.

    Raises
    ------
    ConversionError
        All are left out, or an argument asks for something else.
    """
    refuse_choices(args)
    (folder,) = args.folders
    left_out = []
    for name, (module, place) in MODELS.items():
        tell(f"model {name}")
        there = argparse.Namespace(**{**vars(args), "folders": [folder / place]})
        try:
            found: Report = import_module(module).report(there, tell)
        except ConversionError as error:
            tell(f"model {name} is left out: {error}")
            left_out.append(name)
            continue
        sections = (*found.sections, against_the_file(found, CryModel.load(name)))
        yield replace(found, title=f"{name}: {found.title}", sections=sections)
    if len(left_out) == len(MODELS):
        raise ConversionError(f"{folder}: none of the models {', '.join(left_out)} can be measured on it")


def refuse_choices(args: argparse.Namespace) -> None:
    """Refuse arguments that would make it another measurement than the files'.

    Raises
    ------
    ConversionError
        One of them is given.
    """
    for name in ("spec", "label_column", "group_by", "estimator", "positive", "permutations"):
        if getattr(args, name) is not None:
            raise ConversionError(
                f"--{name.replace('_', '-')}: the models that come with edgecry are measured as their files "
                "were; leave it out, or name a --task and the folder of a corpus"
            )
    if not args.gain:
        raise ConversionError("--no-gain: leave it out, or name a --task and the folder of a corpus")


def against_the_file(found: Report, model: CryModel) -> Measurements:
    """How many numbers are those of a model file, and which one is the farthest."""
    stored = dict(numbers(model.metadata.evaluation["sections"]))
    measured = dict(numbers(record(found)["sections"]))
    gaps = {place: abs(stored[place] - value) for place, value in measured.items() if place in stored}
    missing = len(stored.keys() ^ measured.keys())
    moved = [place for place, gap in gaps.items() if gap > TOLERANCE]
    farthest = max(gaps, key=gaps.__getitem__, default="")
    row: dict[str, Value] = {
        "numbers": len(stored),
        "the same": len(gaps) - len(moved),
        "moved": len(moved),
        "in one of both only": missing,
        "farthest": f"{farthest}, by {gaps[farthest]:.4f}" if gaps and gaps[farthest] else "none",
    }
    note = f"The same means to within {TOLERANCE:g}, which another machine's arithmetic may take."
    return Measurements("Held against the model file", "file", {model.path.name: row}, (note,))


def numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a record's sections, by where it stands."""
    if isinstance(value, Mapping):
        own = value.get("title", value.get("name"))
        prefix = f"{place}, {own}" if place and own else own or place
        for key, item in value.items():
            yield from numbers(item, prefix if key in ("rows", "classes", "value") else f"{prefix}, {key}")
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, place)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, float(value)
