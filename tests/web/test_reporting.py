"""From the sink of one listener to the page of another, through outages, wrong keys and a full stop."""

import logging
import time
from contextlib import contextmanager

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.ids import utc
from edgecry.sinks.message import Health
from edgecry.sinks.page import PageReportSink, PageSettings, _origin
from tests.sinks.messages import cry, source, wait_for
from tests.web.standing import KEY, standing


def settings(url: str, **more) -> PageSettings:
    return PageSettings(url, device="cot-2", **{"first_wait": 0.01, "longest_wait": 0.05} | more)


@contextmanager
def reporting(url: str, **more):
    """Run the sink, as a listener does."""
    sink = PageReportSink(settings(url, **more))
    sink.hand(Controls(0.7))
    with Dispatcher([sink]) as dispatcher:
        dispatcher.send(Health(at=utc(time.time()), state="hearing", reason="", hearing=True))
        yield sink, dispatcher


def others(page) -> list[dict]:
    return page.page.server._site.microphones.now()


def test_state_and_cries_come_to_the_page(page):
    with reporting(page.origin) as (sink, dispatcher):
        sink.present.show(-33.0, 0.25, None, 1.0)
        dispatcher.send(Health(at=utc(time.time()), state="hearing", reason="", hearing=True))
        wait_for(lambda: others(page) and others(page)[0]["level_dbfs"] == -33.0, "the level")
        assert (others(page)[0]["name"], others(page)[0]["threshold"]) == ("cot-2", 0.7)
        now = time.time()
        dispatcher.send(cry(1, "start", started_at=utc(now)))
        wait_for(lambda: others(page)[0]["crying"], "the cry")
        dispatcher.send(cry(1, "update", started_at=utc(now), ended_at=utc(now + 5)))
        dispatcher.send(cry(1, "end", started_at=utc(now), ended_at=utc(now + 72)))
        dispatcher.send(source())
        wait_for(lambda: not others(page)[0]["crying"], "the end")
        wait_for(lambda: page.ask("/api/microphones/cot-2/cries").json()[0]["ended_at"], "the whole cry")
        (found,) = page.ask("/api/microphones/cot-2/cries").json()
        assert (found["event"], found["duration"], found["label"]) == (cry().event, 72.0, "uncertain")
        assert page.page.history.count() == 0


def test_sound_alone_is_reported_now_and_then(page):
    """No message comes, and still the level moves: the listener's own showing pushes the sink."""
    sink = PageReportSink(settings(page.origin, every=1))
    sink.hand(Controls(0.7))
    with Dispatcher([sink]):
        for i in range(300):
            sink.present.show(-30.0 - i / 10, 0.1, None, 0.5 * i)
            levels = [one["level_dbfs"] for one in others(page)]
            if levels and levels[0] is not None and levels[0] < -30.0:
                return
            time.sleep(0.02)
    pytest.fail("no second report came")


def test_a_listener_that_hangs_reports_nothing(page):
    """So that the page shows it as lost, not as it was last."""
    sink = PageReportSink(settings(page.origin), clock=lambda: 0.0)
    sink.hand(Controls(0.7))
    sink.open()
    assert len(others(page)) == 1
    woken = []
    sink.wake = lambda: woken.append(1)
    assert not sink.is_due
    assert not woken


def test_the_key_is_sent(tmp_path):
    with standing(tmp_path, KEY) as page, reporting(page.origin, key_file=tmp_path / "key"):
        wait_for(lambda: others(page), "a report")


def test_a_wrong_key_is_told_and_not_tried_so_often_that_it_locks_out(tmp_path, caplog):
    (tmp_path / "wrong").write_text("a-wrong-key-of-some-length\n")
    with standing(tmp_path, KEY) as page:
        with reporting(page.origin, key_file=tmp_path / "wrong") as (_, dispatcher):
            wait_for(lambda: dispatcher.statistics()["page.retries"] == 1, "a refusal")
            assert "answered 401" in caplog.text
            assert KEY not in caplog.text
            time.sleep(0.3)
            assert dispatcher.statistics()["page.retries"] == 1
        assert others(page) == []
        assert page.ask("/api/state", Authorization=f"Bearer {KEY}").status == 200


def test_cries_wait_while_the_page_is_away(tmp_path):
    with standing(tmp_path) as page:
        origin, port = page.origin, page.port
    with reporting(origin) as (_, dispatcher):
        for number in (1, 2):
            for kind in ("start", "end"):
                dispatcher.send(cry(number, kind))
        wait_for(lambda: dispatcher.statistics()["page.retries"] > 2, "failures")
        with standing(tmp_path, port=port) as page:
            wait_for(lambda: dispatcher.statistics()["page.waiting"] == 0, "deliveries")
            events = [one["event"] for one in page.ask("/api/microphones/cot-2/cries").json()]
            assert sorted(events) == [cry(1).event, cry(2).event]


def test_a_twin_is_told_in_the_log_of_the_second(page, caplog):
    caplog.set_level(logging.WARNING, "edgecry")
    with reporting(page.origin) as _:
        wait_for(lambda: others(page), "the first")
        with reporting(page.origin) as (second, dispatcher):
            second._machine = "0123456789abcdef"
            second._told = -1e9
            dispatcher.send(Health(at=utc(time.time()), state="hearing", reason="", hearing=True))
            wait_for(lambda: "answered 409" in caplog.text, "a refusal")
            wait_for(lambda: others(page)[0]["doubled"], "a word on the page")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nursery.local:8377", "allowed is http://host/path"),
        ("http://me:secret@x/", "holds a user"),
        (f"http://x:8377/?key={KEY}", "put the key into a key_file"),
        ("http://x/#a", "holds more than an address"),
    ],
)
def test_addresses_that_are_none(url, message):
    with pytest.raises(EdgecryError, match=message) as caught:
        settings(url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("changes", [{"every": 0.5}, {"every": 60}, {"device": "<b>"}, {"timeout": 0}])
def test_settings_out_of_range(changes):
    with pytest.raises(EdgecryError):
        PageSettings("http://x/", **{"device": "cot-2"} | changes)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://X:8377/a", "http://x:8377"),
        ("https://x:443", "https://x"),
        ("http://x:80/", "http://x"),
        ("http://[::1]:9/", "http://[::1]:9"),
    ],
)
def test_origins_are_those_of_a_browser(url, origin):
    assert _origin(url) == origin


def test_what_is_shown_has_no_key(tmp_path):
    assert PageReportSink.shown(settings("http://x:8377/a")) == "http://x:8377/... as cot-2"
