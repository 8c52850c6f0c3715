"""Makes the model file of the detector: measures first, then trains on all recordings."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from convert.cache import cache_folder
from convert.commands.options import stated_data
from convert.cry import recipe
from convert.cry.corpora import read_sounds
from convert.cry.detector import CryDetector, torch_modules
from convert.cry.material import Material, read_material
from convert.cry.report import Measured, measure, refuse_choices
from convert.evaluation.bootstrap import DRAWS
from convert.evaluation.record import record
from convert.portable.examine import Examined
from convert.seen import stated

if TYPE_CHECKING:
    from convert.export import Converted

#: Number of real windows on which the model file is proven.
PROVEN: Final = 2_000


def train(args: argparse.Namespace, tell: Callable[[str], None]) -> tuple[Converted, str]:
    """Train as ``python -m convert train --task cry`` says. Return the model and its report."""
    refuse_choices(args)
    read_sounds(args.folders)  # first, so that wrong folders are reported at once
    torch_modules()
    material = read_material(args.folders, cache_folder(args), tell, args.steps)
    measured = measure(material, draws=DRAWS, tell=tell)
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
    """Train on all recordings, and prove the model file against PyTorch."""
    from convert.export import Card, package

    tell("training on all recordings")
    procedure = replace(material.procedure, schedule=material.final)
    paths = [example.sound.path for example in material.examples]
    weights = procedure.trained_weights(paths, recipe.FINAL_SEED)
    examined = examine(procedure, weights, material, measured)
    rule = recipe.record(measured.threshold)
    card = Card(name, "cry", data, record(measured.report), rule, stated(paths))
    return package(examined, recipe.LABELS, recipe.SPEC, card, hashlib.sha256(weights).hexdigest())


def examine(procedure: CryDetector, weights: bytes, material: Material, measured: Measured) -> Examined:
    """Export a network, and have PyTorch answer for real windows."""
    import torch

    _, graph = torch_modules()
    net = graph.rounded(procedure.network(weights))
    X = np.concatenate([example.heard for example in material.examples])
    X = X[~np.isnan(X[:, 0])]
    X = X[np.random.default_rng(recipe.SEED).permutation(len(X))[:PROVEN]]
    spec = recipe.SPEC
    with torch.no_grad():
        frames = torch.from_numpy(X).reshape(-1, 1, spec.n_frames, spec.n_mels)
        logits = torch.cat([net(part)[0] for part in frames.split(64)]).double().numpy()
    p = 1 / (1 + np.exp(-(measured.scale * logits + measured.shift)))
    P = np.column_stack([1 - p, p])
    return Examined(
        estimator="convert.cry.network.Network",
        sklearn=f"not used, PyTorch {torch.__version__}",
        n_features=spec.n_features,
        classes=[0, 1],
        encoder=None,
        graph=graph.export(net, measured.shift, measured.scale),
        given=len(X),
        vectors=X,
        probabilities=P,
        predicted=P.argmax(axis=1),
    )
