"""Recordings to the model file of the detector: measured first, then fitted to all of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from convert.cache import cache_folder
from convert.commands.options import stated_data
from convert.cry import recipe
from convert.cry.material import Material, read_material
from convert.cry.report import Measured, measure, refuse_choices
from convert.evaluation.bootstrap import DRAWS
from convert.evaluation.protocol import SEEDS
from convert.evaluation.record import record
from convert.seen import mark

if TYPE_CHECKING:
    from convert.export import Converted


def train(args: argparse.Namespace, tell: Callable[[str], None]) -> tuple[Converted, str]:
    """Train as the arguments of ``python -m convert train --task cry`` say; the model, and its report."""
    refuse_choices(args)
    material = read_material(args.folders, cache_folder(args), tell)
    measured = measure(material, repeats=len(SEEDS), draws=DRAWS, tell=tell)
    name = args.name or args.output.stem
    made = fitted(material, measured, name=name, data=stated_data(args), tell=tell)
    return made, str(measured.report)


def fitted(
    material: Material,
    measured: Measured,
    *,
    name: str,
    data: Mapping[str, str],
    tell: Callable[[str], None],
) -> Converted:
    """Fit to all recordings, and convert."""
    from convert.export import convert

    tell("fitting to all recordings")
    detector = material.procedure.fit(material.rows, material.y, material.groups, recipe.SEED)
    vectors, _, _ = material.procedure.lessons(material.rows, material.y)
    tell("converting")
    converted = convert(
        detector.classifier,
        labels=recipe.LABELS,
        spec=recipe.SPEC,
        name=name,
        task="cry",
        vectors=vectors,
        data=data,
        evaluation=record(measured.report),
        decision=recipe.record(measured.threshold),
    )
    marked = mark(converted.onnx, [example.sound.path for example in material.examples])
    return replace(converted, onnx=marked)
