"""bench and regression: percentiles, reports and their comparison; nothing here depends on speed."""

import json
import math
from copy import deepcopy
from dataclasses import asdict, replace

import pytest
import soundfile

from edgecry.audio.load import load_audio
from edgecry.diagnostics import bench
from edgecry.diagnostics import bench_compare as regression
from edgecry.diagnostics.machine import describe
from edgecry.errors import EdgecryError
from edgecry.models.model import CryModel
from tests import graphs


def test_percentiles_by_nearest_rank():
    """The p50 of 1 to 100 ms in any order is 50 ms. All percentiles of a single run are that run."""
    times = [n / 1000 for n in range(100, 0, -1)]
    timing = bench.Timing.of(times)
    assert (timing.p50, timing.p95, timing.p99, timing.runs) == pytest.approx((50, 95, 99, 100))
    assert bench.Timing.of([0.002]) == bench.Timing(2.0, 2.0, 2.0, 1)


@pytest.fixture
def model(model_path):
    return CryModel.load(model_path)


@pytest.fixture
def report(model, recordings):
    engine = bench.measure_engine(recordings[0], model, "numpy", 5)
    clip = bench.Clip("cry0.wav", 0.5, recordings[0].stat().st_size)
    return bench.Report(bench.FORMAT, "0", model.name, describe(), clip, {"numpy": engine}, None, None)


def test_engine_report_is_consistent(model, report):
    """What is measured together adds up; families are those the model reads; rate follows from time."""
    engine = report.engines["numpy"]
    assert set(engine.stages) == {"load", "extract", "predict"}
    assert set(engine.alone) == set(model.metadata.families_read)
    assert all(timing.p50 < engine.clip.p99 for timing in engine.stages.values())
    assert all(0 < t.p50 <= t.p95 <= t.p99 for t in (*engine.stages.values(), *engine.alone.values()))
    assert engine.clip.runs == 5
    assert engine.times_real_time == pytest.approx(500 / engine.clip.p50)
    assert 0 < engine.rss_mb <= bench.memory_mb("VmHWM")


def test_only_ready_engines_are_automatic(monkeypatch):
    for ready, names in ((True, ("numpy", "numba")), (False, ("numpy",))):
        monkeypatch.setattr(bench, "status", lambda ready=ready: bench_status(ready))
        assert bench.engines("auto") == names
    assert bench.engines("numba") == ("numba",)


def bench_status(ready):
    from edgecry.features.warmup import Status

    return Status(ready, "")


def test_engine_that_falls_back_is_refused(monkeypatch, model, recordings):
    """Lest numpy's times be taken for numba's."""
    monkeypatch.setattr(bench.FeatureExtractor, "engine", "numpy")
    with pytest.raises(EdgecryError, match="falls back to 'numpy'"):
        bench.measure_engine(recordings[0], model, "numba", 1)


def test_cold_start(model_path, recordings):
    cold = bench.measure_cold_start(recordings[0], model_path, 1)
    assert cold.wall.p50 > 0 < cold.cpu.p50
    assert cold.peak_mb > 20
    with pytest.raises(EdgecryError, match="no such file"):
        bench.measure_cold_start(recordings[0], model_path.with_name("none.onnx"), 1)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.7])
def test_write_length(tmp_path, recordings, seconds):
    """The recording over and over, cut to the sample."""
    path = bench.write_length(recordings[0], seconds, tmp_path)
    once, long = (load_audio(p, sr=8000).samples for p in (recordings[0], path))
    assert len(long) == round(8000 * seconds)
    assert all(abs(long[i] - once[i % len(once)]) <= 1.001 / 32768 for i in range(0, len(long), 97))
    assert soundfile.info(path).subtype == "PCM_16"


def test_unwritable_length(tmp_path, recordings):
    with pytest.raises(EdgecryError, match="cannot be brought to 1 s"):
        bench.write_length(recordings[0], 1, tmp_path / "none")


def test_lengths(tmp_path, model, recordings):
    """From the shortest to the asked-for one, and nothing is left behind."""
    lengths = list(bench.measure_lengths(recordings[0], model, "numpy", 8.0, tmp_path / "."))
    assert [length.seconds for length in lengths] == [1, 7, 8.0]
    assert all(length.ms > 0 and length.peak_mb > 0 for length in lengths)
    assert not list(tmp_path.glob("*s.wav"))


def test_threads(model, recordings):
    sharing = list(bench.measure_threads(recordings[0], model, "numpy", 2))
    assert [s.threads for s in sharing] == [1, 2, 4]
    assert all(s.ms_a_clip > 0 for s in sharing)


# -- comparison --------------------------------------------------------------------------------------


@pytest.fixture
def plain(report):
    """The report as it is read back."""
    cold = bench.ColdStart(*(bench.Timing(9.0, 9.5, 9.9, 5) for _ in range(2)), peak_mb=70.0)
    scaling = bench.Scaling("numpy", [bench.Length(60, 80.0, 90.0)], [bench.Sharing(2, 5.0)])
    return json.loads(json.dumps({**asdict(report), "cold": asdict(cold), "scaling": asdict(scaling)}))


def test_report_equals_itself(plain):
    changes = regression.compare(plain, plain, 0)
    assert changes
    assert all(change.ratio == 1 and not change.regressed for change in changes)
    assert regression.differences(plain, plain) == regression.changes_told(plain, plain) == []


def test_every_figure_counts():
    """Three stages, four families, clip and memory an engine; three of a process; lengths; threads."""
    timing = {"p50": 1.0, "p95": 1.0, "p99": 1.0, "runs": 1}
    engine = {"clip": timing, "stages": {"load": timing}, "alone": {"mel": timing}, "rss_mb": 1.0}
    report = {
        "engines": {"numpy": engine, "numba": engine},
        "cold": {"wall": timing, "cpu": timing, "peak_mb": 1.0},
        "scaling": {"lengths": [{"seconds": 1, "ms": 1.0}], "threads": [{"threads": 2, "ms_a_clip": 1.0}]},
    }
    assert len(regression.figures(report)) == 2 * 4 + 3 + 2


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        (("engines", "numpy", "clip", "p50"), "numpy clip, ms"),
        (("engines", "numpy", "stages", "load", "p50"), "numpy load, ms"),
        (("engines", "numpy", "rss_mb"), "numpy memory, MB"),
        (("cold", "wall", "p50"), "new process, ms"),
        (("cold", "peak_mb"), "new process peak, MB"),
        (("scaling", "lengths", 0, "ms"), "60 s of sound, ms"),
        (("scaling", "threads", 0, "ms_a_clip"), "2 threads, ms a clip"),
    ],
)
def test_growth_over_the_tolerance_is_a_regression(plain, path, figure):
    """Only that figure is named, and only over the tolerance. What shrinks is not a regression."""
    for factor, regressed in ((1.09, False), (1.11, True), (0.5, False)):
        new = deepcopy(plain)
        place = new
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] *= factor
        changes = {change.figure: change for change in regression.compare(plain, new, 10)}
        assert changes.pop(figure).regressed is regressed
        assert not any(change.regressed for change in changes.values())


def test_tails_are_not_judged(plain):
    new = deepcopy(plain)
    new["engines"]["numpy"]["clip"]["p99"] *= 10
    assert not any(change.regressed for change in regression.compare(plain, new, 10))


def test_figures_of_one_report_only_are_left_out(plain):
    new = {**deepcopy(plain), "cold": None, "scaling": None}
    names = {change.figure for change in regression.compare(plain, new, 10)}
    assert names == set(regression.figures(new))


@pytest.mark.parametrize(
    ("part", "key"), [("machine", "cpu"), ("machine", "cores"), ("clip", "seconds"), ("clip", "size")]
)
def test_other_machine_or_clip_is_told(plain, part, key):
    new = deepcopy(plain)
    new[part][key] = 12345
    (difference,) = regression.differences(plain, new)
    assert difference.startswith(f"{part} {key} was ")
    assert difference.endswith(" is 12345")
    assert regression.changes_told(plain, new) == []


def test_other_software_is_told_but_compared(plain):
    new = deepcopy(plain)
    new["machine"]["packages"]["numpy"] = "9.9"
    assert regression.differences(plain, new) == []
    assert "numpy=9.9" in regression.changes_told(plain, new)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "format None"),
        ('{"format": 99}', "format 99, this edgecry compares 1"),
        ('{"format": 1}', "incomplete report"),
        ('{"format": 1, "engines": 3}', "incomplete report"),
    ],
)
def test_what_is_no_report(tmp_path, content, message):
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(EdgecryError, match=message):
        regression.read(str(path))


def test_missing_report(tmp_path):
    with pytest.raises(EdgecryError, match="cannot be read"):
        regression.read(str(tmp_path / "none.json"))


def test_model_that_reads_nothing_is_measured(tmp_path, recordings):
    """Its families are none, and the clip is decoded and predicted all the same."""
    path = graphs.save(tmp_path / "blind.onnx", graphs.make(replace(graphs.METADATA, reads=())))
    engine = bench.measure_engine(recordings[0], CryModel.load(path), "numpy", 1)
    assert engine.alone == {}
    assert math.isfinite(engine.times_real_time)
