"""edgecry classify of long recordings: when a baby cries, in words and in every format."""

import csv
import io
import json

import pytest

from edgecry.answers.sentences import clock, timeline_in_words
from edgecry.stream.events import CryEvent
from edgecry.timeline import Timeline
from tests import streams
from tests.recordings import encode


def test_text_says_when(run, night, night_models):
    code, out, _ = run("classify", night, *night_models)
    assert code == 0
    assert out == f"{night}  2 cries: 0:00:09 for 3 s, 0:00:34 for 4 s\n"


def test_json_has_cries(run, night, night_models):
    _, out, _ = run("classify", night, *night_models, "--format", "json")
    (record,) = json.loads(out)
    assert (record["label"], record["duration"], record["heard"]) == ("cry", 45, "sound")
    assert [round(cry["start"]) for cry in record["cries"]] == [10, 35]
    for cry in record["cries"]:
        assert cry["start"] + cry["duration"] == pytest.approx(cry["end"])
        assert 0 < cry["mean"] <= cry["peak"] <= 1
        assert sum(cry["reasons"].values()) == pytest.approx(1, abs=1e-5)
        assert set(cry["reason_set"]) <= set(cry["reasons"])


def test_csv_has_a_row_for_each_cry(run, night, night_models, tmp_path):
    short = tmp_path / "short.wav"
    short.write_bytes(encode(streams.scene(3, (1, 2)), streams.SR))
    _, told, _ = run("classify", night, *night_models, "--format", "json")
    _, out, _ = run("classify", short, night, "none.wav", *night_models, "--format", "csv")
    first, *rows, failed = csv.DictReader(io.StringIO(out))
    assert {first[name] for name in ("start", "end", "peak", "mean")} == {""}
    assert [(float(r["start"]), float(r["end"]), float(r["peak"]), float(r["mean"])) for r in rows] == [
        (c["start"], c["end"], c["peak"], c["mean"]) for c in json.loads(told)[0]["cries"]
    ]
    assert {(r["file"], r["duration"], r["cry_detected"], r["error"]) for r in rows} == {
        (str(night), "45.0", "true", "")
    }
    assert [r["reason_set"] for r in rows] == [
        ";".join(c["reason_set"]) for c in json.loads(told)[0]["cries"]
    ]
    assert failed["error"]


def test_csv_of_a_long_recording_without_a_cry_has_one_row(run, night_models, tmp_path):
    path = tmp_path / "quiet.wav"
    path.write_bytes(encode(streams.scene(40), streams.SR))
    _, out, _ = run("classify", path, *night_models, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["label"], row["cry_detected"], row["start"], row["heard"]) == ("no_cry", "false", "", "sound")


def test_whole_gives_one_label(run, night, night_models):
    _, out, _ = run("classify", night, *night_models, "--whole", "--format", "json")
    (record,) = json.loads(out)
    assert "cries" not in record
    assert record["cry"]["detected"]


def test_raw_has_no_timeline(run, night, night_models):
    _, out, _ = run("classify", night, *night_models[:2], "--raw", "--format", "json")
    assert "cries" not in json.loads(out)[0]


@pytest.mark.parametrize(
    "cries, heard, text",
    [
        ([(1812.4, 1826.0)], "sound", "1 cry: 0:30:12 for 14 s"),
        ([(1812, 1826), (5463.9, 5503)], "sound", "2 cries: 0:30:12 for 14 s, 1:31:03 for 39 s"),
        ([], "sound", "No cry in 10:00:00."),
        ([], "too_quiet", "Too quiet to tell: raise the gain of the microphone, or move it nearer."),
    ],
)
def test_words(cries, heard, text):
    events = [CryEvent("end", i, *span, 0.9, 0.8, None, 9) for i, span in enumerate(cries, 1)]
    assert timeline_in_words(Timeline(tuple(events), (), 36000.0, 1.0, "m", heard)) == text


def test_a_named_reason_is_told():
    event = CryEvent("end", 1, 2, 9, 0.9, 0.8, {"hungry": 1.0}, 9, "hungry", ("hungry",))
    assert (
        timeline_in_words(Timeline((event,), (), 60.0, 1.0, "m")) == "1 cry: 0:00:02 for 7 s (perhaps hungry)"
    )


def test_clock():
    assert [clock(s) for s in (0, 59.99, 61, 360000.5)] == ["0:00:00", "0:00:59", "0:01:01", "100:00:00"]


@pytest.mark.parametrize("form", ["audacity", "srt"])
def test_labels_of_a_short_recording_too(run, night_models, tmp_path, form):
    path, labels = tmp_path / "short.wav", tmp_path / "labels.txt"
    path.write_bytes(encode(streams.scene(9, (1, 5)), streams.SR))
    code, out, err = run("classify", path, *night_models, "--format", form, "-o", labels)
    assert (code, out, err) == (0, "", "")
    assert len(labels.read_text().split("uncertain")) == 2


@pytest.mark.parametrize(
    "argv, found",
    [
        (("a.wav", "b.wav", "--format", "srt"), "is for one recording"),
        (("a.wav", "--format", "audacity", "--raw"), "--raw knows nothing"),
        (("a.wav", "--format", "raven", "--whole"), "--whole knows nothing"),
        (("a.wav", "--format", "parquet"), "-o"),
    ],
)
def test_formats_that_do_not_fit(run, argv, found):
    code, out, err = run("classify", *argv)
    assert (code, out) == (2, "")
    assert found in err
