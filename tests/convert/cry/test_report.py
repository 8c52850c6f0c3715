"""report: all that is said of the detector is of sources it has not learned from."""

import json
import math
from argparse import Namespace
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from convert.cry import altered, recipe
from convert.cry.conditions import under_noise
from convert.cry.examples import SR
from convert.cry.folds import out_of_fold
from convert.cry.report import refuse_choices, report
from convert.cry.tables import RATES, peer
from convert.cry.variation import coloured_noise
from convert.errors import ConversionError
from convert.evaluation.procedures import BASELINES
from convert.evaluation.report import Comparison
from convert.synth import synthetic_cry
from tests.convert.cry.conftest import need_torch


def quiet(line: str) -> None:
    pass


def section(measured, beginning: str):
    """The one whose title begins so."""
    (found,) = (one for one in measured.report.sections if one.title.startswith(beginning))
    return found


# -- what is there -------------------------------------------------------------------------------------


def test_sections(measured):
    titles = [section.title for section in measured.report.sections]
    expected = [
        "Out of fold, by source",
        "By corpus",
        "Other sounds by kind",
        "What another threshold would give",
        "Reliability",
        "Short cries, and far ones",
        "Gain test",
        "Cries under noise, and other sounds",
        "Left out as a whole",
        "Sounds in closed form",
        "Simulated nights",
    ]
    for beginning in expected:
        assert any(title.startswith(beginning) for title in titles), beginning


def test_baselines_stand_beside_it(measured):
    first = measured.report.sections[0]
    assert isinstance(first, Comparison)
    assert set(first.figures) == {"network", *BASELINES}
    assert first.figures["majority"]["balanced_accuracy"].value == 0.5


def test_protocol_and_data_say_what_was_done(measured, material):
    cries = int(material.y.sum())
    assert f"The threshold, {measured.threshold:g}, is where" in measured.report.protocol
    assert "StratifiedGroupKFold" in measured.report.protocol
    assert f"{len(material.y)} recordings of home, town: {cries} cries" in measured.report.data
    assert not measured.report.leak


def test_plain_json_without_nan(measured):
    def finite(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and finite(item) for key, item in value.items())
        if isinstance(value, list):
            return all(map(finite, value))
        return not isinstance(value, float) or math.isfinite(value)

    told = measured.report.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert finite(told)
    assert "nan" not in str(measured.report).split()


# -- out of fold ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(material):
    need_torch()
    return out_of_fold(material)


def test_no_network_is_asked_about_what_it_has_learned(material, monkeypatch):
    need_torch()
    learned = []
    fit = type(material.procedure).fit
    monkeypatch.setattr(
        type(material.procedure), "fit", lambda self, X, *rest: learned.append(X) or fit(self, X, *rest)
    )
    found = out_of_fold(material)
    asked = []
    for (test, _), train in zip(found.folds, learned, strict=True):
        groups = {material.groups[i] for i in train}
        assert not groups & {material.groups[i] for i in test}
        asked += test.tolist()
    assert sorted(asked) == material.rows.tolist()


def test_what_is_asked_again_is_answered_as_before(found, material):
    again = found.judge({row: example.heard for row, example in enumerate(material.examples)})
    np.testing.assert_allclose([again[row] for row in range(len(material.y))], found.P[:, 1], atol=1e-6)


def test_the_threshold_is_of_the_scores_out_of_fold(measured, found, material):
    assert measured.threshold == found.threshold
    passed = found.P[material.y == 0, 1] >= measured.threshold
    assert passed.mean() <= recipe.MAX_FPR + 1e-9


def test_a_lower_threshold_finds_more_and_passes_more(measured):
    points = section(measured, "What another threshold would give").rows
    assert f"{measured.threshold:g}" in points
    for strict, lax in pairwise(points):
        assert float(lax) < float(strict)
        assert points[lax]["recall"].value >= points[strict]["recall"].value
        assert points[lax]["false positives"].value >= points[strict]["false positives"].value
    passed = {float(threshold): row["false positives"].value for threshold, row in points.items()}
    assert all(any(share <= rate + 1e-3 for share in passed.values()) for rate in RATES)


def test_corpora_and_kinds_hold_every_recording(measured, material):
    rows = section(measured, "By corpus").rows
    assert sum(row["cries"] for row in rows.values()) == material.y.sum()
    assert sum(row["others"] for row in rows.values()) == (material.y == 0).sum()
    kinds = section(measured, "Other sounds by kind").rows
    plain = [row["others"] for name, row in kinds.items() if ":" not in name]
    assert sum(plain) == (material.y == 0).sum()
    hits = sum(row["cries"] * row["recall"].value for row in rows.values() if row["recall"] != "none")
    found = section(measured, "Cries under noise").rows["as recorded"]["recall"].value
    assert hits == pytest.approx(found * material.y.sum())


def test_a_peer_stands_beside_it_where_there_is_a_teacher(material):
    assert peer(material) is None


def test_every_short_cry_is_asked_about(measured, material):
    rows = section(measured, "Short cries").rows
    assert {row["cries"] for row in rows.values()} == {int(material.y.sum())}


def test_the_peer_is_asked_about_altered_cries_too_and_judged_by_its_own_thresholds(found, monkeypatch):
    """Here one that hears a cry in everything that lasts a second and a half."""
    monkeypatch.setattr(altered, "open_teacher", Patient)
    is_cry = found.material.y == 1
    judge = np.column_stack([~is_cry, is_cry]).astype(float)
    short, _, under = altered.altered_cries(found, judge, 10, quiet)
    assert {row["cries"] for row in short.rows.values()} == {int(is_cry.sum())}
    for rate in (1, 2):
        recall = {name: row[f"YAMNet recall where {rate} % pass"].value for name, row in short.rows.items()}
        assert recall["as recorded"] == 1
        assert recall["0.7 to 1 s"] == 0
        assert recall["2 to 3 s"] > 0
    for rows in (short.rows, under.rows):
        for row in rows.values():
            assert row["recall where 2 % pass"].value >= row["recall where 1 % pass"].value


class Patient:
    """A teacher's double."""

    def hear(self, y):
        return np.array([0.0, float(len(y) >= 1.5 * SR)]), None


def test_where_noise_is_added_is_said(measured):
    noise = section(measured, "Cries under noise")
    assert f"added at {SR} Hz" in " ".join(noise.notes)
    # What the note says of recordings that end at a quarter of that rate.
    power = np.abs(np.fft.rfft(coloured_noise(10 * SR, SR, 0, np.random.default_rng(0)))) ** 2
    assert 10 * np.log10(power[: len(power) // 2].sum() / power.sum()) == pytest.approx(-3, abs=0.1)


def test_noise_is_of_the_ratio_and_the_same_each_time():
    y = synthetic_cry(SR, 2.0).astype(np.float64)
    noise = under_noise(y, 0, 10) - y
    assert 10 * np.log10(np.mean(y**2) / np.mean(noise**2)) == pytest.approx(10, abs=1e-6)
    np.testing.assert_array_equal(under_noise(y, 0, 10), under_noise(y, 0, 10))


def test_the_command_shows_all_that_the_card_keeps(measured, material, monkeypatch):
    monkeypatch.setattr("convert.cry.report.read_material", lambda *_: material)
    monkeypatch.setattr("convert.cry.report.measure", lambda *_, **__: measured)
    shown = report(Namespace(folders=[], draws=1, cache=None, no_cache=True), quiet)
    assert shown is measured.report


@pytest.mark.parametrize("full_length", [False, True])
def test_the_measured_networks_are_trained_as_long_as_is_asked_for(material, monkeypatch, full_length):
    longer = replace(material, final=replace(recipe.FINAL, steps=90))
    monkeypatch.setattr("convert.cry.report.read_material", lambda *_: longer)
    asked = []
    monkeypatch.setattr(
        "convert.cry.report.measure",
        lambda material, **_: asked.append(material.procedure.schedule) or SimpleNamespace(report=None),
    )
    report(Namespace(folders=[], draws=1, cache=None, no_cache=True, full_length=full_length), quiet)
    assert asked == [longer.final if full_length else recipe.MEASURED]


def test_the_number_of_steps_is_that_of_every_network(corpora, cache, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "convert.cry.report.measure",
        lambda material, **_: asked.append(material) or SimpleNamespace(report=None),
    )
    report(Namespace(folders=[corpora], draws=1, cache=cache, no_cache=False, steps=7), quiet)
    assert asked[0].procedure.schedule == replace(recipe.MEASURED, steps=7)
    assert asked[0].final == replace(recipe.FINAL, steps=7)


@pytest.mark.parametrize(("name", "value"), [("group_by", "author"), ("spec", "x.json"), ("gain", False)])
def test_choices_of_other_tasks_are_refused(name, value):
    with pytest.raises(ConversionError, match="has no place in the task cry"):
        refuse_choices(Namespace(**{name: value}))
