"""The picture of a recording: what is drawn is what was found."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from edgecry.errors import EdgecryError
from edgecry.plots import canvas, recording
from edgecry.plots.sketch import COLUMNS, SR, Sketch, band_of
from edgecry.stream.events import CryEvent, Window
from edgecry.timeline import Timeline


def cry(number: int, start: float, end: float) -> CryEvent:
    return CryEvent("end", number, start, end, 0.9, 0.8, None, 3)


def timeline(seconds: float = 20.0, *cries: CryEvent) -> Timeline:
    scores = np.random.default_rng(0).uniform(0, 1, max(1, int(seconds - 2))).tolist()
    windows = tuple(Window(i, i + 3.0, score) for i, score in enumerate(scores))
    return Timeline(cries, windows, seconds, 0.1, "reason")


def sketch(seconds: float = 20.0, hz: float = 1000.0) -> Sketch:
    y = 0.3 * np.sin(2 * np.pi * hz * np.arange(SR) / SR).astype(np.float32)
    return Sketch.of([y] * round(seconds))


def axes(drawn):
    return {ax.get_ylabel(): ax for ax in drawn.axes}


def test_shades_are_the_cries():
    cries = cry(1, 2.0, 6.5), cry(2, 11.0, 15.25)
    drawn = axes(recording.draw(timeline(20, *cries), sketch(), "a.flac", 0.6))
    for name, colour in (
        ("amplitude", canvas.SHADE),
        ("cry score", canvas.SHADE),
        ("frequency, Hz", canvas.CRY),
    ):
        spans = [p for p in drawn[name].patches if to_hex(p.get_facecolor()) == colour]
        assert [(p.get_x(), p.get_x() + p.get_width()) for p in spans] == [(2.0, 6.5), (11.0, 15.25)]


def test_the_line_is_the_threshold():
    drawn = axes(recording.draw(timeline(), sketch(), "a.flac", 0.615))
    (line,) = [line for line in drawn["cry score"].lines if line.get_label() == "threshold"]
    assert set(line.get_ydata()) == {0.615}
    assert "0.615" in drawn["cry score"].texts[0].get_text()


@pytest.mark.parametrize("hz", [300.0, 1000.0, 3500.0])
def test_a_tone_lies_at_its_frequency(hz):
    ax = axes(recording.draw(timeline(), sketch(hz=hz), "a.flac", 0.6))["frequency, Hz"]
    (image,) = ax.images
    rows = image.get_array()[:, 2:-2].argmax(axis=0)
    left, right, bottom, top = image.get_extent()
    heights = bottom + (rows + 0.5) * (top - bottom) / image.get_array().shape[0]
    assert np.all(np.abs(heights - band_of(hz)) <= 0.6)
    assert (left, right) == (0, pytest.approx(20, abs=0.1))


def test_ticks_of_frequency_lie_where_their_frequencies_do():
    ax = axes(recording.draw(timeline(), sketch(), "a.flac", 0.6))["frequency, Hz"]
    assert len(ax.get_yticks()) >= 4
    for place, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        assert place == band_of(float(text.get_text()))


def test_scores_are_those_of_the_windows():
    found = timeline(30)
    times, scores = recording.scores_of(found)
    assert times.tolist() == [(w.start + w.end) / 2 for w in found.windows]
    assert scores.tolist() == [w.score for w in found.windows]


def test_of_many_scores_the_highest_are_kept():
    found = timeline(3 * COLUMNS)
    times, scores = recording.scores_of(found)
    assert len(scores) <= COLUMNS
    assert scores.max() == max(w.score for w in found.windows)
    assert np.all(np.diff(times) > 0)
    assert scores.min() >= min(w.score for w in found.windows)


def test_a_window_that_is_too_quiet_has_no_score():
    quiet = Timeline((), (Window(0, 3, 0.0, None, True), Window(1, 4, 0.2)), 4, 0.1, "reason")
    assert np.isnan(recording.scores_of(quiet)[1]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("seconds", "label", "ticks"),
    [
        (0.5, "time, s", ["0", "0.05"]),
        (7, "time, s", ["0", "1"]),
        (119, "time, s", ["0", "15"]),
        (3000, "time, min:s", ["0:00", "5:00"]),
        (36_000, "time, h:min", ["0:00", "1:00"]),
        (86_400, "time, h:min", ["0:00", "3:00"]),
        (30 * 86_400, "time, h:min", ["0:00", "96:00"]),
    ],
)
def test_the_axis_of_time_fits_the_length(seconds, label, ticks):
    ax = canvas.figure(4, 3).subplots()
    canvas.time_axis(ax, seconds)
    assert ax.get_xlabel() == label
    assert [text.get_text() for text in ax.get_xticklabels()][:2] == ticks
    assert 1 <= len(ax.get_xticks()) <= 11
    assert ax.get_xlim() == (0, seconds)


def test_a_recording_without_a_whole_window_is_drawn(tmp_path):
    found = Timeline((), (), 0.01, 0.1, "reason", "too_short")
    canvas.save(
        recording.draw(found, Sketch.of([np.zeros(160, np.float32)]), "a", 0.6), str(tmp_path / "a.png")
    )
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["a.jpg", "a.pdf", "a", "a.png.gz"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(EdgecryError, match=r"allowed are \.png, \.svg"):
        canvas.check(str(tmp_path / name))


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(EdgecryError, match="no such folder"):
        canvas.check(str(tmp_path / "none" / "a.png"))
