"""What a small board gives: 512 MB of addresses and one core. ``python -m benchmarks.small_board``.

Classifies, and listens to an hour with page, broker and recordings; then again where there is no HOME, the
locale is C, nothing can be written but its own folder, TMPDIR is full, and the clock jumps by years. Says for
each what came of it and how much memory it took at most; 1 if anything is wrong. With ``--history`` the
megabytes are kept in a file, run by run, and what has crept up since its least there is told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.arm64.budget import crept, keep

#: Bytes of addresses, and megabytes of memory that a classification and a listener may take.
ADDRESSES = 512 << 20
CLASSIFY, LISTEN = 65, 140
#: A cry comes in every fifth minute.
CRY_EVERY = 5
SR = 16_000
#: ``edgecry`` with a clock that jumps ten years on or back at each seventh look.
_JUMPING = """
import sys, time
real, looks = time.time, iter(range(10**9))
time.time = lambda: max(0.0, real() + 315_576_000 * (next(looks) // 7 % 3 - 1))
from edgecry.cli import command
command()
"""
#: Makes the whole system read-only but for one folder, and a full disk of TMPDIR; the command follows.
_READ_ONLY = """
mount --make-rprivate / && mount --bind "$1" "$1" && mkdir "$1/full" &&
mount -t tmpfs -o size=16k none "$1/full" || exit 99
head -c 32768 /dev/zero >"$1/full/zeros" 2>/dev/null
mount -o remount,ro,bind / && mount -t tmpfs -o ro none /dev/shm || exit 99
export TMPDIR="$1/full"
shift
exec "$@"
"""
Feed = Callable[[IO[bytes]], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run all, and say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_board", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of sound to listen to (60)")
    parser.add_argument("--history", metavar="FILE", type=Path, help="keep megabytes here, run by run")
    arguments = parser.parse_args(argv)
    minutes = arguments.minutes
    odd = {"PATH": os.defpath, "LC_ALL": "C"}
    wrong, peaks = [], dict[str, float]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, does in {
            "classify": lambda: classify(os.environ),
            f"listen, {minutes} min": lambda: listen(folder / "usual", minutes, os.environ),
            "classify, no HOME, locale C": lambda: classify(odd),
            "classify, read-only": lambda: classify(odd, read_only(folder / "one")),
            "listen, read-only, no HOME": lambda: listen(folder / "two", 6, odd, read_only(folder / "two")),
            "listen, a jumping clock": lambda: listen(folder / "three", 6, os.environ, jumps=True),
        }.items():
            peak, said, found = does()
            print(f"{what:<30}{said:<40}{'; '.join(found) or 'well'}", flush=True)
            wrong += found
            if peak is not None:
                peaks[what] = peak
    if arguments.history is not None:
        print("\n".join(crept(peaks, arguments.history) or ["nothing has crept up since its least"]))
        keep(peaks, arguments.history)
    return bool(wrong)


#: The megabytes that something took at most, None if it could not be tried; words about it; what is wrong.
Outcome = tuple[float | None, str, list[str]]


def classify(environment: Mapping[str, str], before: Sequence[str] = ()) -> Outcome:
    """Classify the sample."""
    code, peak, out = run([*before, *EDGECRY, "classify", "--sample", "--format", "jsonl"], environment)
    if code == 99:
        return None, "NOT TRIED: this user may not mount", []
    found = [] if code == 0 else [f"exit code {code}: {out[-200:]!r}"]
    if not code and json.loads(out)["cry"]["probability"] < 0.9:
        found.append("the sample is no cry")
    return peak, took(peak), found + over(peak, CLASSIFY)


def listen(
    folder: Path,
    minutes: int,
    environment: Mapping[str, str],
    before: Sequence[str] = (),
    jumps: bool = False,
) -> Outcome:
    """Listen at full speed with page, broker and recordings, and count what has come of each cry."""
    folder.mkdir(exist_ok=True)
    program = [sys.executable, "-c", _JUMPING] if jumps else EDGECRY
    with broker() as port:
        command = [*before, *program, *everything(folder, port, free_port()), "--update-every", "0"]
        code, peak, out = run(command, environment, lambda pipe: night(pipe, minutes))
    if code == 99:
        return None, "NOT TRIED: this user may not mount", []
    found = [] if code == 0 else [f"exit code {code}: {out[-300:]!r}"]
    lines = (folder / "events.jsonl").read_text().splitlines() if not code else []
    kinds = [json.loads(line)["kind"] for line in lines]
    clips = len(list((folder / "clips").glob("*.flac"))) if not code else 0
    cries = len(range(1, minutes, CRY_EVERY))
    if not code and (kinds.count("start"), kinds.count("end"), clips) != (cries, cries, cries):
        found.append(f"{kinds.count('start')} begun, {kinds.count('end')} ended, {clips} recorded of {cries}")
    said = f"{took(peak)}, {cries} cries{'' if port else ', no broker'}"
    return peak, said, found + over(peak, LISTEN)


def everything(folder: Path, broker: int, page: int) -> list[object]:
    """Return what listens with page, recordings and, if its port is not 0, a broker: below a folder."""
    return [
        "listen", "-", "--name", "cot", "--no-text", "--jsonl", folder / "events.jsonl",
        "--web", f"127.0.0.1:{page}", "--record", folder / "clips", "--state", folder / "state",
        *(["--mqtt", f"127.0.0.1:{broker}"] if broker else []),
    ]  # fmt: skip


EDGECRY = [sys.executable, "-m", "edgecry"]


def took(peak: float) -> str:
    return f"{peak:.0f} MB at most"


def over(peak: float, limit: int) -> list[str]:
    return [f"more than {limit} MB"] if peak > limit else []


def run(
    command: Sequence[object], environment: Mapping[str, str], feed: Feed | None = None
) -> tuple[int, float, str]:
    """Run a command within the limits: its exit code, its largest memory in MB, and what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as told:
        child = subprocess.Popen(
            [sys.executable, "-c", _WITHIN, str(ADDRESSES), str(told.fileno()), *map(str, command)],
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=dict(environment),
            cwd=Path(__file__).parents[1], pass_fds=[told.fileno()],
        )  # fmt: skip
        assert child.stdin is not None
        if feed is not None:
            feed(child.stdin)
        else:
            child.stdin.close()
        child.wait()
        out.seek(0)
        told.seek(0)
        code, kilobytes = map(int, told.read().split())
        return code, kilobytes / 1024, out.read()


#: Takes the limits, runs the command, and tells its exit code and its largest memory in kilobytes. It is
#: small, as Linux counts the memory of a process that starts another as part of the other's.
_WITHIN = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
child = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ)
os.close(0)
_, status, used = os.wait4(child, 0)
os.write(int(sys.argv[2]), f"{os.waitstatus_to_exitcode(status)} {used.ru_maxrss}".encode())
"""


def read_only(folder: Path) -> list[str]:
    """Return what makes all but a folder read-only for the command that follows."""
    folder.mkdir()
    return ["unshare", "--mount", "sh", "-c", _READ_ONLY, "sh", str(folder)]


def night(pipe: IO[bytes], minutes: int) -> None:
    """Write so many minutes of a night."""
    with suppress(BrokenPipeError):  # its exit code tells
        for minute in night_minutes(minutes):
            pipe.write(minute)
        pipe.close()


def night_minutes(minutes: int) -> Iterator[bytes]:
    """Make a room minute by minute, and in each fifth the sample's cry: raw PCM."""
    import numpy as np

    from edgecry.audio.load import load_audio
    from edgecry.models.bundled import SAMPLE

    cry = np.rint(load_audio(SAMPLE, sr=SR).samples * 32767).astype(np.int16)
    rng = np.random.default_rng(0)
    for minute in range(minutes):
        room = rng.normal(0, 10, 60 * SR).astype(np.int16)
        if minute % CRY_EVERY == 1:
            room[10 * SR : 10 * SR + len(cry)] += cry
        yield room.tobytes()


@contextmanager
def broker() -> Iterator[int]:
    """Start a broker, if there is one; give its port, or 0."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        yield 0
        return
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program, "-p", str(port)], **quiet) as child:
        time.sleep(0.5)
        yield port
        child.terminate()


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
