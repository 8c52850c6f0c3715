"""The key of listeners that report to a page: what it opens, and all that it does not."""

import stat

import pytest

from edgecry.errors import EdgecryError
from edgecry.web.keys import KEY_FILE, MOST_WRONG, REPORT_KEY_FILE, Keyring, make_key
from edgecry.web.making import report_key_of
from tests.sinks.messages import wait_for
from tests.web.standing import KEY, standing
from tests.web.test_guard import PATHS
from tests.web.test_microphones import CRY, STATE
from tests.web.test_reporting import others, reporting

REPORTED = "/api/microphones/cot-2"


def headers(page) -> dict[str, str]:
    return {"Authorization": f"Bearer {report_key_of(page.folder)}"}


def test_it_opens_reports(closed):
    assert closed.ask(f"{REPORTED}/state", "POST", STATE, **headers(closed)).status == 204
    assert closed.ask(f"{REPORTED}/cries", "POST", CRY, **headers(closed)).status == 204
    (one,) = others(closed)
    assert (one["name"], one["last_cry"]["event"]) == ("cot-2", CRY["event"])


def test_the_sink_reports_with_it(closed):
    with reporting(closed.origin, key_file=closed.folder / REPORT_KEY_FILE):
        wait_for(lambda: others(closed), "a report")


@pytest.mark.parametrize("path", [*PATHS, "/cry/a", "/api/stream", "/api/microphones", f"{REPORTED}/cries"])
def test_it_reads_nothing(closed, path):
    event = closed.tell()
    assert closed.ask(f"{REPORTED}/cries", "POST", CRY, **headers(closed)).status == 204
    answer = closed.ask(path, **headers(closed))
    assert (answer.status, answer.json()) == (403, {"error": "this key is for reports alone"})
    assert event not in answer.text
    assert closed.ask(path, "HEAD", **headers(closed)).status == 403


def test_it_gives_no_recording(closed):
    closed.tell()
    (clip,) = closed.clips.iterdir()
    assert closed.ask(f"/clips/{clip.name}", **headers(closed)).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/api/mute",
        "/api/threshold",
        "/api/cries/a/verdict",
        f"{REPORTED}/forget",
        f"{REPORTED}/state/",
        f"{REPORTED}//state",
        "/api/microphones/../mute",
        "/api/microphones/..%2f..%2fapi%2fmute",
        "/api/microphones/..%2fmute/state",
        "/api/mute?/api/microphones/cot-2/state",
        "/api/mute%3f/api/microphones/cot-2/state",
        "//api/microphones/cot-2/state",
        "/api/microphones//state",
    ],
)
def test_it_changes_nothing_else(closed, path):
    sent = {**headers(closed), "Origin": closed.origin, "X-HTTP-Method-Override": "POST"}
    answer = closed.ask(path, "POST", {"minutes": 30, "threshold": 0.1, "verdict": "cry"} | STATE, **sent)
    assert answer.status == 403
    assert closed.controls.muted_until is None
    assert closed.controls.threshold == 0.8
    assert others(closed) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_no_reports(closed, method):
    assert closed.ask(f"{REPORTED}/state", method, STATE, **headers(closed)).status == 403


def test_it_gives_no_cookie(closed):
    key = report_key_of(closed.folder)
    answer = closed.ask(f"/?key={key}", Accept="text/html")
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    for cookie in (key, Keyring(key).cookie):
        assert closed.ask("/api/state", Cookie=f"edgecry-{closed.port}={cookie}").status == 401


def test_a_wrong_one_is_counted_as_any_wrong_key(closed):
    sent = {"Authorization": "Bearer a-wrong-key-for-reports"}
    answers = [closed.ask(f"{REPORTED}/state", "POST", STATE, **sent) for _ in range(MOST_WRONG + 1)]
    assert [answer.status for answer in answers] == [401] * MOST_WRONG + [429]
    assert closed.ask(f"{REPORTED}/state", "POST", STATE, **headers(closed)).status == 429


def test_it_is_another_key_and_for_its_owner(closed):
    assert report_key_of(closed.folder) != KEY
    assert stat.S_IMODE((closed.folder / REPORT_KEY_FILE).stat().st_mode) == 0o600


def test_a_new_one_is_made_where_it_was_removed(tmp_path):
    with standing(tmp_path, KEY) as page:
        former = headers(page)
    (tmp_path / REPORT_KEY_FILE).unlink()
    with standing(tmp_path, KEY) as page:
        assert page.ask(f"{REPORTED}/state", "POST", STATE, **former).status == 401
        assert page.ask(f"{REPORTED}/state", "POST", STATE, **headers(page)).status == 204


def test_a_page_without_a_key_has_none(page):
    assert not (page.folder / REPORT_KEY_FILE).exists()
    with pytest.raises(EdgecryError, match="a page with a key makes it"):
        report_key_of(page.folder)


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / REPORT_KEY_FILE).write_text("short\n")
    with pytest.raises(EdgecryError, match="holds no key"):
        report_key_of(tmp_path)


def test_both_keys_of_a_folder_differ(tmp_path):
    assert make_key(tmp_path) != make_key(tmp_path, REPORT_KEY_FILE)
    assert {path.name for path in tmp_path.iterdir()} == {KEY_FILE, REPORT_KEY_FILE}
