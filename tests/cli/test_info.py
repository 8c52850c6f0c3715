"""edgecry info: what a model file says of itself."""

import json
import re
from dataclasses import replace

import pytest

from edgecry.cli.info import _figures
from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import BUNDLED, bundled
from tests import graphs
from tests.conftest import needs_bundled


def test_json_is_all_of_the_metadata(run, model_path):
    code, out, err = run("info", model_path, "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts.pop("file") == str(model_path)
    assert facts.pop("bytes") == model_path.stat().st_size
    spec = facts.pop("spec")
    assert (spec.pop("hash"), spec.pop("n_features")) == (graphs.SPEC.hash, 12)
    assert FeatureSpec.from_dict(spec) == graphs.SPEC
    assert tuple(facts.pop("labels")) == graphs.LABELS
    reads = facts.pop("reads")
    assert (reads["features"], reads["families"]) == ("12 of 12", ["mfcc", "mel"])
    assert reads["cost"].endswith("ms for 7 s of sound here; it reads all families")
    assert facts == {
        key: getattr(graphs.METADATA, key)
        for key in ("name", "task", "decision", "evaluation", "source", "data", "runtime", "recordings")
    }


def test_text_is_a_screen_for_people(run, model_path):
    code, out, err = run("info", model_path)
    assert (code, err) == (0, "")
    lines = dict(
        line.split(maxsplit=1) for line in out.splitlines() if line.startswith(("labels", "licence"))
    )
    assert out.startswith("tiny\n")
    assert lines["labels"] == "burping, hungry, tired"
    assert "12 of 12 features: mfcc, mel" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100
    assert len(out.splitlines()) <= 24


@needs_bundled
@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_fits_one_screen(run, name, monkeypatch):
    """Its figures are there, and no list of scores is."""
    monkeypatch.setenv("COLUMNS", "80")
    out = run("info", name)[1]
    assert len(out.splitlines()) <= 30
    assert max(map(len, out.splitlines())) <= 80
    text = " ".join(out.split())
    parity = f"parity answers as {'PyTorch' if name == 'cry' else 'scikit-learn'} "
    for word in ("accuracy 0.", "licence ODbL", parity, "not for No diagnosis."):
        assert word in text
    assert not re.search(r"0\.\d+, 0\.\d+, 0\.\d+", text)


def test_figures_are_the_first_of_each_name():
    rows = [
        {"name": "accuracy", "forest": {"value": 0.8, "low": 0.7, "high": 0.9}, "majority": {"value": 0.75}},
        {"name": "share with a reason", "value": {"value": None}},
    ]
    again = {"rows": [{"name": "accuracy", "value": 0.1}, {"name": "ROC AUC", "value": 0.5}, "odd"]}
    assert list(_figures({"sections": [{"title": "no rows"}, {"rows": rows}, again]})) == [
        "accuracy 0.80 (the most common label for all: 0.75)",
        "ROC AUC 0.50",
        "share with a reason unknown",
    ]
    assert list(_figures({"sections": "odd"})) == []


@needs_bundled
def test_default_is_the_bundled_model_of_reasons(run):
    code, out, _ = run("info", "--json")
    assert code == 0
    assert json.loads(out)["file"] == str(bundled("reason"))


def test_a_bundled_model_by_its_name(run):
    code, out, _ = run("info", "seed", "--json")
    assert code == 0
    assert json.loads(out)["file"] == str(bundled("seed"))


def test_cost_of_a_detector_is_of_a_window(run, tmp_path):
    code, out, _ = run("info", graphs.save(tmp_path / "ear.onnx", graphs.detector()), "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["decision"] == graphs.THRESHOLD
    assert "for 0.2 s of sound" in facts["reads"]["cost"]


def test_cost_of_a_model_that_reads_a_part(run, tmp_path):
    """What its families cost stands beside what all would."""
    metadata = replace(graphs.METADATA, reads=(0, 1))
    code, out, _ = run("info", graphs.save(tmp_path / "part.onnx", graphs.make(metadata)), "--json")
    assert code == 0
    reads = json.loads(out)["reads"]
    assert (reads["features"], reads["families"]) == ("2 of 12", ["mfcc"])
    assert reads["cost"].endswith("ms with all families")


def test_refused_model(run, tmp_path):
    build, _ = graphs.BROKEN["future opset"]
    path = graphs.save(tmp_path / "model.onnx", build())
    code, out, err = run("info", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"edgecry: {path}: uses operator set 99")
