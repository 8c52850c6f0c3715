"""card: all that the metadata says, for people; nothing that it does not."""

from dataclasses import replace

import pytest

from edgecry.card import render, summary
from edgecry.model import BUNDLED, CryModel, bundled
from tests import graphs

EVALUATION = {
    "protocol": "five folds | by instance",
    "parity": {"max_difference": 2e-7, "passed": True},
    "figures": {"accuracy": 0.81, "classes": {"hungry": {"recall": 0.9, "support": 305}}},
    "majority": {"accuracy": 0.84},
    "sections": [
        {
            "title": "Corpus to corpus",
            "protocol": "trained on one, tested on the other",
            "rows": [
                {"name": "AUC", "value": 0.991, "low": 0.985, "high": 0.996, "baseline": 0.5},
                {"name": "recall at 1 % false positives", "value": 0.9123},
            ],
            "seeds": 10,
        },
        {"title": "Nothing to tell"},
    ],
    "operating_points": [
        {"recall": 0.95, "threshold": 0.4, "false_positives": 0.03},
        {"recall": 0.9, "threshold": 0.5, "false_positives": 0.01, "laughs": 0.2},
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


def test_every_figure_is_there():
    found = tables(card(evaluation=EVALUATION))
    dashes = ["---", "---", "---"]
    assert [["figure", "model", "most frequent label"], dashes, ["accuracy", "0.81", "0.84"]] in found
    assert [["label", "recall", "support"], dashes, ["hungry", "0.9", "305"]] in found
    section = next(rows for rows in found if rows[0][:2] == ["figure", "value"])
    assert section[0] == ["figure", "value", "baseline", "interval"]
    assert section[2] == ["AUC", "0.991", "0.5", "0.985 to 0.996"]
    assert section[3][:2] == ["recall at 1 % false positives", "0.9123"]
    points = next(rows for rows in found if rows[0][0] == "threshold")
    assert points[0] == ["threshold", "recall", "false positives", "laughs"]
    assert points[2] == ["0.4", "0.95", "0.03", ""]


def test_a_report_of_the_evaluation_is_laid_out():
    """Figures by contender, measurements by case, each with its interval; curves are left out."""
    auc = {"value": 0.99, "low": 0.98, "high": 1.0}
    alone = {"value": 0.5, "low": None, "high": None}
    sections = [
        {"title": "A", "figures": {"model": {"auc": auc}, "prior": {"auc": alone}}, "curves": {"x": [0, 1]}},
        {"title": "B", "rows": {"-6 dB": {"unchanged": auc}}, "notes": ["as | heard"]},
    ]
    text = card(evaluation={**EVALUATION, "sections": sections})
    found = tables(text)
    assert [["figure", "model", "prior"], ["---"] * 3, ["auc", "0.99 (0.98 to 1)", "0.5"]] in found
    assert [["figure", "unchanged"], ["---"] * 2, ["-6 dB", "0.99 (0.98 to 1)"]] in found
    assert "\nas | heard\n" in text
    assert "curves" not in text


def test_what_it_does_not_know_is_shown_plainly():
    text = card(evaluation=EVALUATION)
    assert "- odd one:\n  - inside: 1, 2.5, " in text
    assert "- seeds: 10" in text
    assert "### Nothing to tell" in text


def test_odd_records_do_not_break_it():
    """Metadata is checked only where the device depends on it."""
    for evaluation in (
        {"figures": 3, "majority": [], "sections": "none", "operating_points": {}},
        {"sections": [1, {"rows": [{}, "x"]}], "operating_points": [None, {}], "figures": {"classes": 1}},
        {"a|b": "c\nd"},
        {"sections": [{"rows": {"a": 1}, "figures": {"m": 2}, "title": None, "notes": 1}]},
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
