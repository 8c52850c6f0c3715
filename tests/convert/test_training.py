"""From labelled recordings to a model file, with figures that no model can talk up."""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert import training
from convert.clip import train as clip
from convert.commands import evaluate, train
from convert.dataset import read_dataset
from convert.errors import ConversionError
from convert.evaluation.effort import Effort
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.spec import FeatureSpec
from edgecry.models.model import CryModel

pytestmark = pytest.mark.once

SPEC = FeatureSpec(sr=8000, families=("mfcc",), n_mfcc=13, n_mels=26, n_fft=512)
PITCH = {"tired": 300, "burping": 900, "hungry": 2200}


def make_corpus(folder: Path, seed: int = 0, *, meaningful: bool = True) -> Path:
    """Ten instances of each label, two recordings each; the label is heard in the pitch or not at all."""
    rng = np.random.default_rng(seed)
    lines = ["file,label,instance"]
    for label, pitch in PITCH.items():
        for instance in range(10):
            f0 = pitch * rng.uniform(0.9, 1.1) if meaningful else rng.uniform(300, 2200)
            for take in range(2):
                name = f"{label}-{instance}-{take}.wav"
                tone = 0.2 * np.sin(2 * np.pi * f0 * np.arange(2400) / 8000)
                soundfile.write(folder / name, tone + 0.01 * rng.standard_normal(2400), 8000)
                lines.append(f"{name},{label},{label}{instance}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    (folder / "spec.json").write_text(SPEC.to_json())
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Recordings whose label can be heard."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Measured as ever, but not as finely."""
    monkeypatch.setattr(clip, "Effort", lambda: Effort(repeats=1, draws=20))


def rows(model: Path, title: str = "Out of fold") -> dict[str, dict]:
    """Rows of a section of a model file's evaluation, by name."""
    sections = CryModel.load(model).metadata.evaluation["sections"]
    (found,) = (section for section in sections if section["title"] == title)
    return {row["name"]: row for row in found["rows"]}


def run(folder: Path, output: Path, *options: object) -> int:
    """``python -m convert train`` without the process."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    argv = [folder, "-o", output, "--spec", folder / "spec.json", *options]
    return train.run(parser.parse_args(list(map(str, argv))))


def test_train_end_to_end(corpus, tmp_path, capsys):
    """The file answers with the right labels, and says what it was made of and how it was tested."""
    path = tmp_path / "model.onnx"
    options = ("--data-name", "Tones", "--data-licence", "CC0", "--attribution", "the tests")
    assert run(corpus, path, *options) == 0
    model = CryModel.load(path)
    assert model.labels == ("burping", "hungry", "tired")
    assert model.spec == SPEC
    meta = model.metadata
    assert (meta.name, meta.task) == ("model", "reason")
    assert meta.data == {"name": "Tones", "licence": "CC0", "attribution": "the tests"}
    assert meta.evaluation["protocol"].startswith(
        "out of fold, StratifiedGroupKFold(5) by instance (30 groups), 1 repeat, 60 recordings"
    )
    figures = rows(path)
    assert figures["accuracy"]["forest"]["value"] > 0.9
    assert figures["balanced accuracy"]["majority"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    majority = {name: row["majority"]["value"] for name, row in figures.items()}  # quite sure of itself
    assert majority["calibration error"] == pytest.approx(1 - majority["accuracy"], abs=1e-4)
    assert set(rows(path, "Gain test")) == {"-6 dB", "-12 dB", "-20 dB"}
    assert meta.evaluation["parity"]["passed"]
    extractor = FeatureExtractor(SPEC)
    for label in PITCH:
        clip = load_audio(corpus / f"{label}-3-0.wav", sr=8000)
        P = model.predict_proba(extractor.extract(clip.samples)[None])
        assert model.labels[P.argmax()] == label
    printed = capsys.readouterr()
    assert printed.out.startswith("forest on ")
    assert "majority" in printed.out
    assert "60 of 60 recordings" in printed.err


def test_figures_are_out_of_fold(tmp_path):
    """Where labels mean nothing, a forest knows its training set by heart, and still scores like chance."""
    folder, path = make_corpus(tmp_path, meaningful=False), tmp_path / "model.onnx"
    dataset = read_dataset(folder)
    features = training.extract_features(dataset, SPEC, lambda _: None)
    fitted = training.forest().fit(features.X, dataset.labels)
    assert fitted.score(features.X, dataset.labels) == 1.0
    assert run(folder, path) == 0
    assert rows(path)["accuracy"]["forest"]["value"] < 0.6


def test_every_figure_of_the_card_has_an_interval(corpus, tmp_path):
    """The figures of the classes and of guessing are there, too."""
    path = tmp_path / "model.onnx"
    assert run(corpus, path) == 0
    for section in CryModel.load(path).metadata.evaluation["sections"]:
        for row in (*section["rows"], *section.get("classes", ())):
            for column, cell in row.items():
                if column not in ("name", "support"):
                    assert set(cell) == {"value", "low", "high"}, (section["title"], row["name"], column)


def test_leaky_figures_are_called_so(tmp_path):
    """Without groups the two takes of an instance give each other away, and the title says it."""
    folder = make_corpus(tmp_path, meaningful=False)
    path, protocol, accuracy = tmp_path / "model.onnx", {}, {}
    for group_by in ("none", "instance"):
        assert run(folder, path, "--group-by", group_by) == 0
        protocol[group_by] = CryModel.load(path).metadata.evaluation["protocol"]
        accuracy[group_by] = rows(path)["accuracy"]["forest"]["value"]
    assert protocol["none"].startswith("LEAKY: ")
    assert "LEAKY" not in protocol["instance"]
    assert accuracy["none"] > accuracy["instance"] + 0.2


@pytest.mark.parametrize("estimator", training.ESTIMATORS)
def test_estimators(estimator, corpus, tmp_path):
    """Each converts, proven, and stays small."""
    path = tmp_path / "model.onnx"
    assert run(corpus, path, "--estimator", estimator) == 0
    assert CryModel.load(path).metadata.evaluation["parity"]["passed"]
    assert path.stat().st_size < 800_000


def test_same_inputs_same_bytes(corpus, tmp_path):
    """In two processes that hash differently."""
    code = (
        "import argparse, sys; from convert.clip import train as clip; from convert.commands import train; "
        "from convert.evaluation.effort import Effort; clip.Effort = lambda: Effort(repeats=1, draws=20); "
        "p = argparse.ArgumentParser(); train.add_arguments(p); sys.exit(train.run(p.parse_args()))"
    )
    digests = set()
    for seed in "12":
        path = tmp_path / "model.onnx"
        command = [sys.executable, "-c", code, corpus, "-o", path, "--spec", corpus / "spec.json"]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        path.unlink()
    assert len(digests) == 1


def test_unreadable_recordings_are_skipped(tmp_path, capsys):
    """Each is named on stderr and counted; the rest trains."""
    folder = make_corpus(tmp_path)
    (folder / "tired-0-0.wav").write_text("no audio")
    (folder / "tired-1-0.wav").unlink()
    assert run(folder, tmp_path / "model.onnx") == 0
    printed = capsys.readouterr()
    assert f"skipped: {folder / 'tired-0-0.wav'}: is text, not sound" in printed.err
    assert f"skipped: {folder / 'tired-1-0.wav'}: no such file" in printed.err
    assert "2 of 60 recordings skipped" in printed.err
    assert "58 recordings" in CryModel.load(tmp_path / "model.onnx").metadata.evaluation["protocol"]


def test_a_file_of_values_too_loud_is_skipped(tmp_path):
    """What the extractor refuses is named with its file as well."""
    folder = make_corpus(tmp_path)
    soundfile.write(folder / "tired-0-0.wav", np.full(2400, 3e38, np.float32), 8000, subtype="FLOAT")
    features = training.extract_features(read_dataset(folder), SPEC, lambda _: None)
    assert len(features.skipped) == 1
    assert "tired-0-0.wav" in features.skipped[0]


def test_a_second_run_computes_nothing(corpus, tmp_path, monkeypatch):
    """The vectors come from the cache, the same, and it is said."""
    dataset, told = read_dataset(corpus), []
    first = training.extract_features(dataset, SPEC, lambda _: None, tmp_path)
    monkeypatch.setattr(training, "load_audio", None)
    second = training.extract_features(dataset, SPEC, told.append, tmp_path)
    np.testing.assert_array_equal(first.X, second.X)
    assert told[-1] == "60 of 60 recordings, 60 of 60 from the cache"


def test_none_usable(tmp_path):
    """An error, and no file."""
    (tmp_path / "manifest.csv").write_text("file,label,instance\na.wav,x,1\nb.wav,y,2\n")
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    with pytest.raises(ConversionError, match=r"none of the 2 recordings.*a\.wav: no such file"):
        run(tmp_path, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_wrong_arguments(corpus, tmp_path):
    """Each is refused before a recording is read."""
    with pytest.raises(ConversionError, match="no such folder to write"):
        run(corpus, tmp_path / "no" / "model.onnx")
    with pytest.raises(ConversionError, match=r"manifest\.csv: cannot be read|manifest\.csv: feature spec"):
        run(corpus, tmp_path / "model.onnx", "--spec", corpus / "manifest.csv")
    with pytest.raises(ConversionError, match=r"no\.json: cannot be read"):
        run(corpus, tmp_path / "model.onnx", "--spec", "no.json")
    with pytest.raises(ConversionError, match="no column nobody"):
        run(corpus, tmp_path / "model.onnx", "--group-by", "nobody")
    with pytest.raises(ConversionError, match="no such folder"):
        run(corpus / "none", tmp_path / "model.onnx", "--spec", corpus / "spec.json")


def test_what_it_tells_is_a_choice_of_its_own(corpus, tmp_path):
    """The task names the recipe; a model of the recipe "clip" may tell cries."""
    path = tmp_path / "model.onnx"
    assert run(corpus, path, "--task", "clip", "--tells", "cry", "--estimator", "logistic") == 0
    assert CryModel.load(path).metadata.task == "cry"


def test_every_recipe_is_known_to_both_commands():
    """What can be trained can be evaluated."""
    assert list(train.RECIPES) == list(evaluate.RECIPES)
