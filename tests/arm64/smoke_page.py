"""Does listening run here, with the page? ``run.sh -m tests.arm64.smoke_page``.

Listens to a room with the sample's cry in it, asks the page what it has heard, and reads the events.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

from edgecry.audio.load import load_audio
from edgecry.models.bundled import SAMPLE
from tests.arm64.smoke import machine

SR = 16_000
PORT = 18_377
PATIENCE = 240.0


def room() -> bytes:
    """Ten seconds of quiet, the sample's cry, and fifteen of quiet."""
    cry = load_audio(SAMPLE, sr=SR).samples
    quiet = np.random.default_rng(0).normal(0, 3e-4, (2, 15 * SR)).astype(np.float32)
    x = np.concatenate([quiet[0, : 10 * SR], cry, quiet[1]])
    return np.rint(x * 32767).astype("<i2").tobytes()


def ask(path: str) -> bytes:
    """Ask the page, and again until it answers."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def main() -> int:
    """Listen, and return 1 if anything is missing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            sys.executable, "-m", "edgecry", "listen", "-", "--no-text", "--jsonl", str(folder / "events"),
            "--web", f"127.0.0.1:{PORT}", "--state", str(folder), "--record", str(folder / "clips"),
        ]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
            assert child.stdin is not None
            child.stdin.write(room())
            child.stdin.flush()
            until = time.monotonic() + PATIENCE
            while not (cries := json.loads(ask("/api/cries"))) and time.monotonic() < until:
                time.sleep(1)
            first = ask("/")
            child.stdin.close()
            code = child.wait(PATIENCE)
        kinds = [json.loads(line)["kind"] for line in (folder / "events").read_text().splitlines()]
        clips = sorted(path.suffix for path in (folder / "clips").iterdir())
    print(f"{machine()}: {len(cries)} cry on the page, of {len(first)} bytes; {', '.join(kinds)}; {clips}")
    well = code == 0 and len(cries) == 1 and b"<html" in first
    return not (well and kinds[0] == "start" and "end" in kinds and ".flac" in clips)


if __name__ == "__main__":
    sys.exit(main())
