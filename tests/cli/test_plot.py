"""edgecry classify --plot: a picture beside the answer, whole or not at all."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from edgecry.models.bundled import SAMPLE
from tests import streams
from tests.recordings import encode


def drawn_cries(monkeypatch) -> list:
    """Spy on what is drawn: the cries, the threshold and the length of the sketch."""
    from edgecry.plots import recording

    seen, draw = [], recording.draw

    def spy(timeline, sketch, name, threshold):
        seen.append(([(c.start, c.end) for c in timeline.cries], threshold, sketch.duration, name))
        return draw(timeline, sketch, name, threshold)

    monkeypatch.setattr(recording, "draw", spy)
    return seen


def test_a_png_of_a_long_recording(run, night, night_models, tmp_path, monkeypatch):
    seen = drawn_cries(monkeypatch)
    picture = tmp_path / "night.png"
    code, out, _ = run("classify", night, *night_models, "--plot", picture)
    assert code == 0
    assert "2 cries" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    ((cries, threshold, duration, _),) = seen
    assert [round(start) for start, _ in cries] == [10, 35]
    assert (threshold, duration) == (0.06, 45)
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_an_svg_of_a_short_recording_from_a_pipe_without_pyplot(tmp_path):
    picture = tmp_path / "cry.SVG"
    code = (
        "import sys; from edgecry.cli import main; "
        f"code = main(['classify', '-', '--plot', {str(picture)!r}]); "
        "sys.exit(code or 'matplotlib.pyplot' in sys.modules)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=SAMPLE.read_bytes(),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    root = ElementTree.parse(picture).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert list(root.iter("{http://www.w3.org/2000/svg}image"))


def test_another_threshold_is_drawn(run, night, night_models, tmp_path, monkeypatch):
    seen = drawn_cries(monkeypatch)
    assert run("classify", night, *night_models, "--threshold", "0.05", "--plot", tmp_path / "a.png")[0] == 0
    assert seen[0][1] == 0.05


def test_the_answer_is_the_same_with_a_picture(run, night, night_models, tmp_path):
    run("classify", night, *night_models, "--format", "csv", "-o", tmp_path / "a.csv")
    run(
        "classify",
        night,
        *night_models,
        "--format",
        "csv",
        "-o",
        tmp_path / "b.csv",
        "--plot",
        tmp_path / "a.png",
    )
    first, second = ((tmp_path / name).read_text().splitlines() for name in ("a.csv", "b.csv"))
    assert len(first) == len(second) == 3
    assert [row.split(",")[1] for row in first] == [row.split(",")[1] for row in second]


@pytest.mark.parametrize("option", ["--raw", "--whole", "--no-detector"])
def test_what_has_no_times_has_no_picture(run, night, tmp_path, option):
    code, _, err = run("classify", night, option, "--plot", tmp_path / "a.png")
    assert code == 2
    assert f"{option} knows nothing" in err


def test_another_ending_is_refused_in_a_line(run, night, tmp_path):
    code, out, err = run("classify", night, "--plot", tmp_path / "a.jpg")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "allowed are .png, .svg" in err


def test_without_matplotlib_it_is_said_how_to_get_it(run, night, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, out, err = run("classify", night, "--plot", tmp_path / "a.png")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install '.[plot]'" in err


def test_a_recording_that_fails_leaves_the_picture_as_it_was(run, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    (tmp_path / "a.png").write_bytes(b"before")
    code, _, err = run("classify", tmp_path / "a.wav", "--plot", tmp_path / "a.png")
    assert code == 1
    assert "Traceback" not in err
    assert (tmp_path / "a.png").read_bytes() == b"before"


def test_silence_is_drawn(run, tmp_path):
    (tmp_path / "a.wav").write_bytes(encode(np.zeros(40 * 8000, np.float32), 8000))
    code, out, _ = run("classify", tmp_path / "a.wav", "--plot", tmp_path / "a.png")
    assert code == 0
    assert "digital silence" in out
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_a_folder_is_drawn_and_again_from_its_journal(run, night, night_models, tmp_path, monkeypatch):
    from edgecry.plots import archive

    seen, draw = [], archive.draw
    monkeypatch.setattr(archive, "draw", lambda overview, name: seen.append(overview) or draw(overview, name))
    folder = tmp_path / "nights"
    folder.mkdir()
    night.rename(folder / "20260110_024500.wav")
    (folder / "bad.wav").write_bytes(b"no sound")
    command = ("classify", folder, *night_models, "--format", "csv", "-o", tmp_path / "a.csv")
    assert run(*command)[0] == 1
    code, _, err = run(*command, "--plot", tmp_path / "nights.svg")
    assert code == 1
    assert "Traceback" not in err
    (overview,) = seen
    assert (overview.files, overview.errors, overview.cries, overview.by_name) == (2, 1, 2, 1)
    assert overview.heard[2] == 45
    ElementTree.parse(tmp_path / "nights.svg")


def test_two_recordings_are_refused(run, night, tmp_path):
    code, _, err = run("classify", night, night, "--plot", tmp_path / "a.png")
    assert (code, err.count("\n")) == (2, 1)
    assert "one recording, or folders" in err


@pytest.mark.filterwarnings("error")
def test_a_name_is_no_formula_and_may_be_in_any_letters(run, night_models, tmp_path):
    folder = tmp_path / "$\\frac{$"
    folder.mkdir()
    path = folder / "a$x_{$ \u732b.wav"
    path.write_bytes(encode(streams.scene(3, (1, 2)), streams.SR))
    for source in (path, folder):
        code, _, err = run("classify", source, *night_models, "--plot", tmp_path / "a.png")
        assert code == 0, err
        assert "Traceback" not in err
