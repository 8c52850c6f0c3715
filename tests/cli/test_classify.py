"""edgecry classify: formats, order, failures in place."""

import csv
import io
import json
import warnings
from dataclasses import replace

import pytest

from edgecry.answers.sentences import in_words
from edgecry.classifier import Classifier
from edgecry.errors import EdgecryWarning
from tests import graphs
from tests.cli.conftest import timeless

KEYS = ["file", "label", "confidence", "probabilities", "cry", "reasons", "heard"]
KEYS += ["duration", "elapsed_ms", "model"]


# -- formats -----------------------------------------------------------------------------------------


def test_json(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--raw", "--model", model_path, "--format", "json")
    records = json.loads(out)
    assert (code, err) == (0, "")
    assert timeless(records) == expected
    assert [list(record) for record in records] == [KEYS] * 3
    assert list(records[0]["probabilities"]) == list(graphs.LABELS)


def test_json_of_one_file_is_an_array_too(run, model_path, recordings):
    _, out, _ = run("classify", recordings[0], "--raw", "--model", model_path, "--format", "json")
    assert len(json.loads(out)) == 1


def test_jsonl(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--raw", "--model", model_path, "--format", "jsonl")
    assert (code, err) == (0, "")
    assert timeless([json.loads(line) for line in out.splitlines()]) == expected


def test_csv(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--raw", "--model", model_path, "--format", "csv")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    for row, record in zip(rows, expected, strict=True):
        assert {k: row[k] for k in ("file", "label", "model", "error")} == {
            "file": record["file"],
            "label": record["label"],
            "model": "tiny",
            "error": "",
        }
        assert float(row["confidence"]) == record["confidence"]
        assert float(row["duration"]) == 0.5
        assert {label: float(row[f"p_{label}"]) for label in graphs.LABELS} == record["probabilities"]


def test_text(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--raw", "--model", model_path)
    assert code == 0
    for line, record in zip(out.splitlines(), expected, strict=True):
        ranked = sorted(record["probabilities"].items(), key=lambda item: -item[1])
        (label, p), *others = ranked
        rest = "  ".join(f"{name} {q:.2f}" for name, q in others)
        assert line.removeprefix(record["file"]).strip() == f"{label} ({p:.2f})   {rest}"
    assert err.startswith("edgecry: ")
    assert "never a diagnosis" in err


def test_caution_is_for_people_and_for_reasons(run, tmp_path, model_path, recordings):
    detector = graphs.save(tmp_path / "cry.onnx", graphs.make(replace(graphs.METADATA, task="cry")))
    for decides in ((), ("--raw",)):
        assert run("classify", recordings[0], "--model", detector, *decides)[2] == ""
    assert run("classify", recordings[0], "--raw", "--model", model_path, "--format", "csv")[2] == ""


# -- whether, then why -------------------------------------------------------------------------------


def test_decided_json_is_what_python_says(run, models, recordings, quiet):
    files = (*recordings, quiet)
    code, out, err = run("classify", *files, *models, "--format", "json")
    classifier = Classifier(models[3], detector=models[1])
    expected = [{"file": str(f), **classifier.classify(f).to_dict(), "elapsed_ms": None} for f in files]
    assert (code, err) == (0, "")
    assert timeless(json.loads(out)) == expected
    assert [record["label"] == "no_cry" for record in expected] == [False, False, False, True]


def test_decided_csv(run, models, recordings, quiet):
    _, out, _ = run("classify", recordings[0], quiet, "none.wav", *models, "--format", "csv")
    cry, silent, failed = csv.DictReader(io.StringIO(out))
    found = Classifier(models[3], detector=models[1]).classify(recordings[0])
    assert float(cry["cry_probability"]) == round(found.cry.probability, 6)
    assert cry["cry_detected"] == "true"
    assert cry["reason_set"] == ";".join(found.reasons.set)
    assert float(cry["p_tired"]) == round(found.probabilities["tired"], 6)
    assert (silent["label"], silent["cry_detected"]) == ("no_cry", "false")
    assert float(silent["confidence"]) == pytest.approx(1 - float(silent["cry_probability"]))
    assert {silent[key] for key in ("reason_set", "p_burping", "p_hungry", "p_tired")} == {""}
    assert {failed[key] for key in ("cry_probability", "cry_detected", "reason_set", "p_tired")} == {""}


def test_decided_text(run, models, recordings, quiet):
    """The answers are sentences, with a word of caution only if there is a reason."""
    classifier = Classifier(models[3], detector=models[1])
    code, out, err = run("classify", recordings[0], quiet, *models)
    one, two = (classifier.classify(path) for path in (recordings[0], quiet))
    assert code == 0
    assert out.splitlines()[0].endswith("  " + in_words(one))
    assert out.splitlines()[1].split(maxsplit=1)[1] == f"No cry (cry {two.cry.probability:.2f})."
    assert "never a diagnosis" in err
    assert run("classify", quiet, *models)[2] == ""


def test_settings_reach_the_decision(run, models, recordings):
    argv = ("classify", recordings[0], *models, "--format", "json")
    (answer,) = json.loads(run(*argv, "--threshold", "0.9")[1])
    assert (answer["label"], answer["cry"]["threshold"]) == ("no_cry", 0.9)
    (answer,) = json.loads(run(*argv, "--threshold", "1")[1])  # as far as Decision goes
    assert answer["cry"]["threshold"] == 1
    (answer,) = json.loads(run(*argv, "--coverage", "0.99")[1])
    assert answer["reasons"]["coverage"] == 0.99
    assert answer["reasons"]["set"] == list(graphs.LABELS)


def test_no_detector(run, models, quiet):
    _, out, _ = run("classify", quiet, *models[2:], "--no-detector", "--format", "json")
    (answer,) = json.loads(out)
    assert answer["cry"] is None
    assert answer["reasons"] is not None


def test_detector_alone(run, models, recordings, quiet):
    code, out, err = run("classify", recordings[0], quiet, "--model", models[1])
    assert (code, err) == (0, "")
    assert [line.split(maxsplit=1)[1].split(" (")[0] for line in out.splitlines()] == ["Crying", "No cry"]
    _, out, _ = run("classify", quiet, "--model", models[1], "--format", "csv")
    assert out.splitlines()[0].endswith('"p_cry","p_no_cry"')


def test_top_stands_after_the_sentences(run, models, recordings):
    plain, top = (
        run("classify", recordings[0], *models, *options)[1].rstrip() for options in ((), ("--top", 2))
    )
    assert top.startswith(plain + "   ")
    assert len(top.removeprefix(plain).split()) == 4


@pytest.mark.parametrize(
    "options",
    [
        ("--raw", "--threshold", "0.5"),
        ("--raw", "--coverage", "0.5"),
        ("--raw", "--detector", "cry"),
        ("--no-detector", "--threshold", "0.5"),
        ("--no-detector", "--detector", "cry"),
        *[("--threshold", x) for x in ("0", "1.01", "nan", "half", "-1")],
        ("--coverage", "90"),
        ("--coverage", "1"),
    ],
)
def test_settings_that_make_no_sense(run, recordings, options):
    code, out, err = run("classify", recordings[0], *options)
    assert (code, out) == (2, "")
    assert options[-2] in err or options[0] in err


def test_a_setting_without_effect_is_refused(run, model_path, recordings):
    code, out, err = run(
        "classify", recordings[0], "--no-detector", "--model", model_path, "--coverage", "0.5"
    )
    assert (code, out) == (2, "")
    assert err == "edgecry: coverage: tiny knows of no sets of reasons; leave it out\n"


@pytest.mark.parametrize("option", [("--detector", "seed"), ("--no-detector",)])
def test_a_detector_needs_none_before_it(run, recordings, option):
    code, out, err = run("classify", recordings[0], "--model", "cry", *option)
    assert (code, out) == (2, "")
    assert f"cry tells itself whether there is a cry; leave {option[0]} out" in err


# -- failures ----------------------------------------------------------------------------------------


@pytest.fixture
def some_bad(recordings, tmp_path) -> list:
    """Good, missing, good, a directory, empty."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    good, names = recordings, ("none.wav", "folder", "empty.wav")
    bad = [tmp_path / name for name in names]
    return [good[0], bad[0], good[1], bad[1], bad[2]]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_failures_in_json(run, model_path, some_bad, form):
    code, out, err = run("classify", *some_bad, "--raw", "--model", model_path, "--format", form)
    assert code == 1
    records = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
    assert [record["file"] for record in records] == [str(path) for path in some_bad]
    assert ["error" in record for record in records] == [False, True, False, True, True]
    *told, summary = err.splitlines()  # where a folder is named
    assert summary.startswith("edgecry: 3 recordings, ")
    for record, line in zip([r for r in records if "error" in r], told, strict=True):
        assert list(record) == ["file", "error"]
        assert line == f"edgecry: {record['error']}"
        assert line.startswith(f"edgecry: {record['file']}: ")


def test_failures_in_csv(run, model_path, some_bad):
    code, out, _ = run("classify", *some_bad, "--raw", "--model", model_path, "--format", "csv")
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [str(path) for path in some_bad]
    for row in rows:
        assert bool(row["error"]) != bool(row["label"])
        assert bool(row["error"]) != bool(row["p_hungry"])


def test_failures_in_text(run, model_path, some_bad):
    code, out, err = run("classify", *some_bad, "--raw", "--model", model_path)
    assert code == 1
    bad = ["  not classified: " in line for line in out.splitlines()]
    assert bad == [False, True, False, True, True]
    assert "folder: no recording is in this folder" in err


def test_failures_in_text_have_their_reason_beside_the_name(run, model_path, some_bad):
    """The reason is on stdout, too, without the name again and without the advice."""
    _, out, err = run("classify", *some_bad, "--raw", "--model", model_path)
    shown = [line.split("  not classified: ") for line in out.splitlines() if "not classified" in line]
    reasons = {name.strip(): reason for name, reason in shown}
    assert reasons[str(some_bad[1])] == "no such file"
    assert reasons[str(some_bad[3])] == "no recording is in this folder"
    for name, reason in reasons.items():
        assert f"{name}: {reason}; " in err


def test_all_failed(run, model_path, tmp_path):
    code, out, err = run("classify", tmp_path / "none.wav", "--raw", "--model", model_path)
    assert code == 1
    assert out.endswith("not classified: no such file\n")
    assert "diagnosis" not in err


def test_unusable_model(run, recordings, tmp_path):
    code, out, err = run("classify", *recordings, "--model", tmp_path / "none.onnx", "--format", "csv")
    assert (code, out) == (2, "")
    assert err.startswith(f"edgecry: {tmp_path}/none.onnx: no such file")


def test_nothing_to_classify(run):
    code, out, err = run("classify")
    assert (code, out) == (2, "")
    assert "name a recording" in err


def test_oddities_are_told_with_the_files_name(run, model_path, recordings, monkeypatch):
    """A warning of the library is a line of talk, for each file it concerns."""
    classify = Classifier.classify

    def odd(self, source, sr=None):
        for _ in range(2):  # which is told once
            warnings.warn("rather odd", EdgecryWarning, stacklevel=2)
        return classify(self, source, sr)

    monkeypatch.setattr(Classifier, "classify", odd)
    code, _, err = run("classify", *recordings, "--raw", "--model", model_path, "--format", "json")
    assert code == 0
    assert err.splitlines() == [f"edgecry: {path}: rather odd" for path in recordings]
