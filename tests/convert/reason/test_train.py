"""``train --task reason`` and ``evaluate --task reason``, from folders to a model file and a report."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from convert.__main__ import main
from convert.dataset import read_dataset
from convert.evaluation.effort import Effort
from convert.reason import train as module
from convert.seen import seen
from edgecry.audio.load import load_audio
from edgecry.classifier import Classifier
from edgecry.decision import evidence
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.card import render
from edgecry.models.model import CryModel
from edgecry.models.rules import Conformal
from tests.convert.reason.sounds import PITCH, SPEC, make_corpus

pytestmark = pytest.mark.once

QUICK = Effort(repeats=1, draws=20)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Recordings whose reason can be heard, and a spec that is quick to compute."""
    return make_corpus(tmp_path_factory.mktemp("data") / "tones")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Features, kept between the tests."""
    return tmp_path_factory.mktemp("cache")


def run(command, folder, *options):
    """``python -m convert COMMAND --task reason``."""
    return main(list(map(str, [command, "--task", "reason", folder, *options])))


def train(folder, path, cache, *options):
    """Train with few resamples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Effort", lambda **_: QUICK)
        return run("train", folder, "-o", path, "--cache", cache, *options)


@pytest.fixture(scope="module")
def model(corpus, cache, tmp_path_factory):
    """The model file of the corpus."""
    path = tmp_path_factory.mktemp("model") / "tones.onnx"
    assert train(corpus, path, cache, "--spec", corpus / "spec.json", "--data-licence", "CC0") == 0
    return path


def test_the_model_file_decides_as_it_was_calibrated(model, corpus):
    """Its rule holds the evidence of every recording, its graph the calibrated probabilities."""
    opened = CryModel.load(model)
    rule = opened.metadata.rule
    assert isinstance(rule, Conformal)
    assert (opened.metadata.task, rule.coverage) == ("reason", 0.9)
    assert set(rule.nameable) == set(PITCH)  # 24 recordings of 12 babies each
    assert [len(rule.scores[label]) for label in opened.labels] == [24] * 3
    assert sum(rule.prior.values()) == pytest.approx(1)
    extractor = FeatureExtractor(SPEC)
    for label in PITCH:
        clip = load_audio(corpus / f"{label}-3-0.wav", sr=8000)
        (P,) = opened.predict_proba(extractor.extract(clip.samples)[None])
        found = evidence(dict(zip(opened.labels, P.tolist(), strict=True)), rule.prior)
        assert max(found, key=found.__getitem__) == label


def test_the_device_answers(model, corpus):
    """A recording whose reason can be heard gets it, at any level; the set tells."""
    classifier = Classifier(model=model, detector=None)
    said = [classifier.classify(corpus / f"{label}-{baby}-0.wav") for label in PITCH for baby in range(4)]
    truth = [label for label in PITCH for _ in range(4)]
    named = [(one.label, label) for one, label in zip(said, truth, strict=True) if one.label != "uncertain"]
    assert len(named) >= 6
    assert all(found == label for found, label in named)


def test_the_file_tells_all_figures(model, corpus):
    """Protocol, figures with intervals, rivals, sets, gain, licence; and which recordings it learned from."""
    metadata = CryModel.load(model).metadata
    record = metadata.evaluation
    assert record["protocol"].startswith("out of fold, StratifiedGroupKFold(5) by instance (36 groups)")
    assert "72 of 72 recordings" in record["protocol"]
    sections = {section["title"]: section for section in record["sections"]}
    rows = {row["name"]: row for row in sections["Out of fold"]["rows"]}
    loss = rows["log-loss"]
    assert loss["reason"]["low"] <= loss["reason"]["value"] <= loss["reason"]["high"]
    assert loss["reason"]["value"] < loss["prior"]["value"] - 0.1
    assert {"seed's recipe", "majority"} <= set(loss)
    assert rows["accuracy"]["reason"]["value"] > 0.9
    assert rows["accuracy"]["majority"]["value"] < 0.5
    assert [row["name"] for row in sections["Out of fold"]["classes"]][:3] == list(PITCH)
    gain = {row["name"]: row["label unchanged"]["value"] for row in sections["Gain test, answers"]["rows"]}
    assert gain == {"-6 dB": 1.0, "-12 dB": 1.0, "-20 dB": 1.0}
    assert {"Sets of reasons", "Answers", "Answers at other coverages"} <= set(sections)
    assert metadata.data["licence"] == "CC0"
    assert model.stat().st_size < 60_000
    card = render(metadata)
    assert "### Sets of reasons" in card
    assert "| log-loss |" in card
    recordings = [recording.path for recording in read_dataset(corpus).recordings]
    assert seen(CryModel.load(model).metadata, recordings) == set(recordings)


def test_same_inputs_same_bytes(model, corpus, cache, tmp_path):
    """In another process, that hashes differently and reads its features from the cache."""
    path = tmp_path / "tones.onnx"
    code = (
        "import sys; from convert.__main__ import main; from convert.reason import train; "
        "from convert.evaluation.effort import Effort; "
        "train.Effort = lambda **_: Effort(repeats=1, draws=20); sys.exit(main(sys.argv[1:]))"
    )
    options = ["train", "--task", "reason", corpus, "-o", path, "--cache", cache]
    options += ["--spec", corpus / "spec.json", "--data-licence", "CC0"]
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, *options], env=env, check=True, capture_output=True)
    assert path.read_bytes() == model.read_bytes()


def test_evaluate_reproduces_the_file(model, corpus, cache, tmp_path, capsys):
    """The same figures as in the model file, by one command; and labels that mean something show it."""
    path = tmp_path / "report.json"
    options = ["--repeats", 1, "--draws", 20, "--permutations", 9, "--json", path, "--cache", cache]
    assert run("evaluate", corpus, "--spec", corpus / "spec.json", *options) == 0
    found = {section["title"]: section for section in json.loads(path.read_text())["sections"]}
    stored = {section["title"]: section for section in CryModel.load(model).metadata.evaluation["sections"]}
    for row in stored["Out of fold"]["rows"]:
        if row["name"] == "log-loss":
            figures = found["Out of fold"]["figures"]
            assert figures["reason"]["log_loss"]["value"] == row["reason"]["value"]
            assert figures["prior"]["log_loss"]["value"] == row["prior"]["value"]
    for row in stored["Sets of reasons"]["rows"]:
        assert found["Sets of reasons"]["rows"][row["name"]]["value"]["value"] == row["value"]["value"]
    assert found["Permutation test"]["rows"]["log-loss, negative"]["p"] == 0.1
    assert "Gain test, sets" in capsys.readouterr().out


def test_meaningless_labels_are_seen_to_be(tmp_path, cache):
    """Where nothing can be heard the probabilities stay at the shares, and nearly all is uncertain."""
    folder = make_corpus(tmp_path / "noise", meaningful=False)
    path = tmp_path / "report.json"
    options = [
        "--repeats",
        1,
        "--draws",
        20,
        "--no-gain",
        "--json",
        path,
        "--cache",
        cache,
        "--permutations",
        0,
    ]
    assert run("evaluate", folder, "--spec", folder / "spec.json", *options) == 0
    figures, sets, said, *_ = json.loads(path.read_text())["sections"]
    loss = {name: found["log_loss"]["value"] for name, found in figures["figures"].items()}
    assert loss["reason"] < loss["prior"] + 0.02
    assert loss["seed's recipe"] > loss["prior"] + 0.02
    assert sets["rows"]["coverage, mean of reasons"]["value"]["value"] > 0.8
    assert said["rows"]["share of 'uncertain'"]["value"]["value"] > 0.8


def test_data_that_is_partly_there(corpus, tmp_path, cache, capsys):
    """Missing files and labels of one baby are said and left out; the rest trains, from the folder above."""
    folder = make_corpus(tmp_path / "all" / "donateacry")
    for path in [*folder.glob("burping-*"), *folder.glob("hungry-11-*")]:
        if not path.name.startswith("burping-0-"):
            path.unlink()
    model = tmp_path / "part.onnx"
    assert train(folder.parent, model, cache, "--spec", corpus / "spec.json") == 0
    told = capsys.readouterr().err
    assert "24 of 72 recordings are missing; going on with the others" in told
    assert "burping: its recordings are of one instance only, so it is left out" in told
    metadata = CryModel.load(model).metadata
    assert metadata.labels == ("hungry", "tired")
    assert metadata.evaluation["sections"][0]["title"] == "Out of fold"


def test_a_leaky_request_says_so(corpus, cache, capsys):
    """Only by name, and over every table."""
    options = [
        "--group-by",
        "none",
        "--repeats",
        1,
        "--draws",
        5,
        "--no-gain",
        "--cache",
        cache,
        "--permutations",
        0,
    ]
    assert run("evaluate", corpus, "--spec", corpus / "spec.json", *options) == 0
    out = capsys.readouterr().out
    # The head, and each table: those of the recipe, and two of the detector's embedding.
    assert out.count("LEAKY: one baby may be on both sides") == 1 + 5 + 2


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_wrong_use(command, corpus, tmp_path, capsys):
    """A message that says what to do, exit code 1, no file."""
    output = ["-o", tmp_path / "m.onnx"] if command == "train" else []
    assert run(command, corpus, "--estimator", "knn", *output) == 1
    assert "--estimator: knn cannot be chosen" in capsys.readouterr().err
    other, value = ("--tells", "cry") if command == "train" else ("--positive", "tired")
    assert run(command, corpus, other, value, *output) == 1
    assert f"{other}: {value} cannot be" in capsys.readouterr().err
    assert main(list(map(str, [command, "--task", "reason", corpus, corpus, *output]))) == 1
    assert "this task takes one" in capsys.readouterr().err
    lonely = make_corpus(tmp_path / "lonely", babies=1)
    assert run(command, lonely, *output) == 1
    assert "telling reasons apart needs two such labels" in capsys.readouterr().err
    few = make_corpus(tmp_path / "few", babies=2)
    assert run(command, few, *output) == 1
    assert "none has more than 4 recordings, and 5 folds need one each" in capsys.readouterr().err
    for path in few.glob("*.wav"):
        path.unlink()
    assert run(command, few, *output) == 1
    assert "none of the 12 recordings can be read" in capsys.readouterr().err
    assert not (tmp_path / "m.onnx").exists()


def test_a_report_hides_no_label_that_cannot_be_ruled_out(corpus, tmp_path, cache, capsys):
    """Too few recordings keep a label in every set; the report says which."""
    folder = make_corpus(tmp_path / "rare")
    lines = (folder / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("tired-") or line.split("-")[1] in "012"]
    (folder / "manifest.csv").write_text("\n".join(kept))
    options = ["--repeats", 1, "--draws", 5, "--permutations", 0, "--no-gain", "--cache", cache]
    assert run("evaluate", folder, "--spec", corpus / "spec.json", *options) == 0
    out = capsys.readouterr().out
    assert "Too few recordings to be ruled out at 90%, whatever is heard: tired." in out
    assert np.isclose(float(out.split("coverage, tired")[1].split()[0]), 1)
