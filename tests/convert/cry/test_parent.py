"""The detector in a parent's units: closed forms of made scores, and a page with pictures and sounds."""

import base64
import io
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from convert.cry import night, parent
from convert.cry.corpora import Sound
from convert.cry.examples import SR, Example, Listener
from convert.evaluation.exhibit import Exhibit
from convert.evaluation.page import page
from convert.evaluation.record import record
from convert.evaluation.report import Report
from convert.synth import synthetic_cry
from tests.convert.evaluation.test_report import read

#: Scores of cries and of other sounds, out of fold, and the threshold.
CRIES = (0.99, 0.95, 0.9, 0.4, 0.2)
OTHERS = (0.93, 0.6, 0.3, 0.1, 0.1, 0.05, 0.05, 0.01, 0.0, 0.0)
THRESHOLD = 0.9


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a detector of one fold says of recordings of 4 s, the last second of which is the loudest."""
    folder, listener, examples = tmp_path_factory.mktemp("sounds"), Listener(), []
    for number, score in enumerate((*CRIES, *OTHERS)):
        is_cry = number < len(CRIES)
        path = folder / f"{'cry' if is_cry else 'other'} & {number}.wav"
        y = np.concatenate([synthetic_cry(SR, 5.0, number) * 0.01, synthetic_cry(SR, 1.0, number)])
        soundfile.write(path, y * (score > 0), SR, subtype="FLOAT")
        sound = Sound(path, is_cry, "crying" if is_cry else "cat", f"source{number}", "home")
        examples.append(Example(sound, listener.hear(y.astype(np.float32) * (score > 0))))
    y = np.array([1] * len(CRIES) + [0] * len(OTHERS))
    p = np.array([*CRIES, *OTHERS])
    material = SimpleNamespace(examples=examples, y=y, groups=[e.sound.group for e in examples])
    judge = SimpleNamespace(windows=lambda X: np.linspace(0.1, 0.9, len(X), dtype=np.float32))
    rows = np.arange(len(y))
    return SimpleNamespace(
        material=material, P=np.column_stack([1 - p, p]), threshold=THRESHOLD, scale=1.0, shift=0.0,
        folds=[(rows, judge)], fold_of=lambda: dict.fromkeys(rows.tolist(), 0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def shown(found, _small):
    return parent.exhibits(found, 20)


@pytest.fixture(scope="module")
def html(shown):
    return page(Report("Detector", "by source", "sounds", tuple(shown)))


def test_false_alarms_a_night_are_the_share_that_passes_times_the_sounds_of_a_night(found, shown):
    row = shown[0].rows["0.9 (chosen)"]
    assert row["recall"].value == pytest.approx(3 / 5)
    assert row["cries found"] == "3 of 5"
    assert row["other sounds that pass"] == "1 of 10"
    sounds = night.HOURS * 3600 / night.BETWEEN
    assert row["false alarms a night"].value == pytest.approx(sounds / 10)
    for figure in (row["recall"], row["false alarms a night"]):
        assert figure.low <= figure.value <= figure.high
        assert figure.low < figure.high


def test_the_curve_is_that_of_counting(found):
    thresholds = np.array([0.0, 0.05, 0.3, 0.9, 0.94, 1.0])
    told = parent._rates(found.material.y, found.P, thresholds)
    for i, threshold in enumerate(thresholds):
        assert told[f"recall {i}"] == pytest.approx(np.mean([s >= threshold for s in CRIES]))
        passing = np.mean([s >= threshold for s in OTHERS])
        assert told[f"alarms {i}"] == pytest.approx(passing * night.HOURS * 3600 / night.BETWEEN)


def test_the_worst_come_first(shown):
    _, misses, alarms = shown
    assert misses.title.endswith("2 of 5 cries are under the threshold")
    assert [row["score"] for row in misses.rows.values()] == [0.2, 0.4]
    assert [row["score"] for row in alarms.rows.values()] == [0.93]
    assert list(misses.rows) == ["1. cry & 4.wav", "2. cry & 3.wav"]
    assert alarms.rows["1. other & 5.wav"]["length, s"] == 6


def test_what_is_played_is_the_window_with_the_highest_score(shown):
    excerpt = shown[1].excerpts[0]  # the last window has it; it ends with the recording
    assert (excerpt.start, excerpt.end) == (pytest.approx(2.5, abs=0.4), 6)
    kind, data = excerpt.sound()
    y, sr = soundfile.read(io.BytesIO(data))
    assert kind in ("audio/mpeg", "audio/wav")
    assert sr == SR
    assert len(y) / sr == pytest.approx(excerpt.end - excerpt.start, abs=0.2)
    assert np.abs(y).max() == pytest.approx(0.5, abs=0.15)


def test_the_page_is_whole_by_itself(html, shown):
    reader = read(html)
    assert "http:" not in html
    assert "https:" not in html
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    sources = [attrs["src"] for tag, attrs in reader.attributes if tag in ("img", "audio")]
    assert all(source.startswith("data:") for source in sources)
    charts = [s for s in sources if s.startswith("data:image/svg")]
    assert len(charts) == 2
    for chart in charts:
        assert ElementTree.fromstring(base64.b64decode(chart.split(",")[1])).tag.endswith("svg")
    pngs = [s for s in sources if s.startswith("data:image/png")]
    assert len(pngs) == reader.tags.count("audio") == 3
    assert all(base64.b64decode(s.split(",")[1]).startswith(b"\x89PNG") for s in pngs)
    assert all(attrs["alt"] for tag, attrs in reader.attributes if tag == "img")
    assert "prefers-color-scheme: dark" in html


def test_the_contents_lead_to_every_section(html, shown):
    reader = read(html)
    ids = {attrs["id"] for _, attrs in reader.attributes if "id" in attrs}
    links = [attrs["href"] for tag, attrs in reader.attributes if tag == "a"]
    assert len(links) == len(shown) + 1
    assert {link.removeprefix("#") for link in links} == ids


def test_a_file_of_a_model_holds_none_of_it(shown):
    assert record(Report("Detector", "by source", "sounds", tuple(shown)))["sections"] == []
    assert all(isinstance(section, Exhibit) for section in shown)


def test_a_detector_without_a_mistake_has_no_worst(found):
    right = SimpleNamespace(
        **{**vars(found), "P": np.column_stack([1 - found.material.y, found.material.y * 1.0])}
    )
    shown = parent.exhibits(right, 5)
    assert [len(section.rows) for section in shown[1:]] == [0, 0]
    read(page(Report("Detector", "by source", "sounds", tuple(shown))))
    assert str(Report("Detector", "by source", "sounds", tuple(shown)))
