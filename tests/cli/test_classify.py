"""edgecry classify: formats, order, failures in place."""

import csv
import io
import json
import warnings
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.classifier import Classifier, Prediction
from edgecry.cli.output import WRITERS, most_probable
from edgecry.errors import AudioError, EdgecryWarning
from tests import graphs

KEYS = ["file", "label", "confidence", "probabilities", "duration", "elapsed_ms", "model"]
FORMATS = tuple(WRITERS)


@pytest.fixture
def expected(model_path, recordings) -> list[dict]:
    """What Python says of the recordings."""
    return [
        {"file": str(path), **Classifier(model_path).classify(path).to_dict(), "elapsed_ms": None}
        for path in recordings
    ]


def timeless(records: list[dict]) -> list[dict]:
    assert all(record["elapsed_ms"] > 0 for record in records)
    return [{**record, "elapsed_ms": None} for record in records]


# -- formats -----------------------------------------------------------------------------------------


def test_json(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--model", model_path, "--format", "json")
    records = json.loads(out)
    assert (code, err) == (0, "")
    assert timeless(records) == expected
    assert [list(record) for record in records] == [KEYS] * 3
    assert list(records[0]["probabilities"]) == list(graphs.LABELS)


def test_json_of_one_file_is_an_array_too(run, model_path, recordings):
    _, out, _ = run("classify", recordings[0], "--model", model_path, "--format", "json")
    assert len(json.loads(out)) == 1


def test_jsonl(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--model", model_path, "--format", "jsonl")
    assert (code, err) == (0, "")
    assert timeless([json.loads(line) for line in out.splitlines()]) == expected


def test_csv(run, model_path, recordings, expected):
    code, out, err = run("classify", *recordings, "--model", model_path, "--format", "csv")
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
    code, out, err = run("classify", *recordings, "--model", model_path)
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
    assert run("classify", recordings[0], "--model", detector)[2] == ""
    assert run("classify", recordings[0], "--model", model_path, "--format", "csv")[2] == ""


# -- top ---------------------------------------------------------------------------------------------


def test_top_in_json_is_ranked(run, model_path, recordings, expected):
    _, out, _ = run("classify", *recordings, "--model", model_path, "--format", "json", "--top", 2)
    for found, record in zip(json.loads(out), expected, strict=True):
        best = sorted(record["probabilities"].items(), key=lambda item: -item[1])[:2]
        assert list(found["probabilities"].items()) == best


def test_top_in_csv_keeps_the_columns(run, model_path, recordings):
    argv = ("classify", *recordings, "--model", model_path, "--format", "csv")
    whole, top = (
        list(csv.DictReader(io.StringIO(out))) for _, out, _ in (run(*argv), run(*argv, "--top", 1))
    )
    assert whole[0].keys() == top[0].keys()
    for row in top:
        shown = [label for label in graphs.LABELS if row[f"p_{label}"]]
        assert shown == [row["label"]]


def test_top_in_text(run, model_path, recordings):
    _, out, _ = run("classify", recordings[0], "--model", model_path, "--top", 1)
    assert out.rstrip("\n").endswith(")")
    whole, more = (
        run("classify", recordings[0], "--model", model_path, *top)[1] for top in ((), ("--top", 99))
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
    code, out, err = run("classify", *some_bad, "--model", model_path, "--format", form)
    assert code == 1
    records = json.loads(out) if form == "json" else [json.loads(line) for line in out.splitlines()]
    assert [record["file"] for record in records] == [str(path) for path in some_bad]
    assert ["error" in record for record in records] == [False, True, False, True, True]
    for record, line in zip([r for r in records if "error" in r], err.splitlines(), strict=True):
        assert list(record) == ["file", "error"]
        assert line == f"edgecry: {record['error']}"
        assert line.startswith(f"edgecry: {record['file']}: ")


def test_failures_in_csv(run, model_path, some_bad):
    code, out, _ = run("classify", *some_bad, "--model", model_path, "--format", "csv")
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["file"] for row in rows] == [str(path) for path in some_bad]
    for row in rows:
        assert bool(row["error"]) != bool(row["label"])
        assert bool(row["error"]) != bool(row["p_hungry"])


def test_failures_in_text(run, model_path, some_bad):
    code, out, err = run("classify", *some_bad, "--model", model_path)
    assert code == 1
    bad = [line.endswith("  not classified") for line in out.splitlines()]
    assert bad == [False, True, False, True, True]
    assert "folder: is a directory" in err


def test_all_failed(run, model_path, tmp_path):
    code, out, err = run("classify", tmp_path / "none.wav", "--model", model_path)
    assert code == 1
    assert out.endswith("not classified\n")
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
        warnings.warn("rather odd", EdgecryWarning, stacklevel=2)
        return classify(self, source, sr)

    monkeypatch.setattr(Classifier, "classify", odd)
    code, _, err = run("classify", *recordings, "--model", model_path, "--format", "json")
    assert code == 0
    assert err.splitlines() == [f"edgecry: {path}: rather odd" for path in recordings]


# -- stdin and the sample ----------------------------------------------------------------------------


def test_stdin(process, model_path, recordings, expected):
    """The same answer from a pipe and from a redirected file, in its place among others."""
    argv = ("classify", recordings[0], "-", "--model", model_path, "--format", "json")
    piped = process(*argv, input=recordings[1].read_bytes())
    with recordings[1].open("rb") as file:
        redirected = process(*argv, stdin=file)
    for done in (piped, redirected):
        assert (done.returncode, done.stderr) == (0, b"")
        assert timeless(json.loads(done.stdout)) == [expected[0], {**expected[1], "file": "-"}]


def test_bad_stdin(process, model_path):
    done = process("classify", "-", "--model", model_path, "--format", "jsonl", input=b"")
    assert done.returncode == 1
    assert done.stderr.startswith(b"edgecry: <stdin>: ")
    assert json.loads(done.stdout)["file"] == "-"


def test_stdin_twice(run, model_path):
    code, out, err = run("classify", "-", "-", "--model", model_path)
    assert (code, out) == (2, "")
    assert "name it once" in err


def test_stdin_is_a_terminal(run, model_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    code, out, err = run("classify", "-", "--model", model_path)
    assert (code, out) == (2, "")
    assert "pipe one in" in err


def test_sample(run, model_path, recordings, monkeypatch):
    """After the files that are named."""
    monkeypatch.setattr("edgecry.cli.classify.SAMPLE", recordings[1])
    code, out, _ = run("classify", recordings[0], "--sample", "--model", model_path, "--format", "json")
    assert code == 0
    assert [record["file"] for record in json.loads(out)] == [str(recordings[0]), recordings[1].name]


def test_bundled_sample_and_model(run):
    code, out, _ = run("classify", "--sample", "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["file"] == "sample.flac"


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
    argv = ("classify", *awkward, *missing, "--model", model_path, "--format", form)
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
