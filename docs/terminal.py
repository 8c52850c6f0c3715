"""The picture of README: a real session in a terminal, as SVG.

``python docs/terminal.py`` runs the commands and draws what they print; with ``--check`` it only says
whether they still print what the picture shows. The picture holds its text as a description, for those
who cannot see it and for the check.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("terminal.svg")
ROOT = Path(__file__).parents[1]
WIDTH = 110
#: What a reader would type, in a folder that holds fan.wav and scene.wav.
SESSION = ("edgecry classify --sample fan.wav", "edgecry listen --quiet - < scene.wav")


def main() -> int:
    """Draw the picture, or check it."""
    transcript = record()
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(draw(transcript))
        return 0
    match = re.search(r"<desc>(.*?)</desc>", PICTURE.read_text(), re.DOTALL)
    shown = html.unescape(match[1]) if match else ""
    if _without_clock(shown) == _without_clock(transcript):
        return 0
    print(
        f"{PICTURE}: the commands now print\n\n{transcript}\nrun 'python docs/terminal.py'", file=sys.stderr
    )
    return 1


def record() -> str:
    """Run the session; what a terminal would show of it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": str(WIDTH),
    }
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/fan.wav", fan(), 16000)
        subprocess.run(
            [sys.executable, "-m", "convert", "scene", "-o", f"{folder}/scene.wav"],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
        for command in SESSION:
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment, check=True, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            lines += [f"$ {command}", *done.stdout.splitlines(), ""]
    return "\n".join(lines)


def fan(seconds: int = 7, sr: int = 16000) -> np.ndarray:
    """A fan: noise that falls by 6 dB an octave, and the hum of its motor."""
    rng = np.random.default_rng(0)
    t = np.arange(seconds * sr) / sr
    noise = np.convolve(rng.standard_normal(t.size), 0.97 ** np.arange(200), mode="same")
    return 0.1 * noise / np.abs(noise).max() + 0.02 * np.sin(2 * np.pi * 100 * t)


def draw(transcript: str) -> str:
    """The transcript as SVG, without fonts from elsewhere."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for line in transcript.splitlines():
            console.print(Text(line, style="bold green" if line.startswith("$ ") else ""))
        svg = console.export_svg(title="edgecry", unique_id="edgecry")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("<style>", f"<desc>{html.escape(transcript)}</desc>\n    <style>", 1)


def _without_clock(transcript: str) -> str:
    return re.sub(r"^\d\d:\d\d:\d\d", "", transcript, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
