"""The door of the page: foreign names, foreign pages, wrong keys, and paths that lead elsewhere."""

import pytest

from edgecry.web.keys import MOST_WRONG, Keyring
from tests.web.standing import KEY, standing

#: Of each sort of answer one path.
PATHS = (
    "/",
    "/nights",
    "/health",
    "/api/state",
    "/api/cries",
    "/clips/a.flac",
    "/metrics",
    "/api/verdicts.csv",
)


def cookie_of(answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


# -- the name by which it is called ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8377",
        "127.0.0.1.evil.example",
        "",
        "a@b@c",
        "[::1",
        "evil@localhost",
        "localhost/evil",
        "localhost#@evil",
        "localhost?evil",
        "[::1]evil",
        "127.1",
        "0x7f.1",
        "2130706433",
        "localhost:99999",
        "127.0.0.1,evil.example",
    ],
)
def test_a_foreign_name_is_refused(page, host):
    """DNS rebinding: a name of somebody else's that leads to this address."""
    answer = page.ask("/api/state", Host=host)
    assert answer.status in (400, 421)
    assert "level" not in answer.text


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:1", "127.0.0.1:9", "192.168.1.7:8377", "[::1]:8377", "[fe80::1%25eth0]:80"],
)
def test_addresses_and_own_names_are_taken(page, host):
    assert page.ask("/api/state", Host=host).status == 200


def test_a_name_of_the_settings_is_taken(tmp_path):
    with standing(tmp_path, hosts=("cot.example",)) as page:
        assert page.ask("/api/state", Host="COT.example").status == 200
        assert page.ask("/api/state", Host="cot.example.evil").status == 421


# -- the key ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_anybody_is_told_without_the_key(closed, path):
    event = closed.tell()
    answer = closed.ask(path)
    assert answer.status == 401
    assert event not in answer.text


def test_clips_are_for_who_holds_the_key(closed):
    closed.tell()
    (clip,) = closed.clips.iterdir()
    assert closed.ask(f"/clips/{clip.name}").status == 401
    answer = closed.ask(f"/clips/{clip.name}", Authorization=f"Bearer {KEY}")
    assert (answer.status, answer.body) == (200, clip.read_bytes())


def test_style_and_icons_are_for_everybody(closed):
    """The page that asks for the key needs them."""
    assert closed.ask("/page.css").status == 200
    assert closed.ask("/manifest.webmanifest").status == 200


def test_the_address_with_the_key_gives_a_cookie_once(closed):
    answer = closed.ask(f"/nights?key={KEY}")
    assert (answer.status, answer.headers["location"]) == (303, "/nights")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "max-age=31536000", "path=/"))
    assert KEY not in cookie
    assert closed.ask("/nights", Cookie=cookie_of(answer)).status == 200


def test_a_new_key_ends_old_cookies(closed):
    assert not Keyring("another-key-than-that").knows(Keyring(KEY).cookie)
    cookie = f"edgecry-{closed.port}={Keyring('another-key-than-that').cookie}"
    assert closed.ask("/api/state", Cookie=cookie).status == 401


@pytest.mark.parametrize("path", ["//evil.example/", "/%5Cevil.example", "/\\evil.example"])
def test_the_way_on_stays_here(closed, path):
    answer = closed.ask(f"{path}?key={KEY}")
    assert answer.status == 303
    assert not answer.headers["location"].startswith(("//", "/\\", "http"))


def test_a_browser_is_asked_for_the_key_in_its_language(closed):
    answer = closed.ask("/", Accept="text/html", **{"Accept-Language": "de-AT,de;q=0.9"})
    assert answer.status == 401
    assert "Schlüssel" in answer.text
    assert answer.text.count("<form") == 1


def test_wrong_keys_are_counted(closed):
    answers = [closed.ask("/api/state", Authorization=f"Bearer wrong-{i}") for i in range(MOST_WRONG + 2)]
    assert [answer.status for answer in answers] == [401] * MOST_WRONG + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    # Not even the right one is looked at then, or guessing would go on; whoever has a cookie goes on.
    assert closed.ask("/api/state", Authorization=f"Bearer {KEY}").status == 429
    cookie = f"edgecry-{closed.port}={Keyring(KEY).cookie}"
    assert closed.ask("/api/state", Cookie=cookie).status == 200


@pytest.mark.parametrize("cookie", ["edgecry=1", "=;;==", "a" * 3000, "edgecry-1=%00", '"\\'])
def test_odd_cookies_are_no_key(closed, cookie):
    assert closed.ask("/api/state", Cookie=cookie).status == 401


# -- changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},  # another port is another page
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "file://"},
    ],
)
def test_a_foreign_page_changes_nothing(page, headers):
    """Cross-site request forgery: the browser of somebody who may, on a page of somebody who may not."""
    answer = page.ask("/api/mute", "POST", {"minutes": 30}, **headers)
    assert answer.status == 403
    assert page.controls.muted_until is None


def test_a_foreign_page_changes_nothing_with_the_cookie_either(closed):
    cookie = f"edgecry-{closed.port}={Keyring(KEY).cookie}"
    assert closed.ask("/api/mute", "POST", {"minutes": 9}, Cookie=cookie).status == 403
    assert closed.post("/api/mute", {"minutes": 9}, Cookie=cookie).status == 200


def test_a_program_with_the_key_needs_no_origin(closed):
    assert closed.ask("/api/mute", "POST", {"minutes": 9}, Authorization=f"Bearer {KEY}").status == 200
    assert closed.controls.muted_until is not None


def test_a_form_of_a_foreign_page_is_no_json(page):
    answer = page.post("/api/mute", b"minutes=30", Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 415


def test_what_browsers_say_of_a_foreign_page_is_heeded(page):
    assert page.ask("/api/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert page.post("/api/mute", {"minutes": 1}, Sec_Fetch_Site="same-site").status == 403
    assert page.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_do_nothing(page, method):
    assert page.ask("/api/state", method, Origin=page.origin).status in (400, 403, 405)


# -- paths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/clips/../key",
        "/clips/..%2fkey",
        "/clips/%2e%2e%2fkey",
        "/clips/..%5ckey",
        "/clips//etc/passwd",
        "/clips/%2fetc%2fpasswd",
        "/clips/history.db",
        "/clips/key%00.flac",
        "/clips/verdicts.csv",
        "/clips/%",
        "/clips/a'%20OR%201=1--.flac",
        "/../../etc/passwd",
        "/files/page.css",
        "/languages/en.json",
        "/page.css/../pages.py",
        "/cry/..%2f..%2fkey",
        "/api/cries/..%2fkey",
    ],
)
def test_no_path_leads_to_the_disk(tmp_path, path):
    with standing(tmp_path, KEY) as page:
        page.tell()
        (page.clips / "verdicts.csv").write_text("secret")
        answer = page.ask(path, Authorization=f"Bearer {KEY}")
        assert answer.status == 404
        assert not any(word in answer.text for word in (KEY, "root:", "SQLite", "secret", "import"))


def test_a_clip_that_was_made_a_link_is_not_followed(page):
    page.tell()
    (clip,) = page.clips.iterdir()
    name = clip.name
    clip.unlink()
    clip.symlink_to(page.folder / "history.db")
    assert page.ask(f"/clips/{name}").status == 404


# -- what browsers are told, and a proxy -----------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/page.js", "/nowhere"])
def test_every_answer_has_the_headers(page, path):
    headers = page.ask(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_behind_a_prefix_every_address_has_it(page):
    event = page.tell()
    prefix = "/api/hassio_ingress/a-b_C.9"
    text = page.ask("/", X_Ingress_Path=prefix).text
    assert f'<base href="{prefix}/">' in text
    rest = text.replace(f'<base href="{prefix}/">', "")
    assert not [word for word in ('href="/', 'src="/', 'action="/') if word in rest]
    (one,) = page.ask("/api/cries", X_Ingress_Path=prefix).json()
    assert one["clip"].startswith(f"{prefix}/clips/")
    assert f'src="{prefix}/clips/' in page.ask(f"/cry/{event}", X_Ingress_Path=prefix).text


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "http://evil.example", '/a"><script>', "/a b", "/../x y", "a"]
)
def test_an_odd_prefix_is_none(page, prefix):
    assert '<base href="/">' in page.ask("/", X_Ingress_Path=prefix).text


def test_a_trusted_proxy_has_asked_already(tmp_path):
    with standing(tmp_path, KEY, ingress="127.0.0.1") as page:
        host = {"Host": "homeassistant.local:8123"}
        assert page.ask("/api/state", **host).status == 200
        assert page.ask("/api/mute", "POST", {"minutes": 1}, **host).status == 403
        own = {"Origin": "http://homeassistant.local:8123"}
        assert page.ask("/api/mute", "POST", {"minutes": 1}, **host, **own).status == 200


def test_others_are_asked_beside_a_trusted_proxy(tmp_path):
    with standing(tmp_path, KEY, ingress="192.0.2.9") as page:
        assert page.ask("/api/state").status == 401
        assert page.ask("/api/state", X_Forwarded_For="192.0.2.9").status == 401
