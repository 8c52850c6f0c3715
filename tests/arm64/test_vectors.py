"""What the ARM checks rest on, where it can be seen at once: stored vectors fit, and budgets bite.

The checks themselves (suite.py, smoke.py, budget.py) run under emulation; see README.md.
"""

from __future__ import annotations

import json

import librosa
import numpy as np
import pytest

from edgecry.features import kernels
from edgecry.features.families import SEED_FAMILIES
from tests.arm64 import budget, vectors


def test_stored_vectors_are_those_that_would_be_made_now():
    assert vectors.read().about["librosa"] == librosa.__version__


@pytest.mark.parametrize("what", ["generator", "spec", "model"])
def test_stale_vectors_are_refused(what):
    about = {**vectors.read().about, what: "0" * 64}
    with pytest.raises(vectors.StaleVectorsError, match=f"its {what} changed"):
        vectors.check(about)


def test_vectors_of_another_librosa_are_refused():
    about = {**vectors.read().about, "librosa": "1.0.0"}
    with pytest.raises(vectors.StaleVectorsError, match=r"librosa 1\.0\.0"):
        vectors.check(about)


def test_missing_vectors_are_refused(tmp_path):
    with pytest.raises(vectors.StaleVectorsError, match="missing"):
        vectors.read(tmp_path / "vectors.npz")


@pytest.mark.parametrize("y", [[0.5, -1.0, 1 - 2**-15], [1e-40, 0.1], [], [1.0]])
def test_samples_are_stored_without_loss(y):
    samples = np.array(y, np.float32)
    assert np.array_equal(vectors.as_float(vectors.as_stored(samples)), samples)


def test_vectors_are_written_as_they_are_read(tmp_path):
    path, stored = tmp_path / "vectors.npz", vectors.read()
    vectors.write(stored, path)
    again = vectors.read(path)
    assert again.about == stored.about
    for name, clip in stored.clips.items():
        assert np.array_equal(again.clips[name].y, clip.y)
        assert np.array_equal(again.clips[name].features, clip.features)
    assert {n: r.content for n, r in again.recordings.items()} == {
        n: r.content for n, r in stored.recordings.items()
    }


def test_every_engine_and_family_has_a_budget():
    budgets = json.loads(budget.TABLE.read_text())
    for engine in kernels.ENGINES:
        assert {f"extract ({engine})", *(f"{family} alone ({engine})" for family in SEED_FAMILIES)} <= set(
            budgets
        )
    assert {"run the model", *budget.PROCESSES} <= set(budgets)


def test_budget_bites_at_ten_per_cent():
    budgets = {"a": 100.0, "b": 100.0, "c": 100.0, "gone": 1.0}
    found = {"a": 110.0, "b": 110.1, "c": 50.0, "new": 1.0}
    assert budget.verdicts(found, budgets) == {
        "b": "OVER BUDGET",
        "gone": "not measured",
        "new": "no budget",
    }


def test_report_has_a_line_for_everything():
    wrong = {"gone": "not measured", "b": "OVER BUDGET"}
    lines = budget.report({"a": 99.0, "b": 150.0}, {"a": 100.0, "b": 100.0, "gone": 1.0}, wrong).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["a", "b", "gone"]
    assert lines[1].endswith("-1.0%")
    assert lines[2].endswith("+50.0%  OVER BUDGET")
    assert lines[3].endswith("not measured")


def test_a_creep_is_seen_whatever_the_budgets_were(tmp_path):
    history = tmp_path / "budgets.jsonl"
    assert budget.crept({"mel": 100.0}, history) == []
    for found in (104.0, 100.0, 108.0):
        budget.keep({"mel": found, "python": 20.0}, history)
    assert budget.crept({"mel": 109.0, "python": 21.0, "new": 5.0}, history) == []
    (line,) = budget.crept({"mel": 117.0, "python": 20.0}, history)
    assert line.startswith("crept up: mel, +17%")
    assert "3 runs" in line
