"""edgecry classify: formats, order, failures in place."""

import csv
import io
import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgecry.classifier import Classifier, Prediction
from edgecry.cli.output import WRITERS, in_words, most_probable
from edgecry.decision import Cry, Reasons
from edgecry.errors import AudioError, EdgecryWarning
from edgecry.models.bundled import SAMPLE
from tests import graphs
from tests.conftest import needs_bundled, tone

KEYS = ["file", "label", "confidence", "probabilities", "cry", "reasons", "heard"]
KEYS += ["duration", "elapsed_ms", "model"]
FORMATS = tuple(WRITERS)


@pytest.fixture
def expected(model_path, recordings) -> list[dict]:
    """What Python says of the recordings."""
    return [
        {
            "file": str(path),
            **Classifier(model_path, decision=None).classify(path).to_dict(),
            "elapsed_ms": None,
        }
        for path in recordings
    ]


def timeless(records: list[dict]) -> list[dict]:
    assert all(record["elapsed_ms"] > 0 for record in records)
    return [{**record, "elapsed_ms": None} for record in records]


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


@pytest.fixture
def models(tmp_path):
    """The options that name a detector of what is loud, and a model of reasons that knows of sets."""
    ear = graphs.save(tmp_path / "ear.onnx", graphs.detector())
    why = graphs.save(tmp_path / "why.onnx", graphs.reasons())
    return "--detector", ear, "--model", why


@pytest.fixture
def quiet(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, 0.01 * tone(0), 8000, subtype="FLOAT")
    return path


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
    """Sentences, and a word of caution only where a reason is spoken of."""
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


def test_a_complaint_keeps_its_brackets(run, model_path, tmp_path):
    """What stands on stdout ends where the advice begins, not within what was found."""
    path = tmp_path / "notes.wav"
    path.write_bytes(b"\x01\xfe of no kind")
    out = run("classify", path, "--raw", "--model", model_path)[1]
    assert out.endswith("it begins with b'\\x01\\xfe of no kind')\n")
    assert out.count("(") == out.count(")")


# -- in words ----------------------------------------------------------------------------------------

PRIOR = {"hungry": 0.84, "belly_pain": 0.11, "tired": 0.05}


def said(
    p: dict, left: tuple = (), label: str = "uncertain", cry: float | None = 0.97, threshold: float = 0.5
) -> str:
    """The words for an answer; no reasons without probabilities."""
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
    """From a file to each format."""
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
    for record, line in zip([r for r in records if "error" in r], err.splitlines(), strict=True):
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
    assert "folder: is a directory" in err


def test_failures_in_text_have_their_reason_beside_the_name(run, model_path, some_bad):
    """On stdout too, without the name again and without the advice."""
    _, out, err = run("classify", *some_bad, "--raw", "--model", model_path)
    shown = [line.split("  not classified: ") for line in out.splitlines() if "not classified" in line]
    reasons = {name.strip(): reason for name, reason in shown}
    assert reasons[str(some_bad[1])] == "no such file"
    assert reasons[str(some_bad[3])] == "is a directory"
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


def test_damage_is_told_and_strictly_refused(run, model_path, recordings):
    cut = recordings[0]
    cut.write_bytes(cut.read_bytes()[:6000])
    argv = ("classify", cut, "--raw", "--model", model_path, "--format", "json")
    code, out, err = run(*argv)
    assert (code, err.count("\n")) == (0, 1)
    assert "is cut short or damaged after" in err
    assert json.loads(out)[0]["duration"] < 0.5
    code, out, err = run(*argv, "--strict")
    assert code == 1
    assert "is cut short or damaged after" in json.loads(out)[0]["error"]


def test_the_longest(run, model_path, recordings):
    argv = ("classify", recordings[0], "--raw", "--model", model_path, "--longest")
    assert "lasts 0 s or more" in run(*argv, "0.4")[2]
    assert run(*argv, "0")[2].startswith("edgecry: longest: 0 s is out of range; allowed are numbers above 0")


# -- stdin and the sample ----------------------------------------------------------------------------


def test_stdin(process, model_path, recordings, expected):
    """The same answer from a pipe and from a redirected file, in its place among others."""
    argv = ("classify", recordings[0], "-", "--raw", "--model", model_path, "--format", "json")
    piped = process(*argv, input=recordings[1].read_bytes())
    with recordings[1].open("rb") as file:
        redirected = process(*argv, stdin=file)
    for done in (piped, redirected):
        assert (done.returncode, done.stderr) == (0, b"")
        assert timeless(json.loads(done.stdout)) == [expected[0], {**expected[1], "file": "-"}]


def test_bad_stdin(process, model_path):
    done = process("classify", "-", "--raw", "--model", model_path, "--format", "jsonl", input=b"")
    assert done.returncode == 1
    assert done.stderr.startswith(b"edgecry: <stdin>: ")
    assert json.loads(done.stdout)["file"] == "-"


def test_stdin_twice(run, model_path):
    code, out, err = run("classify", "-", "-", "--raw", "--model", model_path)
    assert (code, out) == (2, "")
    assert "name it once" in err


def test_stdin_is_a_terminal(run, model_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    code, out, err = run("classify", "-", "--raw", "--model", model_path)
    assert (code, out) == (2, "")
    assert "pipe one in" in err


def test_sample(run, model_path, recordings, monkeypatch):
    """After the files that are named."""
    monkeypatch.setattr("edgecry.cli.classify.SAMPLE", recordings[1])
    code, out, _ = run(
        "classify", recordings[0], "--sample", "--raw", "--model", model_path, "--format", "json"
    )
    assert code == 0
    assert [record["file"] for record in json.loads(out)] == [str(recordings[0]), recordings[1].name]


def test_the_sample_is_not_taken_for_a_file_of_that_name(run, model_path, recordings, monkeypatch):
    monkeypatch.chdir(recordings[0].parent)
    recordings[0].rename(SAMPLE.name)
    argv = ("classify", SAMPLE.name, "--sample", "--raw", "--model", model_path, "--format", "json")
    assert [record["file"] for record in json.loads(run(*argv)[1])] == [SAMPLE.name, str(SAMPLE)]


def test_bundled_sample_and_seed(run):
    code, out, _ = run("classify", "--sample", "--raw", "--model", "seed", "--format", "json")
    assert code == 0
    (answer,) = json.loads(out)
    assert (answer["file"], answer["model"], answer["cry"]) == ("sample.flac", "seed", None)


@needs_bundled
def test_bundled_sample_and_models(run):
    code, out, _ = run("classify", "--sample", "--format", "json")
    assert code == 0
    (answer,) = json.loads(out)
    assert (answer["file"], answer["model"]) == ("sample.flac", "reason")
    assert answer["cry"] is not None


# -- awkward names -----------------------------------------------------------------------------------

AWKWARD = [
    "new\nline.wav",
    "return\r.wav",
    'quo"te,.wav',
    "\x1b[31mred.wav",
    "schrei-ä.wav",
    "\udcff.wav",
    "-.wav",
    " ",
]


@pytest.fixture
def awkward(recordings, tmp_path, monkeypatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for name in AWKWARD:
        (tmp_path / name).write_bytes(recordings[0].read_bytes())
    return ["./-.wav" if name == "-.wav" else name for name in AWKWARD]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_awkward_names(process, model_path, awkward, form, encoding):
    # Twice: as they are, and missing, so that they are in messages as well.
    missing = [f"{name}-" for name in awkward]
    argv = ("classify", *awkward, *missing, "--raw", "--model", model_path, "--format", form)
    done = process(*argv, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 1
    out = done.stdout.decode(encoding)
    assert done.stderr.count(b"\n") == len(missing) + (form == "text")
    if form == "json":
        assert [record["file"] for record in json.loads(out)] == awkward + missing
    elif form == "jsonl":
        assert [json.loads(line)["file"] for line in out.splitlines()] == awkward + missing
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(out, newline="")))[1:]
        shown = [name.encode(encoding, "backslashreplace").decode(encoding) for name in awkward + missing]
        assert [row[0] for row in rows] == shown
    else:
        assert len(out.splitlines()) == len(awkward + missing)
        assert "\x1b" not in out


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
