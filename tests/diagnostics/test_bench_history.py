"""The file of what bench measured: medians of earlier runs, by arithmetic alone."""

import copy
import json
from pathlib import Path

import pytest

from edgecry.diagnostics.bench_history import alike, compare, keep, read
from edgecry.errors import EdgecryError

TIMING = {"p50": 10.0}
REPORT = {
    "edgecry": "0.2.0",
    "model": "tiny",
    "clip": {"name": "a.wav", "seconds": 7.0, "size": 1000},
    "machine": {"cpu": "A53", "architecture": "aarch64", "cores": 4},
    "engines": {"numpy": {"clip": TIMING, "stages": {}, "alone": {}, "rss_mb": 60.0}},
    "cold": None,
    "scaling": None,
}


def report(ms: float = 10.0, **machine) -> dict:
    changed = copy.deepcopy(REPORT)
    changed["engines"]["numpy"]["clip"]["p50"] = ms
    changed["machine"] |= machine
    return changed


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "history.jsonl")


def kept(path: str, *reports: dict) -> list:
    for one in reports:
        keep(path, one)
    return read(path)


def test_a_run_is_read_as_it_was_kept(path):
    assert read(path) == []
    (entry,) = kept(path, report(12.5))
    assert entry["figures"] == {"numpy clip, ms": 12.5, "numpy memory, MB": 60.0}
    assert (entry["edgecry"], entry["machine"]["cpu"]) == ("0.2.0", "A53")


def test_a_figure_stands_beside_the_median_of_all_earlier_runs(path):
    history = kept(path, *map(report, (30.0, 10.0, 11.0, 10.0, 12.0)))
    clip, memory = compare(history, report(12.2), tolerance=10)
    assert (clip.figure, clip.old, clip.new, clip.regressed) == ("numpy clip, ms", 11.0, 12.2, True)
    assert not memory.regressed
    assert not compare(history, report(12.0), tolerance=10)[0].regressed


def test_a_creep_of_small_steps_is_seen(path):
    """Each step is within the tolerance of the one before, the last is not of the median."""
    steps = [10 * 1.05**n for n in range(6)]
    history = kept(path, *map(report, steps[:-1]))
    assert steps[-1] < steps[-2] * 1.1
    assert compare(history, report(steps[-1]), tolerance=10)[0].regressed


def test_runs_of_another_machine_do_not_count(path):
    history = kept(path, report(1.0, cpu="A76"), report(1.0, cores=2), report(10.0))
    assert [entry["figures"]["numpy clip, ms"] for entry in alike(history, report())] == [10.0]


def test_figures_that_no_earlier_run_has_are_left_out(path):
    found = report()
    found["engines"]["numba"] = found["engines"]["numpy"]
    assert [change.figure for change in compare(kept(path, report()), found, 10)] == [
        "numpy clip, ms",
        "numpy memory, MB",
    ]
    assert compare([], found, 10) == []


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", json.dumps(REPORT), json.dumps({**REPORT, "figures": {"x": "1"}}), "null"]
)
def test_a_line_that_is_no_run_is_named(path, line):
    keep(path, report())
    with Path(path).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(EdgecryError, match="line 2: not a whole run"):
        read(path)


def test_a_line_that_a_power_cut_left_half_is_not_written_on(path):
    keep(path, report())
    whole = Path(path).read_text()
    for n in (5, len(whole) - 1):
        Path(path).write_text(whole + whole[:n])
        with pytest.raises(EdgecryError, match="line 2"):
            read(path)


def test_a_file_that_cannot_be_kept_is_refused_before_anything_is_measured(tmp_path):
    for wrong in (tmp_path, tmp_path / "none" / "history"):
        with pytest.raises(EdgecryError, match="cannot be kept"):
            read(str(wrong))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(EdgecryError, match="not text"):
        read(str(tmp_path / "bytes"))
