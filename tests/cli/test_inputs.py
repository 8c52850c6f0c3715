"""edgecry classify: recordings from stdin, the bundled sample, damaged ones, and those with awkward names."""

import csv
import io
import json

import pytest

from edgecry.answers.writers import WRITERS
from edgecry.models.bundled import SAMPLE
from tests.cli.conftest import timeless
from tests.conftest import needs_bundled

# -- stdin and the sample ----------------------------------------------------------------------------


def test_stdin(process, model_path, recordings, expected):
    """A pipe and a redirected file give the same answer, in its place among others."""
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
    """The sample comes after the files that are named."""
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


# -- recordings that are not what they seem ---------------------------------------------------------


def test_a_complaint_keeps_its_brackets(run, model_path, tmp_path):
    """What stands on stdout ends where the advice begins, not within what was found."""
    path = tmp_path / "notes.wav"
    path.write_bytes(b"\x01\xfe of no kind")
    out = run("classify", path, "--raw", "--model", model_path)[1]
    assert out.endswith("it begins with b'\\x01\\xfe of no kind')\n")
    assert out.count("(") == out.count(")")


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


# -- awkward names -----------------------------------------------------------------------------------

FORMATS = tuple(WRITERS)
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
