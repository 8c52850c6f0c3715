"""The programs in examples/ do what they say, started as a reader would start them."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from tests.conftest import needs_bundled

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SAMPLE = ROOT / "edgecry" / "models" / "sample.flac"


def start(*arguments: str | Path, stdin: bytes = b"") -> str:
    """Run Python in the checkout, and give what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, input=stdin, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_every_example_is_named_in_the_table_and_tried_here():
    table = (EXAMPLES / "README.md").read_text()
    programs = {path.name for path in EXAMPLES.iterdir()} - {"README.md", "__pycache__"}

    assert programs == {"folder_to_csv.py", "stream_loop.py", "own_model.py", "home_assistant.yaml", "phone"}
    assert all(f"[{name}]({name})" in table for name in programs)


@needs_bundled
def test_a_folder_becomes_a_table(tmp_path: Path):
    folder = tmp_path / "recordings"
    (folder / "monday").mkdir(parents=True)
    (folder / "monday" / "cry.flac").write_bytes(SAMPLE.read_bytes())
    (folder / "broken.wav").write_bytes(b"no recording")
    (folder / "notes.txt").write_text("no recording either")

    start(EXAMPLES / "folder_to_csv.py", folder, tmp_path / "answers.csv")

    with (tmp_path / "answers.csv").open(newline="") as file:
        broken, cry = csv.DictReader(file)
    assert broken["recording"] == "broken.wav"
    assert "broken.wav" in broken["error"]
    assert cry["recording"] == "monday/cry.flac"
    assert cry["label"] == "uncertain"
    assert float(cry["cry"]) > 0.5
    assert cry["error"] == ""


@needs_bundled
def test_a_stream_is_heard():
    samples, sr = soundfile.read(SAMPLE, dtype="int16")
    assert sr == 16000

    lines = start(EXAMPLES / "stream_loop.py", stdin=np.tile(samples, 2).tobytes()).splitlines()

    assert [line.split("crying ")[1].split(":")[0] for line in lines] == ["began", "ended"]


def test_a_model_of_ones_own_is_made_and_asked(tmp_path: Path):
    output = tmp_path / "rooms.onnx"

    lines = start("-m", "examples.own_model", output).splitlines()

    assert output.exists()
    assert lines[0].startswith("largest difference")
    assert lines[1] == "noisy"
