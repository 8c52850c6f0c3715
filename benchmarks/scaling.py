"""How cost grows with length, and falls with threads: ``python -m benchmarks.scaling``.

Each length is a process of its own, warm from a clip of 7 s: CPU time for a second of sound, which is
the same at every length if time grows linearly, and by how much the peak of its memory grew, in bytes
a sample at 16 kHz. The clip of ``benchmarks.clip`` is repeated to the length that is asked for.

Then up to eight threads share one Classifier, on the cores this process may use. Their answers must
be those of one thread; the exit code is 1 if they are not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edgecry.audio.load import Waveform
from edgecry.classifier import Classifier
from edgecry.diagnostics import process
from edgecry.diagnostics.bench import memory_mb, write_length

LENGTHS = (1.0, 7.0, 60.0, 600.0, 3600.0)
THREADS = (1, 2, 4, 8)
#: Samples are counted at the rate of the public recipe.
SR = 16000
#: What is asked of a recording: one model of the public recipe, or the detector and then reasons.
KINDS = ("--raw", "edgecry")
#: Short clips are done so often that they take as long as one this long.
AT_LEAST = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    from benchmarks.stages import engines

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description="How cost grows with length, and falls with threads."
    )
    parser.add_argument("--longest", type=float, default=LENGTHS[-1], metavar="S", help="seconds (3600)")
    parser.add_argument("--engine", choices=engines(), default="numpy", help="(numpy)")
    parser.add_argument("--rounds", type=int, default=5, help="clips a thread, times eight (5)")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.longest <= LENGTHS[-1] or arguments.rounds < 1:
        parser.error(f"--longest: 1 to {LENGTHS[-1]:g}; --rounds: at least 1")
    with tempfile.TemporaryDirectory() as folder:
        show_lengths(Path(folder), arguments.engine, arguments.longest)
    return 0 if show_threads(arguments.engine, arguments.rounds) else 1


# -- length ------------------------------------------------------------------------------------------


def show_lengths(folder: Path, engine: str, longest: float) -> None:
    from benchmarks.clip import write_clip
    from benchmarks.ratio import cpu_model

    clip, origin = write_clip(folder)
    print(f"{origin}, repeated; {engine}, one core of {cpu_model()}\n")
    print(f"{'':10}{'s of sound':>12}{'CPU ms':>12}{'ms a second':>14}{'peak MB':>10}{'bytes a sample':>17}")
    for kind in KINDS:
        for seconds in (*(length for length in LENGTHS if length < longest), longest):
            path = write_length(clip, seconds, folder)
            found = in_own_process(kind, engine, path, clip)
            path.unlink()
            print(f"{kind:10}{seconds:>12g}{1e3 * found['cpu']:>12.1f}", end="")
            print(f"{1e3 * found['cpu'] / seconds:>14.2f}{found['peak_mb']:>10.0f}", end="")
            print(f"{1e6 * found['grown_mb'] / (seconds * SR):>17.1f}" if seconds > 7 else "")


def in_own_process(kind: str, engine: str, path: Path, clip: Path) -> dict[str, float]:
    """Run :func:`measure_length` where nothing was held before; without leave to use several cores."""
    code = "import sys; from benchmarks.scaling import measure_length; measure_length(*sys.argv[1:])"
    core = f"import os; os.sched_setaffinity(0, {{{max(os.sched_getaffinity(0))}}}); "
    root = {"PYTHONPATH": str(Path(__file__).parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", core + code, kind, engine, str(path), str(clip)]
    done = process.run(command, {**process.environment(), **root})
    if done.code:
        raise SystemExit(done.complaint)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_length(kind: str, engine: str, path: str, clip: str) -> None:
    """Print what ``path`` costs a process that has done ``clip`` before."""
    classifier = open_classifier(kind, engine)
    seconds = 0.0
    while seconds < 2 * 7:  # twice: tables are built, kernels loaded, memory kept
        seconds += classifier.classify(clip).duration
    before, seconds, runs = memory_mb("VmHWM"), 0.0, 0
    began = time.process_time()
    while seconds < AT_LEAST:
        seconds, runs = seconds + classifier.classify(path).duration, runs + 1
    cpu, peak = (time.process_time() - began) / runs, memory_mb("VmHWM")
    print(json.dumps({"cpu": cpu, "peak_mb": peak, "grown_mb": peak - before}))


def open_classifier(kind: str, engine: str) -> Classifier:
    return Classifier("seed", engine, decision=None) if kind == "--raw" else Classifier(engine=engine)


# -- threads -----------------------------------------------------------------------------------------


def show_threads(engine: str, rounds: int) -> bool:
    """Print what threads gain; whether their answers are one thread's."""
    clips = [*different_clips(max(THREADS))]
    same = True
    print(
        f"\n{'':10}{'threads':>12}{'clips / s':>12}{'answers':>14}   ({len(os.sched_getaffinity(0))} cores)"
    )
    for kind in KINDS:
        classifier = open_classifier(kind, engine)
        expected = [answer(classifier, clip) for clip in clips]
        for threads in THREADS:
            with ThreadPoolExecutor(threads) as pool:
                began = time.perf_counter()
                found = list(pool.map(lambda clip, c=classifier: answer(c, clip), rounds * clips))
                rate = len(found) / (time.perf_counter() - began)
            agree = found == rounds * expected
            same = same and agree
            print(f"{kind:10}{threads:>12}{rate:>12.1f}{'the same' if agree else 'DIFFERENT':>14}")
    return same


def answer(classifier: Classifier, clip: Waveform) -> tuple[object, ...]:
    """All that is said of a clip, to the last bit, but for the time it took."""
    said = classifier.classify(clip)
    return said.label, said.confidence, said.probabilities, said.cry, said.reasons


def different_clips(n: int) -> Iterator[Waveform]:
    """Cries of 7 s, each of its own pitch, so that a mix-up would show."""
    from convert.synth import synthetic_cry

    for seed in range(n):
        yield Waveform(synthetic_cry(sr=8000, seconds=7.0, seed=seed), 8000)


if __name__ == "__main__":
    sys.exit(main())
