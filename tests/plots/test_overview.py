"""Many recordings in a picture: seconds in the hours that they lie in, and the files with most crying."""

from datetime import datetime

import pytest

from edgecry.plots import archive
from edgecry.plots.overview import ROWS, Overview, spans, start_of


def at(*when: int) -> float:
    """Seconds since 1970 of a local time."""
    return datetime(*when).timestamp()


def night(name: str, duration: float, *cries: tuple[float, float]) -> dict:
    return {"file": name, "duration": duration, "cries": [{"start": a, "end": b} for a, b in cries]}


def test_the_beginning_is_the_last_change_less_the_length():
    overview = Overview()
    overview.add(night("a.wav", 7200, (3600, 3660)), at(2026, 1, 10, 4, 30))
    assert overview.heard == pytest.approx(hours({2: 1800, 3: 3600, 4: 1800}))
    assert overview.crying == pytest.approx(hours({3: 60}))
    assert (overview.by_name, overview.by_change) == (0, 1)


def test_a_name_that_tells_the_beginning_goes_first():
    overview = Overview()
    overview.add(night("x/20260110_235900.wav", 120, (30, 90)), at(2026, 5, 5, 12, 0))
    assert overview.heard == pytest.approx(hours({23: 60, 0: 60}))
    assert overview.crying == pytest.approx(hours({23: 30, 0: 30}))
    assert (overview.by_name, overview.by_change) == (1, 0)


def test_a_recording_of_no_known_time_is_in_no_hour():
    overview = Overview()
    overview.add(night("s3://bucket/a.wav", 120, (30, 90)), None)
    overview.add(night("s3://bucket/20260110_235900.wav", 120, (30, 90)), None)
    assert overview.crying == pytest.approx(hours({23: 30, 0: 30}))
    assert (overview.by_name, overview.by_change, overview.unknown) == (1, 0, 1)
    assert (overview.seconds, overview.crying_seconds, len(overview.rows)) == (240, 120, 2)
    drawn = archive.draw(overview, "s3://bucket/")
    assert "unknown and left out here: 1" in drawn.axes[0].get_xlabel()
    assert "2.0 min of crying" in drawn.get_suptitle()


@pytest.mark.parametrize("changed", [-1e12, 1e12, 1e300])
def test_a_file_changed_in_a_year_that_no_calendar_has_is_in_no_hour(changed):
    overview = Overview()
    overview.add(night("a.wav", 7200, (3600, 3660)), changed)
    assert (overview.files, overview.by_change, overview.unknown) == (1, 0, 1)
    assert overview.heard == overview.crying == [0.0] * 24


def hours(some: dict[int, float]) -> list[float]:
    return [some.get(hour, 0.0) for hour in range(24)]


@pytest.mark.parametrize(
    "name",
    [
        "20260110_024500.wav",
        "2026-01-10T02:45:00.flac",
        "rec 2026-01-10 02-45-00.mp3",
        "AM_20260110024500.wav",
    ],
)
def test_names_of_recorders_are_local_time(name):
    assert start_of(f"20200101_000000/{name}") == at(2026, 1, 10, 2, 45)


def test_names_of_clips_are_utc():
    assert start_of("cry-20260110T024500Z-000001-001.flac") == 1_768_013_100


@pytest.mark.parametrize(
    "name", ["a.wav", "20261310_024500.wav", "20260110_256000.wav", "120260110_0245001.wav"]
)
def test_other_numbers_are_no_time(name):
    assert start_of(name) is None


def test_a_day_and_more_is_in_every_hour():
    overview = Overview()
    overview.add(night("20260110_120000.wav", 86_400 + 1800), 0)
    assert overview.heard == pytest.approx([3600 + 1800 * (hour == 12) for hour in range(24)])


def test_a_short_recording_with_a_cry_is_one_cry():
    short = {"file": "a.wav", "duration": 7.0, "cry": {"detected": True}}
    assert list(spans(short)) == [(0.0, 7.0)]
    assert list(spans({**short, "cry": {"detected": False}})) == []


def test_errors_are_counted_and_not_drawn():
    overview = Overview()
    overview.add({"file": "a.wav", "error": "is text"}, 0)
    assert (overview.files, overview.errors, overview.rows) == (1, 1, [])
    assert "1 error" in archive.draw(overview, "nights").get_suptitle()


def test_of_many_files_those_with_most_crying_are_kept_in_order():
    overview, seconds = Overview(), [(7 * i) % 101 for i in range(100)]
    for i, s in enumerate(seconds):
        overview.add(night(f"{i}.wav", 200, (0, s)), 0)
    most = sorted(seconds, reverse=True)[:ROWS]
    assert [row.name for row in overview.rows] == [f"{i}.wav" for i, s in enumerate(seconds) if s in most]


def test_bars_are_minutes_and_spans_are_cries():
    overview = Overview()
    overview.add(night("20260110_020000.wav", 600, (60, 180), (300, 330)), 0)
    overview.add(night("20260111_030000.wav", 60), 0)
    clock, files = archive.draw(overview, "nights").axes
    assert [round(bar.get_height(), 6) for bar in clock.containers[0]] == hours({2: 2.5})
    grey = [int(p.get_x()) for p in clock.patches if p.get_width() == 1]
    assert grey == [hour for hour in range(24) if hour not in (2, 3)]
    drawn = [path.get_extents() for path in files.collections[0].get_paths()]
    assert [(box.x0, box.x1) for box in drawn] == [(60, 180), (300, 330)]
    assert [text.get_text() for text in files.get_yticklabels()] == [
        "20260110_020000.wav",
        "20260111_030000.wav",
    ]


def test_many_files_fit(tmp_path):
    overview = Overview()
    for i in range(100):
        overview.add(night(f"{'long' * 20}-{i}\n.wav", 200, (0, 1)), 0)
    _, files = archive.draw(overview, "nights").axes
    names = [text.get_text() for text in files.get_yticklabels()]
    assert len(names) == ROWS
    assert all(len(name) <= 34 and "\n" not in name for name in names)
    assert "of 100 recordings" in files.get_xlabel()
