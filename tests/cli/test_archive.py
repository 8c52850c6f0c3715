"""edgecry classify FOLDER: every recording has a row, whatever happens on the way."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import streams
from tests.recordings import encode


@pytest.fixture
def folder(tmp_path):
    """Long and short recordings, and one that is none."""
    folder = tmp_path / "nights"
    for i in range(6):
        path = folder / ("a" if i % 2 else "b") / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(streams.scene(31 if i < 3 else 3, (3 * i + 1, 3 * i + 5)), streams.SR))
    (folder / "bad.flac").write_bytes(b"fLaC, and no more")
    (folder / "notes.txt").write_text("left out")
    return folder


@pytest.fixture
def models(tmp_path):
    return ("--model", str(streams.loud_detector(tmp_path, window=1.0, hop=0.5).path))


def test_text(run, folder, models):
    code, out, err = run("classify", folder, *models)
    lines = out.splitlines()
    assert code == 1
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert len(lines) == 7
    assert "1 cry: 0:00:04 for " in lines[0]
    assert "not classified" in lines[-1]
    assert "7 recordings, 0.03 h: " in err
    assert "1 error" in err
    assert "audio-hours a core-hour" in err


@pytest.mark.parametrize("form", ["json", "csv"])
def test_the_rows_do_not_depend_on_the_processes(run, folder, models, tmp_path, form):
    contents = []
    for jobs in (1, 3):
        path = tmp_path / f"{jobs}.{form}"
        code, out, _ = run("classify", folder, *models, "--format", form, "-o", path, "--jobs", jobs)
        assert (code, out) == (1, "")
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] != b""


def test_filters(run, folder, models):
    _, out, _ = run(
        "classify", folder, *models, "--format", "jsonl", "--include", "a/*", "--exclude", "1.wav"
    )
    assert [os.path.relpath(json.loads(line)["file"], folder) for line in out.splitlines()] == [
        "a/3.wav",
        "a/5.wav",
    ]


def test_a_folder_without_recordings_is_told(run, models, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, err = run("classify", tmp_path / "empty", *models)
    assert code == 1
    assert out == f"{tmp_path / 'empty'}  not classified: no recording is in this folder\n"
    assert err.splitlines() == [
        f"edgecry: {tmp_path / 'empty'}: no recording is in this folder; name another",
        "edgecry: 0 recordings, 0.00 h: 0 cries, 1 error",
    ]


def test_a_folder_of_which_the_patterns_leave_nothing_is_told(run, folder, models):
    code, _, err = run("classify", folder, *models, "--include", f"{folder.name}/*.wav")
    assert code == 1
    assert f"{folder}: no recording in this folder fits --include and --exclude, which begin in it" in err


def test_many_files_are_shared_among_processes_too(run, folder, models):
    """With the rows of one process, and in the order in which they are named."""
    files = [folder / "b/0.wav", folder / "a/1.wav"]
    rows = [
        json.loads(line)
        for options in ((), ("--jobs", 2))
        for line in run("classify", *files, *models, "--format", "jsonl", *options)[1].splitlines()
    ]
    assert [{**row, "elapsed_ms": 0} for row in rows[2:]] == [{**row, "elapsed_ms": 0} for row in rows[:2]]


def test_a_scheduler_is_not_left_unused(run, folder, models):
    """Also where a file is named: one that cannot be reached is told."""
    pytest.importorskip("distributed", reason="NOT TESTED: pip install '.[dask]'")
    code, out, err = run("classify", folder / "b/0.wav", *models, "--scheduler", "nowhere")
    assert (code, out) == (2, "")
    assert "scheduler: nowhere cannot be reached" in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--include", "*.wav"), "--include and --exclude choose among the recordings of a folder"),
        (("--exclude", "*.wav"), "--include and --exclude choose among the recordings of a folder"),
        (("-", "--jobs", 2), "- is stdin, which one process reads"),
    ],
)
def test_options_of_folders_where_there_is_none(run, folder, argv, message):
    code, out, err = run("classify", folder / "b/0.wav", *argv)
    assert (code, out) == (2, "")
    assert message in err


def test_a_folder_and_files_and_what_is_not_there(run, folder, models):
    argv = ("classify", folder / "b", folder / "a/1.wav", "none.wav", folder / "b/0.wav", *models)
    code, out, _err = run(*argv, "--format", "jsonl")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [Path(r["file"]).name for r in records] == ["0.wav", "2.wav", "4.wav", "1.wav", "none.wav"]
    assert "no such file" in records[-1]["error"]


# -- the journal -------------------------------------------------------------------------------------


def test_what_is_done_is_not_done_again(run, folder, models, tmp_path):
    path = tmp_path / "out.jsonl"
    argv = ("classify", folder, *models, "--format", "jsonl", "-o", path)
    run(*argv)
    whole = path.read_bytes()
    journal = (tmp_path / "out.jsonl.journal").read_text().splitlines()
    path.unlink()
    code, _, _err = run(*argv)
    assert (code, path.read_bytes()) == (1, whole)
    again = (tmp_path / "out.jsonl.journal").read_text().splitlines()
    assert [json.loads(line)["file"] for line in again[len(journal) :]] == [str(folder / "bad.flac")]
    (folder / "a/0.wav").write_bytes((folder / "b/0.wav").read_bytes())
    run(*argv)
    files = [json.loads(line)["file"] for line in path.read_text().splitlines()]
    assert files == sorted(files)
    assert len(files) == 8


def test_another_setting_begins_anew_and_says_so(run, folder, models, tmp_path):
    path = tmp_path / "out.csv"
    argv = ("classify", folder, *models, "--format", "csv", "-o", path)
    run(*argv)
    _, _, err = run(*argv, "--threshold", 0.99)
    assert "threshold changed since; all is done anew" in err
    assert {row["cry_detected"] for row in csv.DictReader(io.StringIO(path.read_text()))} == {"false", ""}


def test_killed_and_started_again(run, folder, models, tmp_path):
    """With SIGKILL, at several moments: nothing is lost, nothing is doubled."""
    for i in range(6, 12):
        (folder / "c").mkdir(exist_ok=True)
        (folder / f"c/{i}.wav").write_bytes((folder / f"b/{i % 2 * 2}.wav").read_bytes())
    expected = tmp_path / "whole.csv"
    run("classify", folder, *models, "--format", "csv", "-o", expected)
    path, journal = tmp_path / "out.csv", tmp_path / "out.csv.journal"
    argv = [
        *(sys.executable, "-m", "edgecry", "classify", str(folder), *models),
        *("--format", "csv", "-o", str(path), "--jobs", "2"),
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    broken_off = 0
    for lines in (3, 6):
        process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        broken_off += process.wait() == -signal.SIGKILL
    assert broken_off
    done = subprocess.run(argv, env=env, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert path.read_bytes() == expected.read_bytes()
    files = [json.loads(line)["file"] for line in journal.read_text().splitlines()[1:]]
    assert len(set(files)) == 13
    assert not list(tmp_path.glob("*.part"))
