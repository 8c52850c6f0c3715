"""The detector that comes with edgecry: of this recipe, and what it says of how it was measured."""

import pytest

from convert.cry import recipe
from convert.cry.detector import DEFAULT
from convert.evaluation.gain import DECIBELS
from edgecry.models.bundled import bundled
from edgecry.models.model import CryModel
from edgecry.models.rules import read_rule

pytestmark = pytest.mark.skipif(
    not bundled("cry").exists(), reason=f"NOT TESTED: {bundled('cry')} does not exist"
)


@pytest.fixture(scope="module")
def model():
    return CryModel.load("cry")


def rows(model, beginning):
    """Rows of the section whose title begins so, by their names."""
    (found,) = (s for s in model.metadata.evaluation["sections"] if s["title"].startswith(beginning))
    return {row["name"]: row for row in found["rows"]}


def value(cell):
    """A number, whether or not it has an interval."""
    return cell["value"] if isinstance(cell, dict) else cell


def test_it_is_of_this_recipe(model):
    """Or the recipe was changed after the model was made."""
    rule = model.metadata.rule
    assert (model.spec, model.labels) == (recipe.SPEC, recipe.LABELS)
    assert rule == read_rule(recipe.record(rule.threshold), "cry", recipe.LABELS, "recipe")


def test_its_threshold_is_the_one_that_was_measured(model):
    """At the false positives that the recipe allows, out of fold."""
    evaluation = model.metadata.evaluation
    assert f"The threshold, {model.metadata.rule.threshold:g}," in evaluation["protocol"]
    assert "StratifiedGroupKFold(5) by source" in evaluation["protocol"]
    point = rows(model, "What another threshold would give")[f"{model.metadata.rule.threshold:g}"]
    assert value(point["false positives"]) <= 1.5 * recipe.MAX_FPR
    assert 0.5 < value(point["recall"]) <= 1


def test_it_was_tested_from_corpus_to_corpus(model):
    """Both ways, with cries that it had not learned."""
    for corpus in ("donateacry", "sounds"):
        auc = rows(model, f"Cries of {corpus}, none of them learned")["ROC AUC"]
        assert auc[DEFAULT]["value"] >= 0.9
        assert {"majority", "prior"} <= set(auc)


def test_no_false_alarm_on_sounds_in_closed_form(model):
    found = rows(model, "Sounds in closed form")
    assert {"silence", "hum", "white noise", "pink noise", "DC", "clicks"} <= set(found)
    for kind, row in found.items():
        assert row["taken for a cry"] == 0, kind
        assert row["windows"] >= 100


def test_gain_moves_no_answer(model):
    found = rows(model, "Gain test")
    assert set(found) == {f"{gain:+g} dB" for gain in DECIBELS}
    assert all(row["label unchanged"]["value"] >= 0.98 for row in found.values())


def test_it_states_its_data(model):
    """The licence asks for it."""
    data = model.metadata.data
    assert "Donate-a-cry corpus" in data["name"]
    assert "ODbL 1.0" in data["licence"]
    assert "donateacry-corpus" in data["attribution"]
