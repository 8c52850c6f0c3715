"""edgecry measure: rows for each unit and each cry, whatever becomes of the files."""

import csv
import io
import json

import pytest

from convert.synth import expirations, synthetic_cry
from tests import streams
from tests.recordings import encode

SR = 16_000


@pytest.fixture
def files(tmp_path):
    (tmp_path / "cry.wav").write_bytes(encode(synthetic_cry(SR, 6.0, 2), SR))
    (tmp_path / "bad.wav").write_bytes(b"dear diary")
    return [tmp_path / "cry.wav", tmp_path / "bad.wav"]


def test_a_row_for_each_unit(run, files):
    code, out, err = run("measure", *files, "--no-detector")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert [row["file"] for row in rows] == [str(files[0])] * len(expirations(6.0, 2)) + [str(files[1])]
    assert [row["unit"] for row in rows[:2]] == ["1", "2"]
    assert 350 < float(rows[0]["f0_median"]) < 550
    assert "is text" in rows[-1]["error"]
    assert str(files[1]) in err


def test_a_row_for_each_cry(run, files):
    code, out, _ = run("measure", files[0], "--no-detector", "--per", "cry")
    (row,) = csv.DictReader(io.StringIO(out))
    assert code == 0
    assert int(row["units"]) == len(expirations(6.0, 2))
    assert float(row["units_per_minute"]) > 0


def test_json_has_both(run, files, tmp_path):
    code, out, _ = run("measure", *files, "--no-detector", "--format", "json", "-o", tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert (code, out) == (1, "")
    (cry,) = found[0]["cries"]
    assert cry["units"] == len(cry["each"]) == len(expirations(6.0, 2))
    assert "error" in found[1]


def test_a_recording_without_a_cry_has_a_row(run, files, tmp_path):
    ear = streams.loud_detector(tmp_path, window=1.0, hop=0.5).path
    _, out, _ = run("measure", files[0], "--detector", ear, "--threshold", "1")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["file"] == str(files[0])
    assert {value for name, value in row.items() if name != "file"} == {""}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["a.wav", "--format", "json", "--per", "cry"],
        ["a.wav", "--no-detector", "--threshold", "0.5"],
        ["a.wav", "--f0-min", "5"],
        ["a.wav", "--f0-max", "160"],
    ],
)
def test_wrong_use(run, wrong):
    with pytest.raises(SystemExit, match="2"):
        raise SystemExit(run("measure", *wrong)[0])
