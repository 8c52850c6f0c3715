"""Task "reason": labelled recordings to a model of reasons that is calibrated, and knows what it does not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from convert.commands.options import stated_data
from convert.evaluation.effort import Effort
from convert.evaluation.record import record
from convert.evaluation.report import Report
from convert.reason.data import Material, read_material
from convert.reason.recipe import SEED, Recipe, Tempered, nameable
from convert.reason.report import PERMUTATIONS, measure
from convert.tell import Tell

if TYPE_CHECKING:
    from convert.export import Converted


def train(args: argparse.Namespace, tell: Tell) -> tuple[Converted, str]:
    """Measure the recipe, fit it to all recordings, and convert it.

    The same recordings and settings give the same model file, byte for byte.

    Returns
    -------
    Converted, str
        The model file, and its figures for people.
    """
    material = read_material(args, tell)
    found = measure(material, Effort(permutations=PERMUTATIONS), tell)
    name = args.name or args.output.stem
    return make_model(material, found, name=name, data=stated_data(args), tell=tell), str(found)


def make_model(
    material: Material, found: Report, *, name: str, data: dict[str, str], tell: Tell = lambda _: None
) -> Converted:
    """Fit the recipe to all of the material, and put it into a model file with a report's figures."""
    from convert.export import convert

    tell(f"fitting to {len(material.y)} recordings, and converting")
    names = np.array(material.labels)[material.y]
    fitted = Recipe().fit(material.features.X, names, material.groups, SEED)
    return convert(
        fitted.pipeline,
        spec=material.spec,
        name=name,
        task="reason",
        vectors=material.features.X,
        data=data,
        evaluation=record(found),
        decision=decision_record(fitted, material),
        recordings=[recording.path for recording in material.features.recordings],
    )


def decision_record(fitted: Tempered, material: Material) -> dict[str, Any]:
    """The ``decision`` record of the model file; the prior is not rounded, as the coefficients hold it."""
    rule = fitted.rule(material.labels, nameable(material.y, material.groups, material.labels))
    return {
        "rule": "conformal",
        "coverage": rule.coverage,
        "prior": dict(rule.prior),
        "scores": {label: list(scores) for label, scores in rule.scores.items()},
        "nameable": list(rule.nameable),
        "temperature": fitted.temperature,
    }
