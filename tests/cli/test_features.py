"""edgecry features: the extractor's vector, in three formats."""

import csv
import io
import json

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from tests import graphs


@pytest.fixture
def spec_path(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(graphs.SPEC.to_json())
    return path


@pytest.fixture
def expected(recordings) -> np.ndarray:
    extractor = FeatureExtractor(graphs.SPEC)
    return np.stack([extractor.extract(load_audio(path, sr=8000).samples) for path in recordings])


def test_csv(run, recordings, spec_path, expected):
    code, out, err = run("features", *recordings, "--spec", spec_path)
    assert (code, err) == (0, "")
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["file", *graphs.SPEC.names]
    assert [row[0] for row in rows] == [str(path) for path in recordings]
    np.testing.assert_array_equal([[float(cell) for cell in row[1:]] for row in rows], expected)


def test_json(run, recordings, spec_path, expected):
    code, out, err = run("features", *recordings, "--spec", spec_path, "--format", "json")
    assert (code, err) == (0, "")
    records = json.loads(out)
    assert [record["file"] for record in records] == [str(path) for path in recordings]
    for record, vector in zip(records, expected, strict=True):
        assert record["features"] == dict(zip(graphs.SPEC.names, vector.tolist(), strict=True))


def test_npy_to_a_pipe(process, recordings, spec_path, expected):
    done = process("features", *recordings, "--spec", spec_path, "--format", "npy")
    assert (done.returncode, done.stderr) == (0, b"")
    np.testing.assert_array_equal(np.load(io.BytesIO(done.stdout)), expected)


def test_npy_of_one_file_is_a_table_too(run, recordings, spec_path, expected, tmp_path):
    out = tmp_path / "out.npy"
    assert run("features", recordings[0], "--spec", spec_path, "--format", "npy", "-o", out) == (0, "", "")
    np.testing.assert_array_equal(np.load(out), expected[:1])


@pytest.mark.parametrize("form", ["csv", "json"])
def test_output_file_is_what_stdout_gets(run, recordings, spec_path, tmp_path, form):
    argv = ("features", *recordings, "--spec", spec_path, "--format", form)
    _, shown, _ = run(*argv)
    assert run(*argv, "--output", tmp_path / "out") == (0, "", "")
    assert (tmp_path / "out").read_text() == shown


def test_default_is_the_194_values(run, recordings):
    _, out, _ = run("features", recordings[0])
    header = next(csv.reader(io.StringIO(out)))
    assert tuple(header[1:]) == FeatureSpec().names
    assert len(header) == 195


def test_stdin(process, recordings, spec_path, expected):
    done = process("features", "-", "--spec", spec_path, "--format", "npy", input=recordings[2].read_bytes())
    np.testing.assert_array_equal(np.load(io.BytesIO(done.stdout)), expected[2:])


# -- failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "json", "npy"])
def test_failures_in_place(run, recordings, spec_path, tmp_path, form, expected):
    files = [recordings[0], tmp_path / "none.wav", recordings[1]]
    out = tmp_path / "out"
    code, _, err = run("features", *files, "--spec", spec_path, "--format", form, "-o", out)
    assert code == 1
    assert err.startswith(f"edgecry: {files[1]}: ")
    if form == "csv":
        rows = list(csv.reader(out.open()))[1:]
        table = [[float(cell or "nan") for cell in row[1:]] for row in rows]
    elif form == "json":
        records = json.loads(out.read_text())
        assert list(records[1]) == ["file", "error"]
        blank = dict.fromkeys(graphs.SPEC.names, np.nan)
        table = [list(record.get("features", blank).values()) for record in records]
    else:
        table = np.load(out)
    blank_row = np.full(graphs.SPEC.n_features, np.nan)
    np.testing.assert_array_equal(table, [expected[0], blank_row, expected[1]])


def test_npy_onto_a_terminal(run, recordings, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, err = run("features", recordings[0], "--format", "npy")
    assert (code, out) == (2, "")
    assert "add -o OUT" in err


def test_nothing_to_extract(run):
    code, out, err = run("features")
    assert (code, out) == (2, "")
    assert "name a recording" in err


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (b"{", "not JSON"),
        (b'{"sr": 1}', "sr: 1 is out of range"),
        (b"\xff\xfe", "not text"),
        (None, "cannot be read"),
    ],
)
def test_unusable_spec(run, recordings, tmp_path, content, pattern):
    path = tmp_path / "spec.json"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run("features", recordings[0], "--spec", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"edgecry: {path}: ")
    assert pattern in err


def test_unwritable_output(run, recordings, spec_path, tmp_path):
    out = tmp_path / "none" / "out.csv"
    code, shown, err = run("features", recordings[0], "--spec", spec_path, "-o", out)
    assert (code, shown, err) == (2, "", f"edgecry: {out}: No such file or directory\n")
