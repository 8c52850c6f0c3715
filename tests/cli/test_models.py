"""edgecry models: the list, and cards."""

import json
import shutil

import pytest

from edgecry.models.bundled import BUNDLED, BUNDLED_MODEL
from edgecry.models.card import render, summary
from edgecry.models.model import CryModel
from tests import graphs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A toy of each bundled model, in their place."""
    monkeypatch.setattr("edgecry.models.bundled.FOLDER", tmp_path)
    graphs.save(tmp_path / "cry.onnx", graphs.detector())
    graphs.save(tmp_path / "reason.onnx", graphs.reasons())
    shutil.copy(BUNDLED_MODEL, tmp_path / "seed.onnx")
    return tmp_path


def test_list(run, folder):
    code, out, err = run("models")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines[::2]] == [
        ["cry", "cry"],
        ["reason", "reason"],
        ["seed", "reason"],
    ]
    assert "burping, hungry, tired" in lines[2]
    assert f"{BUNDLED_MODEL.stat().st_size / 1000:.0f} kB" in lines[4]
    assert [line.strip() for line in lines[1::2]] == [
        summary(CryModel.load(name).metadata) for name in BUNDLED
    ]


def test_json(run, folder):
    code, out, _ = run("models", "--json")
    assert code == 0
    entries = json.loads(out)
    assert [entry["name"] for entry in entries] == list(BUNDLED)
    assert entries[0]["labels"] == ["other", "cry"]
    assert entries[0]["decision"] == graphs.THRESHOLD
    assert entries[1]["bytes"] == (folder / "reason.onnx").stat().st_size
    _, out, _ = run("models", "cry", "--json")
    assert json.loads(out) == {**entries[0], "name": "ear"}


def test_card(run, folder, model_path):
    for name in (*BUNDLED, model_path):
        code, out, err = run("models", name)
        assert (code, err) == (0, "")
        assert out == render(CryModel.load(str(name)).metadata)


def test_one_that_is_missing_does_not_hide_the_others(run, folder):
    (folder / "reason.onnx").unlink()
    code, out, _ = run("models")
    assert code == 0
    assert "reason  not here: " in out
    assert "\nseed " in out
    entries = json.loads(run("models", "--json")[1])
    assert ["error" in entry for entry in entries] == [False, True, False]


def test_unknown_model(run):
    code, out, err = run("models", "none")
    assert (code, out) == (2, "")
    assert err.startswith("edgecry: none: no such file")
