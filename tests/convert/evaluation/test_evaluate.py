"""``python -m convert evaluate``: recipes and model files, from folders to reports."""

import json
from dataclasses import replace

import numpy as np
import pytest

from convert.__main__ import main
from convert.errors import ConversionError
from convert.export import with_metadata
from convert.seen import seen, stated
from edgecry.models.model import CryModel
from tests.convert.tones import make_corpus

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("data") / "tones", 0)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("data") / "noise", 1, meaningful=False)


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tones.onnx"
    argv = ["train", corpus, "-o", path, "--spec", corpus / "spec.json", "--estimator", "logistic"]
    assert main(list(map(str, argv))) == 0
    return path


def evaluate(folder, *options):
    """Run the command with few resamples."""
    argv = ["evaluate", folder, "--spec", folder / "spec.json", "--draws", 30, "--estimator", "logistic"]
    return main(list(map(str, [*argv, *options])))


def test_a_recipe(corpus, tmp_path, capsys):
    """Text on stdout, and the same in JSON and HTML; figures that fit labels which can be heard."""
    paths = tmp_path / "report.json", tmp_path / "report.html"
    options = ["--json", paths[0], "--html", paths[1], "--permutations", 9, "--repeats", 2]
    assert evaluate(corpus, *options) == 0
    out = capsys.readouterr().out
    assert out.startswith("logistic on tones\n\nprotocol  out of fold, StratifiedGroupKFold(5) by instance")
    assert "(30 groups), 2 repeats, 60 recordings" in out
    assert "data      60 of 60 recordings: burping 20, hungry 20, tired 20\n" in out
    assert "LEAKY" not in out
    found = json.loads(paths[0].read_text())
    figures, permuted, gain = found["sections"]
    assert figures["figures"]["logistic"]["accuracy"]["value"] > 0.9
    assert figures["figures"]["majority"]["accuracy"]["value"] < 0.5
    assert figures["figures"]["prior"]["log_loss"]["value"] == pytest.approx(np.log(3), abs=0.05)
    assert permuted["rows"]["balanced accuracy"]["p"] == 0.1
    assert set(gain["rows"]) == {"-6 dB", "-12 dB", "-20 dB"}
    assert paths[1].read_text().startswith("<!DOCTYPE html>")


def test_the_same_again(corpus, tmp_path):
    """From the cache, and to the byte."""
    texts = set()
    for name in ("a", "b"):
        path = tmp_path / name
        assert evaluate(corpus, "--json", path, "--cache", tmp_path / "cache", "--repeats", 1) == 0
        texts.add(path.read_bytes())
    assert len(texts) == 1


def test_a_leak_is_asked_for_by_name(noise, tmp_path, capsys):
    """Takes of one baby give each other away, and every table says so; by baby there is nothing."""
    accuracy = {}
    for group_by in ("none", "instance"):
        options = ["--group-by", group_by, "--estimator", "forest", "--repeats", 1, "--no-gain"]
        assert evaluate(noise, *options, "--json", tmp_path / "report") == 0
        out = capsys.readouterr().out
        assert ("LEAKY: one baby may be on both sides" in out) == (group_by == "none")
        found = json.loads((tmp_path / "report").read_text())
        assert found["leaky"] == (group_by == "none")
        accuracy[group_by] = found["sections"][0]["figures"]["forest"]["accuracy"]["value"]
    assert accuracy["none"] > accuracy["instance"] + 0.15
    (noise / "other").mkdir()
    (noise / "other" / "manifest.csv").write_text("file,label\n../a.wav,x\n")
    assert main(["evaluate", str(noise / "other")]) == 1
    assert "--group-by" in capsys.readouterr().err


def test_detecting_one_label(corpus, tmp_path, capsys):
    """The others become one, and recall at bounded false positives is measured."""
    assert evaluate(corpus, "--positive", "tired", "--no-gain", "--json", tmp_path / "report") == 0
    assert "recall at 1 % false positives" in capsys.readouterr().out
    (found,) = json.loads((tmp_path / "report").read_text())["sections"]
    assert found["support"] == {"other": 40, "tired": 20}
    assert found["figures"]["logistic"]["recall_at_fpr_05"]["value"] > 0.9
    assert found["figures"]["prior"]["recall_at_fpr_05"]["value"] < 0.1
    assert evaluate(corpus, "--positive", "bored") == 1
    assert (
        "no recording is labelled 'bored'; the labels are burping, hungry, tired" in capsys.readouterr().err
    )


def test_a_model_file_on_what_it_has_not_heard(model, tmp_path, capsys):
    """The report says that it is no cross-validation, and has the shares of these recordings beside it."""
    other = make_corpus(tmp_path / "other", 9)
    assert main(["evaluate", str(other), "--model", str(model), "--draws", "30"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tones (tones.onnx) on other\n")
    assert "no cross-validation" in out
    assert "None of these recordings is among those the model file says it was trained on." in out
    assert "LEAKY" not in out
    assert "-12 dB" in out
    options = ["--model", str(model), "--draws", "9", "--no-gain", "--group-by", "none"]
    assert main(["evaluate", str(other), *options]) == 0
    assert "LEAKY: nothing tells which recordings are of one baby" in capsys.readouterr().out


def test_a_model_file_on_what_it_learned(model, corpus, tmp_path, capsys):
    """By content, whatever the files are called now; LEAKY, and in how many."""
    mixed = make_corpus(tmp_path / "mixed", 10)
    for name in ("burping-0-0.wav", "hungry-3-1.wav"):
        (mixed / name).write_bytes((corpus / name.replace("burping-0", "burping-1")).read_bytes())
    assert main(["evaluate", str(mixed), "--model", str(model), "--draws", "9", "--no-gain"]) == 0
    assert "LEAKY: training data; 2 of 60 recordings" in capsys.readouterr().out


def test_a_model_file_on_one_label(model, tmp_path, capsys):
    """What cannot be measured is a dash, and null; pictures are drawn without it."""
    tired = make_corpus(tmp_path / "tired", 11)
    lines = (tired / "manifest.csv").read_text().splitlines()
    (tired / "manifest.csv").write_text("\n".join([lines[0], *(line for line in lines if ",tired," in line)]))
    options = ["--model", model, "--draws", 9, "--json", tmp_path / "j", "--html", tmp_path / "h"]
    assert main(["evaluate", str(tired), *map(str, options)]) == 0
    (figures, _) = json.loads((tmp_path / "j").read_text())["sections"]
    assert figures["support"] == {"burping": 0, "hungry": 0, "tired": 20}
    assert figures["figures"]["tones"]["recall/hungry"]["value"] is None
    assert figures["figures"]["tones"]["recall/tired"]["value"] > 0.9
    assert (tmp_path / "h").read_text().count("<img") == 3


def test_the_file_says_what_it_was_trained_on(model, corpus):
    recordings = sorted(corpus.glob("*.wav"))
    metadata = CryModel.load(model).metadata
    assert seen(metadata, recordings) == set(recordings)
    assert seen(replace(metadata, recordings=stated(recordings[:5])), recordings) == set(recordings[:5])


def test_damaged_digests_are_refused(model, corpus):
    metadata = replace(CryModel.load(model).metadata, recordings="no base64!")
    with pytest.raises(ConversionError, match=r"^tones: the digests of its recordings are damaged"):
        seen(metadata, corpus.glob("*.wav"))


def test_a_file_that_does_not_say_what_it_was_trained_on(model, corpus, tmp_path, capsys):
    again = tmp_path / "again.onnx"
    metadata = replace(CryModel.load(model).metadata, recordings=None)
    again.write_bytes(with_metadata(model.read_bytes(), metadata))
    assert seen(CryModel.load(again).metadata, corpus.glob("*.wav")) is None
    assert main(["evaluate", str(corpus), "--model", str(again), "--draws", "9", "--no-gain"]) == 0
    out = capsys.readouterr().out
    assert "LEAKY, unless you know better: the model file does not say which recordings" in out
    assert "Of its training data the file says: tones." in out


def test_refusals(corpus, model, tmp_path, capsys):
    """A sentence and exit code 1, or 2 for wrong use, before anything is computed."""
    strange = make_corpus(tmp_path / "strange", 0)
    manifest = strange / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",tired,", ",bored,"))
    for code, match, argv in (
        (1, "does not know the label 'bored'", [strange, "--model", model]),
        (1, "no such folder to write", [corpus, "--json", tmp_path / "no" / "x.json"]),
        (1, "no such folder", [tmp_path / "none"]),
        (2, "whole number of at least 1", [corpus, "--repeats", 0]),
        (2, "not allowed with", [corpus, "--model", model, "--task", "clip"]),
    ):
        assert main(["evaluate", *map(str, argv)]) == code
        assert match in capsys.readouterr().err
