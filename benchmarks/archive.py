"""What an archive costs: audio-hours a core-hour, beside the seed: ``python -m benchmarks.archive``.

Each engine makes the detector's timeline of 16 kHz FLAC, decoding included, in this one process on one
core. Beside it stands what decoding and what the network take alone, which is the same for both engines. The
public pipeline, which knows no timeline, classifies the same sound in clips of 7 s. They take turns, so that
whatever else the machine does falls on all. CPU time counts. ``--jobs`` then puts ``edgecry classify`` over a
folder, with one process and with two, and compares what they wrote.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.ratio import ONE_THREAD, cpu_model
from edgecry.features.warmup import status

SR = 16000
#: Seconds of a clip as the public pipeline is given it.
CLIP = 7.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.add_argument("--minutes", type=int, default=20, help="of sound (20)")
    parser.add_argument("--rounds", type=int, default=3, help="(3)")
    parser.add_argument("--jobs", action="store_true", help="one process beside two, over a folder")
    parser.add_argument("--no-seed", action="store_true", help="leave the public pipeline out")
    arguments = parser.parse_args(argv)
    if arguments.minutes < 1 or arguments.rounds < 1:
        parser.error("--minutes, --rounds: at least 1")
    os.environ.update(ONE_THREAD)  # read when thread pools are made, later
    print(f"{arguments.minutes} minutes of FLAC at {SR} Hz; {cpu_model()}")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.jobs:
            compare_jobs(Path(folder), arguments.minutes)
        else:
            compare_engines(Path(folder), arguments.minutes, arguments.rounds, not arguments.no_seed)


# -- engines ---------------------------------------------------------------------------------------------


def compare_engines(folder: Path, minutes: int, rounds: int, with_seed: bool) -> None:
    """Print what each side does in a core-hour, at the best of the rounds and at their median."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    path = folder / "night.flac"
    write_night(path, minutes)
    sides = {"decoding alone": decoding(path), "network alone": network(minutes)}
    sides |= {engine: timeline(path, engine) for engine in engines()}
    if with_seed:
        sides["seed"] = seed(folder)
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds + 1):
        for side, work in sides.items():
            began = time.process_time()
            seconds = work()
            rates[side].append(seconds / (time.process_time() - began))
    print(f"{'audio-hours a core-hour':26}{'best':>9}{'median':>9}")
    for side, found in rates.items():
        del found[0]  # tables are built, kernels are loaded
        print(f"{side:26}{max(found):>9.0f}{float(np.median(found)):>9.0f}")


def engines() -> tuple[str, ...]:
    """Those that are ready."""
    return ("numpy", "numba") if status().ready else ("numpy",)


def timeline(path: Path, engine: str) -> Callable[[], float]:
    from edgecry.classifier import Classifier

    classifier = Classifier("cry", engine)
    return lambda: classifier.timeline(path).duration


def decoding(path: Path) -> Callable[[], float]:
    from edgecry.audio.blocks import blocks
    from edgecry.audio.load import AudioOptions

    return lambda: sum(len(y) for y in blocks(path, SR, AudioOptions()) if y is not None) / SR


def network(minutes: int) -> Callable[[], float]:
    """Run the network of the detector on about as many windows as so much sound has."""
    from edgecry.detector import detector_rule
    from edgecry.models.bundled import bundled
    from edgecry.models.model import CryModel
    from edgecry.timeline import AT_ONCE

    model = CryModel.load(bundled("cry"))
    hop = detector_rule(model).hop
    vectors = np.random.default_rng(0).uniform(0, 60, (AT_ONCE, model.spec.n_features)).astype(np.float32)
    batches = max(1, round(60 * minutes / hop / AT_ONCE))

    def work() -> float:
        for _ in range(batches):
            model.predict_proba(vectors)
        return batches * AT_ONCE * hop

    return work


def seed(folder: Path, clips: int = 12) -> Callable[[], float]:
    """The public pipeline on a dozen clips: it takes a hundred times as long."""
    import joblib

    from benchmarks.seed_pipeline import predict_cry, write_stand_in

    model, encoder = map(joblib.load, write_stand_in(folder))
    paths = [folder / f"clip{i}.flac" for i in range(clips)]
    for path, y in zip(paths, sound(clips), strict=False):
        soundfile.write(path, y[: round(CLIP * SR)], SR)

    def work() -> float:
        for path in paths:
            predict_cry(path, model, encoder)
        return clips * CLIP

    return work


# -- processes -------------------------------------------------------------------------------------------


def compare_jobs(folder: Path, minutes: int) -> None:
    """Print what one process and two make of a folder, and whether they write the same."""
    nights, written = folder / "nights", []
    nights.mkdir()
    for i in range(8):
        write_night(nights / f"{i}.flac", max(1, minutes // 8), seed=i)
    seconds = 8 * max(1, minutes // 8) * 60
    print(f"{'processes':12}{'wall s':>9}{'x real time':>14}")
    for jobs in (1, 2):
        path = folder / f"{jobs}.csv"
        command = [sys.executable, "-m", "edgecry", "classify", str(nights), "--model", "cry"]
        began = time.perf_counter()
        subprocess.run(
            [*command, "--format", "csv", "-o", str(path), "--jobs", str(jobs)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stderr=subprocess.DEVNULL,
            check=True,
        )
        wall = time.perf_counter() - began
        written.append(path.read_bytes())
        print(f"{jobs:<12}{wall:>9.1f}{seconds / wall:>14.0f}")
    print("the same rows" if written[0] == written[1] else "DIFFERENT rows")


# -- sound -----------------------------------------------------------------------------------------------


def write_night(path: Path, minutes: int, seed: int = 0) -> None:
    """Write minutes of rooms and cries as FLAC."""
    with soundfile.SoundFile(path, "w", SR, 1) as file:
        for y in sound(minutes, seed):
            file.write(y)


def sound(minutes: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield minutes: a cry in every third, over noise as a room has it, which falls with frequency."""
    from convert.synth import synthetic_cry

    rng = np.random.default_rng(seed)
    for i in range(minutes):
        y = 3e-3 * np.convolve(rng.standard_normal(60 * SR + 63), np.hanning(64) / 6, "valid")
        if i % 3 == 0:
            cry = synthetic_cry(sr=SR, seconds=12, seed=seed + i)
            y[20 * SR : 20 * SR + len(cry)] += cry
        yield y.astype(np.float32)


if __name__ == "__main__":
    main()
