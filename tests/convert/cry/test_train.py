"""train: the model file of the detector, the same for the same recordings, and what it says of itself."""

import json
import shutil
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from convert.cry import recipe
from convert.cry import train as train_module
from convert.cry.material import read_material
from convert.cry.train import fitted, train
from convert.evaluation.exhibit import Exhibit
from convert.evaluation.record import record
from convert.seen import seen
from edgecry.models.card import LIMITS, render
from edgecry.models.model import CryModel
from edgecry.models.rules import Threshold, read_rule

DATA = {"name": "synthetic", "licence": "CC0-1.0", "attribution": "nobody"}


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def made(material, measured):
    return fitted(material, measured, name="ear", data=DATA, tell=quiet)


@pytest.fixture(scope="module")
def model(made, tmp_path_factory) -> CryModel:
    return CryModel.load(made.save(tmp_path_factory.mktemp("model") / "ear.onnx"))


# -- the same inputs -----------------------------------------------------------------------------------


def test_the_same_material_gives_the_same_file(made, material, measured):
    assert fitted(material, measured, name="ear", data=DATA, tell=quiet).onnx == made.onnx


def test_another_folder_with_the_same_recordings_gives_the_same_file(made, corpora, tmp_path, monkeypatch):
    """As the command does it, without a cache; a file does not tell whose disk it was made on."""
    monkeypatch.setattr(train_module, "DRAWS", 20)
    elsewhere = shutil.copytree(corpora, tmp_path / "else" / "where")
    args = Namespace(
        folders=[elsewhere],
        no_cache=True,
        cache=None,
        data_name=DATA["name"],
        data_licence=DATA["licence"],
        attribution=DATA["attribution"],
        name=None,
        steps=None,
        output=tmp_path / "ear.onnx",
    )
    again, report = train(args, quiet)
    assert again.onnx == made.onnx
    assert str(tmp_path).encode() not in again.onnx
    assert "Out of fold, by source" in report


def test_corpora_named_one_by_one_are_the_folder_that_holds_them(corpora):
    together = read_material([corpora], None, quiet)
    named = read_material([corpora / "home", corpora / "town"], None, quiet)
    assert [e.sound for e in together.examples] == [e.sound for e in named.examples]
    for one, two in zip(together.examples, named.examples, strict=True):
        np.testing.assert_array_equal(one.heard, two.heard)


# -- what the file says --------------------------------------------------------------------------------


def lasting(report):
    """Return the sections of a report that a model file keeps: exhibits are for the page alone."""
    return [section for section in report.sections if not isinstance(section, Exhibit)]


def test_the_device_reads_its_rule(model, measured):
    assert (model.metadata.task, model.labels) == ("cry", recipe.LABELS)
    assert model.spec == recipe.SPEC
    expected = read_rule(recipe.record(measured.threshold), "cry", recipe.LABELS, "recipe")
    assert model.metadata.rule == expected
    assert isinstance(expected, Threshold)
    assert (expected.threshold, expected.positive) == (measured.threshold, recipe.POSITIVE)


def test_what_was_measured_is_in_it_but_for_curves_and_exhibits(model, measured):
    found = model.metadata.evaluation
    expected = json.loads(json.dumps(record(measured.report)))
    assert {key: found[key] for key in expected} == expected
    assert [s["title"] for s in found["sections"]] == [s.title for s in lasting(measured.report)]
    assert not any("curves" in section for section in found["sections"])
    assert measured.report.protocol in found["protocol"]
    assert measured.report.data in found["protocol"]


def test_it_knows_what_it_was_trained_on(model, material, tmp_path):
    paths = [example.sound.path for example in material.examples]
    other = tmp_path / "other.wav"
    other.write_bytes(b"never heard")
    assert seen(model.metadata, [*paths, other]) == set(paths)


def test_the_proof_is_by_real_windows(made, material):
    """PyTorch and the file agree on windows of the recordings themselves."""
    real = sum(int((~np.isnan(e.heard[:, 0])).sum()) for e in material.examples)
    assert (made.report.vectors, made.report.given) == (real, real)
    assert made.report.max_difference <= 1e-5


def test_the_embedding_is_to_be_had(model):
    X = np.zeros((2, recipe.SPEC.n_features), np.float32)
    assert model.embed(X).shape == (2, recipe.FINAL.units)


# -- card ----------------------------------------------------------------------------------------------


def test_card(model, measured):
    card = render(model.metadata)
    assert f"at least {measured.threshold:g}" in card
    for limit in LIMITS:
        assert limit in card
    for section in lasting(measured.report):
        assert f"### {section.title}" in card
    table = card.split("## What another threshold would give")[1].split("##")[0]
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    assert rows[0] == ["threshold", "recall", "false positives"]
    (section,) = (s for s in measured.report.sections if s.title == "What another threshold would give")
    points = section.rows
    assert [row[0] for row in rows[2:]] == list(points)
    for row, point in zip(rows[2:], points.values(), strict=True):
        for cell, found in zip(row[1:], point.values(), strict=True):
            numbers = [float(text) for text in cell.rstrip(")").replace(" (", " to ").split(" to ")]
            assert numbers == pytest.approx([found.value, found.low, found.high], rel=1e-3, abs=5e-5)
    for text in DATA.values():
        assert text in card


def test_nothing_is_said_of_data_that_nobody_stated(material, measured):
    converted = fitted(material, measured, name="ear", data={}, tell=quiet)
    assert "not stated" in converted.metadata.data.values()


def test_what_was_measured_changes_no_weight(made, material, measured):
    """The model is fitted to all recordings; it is the threshold alone that is measured."""
    stricter = replace(measured, threshold=0.987)
    other = fitted(material, stricter, name="ear", data=DATA, tell=quiet)
    X = np.concatenate([e.heard[~np.isnan(e.heard[:, 0])] for e in material.examples])
    np.testing.assert_array_equal(other.predict_proba(X), made.predict_proba(X))
    assert other.metadata.decision == {**made.metadata.decision, "threshold": 0.987}
