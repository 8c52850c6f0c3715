"""The bundled models' figures anew, held against their files."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from convert import bundled
from convert.__main__ import main
from convert.bundled import against_the_file, is_all, numbers
from convert.clip import train as clip
from convert.evaluation.effort import Effort
from convert.evaluation.record import record
from convert.evaluation.report import Report, compare
from edgecry.models.bundled import BUNDLED
from edgecry.models.model import CryModel
from tests.convert.tones import make_corpus

QUICK = ("--repeats", "1", "--draws", "20")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of one corpus."""
    folder = tmp_path_factory.mktemp("data")
    make_corpus(folder / bundled.DONATEACRY, 0)
    return folder


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """Made of that corpus as ``train`` makes one, but measured less finely."""
    path = tmp_path_factory.mktemp("model") / "seed.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip, "Effort", lambda: Effort(repeats=1, draws=20))
        assert main(["train", str(data / bundled.DONATEACRY), "-o", str(path)]) == 0
    return CryModel.load(path)


@pytest.fixture
def _one_model(model, monkeypatch):
    """It is all that comes with edgecry."""
    monkeypatch.setattr(bundled, "MODELS", {"seed": ("convert.clip.report", bundled.DONATEACRY)})
    monkeypatch.setattr(bundled.CryModel, "load", lambda name: {"seed": model}[name])


def test_every_bundled_model_is_measured():
    assert set(bundled.MODELS) == set(BUNDLED)


@pytest.mark.usefixtures("_one_model")
def test_evaluate_alone_finds_every_number_of_the_files_again(data, tmp_path, capsys, monkeypatch):
    """With EDGECRY_DATA for all arguments."""
    monkeypatch.setenv("EDGECRY_DATA", str(data))
    capsys.readouterr()
    assert main(["evaluate", *QUICK, "--json", str(tmp_path / "j"), "--html", str(tmp_path / "h")]) == 0
    assert "Held against the model file" in capsys.readouterr().out
    found = json.loads((tmp_path / "j").read_text())
    held = found["sections"][-1]["rows"]["seed.onnx"]
    assert held["numbers"] == held["the same"] > 100
    assert (held["moved"], held["in one of both only"], held["farthest"]) == (0, 0, "none")
    assert "Held against the model file" in (tmp_path / "h").read_text()


def test_several_reports_are_one_page_and_one_list(data, tmp_path, capsys, monkeypatch):
    reports = [Report(f"model {n}", "protocol", "data", ()) for n in "ab"]
    monkeypatch.setattr(bundled, "reports", lambda *_: iter(reports))
    assert main(["evaluate", str(data), "--json", str(tmp_path / "j"), "--html", str(tmp_path / "h")]) == 0
    assert capsys.readouterr().out.count("protocol  protocol") == 2
    assert [r["title"] for r in json.loads((tmp_path / "j").read_text())["reports"]] == ["model a", "model b"]
    html = (tmp_path / "h").read_text()
    assert html.count("<!DOCTYPE html>") == html.count("<main>") == 1
    assert re.findall(r"<h1 [^>]*>(.*)</h1>", html) == ["model a", "model b"]


@pytest.mark.usefixtures("_one_model")
def test_a_model_whose_recordings_are_not_there_is_left_out(data, tmp_path, caplog, capsys, monkeypatch):
    """The detector's other sounds are missing; if that is so of all, it is an error."""
    detector = {"cry": ("convert.cry.report", ".")}
    monkeypatch.setattr(bundled, "MODELS", {**detector, **bundled.MODELS})
    assert main(["evaluate", str(data), *QUICK, "--json", str(tmp_path / "j")]) == 0
    assert "model cry is left out: " in caplog.text
    assert json.loads((tmp_path / "j").read_text())["title"].startswith("seed: forest on")
    monkeypatch.setattr(bundled, "MODELS", detector)
    assert main(["evaluate", str(data)]) == 1
    assert "none of the models cry can be measured" in capsys.readouterr().err


def test_only_the_folder_of_all_stands_for_all(data, tmp_path):
    """Neither a corpus, nor two folders, nor one that lacks what the models were made of."""
    assert is_all([data])
    assert not is_all([data / bundled.DONATEACRY])
    assert not is_all([data, data])
    assert not is_all([tmp_path])


@pytest.mark.parametrize(
    "options",
    [
        ("--estimator", "knn"),
        ("--group-by", "none"),
        ("--permutations", "0"),
        ("--no-gain",),
        ("--folds-only",),
        ("--full-length",),
        ("--steps", "5"),
    ],
)
def test_other_measurements_are_refused(data, options, capsys):
    assert main(["evaluate", str(data), *options]) == 1
    assert f"{options[0]}: " in capsys.readouterr().err


def test_what_moved_is_named():
    """By where it stands; what one of both lacks is counted."""
    y = np.array([0, 1, 0, 1], dtype=np.intp)
    P = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    section = compare("Out of fold", y, {"model": [P]}, ("cry", "other"), list("abcd"), draws=10)
    report = Report("title", "protocol", "data", (section,))
    stored = record(report)
    n = len(dict(numbers(stored["sections"])))
    assert n > 20
    stored["sections"][0]["rows"][0]["model"]["value"] += 0.01
    del stored["sections"][0]["classes"][1]["f1"]
    model = CryModel.load("seed")
    model.metadata = replace(model.metadata, evaluation={**stored, "parity": {}})
    (row,) = against_the_file(report, model).rows.values()
    assert row == {
        "numbers": n - 3,
        "the same": n - 4,
        "moved": 1,
        "in one of both only": 3,
        "farthest": "Out of fold, accuracy, model, by 0.0100",
    }
