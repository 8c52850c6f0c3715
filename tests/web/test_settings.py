"""Where the page is, who may see it, and how its address is written."""

import logging
import stat

import pytest

from edgecry.errors import EdgecryError
from edgecry.web.keys import KEY_FILE, checked, make_key
from edgecry.web.making import address, key_of, qr
from edgecry.web.settings import WebSettings


@pytest.mark.parametrize(
    ("text", "place", "is_local"),
    [
        ("127.0.0.1:8377", ("127.0.0.1", 8377), True),
        ("localhost", ("localhost", 8377), True),
        ("0.0.0.0:80", ("0.0.0.0", 80), False),
        (":9000", ("0.0.0.0", 9000), False),
        ("[::1]:9000", ("::1", 9000), True),
        ("[::]", ("::", 8377), False),
        ("cot.local:1", ("cot.local", 1), False),
    ],
)
def test_addresses(text, place, is_local):
    settings = WebSettings(text)
    assert (settings.place, settings.is_local) == (place, is_local)


@pytest.mark.parametrize(
    "text",
    ["a:b", "127.0.0.1:99999", "http://x", "a/b", "::1", "999.1.1.1", "1.2.3:1", "x:-1", "a b", "[x]:1"],
)
def test_odd_addresses_are_refused(text):
    with pytest.raises(EdgecryError, match="allowed are HOST, HOST:PORT and :PORT"):
        WebSettings(text)


@pytest.mark.parametrize(
    "settings", [{"hosts": ("a:1",)}, {"hosts": ("a/b",)}, {"ingress": "x"}, {"days": 0}]
)
def test_other_odd_settings_are_refused(settings):
    with pytest.raises(EdgecryError):
        WebSettings(**settings)


def test_this_machine_alone_needs_no_key(tmp_path):
    assert key_of(WebSettings("127.0.0.1"), tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_others_need_one_which_is_made_once(tmp_path):
    key = key_of(WebSettings("0.0.0.0"), tmp_path / "state")
    assert len(key) >= 20
    assert key_of(WebSettings(":1"), tmp_path / "state") == key
    assert stat.S_IMODE((tmp_path / "state" / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_of_the_settings_holds_on_this_machine_too(tmp_path):
    (tmp_path / "key").write_text("a-key-of-some-length\n")
    assert key_of(WebSettings("127.0.0.1", key_file=tmp_path / "key"), tmp_path) == "a-key-of-some-length"


@pytest.mark.parametrize("key", ["short", "with spaces in it", "ümlaut-in-the-key", "a&b=cdefghijkl", ""])
def test_odd_keys_are_refused(key):
    with pytest.raises(EdgecryError, match="allowed are 12 or more letters") as error:
        checked(key, "key.txt")
    assert not key or key not in str(error.value)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(EdgecryError, match=r"cannot be (read|written)"):
        make_key(tmp_path / "state")


def test_addresses_are_written_as_a_phone_opens_them():
    assert address(WebSettings("127.0.0.1:1"), 1) == "http://127.0.0.1:1/"
    assert address(WebSettings("[::1]:1"), 5, "k") == "http://[::1]:5/?key=k"
    assert "0.0.0.0" not in address(WebSettings("0.0.0.0"), 8377)


def test_the_code_is_that_of_the_address():
    """Read back as black and white, it is the matrix of the code."""
    segno = pytest.importorskip("segno")
    text = "http://192.168.1.7:8377/?key=abc"
    drawn = qr(text).splitlines()
    dark = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows = [[dark[c][half] for c in line] for line in drawn for half in (0, 1)]
    code = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    assert rows[: len(code)] == code


def test_the_log_has_no_key(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    key = key_of(WebSettings("0.0.0.0"), tmp_path)
    assert key not in caplog.text
