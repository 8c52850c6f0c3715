"""edgecry info: what a model file says of itself."""

import json
from dataclasses import replace

from edgecry.features.spec import FeatureSpec
from edgecry.models.bundled import bundled
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
    assert reads["cost"].endswith("ms for 7 s of sound here, all families being read")
    assert facts == {
        key: getattr(graphs.METADATA, key)
        for key in ("name", "task", "decision", "evaluation", "source", "data", "runtime")
    }


def test_text_shows_every_value(run, model_path):
    code, out, err = run("info", model_path)
    assert (code, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["name", "tiny"] in lines
    assert ["labels", "burping, hungry, tired"] in lines
    assert ["rule", "argmax"] in lines
    assert ["onnxruntime", "1.19"] in lines
    assert ["n_features", "12"] in lines
    assert "  parity\n    max_abs" in out


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
