"""report: all that is said of the detector is of sources it has not learned from."""

import json
import math
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest

from convert.cry import recipe
from convert.cry.detector import ESTIMATORS, CryDetector, FittedDetector
from convert.cry.examples import SR
from convert.cry.material import Material
from convert.cry.report import RATES, measure, refuse_choices, report
from convert.cry.transfer import corpus_to_corpus, left_out
from convert.cry.variation import coloured_noise
from convert.errors import ConversionError
from convert.evaluation.figures import threshold_at_fpr
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import Comparison


def quiet(line: str) -> None:
    pass


def section(measured, beginning: str):
    """The one whose title begins so."""
    (found,) = (one for one in measured.report.sections if one.title.startswith(beginning))
    return found


# -- what is there -------------------------------------------------------------------------------------


def test_sections(measured):
    titles = {section.title for section in measured.report.sections}
    expected = [
        "Out of fold, by source",
        "Detection at a threshold chosen inside the fold",
        "Cries of home, none of them learned",
        "Cries of town, none of them learned",
        "Gain test",
        f"Cries under noise, and other sounds, at the threshold {measured.threshold:g}",
        "Sounds in closed form",
        "Other sounds that pass the threshold out of fold",
        "Cries by the voice in them",
    ]
    assert set(expected) <= titles


def test_rivals_and_baselines_stand_beside_it(measured, material):
    first = measured.report.sections[0]
    assert isinstance(first, Comparison)
    name, *others = first.figures
    assert name == material.procedure.estimator
    assert {name, *others} == {*ESTIMATORS, *BASELINES}
    assert first.figures["majority"]["balanced_accuracy"].value == 0.5


def test_no_comparison_goes_without_guessing(measured):
    for one in measured.report.sections:
        if isinstance(one, Comparison):
            assert {"majority", "prior"} <= set(one.figures), one.title


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


# -- threshold -----------------------------------------------------------------------------------------


def test_the_threshold_is_of_the_scores_out_of_fold(measured, material):
    splits = Splits.by("source", material.groups, (0,))
    (P,) = cross_validate(material.procedure, material.rows, material.y, splits, n_classes=2)
    out_of_fold = threshold_at_fpr(material.y == 1, P[:, 1], recipe.MAX_FPR)
    assert measured.threshold == pytest.approx(out_of_fold, abs=5e-4)
    fitted = material.procedure.fit(material.rows, material.y, material.groups, 0)
    known = fitted.predict_proba(material.rows)
    assert measured.threshold != round(threshold_at_fpr(material.y == 1, known[:, 1], recipe.MAX_FPR), 3)


def test_a_lower_threshold_finds_more_and_passes_more(measured):
    points = section(measured, "What another threshold would give").rows
    assert f"{measured.threshold:g}" in points
    for strict, lax in pairwise(points):
        assert float(lax) < float(strict)
        assert points[lax]["recall"].value >= points[strict]["recall"].value
        assert points[lax]["false positives"].value >= points[strict]["false positives"].value
    passed = {float(threshold): row["false positives"].value for threshold, row in points.items()}
    assert all(any(share <= rate + 1e-3 for share in passed.values()) for rate in RATES)
    for row in points.values():
        for found in row.values():
            assert found.low <= found.value <= found.high


def test_where_noise_is_added_is_said(measured):
    noise = section(measured, "Cries under noise")
    assert f"added at {SR} Hz" in " ".join(noise.notes)
    # What the note says of recordings that end at a quarter of that rate.
    power = np.abs(np.fft.rfft(coloured_noise(10 * SR, SR, 0, np.random.default_rng(0)))) ** 2
    assert 10 * np.log10(power[: len(power) // 2].sum() / power.sum()) == pytest.approx(-3, abs=0.1)


def out_of_fold(measured, material) -> np.ndarray:
    """Whether each recording passes, by the models of the only repeat."""
    splits = Splits.by("source", material.groups, (0,))
    (P,) = cross_validate(material.procedure, material.rows, material.y, splits, n_classes=2)
    return P[:, 1] >= measured.threshold


def test_noise_over_other_sounds_is_counted_too(measured, material):
    """As recorded it is as out of fold."""
    noise = section(measured, "Cries under noise")
    passed = out_of_fold(measured, material)
    plain = noise.rows["as recorded"]
    assert plain["false positives"].value == pytest.approx(passed[material.y == 0].mean())
    assert plain["recall"].value == pytest.approx(passed[material.y == 1].mean())
    assert all(0 <= row["false positives"].value <= 1 for row in noise.rows.values())


def test_cries_by_voice_are_all_cries(measured, material):
    """Each in one row; those with no voice, like the one of noise, are in the first."""
    found = section(measured, "Cries by the voice in them").rows
    assert sum(row["cries"] for row in found.values()) == material.y.sum()
    assert next(iter(found)) == "0 to 0.2"
    hits = out_of_fold(measured, material)[material.y == 1].sum()
    assert sum(row["cries"] * row["recall"].value for row in found.values()) == pytest.approx(hits)


def test_the_command_shows_all_that_the_card_keeps(measured, material, monkeypatch):
    monkeypatch.setattr("convert.cry.report.read_material", lambda *_: material)
    monkeypatch.setattr("convert.cry.report.measure", lambda *_, **__: measured)
    shown = report(Namespace(folders=[], repeats=1, draws=1, cache=None, no_cache=True), quiet)
    assert shown is measured.report


# -- spies ---------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """A fit: the rows it learned, and those it was then asked about."""

    learned: np.ndarray
    asked: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class SpyFitted(FittedDetector):
    trial: Trial

    def judge(self, recordings):
        rows = {id(vectors): row for row, vectors in enumerate(self.heard)}
        self.trial.asked.extend(rows[id(v)] for v in recordings if id(v) in rows)
        return super().judge(recordings)


@dataclass(frozen=True, eq=False)
class Mean:
    """A classifier that is soon fitted, and whose answers differ."""

    middle: np.ndarray

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-np.tanh((X - self.middle)[:, 0] / 100)))
        return np.column_stack([1 - p, p])


@dataclass(frozen=True, eq=False)
class Spy(CryDetector):
    trials: list[Trial] = field(default_factory=list)

    def fit(self, X, y, groups, seed, /):
        assert [self.examples[i].sound.group for i in X] == list(groups)
        np.testing.assert_array_equal(y, [self.examples[i].sound.is_cry for i in X])
        vectors, _, _ = self.lessons(X, y)
        self.trials.append(Trial(X))
        heard = [e.heard for e in self.examples]
        return SpyFitted(Mean(vectors.mean(axis=0)), heard, np.array([0, 1]), self.trials[-1])


def spied(material: Material) -> tuple[Material, list[Trial]]:
    spy = Spy(material.examples, material.procedure.distractors)
    return replace(material, procedure=spy), spy.trials


def apart(material: Material, trial: Trial) -> bool:
    learned = {material.groups[i] for i in trial.learned}
    return not learned & {material.groups[i] for i in trial.asked}


def test_no_source_is_learned_and_tested(material):
    watched, trials = spied(material)
    measure(watched, repeats=2, draws=2, tell=quiet)
    assert len(trials) > 2 * 5
    for trial in trials:
        assert apart(material, trial)
    asked = [row for trial in trials for row in trial.asked]
    assert set(asked) == set(range(len(material.y)))


def test_only_sounds_of_no_recording_are_tried_on_what_learned_all(material):
    watched, trials = spied(material)
    measure(watched, repeats=1, draws=2, tell=quiet)
    whole = [trial for trial in trials if len(trial.learned) == len(material.y)]
    assert len(whole) == 1
    assert whole[0].asked == []


# -- from one corpus to another ------------------------------------------------------------------------


def crossed(material: Material, tell=quiet) -> tuple[list[Comparison], list[Trial]]:
    watched, trials = spied(material)
    return corpus_to_corpus(watched, (0, 1), 2, tell), trials


def worlds_of(material: Material, trials: Sequence[Trial]) -> list[str]:
    """The corpus whose cries a fit was asked about."""
    found = []
    for trial in trials:
        tested = {material.examples[i].sound.corpus for i in trial.asked if material.y[i]}
        assert len(tested) == 1
        found.append(tested.pop())
    return found


def test_no_tested_cry_and_no_tested_half_is_learned(material):
    """Nor any other cry of the tested corpus, nor anything of a source that is tested."""
    _, trials = crossed(material)
    worlds = worlds_of(material, trials)
    assert worlds == ["home"] * 4 + ["town"] * 4  # two seeds, two halves
    for world, trial in zip(worlds, trials, strict=True):
        assert not set(trial.learned.tolist()) & set(trial.asked)
        assert apart(material, trial)
        cries = [i for i in trial.learned if material.y[i]]
        assert cries
        assert all(material.examples[i].sound.corpus != world for i in cries)


def test_all_that_can_be_tested_is(material):
    """The cries by both halves, each of the other sounds by the one that did not learn it."""
    _, trials = crossed(material)
    for one, two in zip(trials[::2], trials[1::2], strict=True):
        asked = one.asked + two.asked
        cries = [i for i in asked if material.y[i]]
        others = [i for i in asked if not material.y[i]]
        assert sorted(others) == np.flatnonzero(material.y == 0).tolist()
        assert sorted(cries) == sorted([*set(cries), *set(cries)])
        assert {material.examples[i].sound.path for i in cries} == {
            e.sound.path
            for e in material.examples
            if e.sound.is_cry and e.sound.corpus == material.examples[cries[0]].sound.corpus
        }
        assert any(not material.y[i] for i in one.learned)
        assert any(not material.y[i] for i in two.learned)


def test_a_source_with_both_kinds_is_there(material):
    """Or the tests above would not see it learned."""
    kinds: dict[str, set[int]] = {}
    for group, y in zip(material.groups, material.y.tolist(), strict=True):
        kinds.setdefault(group, set()).add(y)
    assert [group for group, both in kinds.items() if len(both) == 2] == ["town:both"]


def part(material: Material, keep) -> Material:
    examples = tuple(e for e in material.examples if keep(e.sound))
    y = np.array([int(e.sound.is_cry) for e in examples], dtype=np.intp)
    procedure = CryDetector(examples, material.procedure.distractors)
    return Material(examples, procedure, y, tuple(e.sound.group for e in examples), material.cache)


def test_one_corpus_alone_is_left_out_and_said(material):
    told: list[str] = []
    town = part(material, lambda sound: sound.corpus == "town")
    found = measure(town, repeats=1, draws=2, tell=told.append)
    assert "corpus to corpus left out: only town has 8 cries or more" in told
    assert not [s for s in found.report.sections if "none of them learned" in s.title]


def test_a_corpus_with_few_cries_only_teaches(material):
    few = part(material, lambda sound: sound.corpus == "town" or sound.path.stem == "0")
    told: list[str] = []
    assert crossed(few, told.append)[0] == []
    assert told == ["corpus to corpus left out: only town has 8 cries or more"]


def test_corpora_without_other_sounds_are_left_out_and_said(material):
    cries = part(material, lambda sound: sound.is_cry)
    told: list[str] = []
    assert crossed(cries, told.append)[0] == []
    assert told == ["corpus to corpus left out: home, town have no other sounds to test with"]


def test_a_corpus_that_is_left_out_teaches_nothing(material):
    """Only town can be: without its other sounds, home's cries are all there is."""
    watched, trials = spied(material)
    (found,) = left_out(watched, 0.5, (0, 1), 5, quiet)
    assert list(found.rows) == ["home"]
    for trial in trials:
        assert {material.examples[i].sound.corpus for i in trial.learned} == {"town"}
        assert sorted(trial.asked) == [
            i for i, example in enumerate(material.examples) if example.sound.corpus == "home"
        ]
    row = found.rows["home"]
    assert (row["cries"], row["other sounds"]) == (10, 0)
    hits = []
    for trial in list(trials):
        X = trial.learned
        fitted = watched.procedure.fit(X, material.y[X], [material.groups[i] for i in X], 0)
        hits.append(fitted.predict_proba(np.array(trial.asked))[:, 1] >= 0.5)
    assert row["recall"].value == pytest.approx(np.mean(hits))
    assert math.isnan(row["false positives"].value)
    assert left_out(part(material, lambda sound: sound.corpus == "town"), 0.5, (0,), 5, quiet) == []


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("group_by", "none", "--group-by"),
        ("spec", "spec.json", "--spec"),
        ("label_column", "label", "--label-column"),
        ("positive", "cry", "--positive"),
        ("permutations", 5, "--permutations"),
        ("gain", False, "--no-gain"),
    ],
)
def test_choices_of_other_tasks_are_refused(name, value, option):
    with pytest.raises(ConversionError, match=f"^{option}: has no place in the task cry"):
        refuse_choices(Namespace(**{name: value}))
