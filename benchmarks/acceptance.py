"""An archive that is killed and resumed, whichever way: ``python -m benchmarks.acceptance $EDGECRY_DATA``.

All recordings are put together to one of ten hours, and copied to a folder of a thousand files. ``edgecry
classify`` goes over both, undisturbed, and then in one process, in two, and on a Dask cluster of two workers
on loopback. Each of these is killed three times on the way (kill -9 of the whole process group; on the
cluster a worker, too) and resumed by the same command. All must write the same bytes. Exit code 1 if any
does not.

With ``--hours 0.7 --files 100`` it takes some minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.ratio import ONE_THREAD
from edgecry.audio.load import load_audio

SR = 16_000
ENV = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(Path(__file__).parents[1])}
#: The command, with shards of ten recordings: all of this would be a single one, and its rows come together.
SMALL_SHARDS = (
    "import sys; from edgecry.archive import cluster; from edgecry.cli import main; "
    "cluster.SHARD_FILES = 10; sys.exit(main(sys.argv[1:]))"
)
#: Shares of the rows after which a run is killed. The last comes within the long recording, which is last.
KILLS = (0.3, 0.6, 1.0)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of recordings")
    parser.add_argument("--hours", type=float, default=10.0, help="of the long recording (10)")
    parser.add_argument("--files", type=int, default=1000, help="short recordings (1000)")
    arguments = parser.parse_args(argv)
    sources = sorted(arguments.data.rglob("*.flac"))
    if not sources:
        parser.error(f"{arguments.data}: holds no *.flac")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "archive"
        seconds = build(archive, sources, arguments.hours, arguments.files)
        size = sum(path.stat().st_size for path in archive.iterdir())
        print(f"{arguments.files + 1} recordings, {seconds / 3600:.2f} h, {size / (1 << 20):.0f} MB")
        began = time.monotonic()
        expected = folder / "undisturbed.csv"
        finish(start(archive, expected))
        wall = time.monotonic() - began
        print(f"undisturbed: {wall:.0f} s, {rows(expected)}")
        good = True
        for way, options in (("one process", []), ("two processes", ["--jobs", "2"]), ("cluster", None)):
            path = folder / f"{way.replace(' ', '-')}.csv"
            killed = disturbed(archive, path, options, arguments.files + 1)
            same = path.read_bytes() == expected.read_bytes()
            good &= same
            print(f"{way}: killed at {killed}; {'the same bytes' if same else 'OTHER BYTES'}; {rows(path)}")
    sys.exit(0 if good else 1)


# -- the archive -----------------------------------------------------------------------------------------


def build(archive: Path, sources: Sequence[Path], hours: float, files: int) -> float:
    """Write one long recording of all sources, again and again, and short copies; return all seconds."""
    archive.mkdir()
    seconds, wanted = 0.0, round(hours * 3600 * SR)
    with soundfile.SoundFile(archive / "night.flac", "w", SR, 1) as night:
        n = 0
        for source in cycle(sources):
            y = load_audio(source, SR).samples[: wanted - n]
            night.write(np.clip(y, -1, 1))
            n += len(y)
            if n == wanted:
                break
    seconds += wanted / SR
    for i in range(files):
        source = sources[i * len(sources) // files if files < len(sources) else i % len(sources)]
        shutil.copy(source, archive / f"{i + 1:05}-{source.name}")
        seconds += soundfile.info(source).duration
    return seconds


def rows(path: Path) -> str:
    """Say how many recordings a table has, and of how many short ones it has more rows than one."""
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    short = Counter(row["file"] for row in found if not row["start"])
    doubled = sum(count > 1 for count in short.values())
    return f"{len({row['file'] for row in found})} recordings, {len(found)} rows, {doubled} doubled"


# -- runs ------------------------------------------------------------------------------------------------


def start(archive: Path, path: Path, options: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SMALL_SHARDS, "classify", str(archive), "--format", "csv"]
    command += ["-o", str(path)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(
        [*command, "--engine", "numpy", *options], env=ENV, start_new_session=True, **quiet
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end; 1 is the exit code of a run in which a recording failed."""
    if process.wait() not in (0, 1):
        raise SystemExit(f"edgecry classify ended with {process.returncode}")


def disturbed(archive: Path, path: Path, options: Sequence[str] | None, count: int) -> str:
    """Run, kill and resume; say how many recordings were done at each kill."""
    killed = []
    with ExitStack() as stack:
        address = None
        if options is None:
            address = stack.enter_context(cluster(path.parent))
            options = ["--scheduler", address]
        for share in KILLS:
            process = start(archive, path, options)
            while process.poll() is None and done(path) < share * (count - 1):
                time.sleep(0.05)
            if process.poll() is not None:
                killed.append("its end")
                continue
            killed.append(str(done(path)))
            if address is not None:
                kill_a_worker(address)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        finish(start(archive, path, options))
    return ", ".join(killed) + f" of {count}"


def done(path: Path) -> int:
    """Count the recordings in the journal, after its first line."""
    try:
        return max(0, Path(f"{path}.journal").read_bytes().count(b"\n") - 1)
    except OSError:
        return 0


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start a scheduler and two workers on loopback, and give the scheduler's address."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0"],
        [*dask, "worker", "--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder)],
    ]
    told = ["--scheduler-file", str(file), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen([*c, *told], env=ENV, start_new_session=True, **quiet) for c in commands]
    try:
        for _ in range(600):
            with suppress(OSError, ValueError):
                address = json.loads(file.read_text())["address"]
                break
            time.sleep(0.1)
        else:
            raise SystemExit("the scheduler has not started within a minute")
        yield address
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def kill_a_worker(address: str) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        answers = client.run(os.getpid, on_error="return").values()
    pids = [answer for answer in answers if isinstance(answer, int)]  # the others die just now
    for pid in pids[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
