"""YAMNet's judgement of a recording, and its embedding: a large network to learn from, on the workstation.

Gemmeke et al., "Audio Set", ICASSP 2017, for the sounds that it knows. ``EDGECRY_TEACHER`` names the folder
that holds ``yamnet.tflite``. Nothing of it goes into a model file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.errors import ConversionError
from edgecry.arrays import Float32

VARIABLE: Final = "EDGECRY_TEACHER"
FILE: Final = "yamnet.tflite"
#: Samples at 16 kHz that it hears at a time, and frames of ours from one time to the next: 0.4 s.
LENGTH: Final = 15_600
STEP: Final = 20
#: Its classes, and the one that is asked: "Baby cry, infant cry".
CLASSES: Final = 521
CRY: Final = 20
#: RMS that suits it, -23 dB of full scale, unless a peak would clip.
_RMS: Final = 0.07


class Teacher:
    """The network, open.

    Raises
    ------
    ConversionError
        Its file is missing, or the package that runs it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        if not path.is_file():
            raise ConversionError(f"{VARIABLE}: {path} is missing; name the folder that holds {FILE}")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ConversionError(
                f"{VARIABLE}: ai-edge-litert, which runs {FILE}, cannot be imported ({error}); "
                "pip install ai-edge-litert, or unset the variable to learn from labels alone"
            ) from error
        self._net: Any = Interpreter(str(path), experimental_preserve_all_tensors=True, num_threads=1)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        outputs = self._net.get_output_details()
        self._scores = next(o["index"] for o in outputs if o["shape"][-1] == CLASSES)
        tensors = self._net.get_tensor_details()
        name = "global_average_pooling2d/Mean"
        self._embedding = next(tensor["index"] for tensor in tensors if tensor["name"].endswith(name))

    def hear(self, y: Float32) -> tuple[Float32, Float32]:
        """Give the probability of a baby's cry and the embedding, every 0.4 s.

        Parameters
        ----------
        y : float32 [shape=(n,)]
            Samples at 16 kHz; fewer than ``LENGTH`` stand in the middle of silence.

        Returns
        -------
        scores : float32 in [0, 1] [shape=(times,)]
        embedding : float32 [shape=(times, 1024)]
            The logarithm of 1 and the value.
        """
        missing = LENGTH - len(y)
        if missing > 0:
            y = np.pad(y, (missing // 2, missing - missing // 2))
        scores, embedding = [], []
        for start in range(0, len(y) - LENGTH + 1, STEP * 320):
            self._net.set_tensor(self._input, y[None, start : start + LENGTH])
            self._net.invoke()
            scores.append(self._net.get_tensor(self._scores)[0, CRY])
            embedding.append(np.log1p(self._net.get_tensor(self._embedding).reshape(-1)))
        return np.array(scores, np.float32), np.array(embedding, np.float32)


def open_teacher() -> Teacher | None:
    """Open the network that ``EDGECRY_TEACHER`` names; None where it names nothing."""
    folder = os.environ.get(VARIABLE)
    return Teacher(Path(folder)) if folder else None


def levelled(y: Float32) -> Float32:
    """Bring samples to the level that suits the teacher."""
    rms, peak = float(np.sqrt(np.mean(np.square(y), dtype=np.float64))), float(np.abs(y).max())
    return y * np.float32(min(_RMS / rms, 0.99 / peak)) if rms > 0 else y
