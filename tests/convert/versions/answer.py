"""What a model file answers on the device: from ``out.onnx`` and ``X.npy`` of a folder, ``P.npy``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from edgecry import CryModel


def main(folder: Path) -> None:
    """Ask the model file of a folder."""
    model = CryModel.load(folder / "out.onnx")
    np.save(folder / "P.npy", model.predict_proba(np.load(folder / "X.npy")))
    (folder / "labels.json").write_text(json.dumps(list(model.labels)), encoding="utf-8")
