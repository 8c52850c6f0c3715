"""What the page tells and takes, as a program sees it."""

import csv
import io
import json
import time
from pathlib import Path

import pytest

from convert.adapt.clips import read_clips
from edgecry.web.history import NOT_A_CRY, Minute
from tests.sinks.messages import heartbeat
from tests.web.standing import raw


def test_the_state_has_what_holds_now(page):
    page.hear()
    page.show(-42.25, 0.125)
    state = page.ask("/api/state").json()
    assert {"crying", "since", "hearing", "level_dbfs", "probability", "muted_until"} <= set(state)
    assert (state["crying"], state["since"], state["hearing"]) == (False, None, True)
    assert (state["level_dbfs"], state["probability"], state["muted_until"]) == (-42.2, 0.125, None)
    assert (state["name"], state["threshold"]) == ("nursery", 0.8)


def test_a_cry_is_told_while_it_goes_on_and_when_it_is_over(page):
    event = page.tell(kind="start")
    state = page.ask("/api/state").json()
    assert (state["crying"], state["event"]) == (True, event)
    (cry,) = page.ask("/api/cries").json()
    assert cry["started_at"] == state["since"]
    assert (cry["event"], cry["ended_at"], cry["clip"]) == (event, None, None)
    page.tell()
    assert page.ask("/api/state").json()["crying"] is False
    (cry,) = page.ask("/api/cries").json()
    assert set(cry) >= {"event", "started_at", "ended_at", "duration", "peak", "clip", "verdict"}
    assert (cry["duration"], cry["peak"], cry["verdict"]) == (72.0, 0.97, None)
    assert page.ask(cry["clip"]).body == next(page.clips.iterdir()).read_bytes()


def test_cries_come_the_newest_first_and_in_portions(page):
    events = [page.tell(i, when=1e9 + 100 * i, clip=False) for i in range(1, 6)]
    assert [cry["event"] for cry in page.ask("/api/cries").json()] == events[::-1]
    first = page.ask("/api/cries?limit=2").json()
    rest = page.ask(f"/api/cries?before={first[-1]['started_at']}").json()
    assert [cry["event"] for cry in first + rest] == events[::-1]


def test_times_are_understood_in_any_zone(page):
    page.tell(1, when=1e9, clip=False)  # 2001-09-09T01:46:40Z
    for since, found in (
        ("2001-09-09T03:46:40%2B02:00", 1),
        ("2001-09-09T03:46:40+02:00", 1),
        ("2001-09-09T01:46:41", 0),
        ("2001-09-09", 1),
        ("2001-09-10", 0),
    ):
        assert len(page.ask(f"/api/cries?since={since}").json()) == found, since
    for odd in ("yesterday", "2026-13-45", "12345678901234567890", "0001-01-01T00:00:00%2B02:00"):
        assert page.ask(f"/api/cries?before={odd}").status == 400, odd


def test_cries_of_each_microphone_by_its_name(page):
    event = page.tell(1, clip=False)
    (own,) = page.ask("/api/microphones").json()
    assert [cry["event"] for cry in page.ask(f"/api/microphones/{own['name']}/cries").json()] == [event]
    assert page.ask("/api/microphones/nobody/cries").status == 404


@pytest.mark.parametrize("limit", ["0", "-1", "x", "501", "9999999", "1.5", "%00", ""])
def test_odd_limits_are_refused(page, limit):
    assert page.ask(f"/api/cries?limit={limit}").status == 400


def test_parts_of_a_clip(page):
    """As a player asks for them when somebody moves on in a recording."""
    page.tell()
    whole = next(page.clips.iterdir()).read_bytes()
    path = page.ask("/api/cries").json()[0]["clip"]
    answer = page.ask(path, Range="bytes=100-199")
    assert (answer.status, answer.body) == (206, whole[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert page.ask(path, Range="bytes=-50").body == whole[-50:]
    assert page.ask(path, Range=f"bytes={len(whole)}-").status == 416
    many = "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 3000, 2))
    assert len(page.ask(path, Range=many).body) < 10 * len(whole) + 500_000


def test_the_picture_of_a_clip(page):
    page.tell()
    path = page.ask("/api/cries").json()[0]["clip"].removesuffix(".flac") + ".png"
    answer = page.ask(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert answer.body.startswith(b"\x89PNG\r\n")
    next(page.clips.iterdir()).write_bytes(b"no sound")
    assert page.ask(path).body == answer.body  # it was kept


def test_a_clip_that_the_quota_took_is_gone(page):
    page.tell()
    path = page.ask("/api/cries").json()[0]["clip"]
    next(page.clips.iterdir()).unlink()
    assert page.ask(path).status == 404
    assert page.ask("/api/cries").json()[0]["clip"] is None


def test_mute_and_unmute(page):
    state = page.post("/api/mute", {"minutes": 30}).json()
    assert state["muted_until"].startswith("20")
    assert 29 * 60 < page.controls.muted_until - time.time() <= 30 * 60
    assert page.tell(kind="start")
    assert page.ask("/api/cries").json()[0]["muted"] is True
    assert page.post("/api/mute", {"minutes": 0}).json()["muted_until"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"minutes": -1},
        {"minutes": 1e9},
        {"minutes": "30"},
        {"minutes": True},
        {"minutes": None},
        [30],
        b"",
        b"{",
        b'{"minutes": NaN}',
        b"[" * 3000,
        b"\xff\xfe",
    ],
)
def test_odd_mutes_are_refused(page, body):
    answer = page.post("/api/mute", body)
    assert answer.status == 400
    assert "error" in answer.json()
    assert page.controls.muted_until is None


def test_a_long_request_is_cut_off(page):
    assert page.post("/api/mute", b'{"minutes": 1' + b" " * 100_000 + b"}").status == 413


def test_the_threshold(page):
    assert page.post("/api/threshold", {"threshold": 0.6}).json()["threshold"] == 0.6
    assert page.controls.threshold == 0.6
    answer = page.post("/api/threshold", {"threshold": 0})
    assert answer.status == 400
    assert "threshold" in answer.json()["error"]
    assert page.controls.threshold == 0.6


def test_verdicts_can_teach(page):
    """The table lies beside the recordings, as 'python -m convert adapt' takes it."""
    first, second = page.tell(1, when=1_790_000_000.0), page.tell(2, when=1_790_100_000.0)
    (page.clips / next(iter(sorted(page.clips.iterdir()))).name).write_bytes(b"other sound")
    assert page.post(f"/api/cries/{first}/verdict", {"verdict": "not a cry"}).json()["verdict"] == NOT_A_CRY
    page.post(f"/api/cries/{second}/verdict", {"verdict": "cry"})
    clips = read_clips(page.clips, print)
    assert [(clip.is_cry, clip.day) for clip in clips] == [(False, "2026-09-21"), (True, "2026-09-22")]
    text = page.ask("/api/verdicts.csv").text
    assert text == (page.clips / "verdicts.csv").read_text()
    assert [row["verdict"] for row in csv.DictReader(io.StringIO(text))] == [NOT_A_CRY, "cry"]
    page.post(f"/api/cries/{first}/verdict", {"verdict": None})
    assert len(read_clips(page.clips, print)) == 1


def test_verdicts_stay_when_news_comes(page):
    event = page.tell(kind="start")
    page.post(f"/api/cries/{event}/verdict", {"verdict": "cry"})
    page.tell()
    assert page.ask(f"/api/cries/{event}").json()["verdict"] == "cry"


@pytest.mark.parametrize("verdict", ["maybe", 1, ["cry"], {"a": 1}])
def test_odd_verdicts_are_refused(page, verdict):
    event = page.tell()
    assert page.post(f"/api/cries/{event}/verdict", {"verdict": verdict}).status == 400
    assert page.post("/api/cries/nobody/verdict", {"verdict": "cry"}).status == 404


def test_metrics_are_read_by_prometheus(page):
    page.page.sink.show(heartbeat(rss_mb=80.5, **{'odd"\nname': 1}))
    page.show(-50.0, 0.25)
    answer = page.ask("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "edgecry_level_dbfs -50.0" in lines
    assert "edgecry_hearing 0" in lines
    assert 'edgecry_count{name="rss_mb"} 80.5' in lines
    assert all(line.startswith("#") or len(line.split(" ")) == 2 for line in lines)


def test_the_stream_tells_at_once_and_again(page):
    with raw(page.port) as client, client.makefile("rb") as lines:
        client.sendall(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))
        assert next(told)["crying"] is False
        event = page.tell(kind="start")
        assert next(state for state in told if state["crying"])["event"] == event


def test_pages_hold_what_came_from_outside_as_text(page):
    """A name or a label is never markup."""
    event = page.tell(label="<script>alert(1)</script>", source="<b>")
    for path in ("/", f"/cry/{event}", "/health", "/nights"):
        text = page.ask(path).text
        assert "<script>alert" not in text
        assert text.count("<main>") == text.count("</main>") == 1


def test_the_page_of_a_cry(page):
    event = page.tell()
    text = page.ask(f"/cry/{event}").text
    assert 'class="picture"' in text
    assert "<audio" in text
    answer = page.ask("/cry/nobody")
    assert answer.status == 404
    assert "There is no such cry" in answer.text


def test_a_night_without_listening_is_not_a_quiet_one(page):
    page.page.history.add_minutes([Minute(int(time.time() // 60) - 1, -40.0, 0.1, 60.0)])
    text = page.ask("/nights").text
    assert text.count("did not listen") == 13
    assert text.count("<td>0</td>") == 2  # cries and minutes of the one night


def test_a_full_disk_is_told(page, monkeypatch):
    event = page.tell()
    page.page.history._writer.execute("PRAGMA query_only = 1")
    assert page.post(f"/api/cries/{event}/verdict", {"verdict": "cry"}).status == 503
    assert page.ask("/api/state").status == 200


def test_files_of_the_package_are_all_served(page):
    folder = Path(__file__).parents[2] / "edgecry" / "web" / "files"
    for path in folder.iterdir():
        assert page.ask(f"/{path.name}").body == path.read_bytes()
