"""What classifying costs on this machine: a clip, each stage of it, a new process, memory.

Only measuring; nothing is printed, pinned or set. Times are of the wall clock, since that is what a
device waits for.
"""

from __future__ import annotations

import math
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.diagnostics import process
from edgecry.diagnostics.machine import Machine
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.warmup import status
from edgecry.models.model import CryModel

#: Of the report as JSON; changes when a figure changes its meaning.
FORMAT: Final = 1
#: Runs before the measured ones: tables are built, caches filled, numba's functions compiled.
WARM_UP: Final = 3
LENGTHS: Final = (1, 7, 60, 600, 1800, 3600)
THREADS: Final = (1, 2, 4)
#: Longer clips run fewer times, once at least.
SECONDS_A_LENGTH: Final = 120


@dataclass(frozen=True)
class Timing:
    """How long one piece of work takes, in milliseconds.

    Attributes
    ----------
    p50, p95, p99 : float
        The time that so many of a hundred runs keep to.
    runs : int
        How many were measured.
    """

    p50: float
    p95: float
    p99: float
    runs: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Take the percentiles of times in seconds, by nearest rank."""
        ordered = sorted(seconds)
        p50, p95, p99 = (1e3 * ordered[math.ceil(q * len(ordered) / 100) - 1] for q in (50, 95, 99))
        return cls(p50, p95, p99, len(ordered))


@dataclass(frozen=True)
class Clip:
    """What is classified: its name, seconds of sound, and size of the file in bytes."""

    name: str
    seconds: float
    size: int


@dataclass(frozen=True)
class EngineReport:
    """What an engine takes, warm.

    Attributes
    ----------
    clip : Timing
        From the file to probabilities.
    times_real_time : float
        Seconds of sound done in a second.
    stages : dict of str to Timing
        The parts of the above: load, extract, predict.
    alone : dict of str to Timing
        Each family the model reads, by itself; together they take longer, as in ``extract`` they
        share work.
    rss_mb : float
        Memory of the process afterwards, in megabytes.
    """

    clip: Timing
    times_real_time: float
    stages: Mapping[str, Timing]
    alone: Mapping[str, Timing]
    rss_mb: float


@dataclass(frozen=True)
class ColdStart:
    """What ``edgecry classify --raw`` takes as a new process.

    Attributes
    ----------
    wall, cpu : Timing
        From its start to its end, and its time on the processor.
    peak_mb : float
        Most memory one run held, in megabytes.
    """

    wall: Timing
    cpu: Timing
    peak_mb: float


@dataclass(frozen=True)
class Length:
    """A clip of another length: seconds of sound, milliseconds taken, peak of the process so far."""

    seconds: float
    ms: float
    peak_mb: float


@dataclass(frozen=True)
class Sharing:
    """One Classifier shared by threads: how many, and milliseconds a clip, all of them together."""

    threads: int
    ms_a_clip: float


@dataclass(frozen=True)
class Scaling:
    """How an engine's cost grows with length, and falls with threads."""

    engine: str
    lengths: Sequence[Length]
    threads: Sequence[Sharing]


@dataclass(frozen=True)
class Report:
    """Everything that was measured; ``dataclasses.asdict`` of it is what is kept as JSON."""

    format: int
    edgecry: str
    model: str
    machine: Machine
    clip: Clip
    engines: Mapping[str, EngineReport]
    cold: ColdStart | None
    scaling: Scaling | None


def engines(name: str) -> tuple[str, ...]:
    """Engines that a name stands for; "auto" is all that are ready, with nothing left to compile."""
    if name != "auto":
        return (name,)
    return ("numpy", "numba") if status().ready else ("numpy",)


# -- one clip --------------------------------------------------------------------------------------


def measure_engine(path: Path, model: CryModel, engine: str, repeat: int) -> EngineReport:
    """Classify a recording ``repeat`` times, warm, and each family it reads a few times.

    Raises
    ------
    SpecError
        The engine is unknown or not installed.
    EdgecryError
        The engine cannot be used on this machine, or the recording cannot be read.
    """
    spec, read = model.spec, model.metadata.families_read
    extractor = FeatureExtractor(spec, engine, read)
    if extractor.engine != engine:
        raise EdgecryError(f"engine: {engine!r} falls back to {extractor.engine!r}; see 'edgecry doctor'")
    rows = []
    for _ in range(WARM_UP + repeat):
        began = time.perf_counter()
        waveform = load_audio(path, sr=spec.sr)
        loaded = time.perf_counter()
        vector = extractor.extract(waveform.samples)
        extracted = time.perf_counter()
        model.predict_proba(vector)
        ended = time.perf_counter()
        rows.append((ended - began, loaded - began, extracted - loaded, ended - extracted))
    clip, load, extract, predict = (Timing.of(column) for column in zip(*rows[WARM_UP:], strict=True))
    alone = {}
    for family in read:
        by_itself = FeatureExtractor(spec, engine, (family,))
        alone[family] = _timed(partial(by_itself.extract, waveform.samples), math.ceil(repeat / 5))
    return EngineReport(
        clip=clip,
        times_real_time=1e3 * waveform.duration / clip.p50,
        stages={"load": load, "extract": extract, "predict": predict},
        alone=alone,
        rss_mb=memory_mb(),
    )


def _timed(work: Callable[[], object], runs: int) -> Timing:
    seconds = []
    for _ in range(WARM_UP + runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return Timing.of(seconds[WARM_UP:])


def memory_mb(line: str = "VmRSS") -> float:
    """Memory that this process holds in megabytes, or with "VmHWM" the most it ever held."""
    try:
        found = re.search(rf"{line}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    # Off Linux there is the peak only, and on Linux that of getrusage may be of who started us.
    kilobytes = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * kilobytes / process.MB


# -- a new process ---------------------------------------------------------------------------------


def measure_cold_start(path: Path, model: Path, runs: int) -> ColdStart:
    """Run ``edgecry classify --raw`` as a new process, ``runs`` times after one that is not measured.

    Raises
    ------
    EdgecryError
        The command failed.
    """
    command = [sys.executable, "-m", "edgecry", "classify", str(path.absolute())]
    command += ["--raw", "--model", str(model.absolute())]
    process.measure(command)  # the files it reads are in memory afterwards
    usages = [process.measure(command) for _ in range(runs)]
    return ColdStart(
        wall=Timing.of([usage.wall for usage in usages]),
        cpu=Timing.of([usage.cpu for usage in usages]),
        peak_mb=max(usage.peak_mb for usage in usages),
    )


# -- longer clips, more threads --------------------------------------------------------------------


def measure_lengths(
    source: Path, model: CryModel, engine: str, longest: float, folder: Path
) -> Iterator[Length]:
    """Classify a recording, repeated or cut to lengths from 1 s to ``longest`` seconds.

    Yields
    ------
    Length
        Shortest first, so that each peak is that length's own.
    """
    extractor = FeatureExtractor(model.spec, engine, model.metadata.families_read)

    def classify(path: Path) -> None:
        model.predict_proba(extractor.extract(load_audio(path, sr=model.spec.sr).samples))

    for seconds in sorted({*(length for length in LENGTHS if length < longest), longest}):
        path = write_length(source, seconds, folder)
        began = time.perf_counter()
        took: list[float] = []
        while not took or (len(took) < WARM_UP and time.perf_counter() - began < SECONDS_A_LENGTH):
            start = time.perf_counter()
            classify(path)
            took.append(time.perf_counter() - start)
        path.unlink()
        yield Length(seconds, 1e3 * min(took), memory_mb("VmHWM"))


def write_length(source: Path, seconds: float, folder: Path) -> Path:
    """Write a recording, repeated or cut to ``seconds``, as a 16-bit WAV file into ``folder``.

    Raises
    ------
    EdgecryError
        It cannot be written, for want of room or rights.
    """
    import soundfile

    try:
        with soundfile.SoundFile(source) as sound:
            samples, sr = sound.read(dtype="float32", always_2d=True), int(sound.samplerate)
        path = folder / f"{seconds:g}s.wav"
        left = max(1, round(seconds * sr))
        with soundfile.SoundFile(path, "w", sr, samples.shape[1], subtype="PCM_16") as out:
            while left > 0:
                out.write(samples[:left])
                left -= len(samples)
    except soundfile.SoundFileError as error:
        raise EdgecryError(
            f"{source}: cannot be brought to {seconds:g} s ({error}); choose others"
        ) from error
    return path


def measure_threads(path: Path, model: CryModel, engine: str, repeat: int) -> Iterator[Sharing]:
    """Let one, two and four threads classify a recording ``repeat`` times each, with one Classifier."""
    classifier = Classifier(model, engine, decision=None)
    for threads in THREADS:
        with ThreadPoolExecutor(threads) as pool:
            work: list[Any] = [path] * threads
            list(pool.map(classifier.classify, work))  # threads are started, caches filled
            began = time.perf_counter()
            list(pool.map(classifier.classify, repeat * work))
            took = time.perf_counter() - began
        yield Sharing(threads, 1e3 * took / (repeat * threads))
