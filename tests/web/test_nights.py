"""Nights, from noon to noon: closed forms."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from edgecry.web.charts import curve, grid
from edgecry.web.history import Minute
from edgecry.web.nights import first_noon, nights

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def a_cry(start: datetime, seconds: float) -> dict:
    return {"started_at": start.isoformat(), "duration": seconds}


def listened(start: datetime, n: int) -> list[Minute]:
    t = int(start.timestamp() // 60)
    return [Minute(t + i, -40.0, 0.1, 60.0) for i in range(n)]


def test_a_night_begins_at_noon():
    assert first_noon(NOW, 1) == datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert first_noon(NOW.replace(hour=12), 1) == datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert first_noon(NOW, 14) == datetime(2026, 11, 16, 12, tzinfo=UTC)


def test_crying_counts_in_its_hour():
    start = datetime(2026, 11, 29, 23, 50, tzinfo=UTC)
    last, before = nights([a_cry(start, 1200)], [], NOW, 2)
    assert (last.crying[11], last.crying[12]) == (600, 600)
    assert (last.minutes, last.cries, before.minutes, before.cries) == (20, 1, 0, 0)


def test_hours_are_those_of_the_clock_on_the_wall():
    here = timezone(timedelta(hours=5, minutes=30))
    start = datetime(2026, 11, 30, 1, 0, tzinfo=here)
    night = nights([a_cry(start.astimezone(UTC), 60)], [], NOW.astimezone(here), 2)[1]
    # In a zone of half hours the fields are still those of its own clock.
    assert night.crying[13] == pytest.approx(60)


def test_the_longest_quiet_stretch_is_of_what_was_listened_to():
    begin = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
    minutes = listened(begin, 180) + listened(begin + timedelta(hours=5), 60)
    (night,) = nights([a_cry(begin + timedelta(minutes=60), 30)], minutes, NOW, 1)
    assert (
        night.quiet == 119
    )  # after the minute of the cry; the two hours that nobody heard count for nothing
    assert night.heard[8:11] == pytest.approx((1, 1, 1))
    assert night.heard[11] == 0


def test_a_stretch_does_not_go_on_over_noon():
    minutes = listened(datetime(2026, 11, 29, 11, 0, tzinfo=UTC), 120)
    last, before = nights([], minutes, NOW, 2)
    assert (last.quiet, before.quiet) == (60, 60)


def test_a_cry_that_goes_on_does_not_reach_into_the_future():
    (night,) = nights([a_cry(NOW - timedelta(minutes=1), 86_400)], [], NOW, 1)
    assert night.minutes == pytest.approx(1)


def test_the_drawing_has_a_field_for_every_hour():
    text = grid(nights([a_cry(NOW - timedelta(hours=3), 1500)], listened(NOW - timedelta(hours=6), 300), NOW))
    assert text.count("<rect") == 14 * 24
    assert 'class="cry5"' in text
    assert 'class="quiet"' in text


def test_a_curve_of_nothing_is_nothing():
    assert curve([], 0.5, 1.0, "") == ""
    assert 'aria-label="&lt;b&gt;"' in curve([(0, 0.1), (1, 0.9)], 0.5, 1.0, "<b>")
