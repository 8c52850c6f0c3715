"""Microphones of other listeners: a lost one is never quiet, and no report does more than it may."""

import json
import math
import time
from urllib.parse import quote

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.ids import utc
from edgecry.web import microphones
from edgecry.web.history import History
from edgecry.web.microphones import BURST, CRIES, LOST, MOST, NOTED, STALE, Microphones, RefusedError
from edgecry.web.reports import read_cry, read_report
from tests.web.standing import KEY, T

STATE = {
    "at": utc(T), "started_at": utc(T - 3600), "crying": False, "since": None, "hearing": True,
    "microphone": "hearing", "reason": "", "level_dbfs": -40.0, "probability": 0.1, "threshold": 0.8,
    "muted_until": None, "machine": "ab12", "name": "whatever", "event": None,
}  # fmt: skip
CRY = {
    "at": utc(T), "event": "cot-2-0000000000000001", "started_at": utc(T - 90), "ended_at": utc(T - 30),
    "duration": 60.0, "peak": 0.9, "mean": 0.8, "label": "uncertain",
}  # fmt: skip


@pytest.fixture
def opened(tmp_path, clock):
    """Opens what is kept in a file, again and again."""
    files = []

    def again():
        files.append(History(tmp_path / "history.db"))
        return Microphones("nursery", files[-1], clock, clock)

    yield again
    for file in files:
        file.close()


@pytest.fixture
def several(opened):
    return opened()


def report(several, name="cot-2", **changes):
    several.report(name, read_report(STATE | changes))


# -- what a person sees ----------------------------------------------------------------------------------


def test_what_is_reported_is_shown(several):
    report(several, crying=True, since=utc(T - 42))
    (one,) = several.now()
    assert (one["name"], one["own"], one["crying"], one["hearing"]) == ("cot-2", False, True, True)
    assert (one["since"], one["seen_at"]) == (utc(T - 42), utc(T))
    assert (one["level_dbfs"], one["probability"], one["microphone"]) == (-40.0, 0.1, "hearing")


def test_one_that_does_not_report_is_lost_and_not_quiet(several, clock):
    report(several)
    clock.now += LOST
    assert several.now()[0]["hearing"]
    clock.now += 0.1
    (one,) = several.now()
    assert (one["crying"], one["hearing"], one["microphone"]) == (None, False, "lost")
    assert (one["level_dbfs"], one["probability"], one["seen_at"]) == (None, None, utc(T))
    report(several)
    assert several.now()[0]["hearing"]


def test_one_that_is_lost_stays_lost_over_a_new_start(opened, clock):
    report(opened())
    clock.now += NOTED
    (one,) = opened().now()
    assert (one["name"], one["microphone"], one["crying"], one["seen_at"]) == ("cot-2", "lost", None, utc(T))


@pytest.mark.parametrize("theirs", [0.0, 1e8, 4e9])
def test_times_are_those_of_the_page_whatever_the_other_clock_says(several, theirs):
    changes = {"at": utc(theirs + 100), "started_at": utc(theirs), "since": utc(theirs + 30)}
    report(several, **changes, crying=True)
    assert several.now()[0]["since"] == utc(T - 70)
    several.tell(
        "cot-2",
        read_cry(CRY | {"at": utc(theirs + 100), "started_at": utc(theirs), "ended_at": utc(theirs + 60)}),
    )
    (cry,) = several.cries("cot-2")
    assert (cry["started_at"], cry["ended_at"]) == (utc(T - 100), utc(T - 40))


def test_a_cry_told_twice_is_one_and_the_newest_is_the_last(several):
    several.tell("cot-2", read_cry(CRY | {"ended_at": None, "duration": 0.0}))
    assert several.now()[0]["last_cry"]["ended_at"] is None
    for _ in range(2):
        several.tell("cot-2", read_cry(CRY))
    several.tell("cot-3", read_cry(CRY))
    (cry,) = several.cries("cot-2")
    assert cry == several.now()[0]["last_cry"]
    assert (cry["duration"], cry["ended_at"]) == (60.0, utc(T - 30))


# -- names -----------------------------------------------------------------------------------------------


def test_a_second_microphone_of_one_name_is_refused_and_told(several, clock, caplog):
    report(several)
    for _ in range(3):
        with pytest.raises(RefusedError, match="another microphone reports as cot-2") as caught:
            report(several, machine="cd34", crying=True, since=utc(T))
        assert caught.value.status == 409
    (one,) = several.now()
    assert (one["crying"], one["doubled"]) == (False, True)
    assert caplog.text.count("two microphones report as cot-2") == 1
    clock.now += LOST + 1  # the first is gone: its place is free
    report(several, machine="cd34")
    assert several.now()[0]["hearing"]


def test_a_listener_that_was_started_anew_takes_its_name_over(several):
    report(several)
    report(several, started_at=utc(T), probability=0.5)
    assert several.now()[0]["probability"] == 0.5
    with pytest.raises(RefusedError):  # the one before, if it still runs
        report(several)


def test_no_other_has_the_name_of_the_own_microphone(several):
    with pytest.raises(RefusedError, match="own microphone"):
        report(several, "nursery")
    assert several.now() == []


def test_only_one_that_is_lost_is_forgotten(several, clock):
    report(several)
    several.tell("cot-2", read_cry(CRY))
    assert not several.forget("cot-2")
    assert not several.forget("nobody")
    clock.now += LOST + 1
    assert several.forget("cot-2")
    assert (several.now(), several.cries("cot-2")) == ([], [])


# -- bounds ----------------------------------------------------------------------------------------------


def test_ten_thousand_names(several, clock):
    refused = 0
    for i in range(10_000):
        clock.now += 1 / microphones.RATE
        try:
            report(several, f"cot-{i}")
        except RefusedError:
            refused += 1
    assert (len(several.now()), refused) == (MOST, 10_000 - MOST)
    assert len(several._history.rows("SELECT * FROM microphone", ())) == MOST
    clock.now += STALE + 1  # all are long gone: the oldest makes room
    report(several, "new")
    names = [one["name"] for one in several.now()]
    assert (len(names), "new" in names, "cot-0" in names) == (MOST, True, False)


def test_reports_that_come_too_fast_are_refused(several, clock):
    for _ in range(int(BURST)):
        report(several)
    with pytest.raises(RefusedError) as caught:
        report(several)
    assert caught.value.status == 429
    clock.now += 1
    report(several)


def test_cries_of_one_are_bounded(several, clock, monkeypatch):
    monkeypatch.setattr(microphones, "CRIES", 20)
    for i in range(50):
        clock.now += 100
        several.tell("cot-2", read_cry(CRY | {"event": f"e{i}"}))
    events = [cry["event"] for cry in several.cries("cot-2", CRIES)]
    assert events == [f"e{i}" for i in range(49, 29, -1)]


def test_a_full_disk_keeps_nobody_from_being_seen(several):
    several._history._writer.execute("PRAGMA query_only = 1")
    report(several)
    assert several.now()[0]["hearing"]


# -- reports that are none -------------------------------------------------------------------------------

ODD = [None, True, 1, -1, 1.5, math.inf, math.nan, 10**400, "", "x" * 500, "<b>", "\n", [], {}, ["x"]]


@pytest.mark.parametrize("field", sorted(set(STATE) - {"name", "event"}))
def test_odd_states_are_refused_or_harmless(several, field):
    """Whatever a field holds, what is shown is plain, and what is no report changes nothing."""
    report(several)
    for odd in ODD:
        try:
            report(several, **{"crying": True, "since": utc(T)} | {field: odd})
        except EdgecryError as error:
            assert "x" * 100 not in str(error)
        (one,) = several.now()
        assert len(json.dumps(one, allow_nan=False)) < 1500
        assert type(one["crying"]) is type(one["hearing"]) is bool


@pytest.mark.parametrize("field", sorted(CRY))
def test_odd_cries_are_refused_or_harmless(several, field):
    for odd in ODD:
        try:
            several.tell("cot-2", read_cry(CRY | {field: odd}))
        except EdgecryError:
            continue
    for cry in several.cries("cot-2"):
        assert len(json.dumps(cry, allow_nan=False)) < 1000


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-13-01", "1e9"])
@pytest.mark.parametrize("field", ["at", "since", "started_at", "ended_at"])
def test_times_at_the_end_of_the_calendar(several, field, moment):
    for read, take, known in (
        (read_report, several.report, STATE | {"crying": True, "since": utc(T)}),
        (read_cry, several.tell, CRY),
    ):
        try:
            take("cot-2", read(known | {field: moment}))
        except EdgecryError:
            continue
        assert several.now()


# -- by HTTP ---------------------------------------------------------------------------------------------

NOW = STATE | {"at": utc(time.time())}


def test_the_own_microphone_is_alone_until_another_reports(page):
    page.hear()
    page.show(-50.0, 0.2)
    (own,) = page.ask("/api/microphones").json()
    assert (own["name"], own["own"], own["hearing"], own["level_dbfs"]) == ("nursery", True, True, -50.0)
    keys = page.ask("/api/state").json().keys()
    assert page.post("/api/microphones/cot-2/state", NOW).status == 204
    assert page.ask("/api/state").json().keys() == keys
    names = [one["name"] for one in page.ask("/api/microphones").json()]
    assert names == ["nursery", "cot-2"]


def test_all_microphones_are_told_alike(page):
    page.post("/api/microphones/cot-2/state", NOW)
    own, other = page.ask("/api/microphones").json()
    assert own.keys() == other.keys()


def test_a_cry_elsewhere_is_none_of_the_own_history(page):
    assert page.post("/api/microphones/cot-2/cries", CRY).status == 204
    assert page.ask("/api/cries").json() == []
    (cry,) = page.ask("/api/microphones/cot-2/cries").json()
    assert cry["event"] == CRY["event"]


@pytest.mark.parametrize(
    "name",
    ["<b>x</b>", "%3Cscript%3E", "a" * 65, "a" * 5000, "..", "%2e%2e%2f", "a%00", "a b", "é", "%F0%9F%91%B6"],
)
def test_odd_names_are_refused(page, name):
    path = quote(name, safe="%<>.").replace("<", "%3C").replace(">", "%3E")
    assert page.post(f"/api/microphones/{path}/state", NOW).status in (400, 404)
    assert len(page.ask("/api/microphones").json()) == 1


def test_only_who_holds_the_key_reports(closed):
    path = "/api/microphones/cot-2/state"
    assert closed.ask(path, "POST", NOW).status == 401
    wrong = closed.ask(path, "POST", NOW, Authorization="Bearer a-wrong-key-of-some-length")
    assert (wrong.status, int(wrong.headers["retry-after"]) > 60) == (401, True)
    right = {"Authorization": f"Bearer {KEY}"}
    assert len(closed.ask("/api/microphones", **right).json()) == 1
    assert closed.ask(path, "POST", NOW, **right).status == 204
    assert len(closed.ask("/api/microphones", **right).json()) == 2
    assert closed.ask("/api/microphones").status == 401


def test_no_foreign_page_reports(page):
    for origin in ("https://evil.example", "null", ""):
        assert page.post("/api/microphones/cot-2/state", NOW, Origin=origin).status == 403


@pytest.mark.parametrize("body", [{}, [], b"", b"{", b"[" * 3000, {"crying": True}, STATE | {"at": "soon"}])
def test_odd_reports_are_refused(page, body):
    assert page.post("/api/microphones/cot-2/state", body).status == 400
    assert page.post("/api/microphones/cot-2/cries", body).status == 400
    assert len(page.ask("/api/microphones").json()) == 1


def test_a_long_report_is_cut_off(page):
    assert page.post("/api/microphones/cot-2/state", STATE | {"more": "x" * 100_000}).status == 413


def test_the_stream_and_the_page_have_all_of_them(page):
    page.post("/api/microphones/cot-2/state", NOW | {"reason": "</script><script>alert(1)</script>"})
    text = page.ask("/").text
    assert '"cot-2"' in text
    assert "<script>alert" not in text
    assert page.post("/api/microphones/cot-2/forget", {}).status == 409
