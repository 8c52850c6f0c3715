"""card: all that the metadata says, for people; nothing that it does not."""

from dataclasses import replace

import pytest

from edgecry.models.bundled import BUNDLED, bundled
from edgecry.models.card import render, summary
from edgecry.models.model import CryModel
from tests import graphs

AUC = {"value": 0.991, "low": 0.985, "high": 0.996}
ALONE = {"value": 0.5, "low": None, "high": None}
EVALUATION = {
    "protocol": "five folds | by instance",
    "parity": {"max_difference": 2e-7, "passed": True},
    "sections": [
        {
            "title": "Corpus to corpus",
            "protocol": "trained on one, tested on the other",
            "rows": [
                {"name": "AUC", "trees": AUC, "prior": ALONE},
                {"name": "recall at 1 % false positives", "trees": 0.9123},
            ],
            "classes": [{"name": "hungry", "recall": 0.9, "support": 305}],
            "seeds": 10,
        },
        {"title": "Gain test", "case": "gain", "rows": [{"name": "-6 dB", "unchanged": AUC}]},
        {"title": "Nothing to tell"},
    ],
    "odd_one": {"inside": [1, 2.5, None]},
}


def card(metadata=graphs.METADATA, **changes) -> str:
    return render(replace(metadata, **changes))


def tables(text: str) -> list[list[list[str]]]:
    """Cells of each table."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("| "):
            found[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif found[-1]:
            found.append([])
    return [rows for rows in found if rows]


def test_every_figure_is_there_with_its_interval():
    """A table of figures, one of classes, each column in the order it was measured in."""
    found = tables(card(evaluation=EVALUATION))
    dashes = ["---"] * 3
    auc = ["AUC", "0.991 (0.985 to 0.996)", "0.5"]
    recall = ["recall at 1 % false positives", "0.9123", ""]
    assert [["figure", "trees", "prior"], dashes, auc, recall] in found
    assert [["label", "recall", "support"], dashes, ["hungry", "0.9", "305"]] in found
    assert [["gain", "unchanged"], dashes[:2], ["-6 dB", "0.991 (0.985 to 0.996)"]] in found


def test_columns_keep_their_order_in_a_model_file():
    metadata = replace(graphs.METADATA, evaluation=EVALUATION)
    again = type(metadata).from_props(metadata.to_props(), "a file")
    assert render(again) == render(metadata)


def test_what_it_does_not_know_is_shown_plainly():
    text = card(evaluation=EVALUATION)
    assert "- odd one:\n  - inside: 1, 2.5, " in text
    assert "- seeds: 10" in text
    assert "### Nothing to tell" in text


def test_odd_records_do_not_break_it():
    """Metadata is checked only where the device depends on it."""
    for evaluation in (
        {"figures": 3, "majority": [], "sections": "none"},
        {"sections": [1, {"rows": [{}, "x"], "classes": [None, {}]}], "figures": {"classes": 1}},
        {"a|b": "c\nd"},
        {"sections": [{"rows": {"a": 1}, "case": 3, "title": None, "notes": 1}]},
    ):
        text = card(evaluation={"protocol": None, "parity": ["odd"], **evaluation})
        assert text.startswith("# tiny\n")


@pytest.mark.parametrize("metadata", [graphs.METADATA, graphs.EAR, graphs.REASONS], ids=lambda m: m.name)
def test_says_what_it_is_not_for(metadata):
    text = card(metadata)
    assert "No diagnosis" in text
    assert "a baby that is silent" in text
    assert ("what parents believed" in text) == (metadata.task == "reason")
    assert summary(metadata) in text


def test_decisions():
    assert "whatever the sound" in card()
    ear = card(graphs.EAR)
    assert "largest probability of the windows is at least 0.05" in ear
    assert "Windows are 0.2 s long and begin every 0.1 s." in ear
    assert "under -70 dB" in ear
    why = tables(card(graphs.REASONS))[0]
    assert why[0] == ["reason", "share of the data", "calibrated on", "may be named"]
    assert why[2:] == [
        ["burping", "0.050", "3", "no"],
        ["hungry", "0.850", "39", "yes"],
        ["tired", "0.100", "24", "yes"],
    ]


def test_data_source_and_recipe():
    text = card(
        data={"name": "N", "licence": "L", "attribution": "A", "recordings": 12},
        reads=(0, 1),
        spec=replace(graphs.SPEC, length=7.0),
    )
    for line in ("name: N", "licence: L", "attribution: A", "recordings: 12"):
        assert f"- {line}\n" in text
    assert "Sound at 8000 Hz, brought to 7 s." in text
    assert "2 of 12 values" in text
    assert "mel: 8 x mean (not read, so not computed)." in text
    assert "n_mfcc 4" in text
    assert "onnxruntime: 1.19 or newer" in text


def test_text_cannot_break_the_structure():
    rows = [{"name": "a|b\n# c", "value": 1.0}]
    text = card(evaluation={**EVALUATION, "sections": [{"title": "x\n# y", "rows": rows}]})
    assert "### x # y" in text
    assert "| a\\|b # c | 1 |" in text


@pytest.mark.parametrize("name", [name for name in BUNDLED if bundled(name).exists()])
def test_committed_card_is_the_models(name):
    """Or 'python -m convert card' was not run after the model was made."""
    committed = bundled(name).with_suffix(".md").read_text(encoding="utf-8")
    assert committed == render(CryModel.load(name).metadata)
