"""Damaged model files, opened and run by both runtimes."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.mutation import damaged
from edgecry.errors import ModelError
from edgecry.models.bundled import bundled
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions


class _ModelFiles(Campaign):
    """Open a damaged model file and run it: probabilities, or a ModelError."""

    faults = "bits, cuts, drops, repeats, sizes, sectors"
    runtime: ClassVar[str]

    def prepare(self, folder: Path) -> None:
        """Read the bundled models: a network, and a linear one."""
        self._path = folder / "damaged.onnx"
        self._files = [bundled(name).read_bytes() for name in ("cry", "reason")]
        self._options = RuntimeOptions(runtime=self.runtime)

    def attempt(self, random: Random) -> str:
        """Damage one, open it and run it."""
        self._path.write_bytes(damaged(random.choice(self._files), random))
        try:
            model = CryModel.load(self._path, self._options)
            P = model.predict_proba(np.full((2, model.spec.n_features), 0.5))
        except ModelError:
            return "refused"
        if P.shape != (2, len(model.labels)) or not np.allclose(P.sum(axis=1), 1, atol=2e-3):
            raise Wrong(f"probabilities of shape {P.shape} with sums {P.sum(axis=1)}")
        return "answered"


class OnnxruntimeFiles(_ModelFiles):
    """By onnxruntime."""

    name = "model files, onnxruntime"
    runtime = "onnxruntime"
    quick, usual, long = 300, 5000, 100_000


class NumpyFiles(_ModelFiles):
    """By NumPy alone."""

    name = "model files, NumPy"
    runtime = "numpy"
    quick, usual, long = 200, 3000, 50_000
