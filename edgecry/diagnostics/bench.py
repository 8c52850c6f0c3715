"""Measures what classifying costs on this machine: a clip, each stage of it, a new process, memory.

Nothing is printed, pinned to a core or set here. Times are those of the wall clock, because that is what a
device waits for.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from edgecry import __version__
from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.diagnostics import process
from edgecry.diagnostics.machine import Machine, describe
from edgecry.errors import EdgecryError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.warmup import status
from edgecry.models.bundled import BUNDLED_MODEL, SAMPLE
from edgecry.models.model import CryModel
from edgecry.stream.statistics import percentile

#: Format of the report as JSON. It changes when a figure changes its meaning.
FORMAT: Final = 1
#: Runs before the measured ones. They build tables, fill caches and compile numba's functions.
WARM_UP: Final = 3
LENGTHS: Final = (1, 7, 60, 600, 1800, 3600)
THREADS: Final = (1, 2, 4)
#: Seconds for the runs of one length. Longer clips run fewer times, but at least once.
SECONDS_A_LENGTH: Final = 120


@dataclass(frozen=True)
class Timing:
    """How long one piece of work takes, in milliseconds.

    Attributes
    ----------
    p50, p95, p99 : float
        The time that 50, 95 and 99 % of the runs keep to.
    runs : int
        Number of runs that were measured.
    """

    p50: float
    p95: float
    p99: float
    runs: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Take the percentiles of times in seconds, by nearest rank."""
        p50, p95, p99 = (1e3 * percentile(seconds, p) for p in (50, 95, 99))
        return cls(p50, p95, p99, len(seconds))


@dataclass(frozen=True)
class Clip:
    """The clip that is classified: its name, seconds of sound, and size of the file in bytes."""

    name: str
    seconds: float
    size: int


@dataclass(frozen=True)
class EngineReport:
    """What an engine takes in a process that is warm.

    Attributes
    ----------
    clip : Timing
        From the file to probabilities.
    times_real_time : float
        Seconds of sound that are classified in a second.
    stages : dict of str to Timing
        The stages of a clip: load, extract, predict.
    alone : dict of str to Timing
        Each family that the model reads, by itself. Their sum is more than ``extract``, where they share
        work.
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
        Time from its start to its end, and its time on the processor.
    peak_mb : float
        The most memory that a run held, in megabytes.
    """

    wall: Timing
    cpu: Timing
    peak_mb: float


@dataclass(frozen=True)
class Length:
    """A clip of another length: seconds of sound, milliseconds, and peak memory of the process so far."""

    seconds: float
    ms: float
    peak_mb: float


@dataclass(frozen=True)
class Sharing:
    """One Classifier shared by threads: their number, and milliseconds for a clip of all together."""

    threads: int
    ms_a_clip: float


@dataclass(frozen=True)
class Scaling:
    """How the cost of an engine grows with length, and falls with threads."""

    engine: str
    lengths: Sequence[Length]
    threads: Sequence[Sharing]


@dataclass(frozen=True)
class Report:
    """Everything that was measured. ``dataclasses.asdict`` of it is kept as JSON."""

    format: int
    edgecry: str
    model: str
    machine: Machine
    clip: Clip
    engines: Mapping[str, EngineReport]
    cold: ColdStart | None
    scaling: Scaling | None


@dataclass(frozen=True)
class Options:
    """What is measured.

    Parameters
    ----------
    model : path or str
        A model file, or the name of a bundled model.
    recording : Path
        What is classified.
    seconds : float, optional
        Length to which the recording is repeated or cut.
    engine : {"auto", "numpy", "numba"}
        "auto" is every engine that is ready, with nothing left to compile.
    repeat : int >= 1
        Measured runs of the clip.
    cold : int >= 0
        New processes.
    scaling : float, optional
        Seconds of the longest of the clips that show how the cost grows with length; 1, 2 and 4 threads
        are measured too. Left out, neither is.
    """

    model: str | Path = BUNDLED_MODEL
    recording: Path = SAMPLE
    seconds: float | None = None
    engine: str = "auto"
    repeat: int = 100
    cold: int = 5
    scaling: float | None = None


def measure(options: Options, check: Callable[[Mapping[str, Any]], None] | None = None) -> Report:
    """Measure all that is asked for.

    Parameters
    ----------
    options : Options
    check : callable, optional
        It is called with the machine, the clip and the model, as in the report, before the long part
        begins. It may raise if they are not what the caller compares with.

    Raises
    ------
    EdgecryError
        The model, recording or engine cannot be used.
    """
    with TemporaryDirectory(prefix="edgecry-") as name:
        folder = Path(name)
        model, path, clip = _prepare(options, folder)
        if check is not None:
            check({"machine": asdict(describe()), "clip": asdict(clip), "model": model.name})
        cold = measure_cold_start(path, model.path, options.cold) if options.cold else None
        reports = {
            engine: measure_engine(path, model, engine, options.repeat) for engine in engines(options.engine)
        }
        return Report(
            format=FORMAT,
            edgecry=__version__,
            model=model.name,
            machine=describe(),
            clip=clip,
            engines=reports,
            cold=cold,
            scaling=_measure_scaling(options, path, model, folder, next(iter(reports))),
        )


def _prepare(options: Options, folder: Path) -> tuple[CryModel, Path, Clip]:
    """Open the model, and bring the recording to its length."""
    model, path = CryModel.load(options.model), options.recording
    waveform, name = load_audio(path, sr=model.spec.sr), path.name
    if options.seconds is not None:
        path, name = write_length(path, options.seconds, folder), f"{name}, {options.seconds:g} s"
        waveform = load_audio(path, sr=model.spec.sr)
    return model, path, Clip(name, round(waveform.duration, 3), path.stat().st_size)


def _measure_scaling(
    options: Options, path: Path, model: CryModel, folder: Path, engine: str
) -> Scaling | None:
    if options.scaling is None:
        return None
    lengths = list(measure_lengths(path, model, engine, options.scaling, folder))
    return Scaling(engine, lengths, list(measure_threads(path, model, engine, math.ceil(options.repeat / 5))))


def engines(name: str) -> tuple[str, ...]:
    """Return the engines that a name stands for."""
    if name != "auto":
        return (name,)
    return ("numpy", "numba") if status().ready else ("numpy",)


# -- one clip --------------------------------------------------------------------------------------


def measure_engine(path: Path, model: CryModel, engine: str, repeat: int) -> EngineReport:
    """Classify a recording ``repeat`` times, and compute each family that is read a few times.

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
    """Return the megabytes of memory that this process holds, or with "VmHWM" the most it ever held."""
    found = process.memory(line)
    if found is None:
        # Off Linux only the peak is known. On Linux, getrusage may give that of the parent process.
        found = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found / process.MB


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
    process.measure(command)  # afterwards the files that it reads are in memory
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
        Shortest first, so that each peak is that of its own length.
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
        The file cannot be written, because room or permission is missing.
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
            list(pool.map(classifier.classify, work))  # starts the threads and fills the caches
            began = time.perf_counter()
            list(pool.map(classifier.classify, repeat * work))
            took = time.perf_counter() - began
        yield Sharing(threads, 1e3 * took / (repeat * threads))
