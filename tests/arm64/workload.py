"""The work whose instructions are counted: ``run.sh -m tests.arm64.workload`` with ARM64_COUNT set.

Each piece is warmed up and then run a few times between two marks (icount.c). The names of the pieces
go to stdout, in their order, as one JSON list.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
from collections.abc import Callable, Iterator

import soundfile

from edgecry.audio.load import load_audio
from edgecry.features import kernels
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import FAMILIES
from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import BUNDLED_MODEL, SAMPLE
from edgecry.models.model import CryModel

ROUNDS = 3
_MARK = 7777


def pieces() -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and work. The clip is 7 s at 16 kHz, the file the same at 8 kHz."""
    # What the marks themselves take, which is subtracted from the others.
    yield "nothing", lambda: None
    y = load_audio(SAMPLE).samples
    file = io.BytesIO()
    soundfile.write(file, y[::2], 8000, format="WAV", subtype="PCM_16")
    yield "load 8 kHz WAV", lambda: load_audio(file.getvalue())
    for engine in kernels.ENGINES:
        whole = FeatureExtractor(engine=engine)
        yield f"extract ({engine})", lambda whole=whole: whole.extract(y)
        for name, spec in _alone(engine):
            alone = FeatureExtractor(spec, engine)
            yield f"{name} alone ({engine})", lambda alone=alone: alone.extract(y)
    model, vector = CryModel.load(BUNDLED_MODEL), FeatureExtractor().extract(y)
    yield "run the model", lambda: model.predict_proba(vector)


def _alone(engine: str) -> Iterator[tuple[str, FeatureSpec]]:
    """Each family by itself, and the harmonic part of the sound by the one that reads it."""
    for family in FAMILIES:
        if family != "logmel":  # frames for networks, which no vector is made of
            yield family, FeatureSpec(families=(family,))
    if engine == "numpy":  # the kernel takes longer to compile here than all the rest takes to run
        yield "harmonic tonnetz", FeatureSpec(families=("tonnetz",), tonnetz_of="harmonic")


def main() -> None:
    """Run all pieces between marks."""
    system_call, names = ctypes.CDLL(None).syscall, []
    for name, work in pieces():
        names.append(name)
        # The second time finds every cache filled that the first left to be filled.
        work(), work()
        gc.collect()
        gc.disable()
        for _ in range(ROUNDS):
            system_call(_MARK, 0)
            work()
            system_call(_MARK, 1)
        gc.enable()
    print(json.dumps(names))


if __name__ == "__main__":
    main()
