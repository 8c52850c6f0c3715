"""edgecry bench: what it shows, keeps and compares. Nothing here depends on speed."""

import json
from dataclasses import asdict

import pytest

from edgecry.diagnostics import bench as measuring

SHORT = ("bench", "--engine", "numpy", "--repeat", 2)


@pytest.fixture
def bench(run, model_path, recordings):
    """Run it shortly, on a tiny model and recording."""

    def call(*argv):
        return run(*SHORT, "--model", model_path, "--file", recordings[0], *argv)

    return call


def test_text_fits_a_screen(bench):
    code, out, err = bench("--cold", 1)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 24
    first = [line.split()[0] for line in lines if line]
    for word in ("edgecry", "machine", "software", "threads", "load", "extract", "predict", "memory,", "new"):
        assert word in first


def test_json_is_the_report(bench, model_path):
    code, out, err = bench("--cold", 0)
    assert (code, err) == (0, "")
    code, out, err = bench("--cold", 0, "--json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["clip"]["seconds"] == 0.5
    assert report["model"] == "tiny"
    assert set(report["engines"]) == {"numpy"}
    assert report["cold"] is report["scaling"] is None
    assert report["changes"] == []


def test_bundled_by_default(run):
    code, out, _ = run(*SHORT, "--cold", 0, "--json")
    report = json.loads(out)
    assert code == 0
    assert (report["clip"]["name"], report["clip"]["seconds"]) == ("sample.flac", 7.0)


def test_length(bench):
    code, out, _ = bench("--cold", 0, "--seconds", 1.25, "--json")
    assert code == 0
    assert json.loads(out)["clip"]["seconds"] == 1.25


def test_scaling(bench):
    code, out, _ = bench("--cold", 0, "--scaling", 2)
    assert code == 0
    rows = {line.split()[0] for line in out.splitlines() if line}
    assert {"s", "1", "2", "threads", "4"} <= rows


# -- comparison ----------------------------------------------------------------------------------------


@pytest.fixture
def measured(monkeypatch):
    """What is measured first is what is measured every time."""
    measure, kept = measuring.measure, []

    def again(options, check=None):
        kept[:] = kept or [measure(options)]
        (report,) = kept
        if check is not None:
            clip, machine = asdict(report.clip), asdict(report.machine)
            check({"machine": machine, "clip": clip, "model": report.model})
        return report

    monkeypatch.setattr(measuring, "measure", again)


@pytest.fixture
def old(measured, bench, tmp_path):
    """The report, to be changed: every figure times ``factor``."""
    report = json.loads(bench("--cold", 0, "--json")[1])
    path = tmp_path / "old.json"

    def write(factor=1.0, **machine):
        engine = report["engines"]["numpy"]
        for timing in (engine["clip"], *engine["stages"].values(), *engine["alone"].values()):
            timing["p50"] *= factor
        engine["rss_mb"] *= factor
        report["machine"] |= machine
        path.write_text(json.dumps(report))
        return path

    return write


def test_faster_than_before(bench, old):
    """A ratio for every figure, none of them worse."""
    code, out, err = bench("--cold", 0, "--compare", old(1e3))
    assert (code, err) == (0, "")
    assert "old / new" in out
    assert "worse" not in out
    clip = next(line for line in out.splitlines() if line.startswith("numpy clip"))
    assert clip.split()[-1] == "1000.00"


def test_slower_than_before(bench, old):
    """It is told on both streams and by the exit code, unless it is tolerated."""
    path = old(1e-3)
    code, out, err = bench("--cold", 0, "--compare", path)
    assert code == 1
    assert "worse" in out
    assert err.endswith("figures grew by over 10 %\n")
    code, _, err = bench("--cold", 0, "--compare", path, "--tolerance", 1e9)
    assert (code, err) == (0, "")


def test_changes_are_part_of_the_json(bench, old):
    code, out, _ = bench("--cold", 0, "--compare", old(1e-3), "--json")
    assert code == 1
    assert all(change["regressed"] for change in json.loads(out)["changes"])


def test_other_machine_is_refused_unless_asked_for(bench, old):
    path = old(1e3, cpu="another")
    code, out, err = bench("--cold", 0, "--compare", path)
    assert (code, out) == (2, "")
    assert "machine cpu was another, is " in err
    code, out, _ = bench("--cold", 0, "--compare", path, "--anyway")
    assert code == 0
    assert "note: machine cpu was another" in out


def test_a_creep_is_told(bench, measured, tmp_path):
    """The first run begins the history; a later one is beside the median of those before."""
    path = tmp_path / "history.jsonl"
    code, out, err = bench("--cold", 0, "--history", path)
    assert (code, err) == (0, "")
    assert "clip and model: 0\n" in out
    entry = json.loads(path.read_text())
    entry["figures"] = {name: value / 1e3 for name, value in entry["figures"].items()}
    path.write_text(json.dumps(entry) + "\n")
    code, out, err = bench("--cold", 0, "--history", path)
    assert code == 1
    assert "clip and model: 1\n" in out
    assert "median / new" in out
    assert err.endswith("figures grew by over 10 % of their median\n")
    assert len(path.read_text().splitlines()) == 2
    code, out, _ = bench("--cold", 0, "--history", path, "--json", "--tolerance", 1e9)
    assert code == 0
    assert not any(change["regressed"] for change in json.loads(out)["since"])


def test_no_report(bench, tmp_path):
    code, out, err = bench("--compare", tmp_path / "none.json")
    assert (code, out) == (2, "")
    assert "none.json: cannot be read" in err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--repeat", "0"),
        ("--cold", "-1"),
        ("--seconds", "0"),
        ("--seconds", "nan"),
        ("--scaling", "3601"),
        ("--tolerance", "-1"),
        ("--engine", "abacus"),
    ],
)
def test_wrong_use(run, wrong):
    code, out, err = run("bench", *wrong)
    assert (code, out) == (2, "")
    assert wrong[0] in err


def test_unusable_recording(bench, tmp_path):
    code, out, err = bench("--file", tmp_path / "none.wav")
    assert (code, out) == (2, "")
    assert "none.wav: no such file" in err
