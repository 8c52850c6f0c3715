"""Values of any kind as settings: taken, or refused by an error of edgecry's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.reliability.campaign import Campaign
from edgecry.audio.load import AudioOptions
from edgecry.decision import Decision
from edgecry.errors import EdgecryError
from edgecry.features.spec import FeatureSpec
from edgecry.models.runtimes import RuntimeOptions
from edgecry.stream.settings import EventSettings

_CLASSES: tuple[type[Any], ...] = (AudioOptions, Decision, EventSettings, FeatureSpec, RuntimeOptions)
#: Makers of values that programs pass by mistake, and of some that are right.
_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda random: random.choice((None, True, False, "", "x", "auto", b"x", (), [], {}, object())),
    lambda random: random.choice((0, 1, -1, 2, 16000, 2**31, 2**63, 10**400, -(10**400))),
    lambda random: random.choice((0.0, 0.5, 1.0, -0.5, 1e308, 5e-324, float("nan"), float("inf"))),
    lambda random: random.choice((np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan"))),
    lambda random: np.zeros(random.choice(((), (1,), (2, 2), (0,)))),
    lambda random: random.choice(("mean", "mfcc", ("mfcc",), ("mfcc", "mfcc"), ["mean"], {"mean"})),
    lambda random: random.uniform(-10, 10),
    lambda random: random.randint(-10, 100),
    lambda random: "9" * random.choice((1, 10, 6000)),
)


class Settings(Campaign):
    """Make settings of one to three values of any kind."""

    name = "settings"
    faults = "values of every kind and size"
    quick, usual, long = 3000, 30_000, 1_000_000

    def prepare(self, _folder: Path) -> None:
        """Nothing is shared."""

    def attempt(self, random: Random) -> str:
        """Choose a class of settings and some of its fields."""
        made = random.choice(_CLASSES)
        names = [field.name for field in fields(made) if field.init]
        chosen = random.sample(names, min(len(names), random.randint(1, 3)))
        try:
            made(**{name: random.choice(_VALUES)(random) for name in chosen})
        except EdgecryError:
            return "refused"
        return "taken"
