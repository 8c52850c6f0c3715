"""edgecry classify: its answers in words and in columns, and the most probable labels."""

import csv
import io
import json

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgecry.answers.records import most_probable
from edgecry.answers.sentences import in_words
from edgecry.answers.writers import WRITERS
from edgecry.decision import Cry, Reasons
from edgecry.errors import AudioError
from edgecry.prediction import Prediction
from tests import graphs
from tests.conftest import tone

# -- in words ----------------------------------------------------------------------------------------

PRIOR = {"hungry": 0.84, "belly_pain": 0.11, "tired": 0.05}


def said(
    p: dict, left: tuple = (), label: str = "uncertain", cry: float | None = 0.97, threshold: float = 0.5
) -> str:
    """Return the words for an answer. Without probabilities there are no reasons."""
    heard = None if cry is None else Cry(cry, threshold)
    reasons = Reasons(p, left, 0.9, PRIOR) if p else None
    return in_words(Prediction(label, None, p, 1.0, 0.1, "m", heard, reasons))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (said({}, label="no_cry", cry=0.03), "No cry (cry 0.03)."),
        (said({}, label="no_cry", cry=0.0), "No cry (cry under 0.01)."),
        (said({}, label="cry", cry=0.999), "Crying (over 0.99)."),
        (said({}, label="no_cry", cry=0.499), "No cry (cry 0.50)."),
        (said({}, label="no_cry", cry=0.61, threshold=0.8275), "No cry (cry 0.61, counted from 0.8275)."),
        (said({}, label="no_cry", cry=0.8269, threshold=0.827), "No cry (cry 0.82, counted from 0.827)."),
        (
            said({"hungry": 0.84, "belly_pain": 0.11, "tired": 0.05}),
            "Crying (0.97). No reason can be told apart.",
        ),
        (
            said({"hungry": 0.61, "belly_pain": 0.3, "tired": 0.09}, ("hungry",), "hungry"),
            "Crying (0.97). Perhaps hungry (0.61; 0.84 of the recordings in the data are).",
        ),
        (
            said({"hungry": 0.5, "belly_pain": 0.09, "tired": 0.41}, ("tired",), "tired"),
            "Crying (0.97). Perhaps tired (0.41; 0.05 of the recordings in the data are).",
        ),
        (
            said({"hungry": 0.2, "belly_pain": 0.7, "tired": 0.1}, ("belly_pain",), "belly_pain", cry=None),
            "Perhaps belly pain (0.70; 0.11 of the recordings in the data are).",
        ),
    ],
)
def test_words(found, words):
    assert found == words


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ("sound", "No cry (cry 0.03)."),
        ("too_quiet", "Too quiet to tell: raise the gain of the microphone, or move it nearer."),
        ("too_short", "Too short to tell: 0.05 s (cry 0.03)."),
        ("digital_silence", "Nothing but digital silence: a live microphone always gives some noise."),
    ],
)
def test_four_silences(heard, words):
    assert in_words(Prediction("no_cry", 0.97, {}, 0.05, 0.1, "m", Cry(0.03, 0.5), heard=heard)) == words


def test_silences_of_recordings(run, models, tmp_path):
    """The four silences reach every format."""
    for name, y in (("none", np.zeros(8000)), ("blip", 0.01 * tone(0, seconds=0.02))):
        soundfile.write(tmp_path / f"{name}.wav", y, 8000, subtype="FLOAT")
    argv = ("classify", tmp_path / "none.wav", tmp_path / "blip.wav", *models)
    none, blip = run(*argv)[1].splitlines()
    assert "digital silence" in none
    assert "Too short to tell: 0.02 s" in blip
    expected = ["digital_silence", "too_short"]
    assert [record["heard"] for record in json.loads(run(*argv, "--format", "json")[1])] == expected
    rows = csv.DictReader(io.StringIO(run(*argv, "--format", "csv")[1]))
    assert [row["heard"] for row in rows] == expected


@given(st.floats(0, 1))
def test_common_is_said_only_where_it_is_so(p):
    text = said({"hungry": p, "belly_pain": 0.0, "tired": 0.0}, ("hungry",), "hungry")
    assert ("how common it is" in text) == (abs(p - 0.84) < 0.02)


@given(st.floats(0, 1), st.floats(0.01, 1))
def test_no_words_of_wellbeing(p, threshold):
    cry = Cry(p, threshold)
    text = in_words(Prediction("cry" if cry.detected else "no_cry", p, {}, 1.0, 0.1, "m", cry))
    assert text.startswith("Crying (" if cry.detected else "No cry (")
    assert text.count(" ") <= 4 + 3 * (not cry.detected)


# -- top ---------------------------------------------------------------------------------------------


def test_top_in_json_is_ranked(run, model_path, recordings, expected):
    _, out, _ = run("classify", *recordings, "--raw", "--model", model_path, "--format", "json", "--top", 2)
    for found, record in zip(json.loads(out), expected, strict=True):
        best = sorted(record["probabilities"].items(), key=lambda item: -item[1])[:2]
        assert list(found["probabilities"].items()) == best


def test_top_in_csv_keeps_the_columns(run, model_path, recordings):
    argv = ("classify", *recordings, "--raw", "--model", model_path, "--format", "csv")
    whole, top = (
        list(csv.DictReader(io.StringIO(out))) for _, out, _ in (run(*argv), run(*argv, "--top", 1))
    )
    assert whole[0].keys() == top[0].keys()
    for row in top:
        shown = [label for label in graphs.LABELS if row[f"p_{label}"]]
        assert shown == [row["label"]]


def test_top_in_text(run, model_path, recordings):
    _, out, _ = run("classify", recordings[0], "--raw", "--model", model_path, "--top", 1)
    assert out.rstrip("\n").endswith(")")
    whole, more = (
        run("classify", recordings[0], "--raw", "--model", model_path, *top)[1] for top in ((), ("--top", 99))
    )
    assert more == whole


@pytest.mark.parametrize("top", ["0", "-1", "1.5", "two", "9" * 5000])
def test_top_out_of_range(run, recordings, top):
    code, out, err = run("classify", recordings[0], f"--top={top}")
    assert (code, out) == (2, "")
    assert "--top" in err


def test_ties_rank_as_the_label_is_chosen():
    assert list(most_probable({"a": 0.2, "b": 0.4, "c": 0.4}, 2)) == ["b", "c"]


# -- what a CSV reader gets --------------------------------------------------------------------------


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4), st.booleans())
def test_csv_survives_any_name(names, failed):
    """Whatever a file or a label is called, a CSV reader gets it back."""
    stream = io.StringIO(newline="")
    labels = ("a,b", 'c"d\n')
    writer = WRITERS["csv"](stream, names, labels, None)
    result = (
        AudioError("x\r\ny")
        if failed
        else Prediction(labels[1], 0.75, dict(zip(labels, (0.25, 0.75), strict=True)), 1, 1, "m")
    )
    for name in names:
        writer.write(name, result)
    writer.end()
    stream.seek(0)
    rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == names
    assert {(row["label"], row["error"]) for row in rows} == {("", "x\r\ny") if failed else (labels[1], "")}
