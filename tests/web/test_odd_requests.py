"""Requests that no browser sends, byte by byte: old and broken HTTP, odd ranges, many at once."""

import contextlib
import time

import pytest

from tests.web.standing import KEY, raw

HOST = b"Host: localhost\r\n"
AUTHORIZED = f"Authorization: Bearer {KEY}\r\n".encode()
CLOSE = b"Connection: close\r\n"
JSON = b"Content-Type: application/json\r\n"


def answer(page, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    with contextlib.closing(raw(page.port)) as sock:
        sock.sendall(data)
        found = b""
        with contextlib.suppress(ConnectionError):
            while part := sock.recv(65536):
                found += part
    return found


def status(found: bytes) -> int:
    return int(found.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"GET /api/state HTTP/1.0\r\n" + AUTHORIZED + b"\r\n", 421),
        (b"GET /api/state HTTP/1.0\r\n" + HOST + AUTHORIZED + b"\r\n", 200),
        (b"GET /api/state HTTP/1.1\r\n" + AUTHORIZED + b"\r\n", 400),
        (b"GET /api/state HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n" + AUTHORIZED + b"\r\n", 400),
        (b"GET http://evil.example/api/state HTTP/1.1\r\n" + HOST + AUTHORIZED + CLOSE + b"\r\n", 404),
        (b"CONNECT evil.example:80 HTTP/1.1\r\n" + HOST + AUTHORIZED + CLOSE + b"\r\n", 404),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 421),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100, 400),
        ("GET /clips/ä.flac HTTP/1.1\r\n".encode() + HOST + CLOSE + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + CLOSE + b"X: " + b"a" * 200_000 + b"\r\n", 400),
    ],
)
def test_odd_lines(closed, data, wanted):
    assert status(answer(closed, data)) == wanted
    assert closed.ask("/api/state", Authorization=f"Bearer {KEY}").status == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 13\r\nContent-Length: 14\r\n", b'{"minutes":1}'),
        (b"Content-Length: -1\r\n", b'{"minutes":1}'),
        (
            b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n",
            b"0\r\n\r\nGET /api/state HTTP/1.1\r\n\r\n",
        ),
        (b"Transfer-Encoding: gzip\r\n", b'{"minutes":1}'),
    ],
)
def test_two_lengths_are_not_two_requests(closed, headers, body):
    """Request smuggling: what a proxy takes for a body would be a request of its own."""
    asked = b"POST /api/mute HTTP/1.1\r\n" + HOST + AUTHORIZED + JSON + headers + CLOSE + b"\r\n"
    found = answer(closed, asked + body)
    assert status(found) in (400, 501)
    assert found.count(b"HTTP/1.1") == 1
    assert closed.controls.muted_until is None


def test_whoever_leaves_in_the_middle_is_no_trouble_of_the_service(closed, caplog):
    asked = b"POST /api/mute HTTP/1.1\r\n" + HOST + AUTHORIZED + JSON + b"Content-Length: 13\r\n\r\n{"
    for _ in range(5):
        raw(closed.port).sendall(asked)  # and it is closed, as nobody holds it
    time.sleep(0.3)
    assert closed.ask("/api/state", Authorization=f"Bearer {KEY}").status == 200
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


def test_line_ends_in_an_address_make_no_header(closed):
    asked = f"GET /a%0d%0aX-Evil:1?key={KEY} HTTP/1.1\r\n".encode() + HOST + CLOSE + b"\r\n"
    found = answer(closed, asked)
    assert status(found) == 303
    assert b"\r\nx-evil" not in found.lower()


def test_requests_in_one_breath_are_all_answered(closed):
    one = b"GET /api/state HTTP/1.1\r\n" + HOST + AUTHORIZED
    found = answer(closed, (one + b"\r\n") * 49 + one + CLOSE + b"\r\n")
    assert found.count(b"HTTP/1.1 200") == 50


@pytest.mark.parametrize(
    ("range_", "wanted", "most"),
    [
        ("bytes=0-0", 206, 1),
        ("bytes=-1", 206, 1),
        ("bytes=-0", 416, 0),
        ("bytes=9-3", 400, 100),
        ("bytes=999999999-", 416, 0),
        ("bytes=0-" + "9" * 30, 206, None),
        ("bytes=a-b", 400, 100),
        ("items=0-1", 400, 100),
        ("bytes=" + ",".join(["0-"] * 1500), 200, None),
        ("bytes=" + ",".join(f"{i}-{i}" for i in range(0, 3000, 2)), 200, None),
    ],
)
def test_odd_ranges(closed, range_, wanted, most):
    """Many ranges of one file are no way to make the answer larger than the file."""
    closed.tell()
    (clip,) = closed.clips.glob("*.flac")
    found = closed.ask(f"/clips/{clip.name}", Authorization=f"Bearer {KEY}", Range=range_)
    assert found.status == wanted
    assert len(found.body) <= (clip.stat().st_size if most is None else most)
