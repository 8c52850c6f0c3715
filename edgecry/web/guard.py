"""Checks every request before the code of the page sees it: who may ask for what.

It checks, in this order: the name by which the page is called (against DNS rebinding); the key; and, if the
request changes something, the page that it comes from (against requests that a foreign page makes in
somebody's name).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgecry.web.keys import PAUSE, Keyring

#: Seconds that a browser keeps the cookie. They are many, because nobody wants to log in at three in the
#: morning.
YEAR: Final = 365 * 86_400
#: What a browser may load for a page: only what comes from this server.
POLICY: Final = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
}
_HOST: Final = re.compile(r"(\[[^\[\]]+\]|[^\[\]:/?#@\\\s]+)(:\d{0,5})?")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9_.~-]+)*")
_READING: Final = frozenset({"GET", "HEAD"})
#: All that the key for reports opens.
_REPORTS: Final = re.compile(r"/api/microphones/[^/]+/(state|cries)")


class Guard:
    """Lets in whoever may come in, and adds the security headers to every answer.

    Parameters
    ----------
    app : ASGI application
        The pages and the interface.
    keyring : Keyring
        Knows who may come in.
    hosts : iterable of str
        Names by which the page may be called, besides addresses and the names of this machine.
    ingress : str
        Address of a proxy that has already asked for a password.
    public : container of str
        Paths that anybody may load, because they hold nothing private: the style sheet, the icons.
    door : callable
        Makes the page that asks for the key, from the prefix, the languages wanted, and what went wrong.
    cookie : str
        The cookie's name. It contains the port, because browsers share cookies between ports.
    """

    def __init__(
        self,
        app: ASGIApp,
        keyring: Keyring,
        hosts: tuple[str, ...],
        ingress: str,
        public: frozenset[str],
        door: Callable[[str, str, str], str],
        cookie: str,
    ) -> None:
        self._app, self._keyring, self._public, self._door = app, keyring, public, door
        self._ingress, self._cookie = ingress, cookie
        own = socket.gethostname().lower()
        self._hosts = {"localhost", own, f"{own.partition('.')[0]}.local", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on to the page."""
        if scope["type"] != "http":
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._answer(scope, Headers(scope=scope))
        await (answer or self._app)(scope, receive, dressed)

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """Return a refusal, or the answer that logs in. Return None if the request may go on."""
        address = (scope.get("client") or ("", 0))[0]
        is_asked_already = bool(self._ingress) and address == self._ingress
        if not is_asked_already and not self._is_own(headers.get("host", "")):
            return _refusal(421, "called by a foreign name; add it to hosts in [web] if it is yours")
        scope["edgecry.prefix"] = prefix = _prefix(headers)
        if scope["path"] in self._public and scope["method"] in _READING:
            return None
        bearer = _bearer(headers)
        if not is_asked_already and not self._keyring.is_open:
            refusal = self._checked(scope, headers, address, bearer, prefix)
            if refusal is not None:
                return refusal
        # A program that sends the key itself is not a browser that a foreign page misuses.
        is_program = bearer is not None and not self._keyring.is_open
        if scope["method"] not in _READING and not is_program and not _is_same(headers):
            return _refusal(403, "only a page of this server may ask for changes")
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return _refusal(403, "a foreign page asks")
        return None

    def _is_own(self, host: str) -> bool:
        """Tell whether a Host is a name of this page, or an address, to which no foreign name is bound."""
        if not _HOST.fullmatch(host):
            return False
        try:
            name = urlsplit(f"//{host}").hostname or ""
            _ = urlsplit(f"//{host}").port
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _checked(
        self, scope: Scope, headers: Headers, address: str, bearer: str | None, prefix: str
    ) -> Response | None:
        """Look for the key in the cookie, in a header or, for a page, once in its address."""
        if self._keyring.knows(_cookie(headers, self._cookie)):
            return None
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20).get("key", [""])
        key = bearer if bearer is not None else asked[0][:200]
        wait = self._keyring.wait(address) if key else 0.0
        if wait:
            return _refusal(429, "too many wrong keys", {"retry-after": str(int(wait) + 1)})
        if bearer is not None and self._keyring.is_for_reports(bearer):
            is_report = scope["method"] == "POST" and _REPORTS.fullmatch(scope["path"])
            return None if is_report else _refusal(403, "this key is for reports alone")
        if key and self._keyring.opens(key, address):
            return None if bearer is not None else self._welcome(scope, prefix)
        is_page = "text/html" in headers.get("accept", "")
        if is_page and scope["method"] == "GET":
            said = "wrong" if key else ""
            return HTMLResponse(self._door(prefix, headers.get("accept-language", ""), said), 401)
        # A program that waits this long never gives too many wrong keys, and locks out nobody at its address.
        patience = {"retry-after": str(int(PAUSE) + 5)} if key else {}
        return _refusal(401, "the key is missing or wrong", {"www-authenticate": "Bearer"} | patience)

    def _welcome(self, scope: Scope, prefix: str) -> Response:
        """Set the cookie, and send the browser to the same address without the key."""
        here = quote(re.sub(r"[/\\\\]+", "/", f"{prefix}{scope['path']}"))  # never another host's
        answer = Response(status_code=303, headers={"location": here})
        answer.set_cookie(
            self._cookie,
            self._keyring.cookie,
            max_age=YEAR,
            path=f"{prefix}/",
            httponly=True,
            samesite="strict",
            secure=scope.get("scheme") == "https",
        )
        return answer


def _prefix(headers: Headers) -> str:
    """Return the path under which a proxy shows the page; an empty text if the proxy names no valid path."""
    found = headers.get("x-ingress-path", "").rstrip("/")
    return found if len(found) <= 200 and _PREFIX.fullmatch(found) else ""


def _bearer(headers: Headers) -> str | None:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip()[:200] if kind.lower() == "bearer" else None


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")[:4096]).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_same(headers: Headers) -> bool:
    """Tell whether a change comes from a page of this server: its Origin is the Host that was called."""
    origin = urlsplit(headers.get("origin", ""))
    hosts = {headers.get("host", ""), headers.get("x-forwarded-host", "")} - {""}
    return (
        origin.scheme in ("http", "https")
        and origin.netloc in hosts
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status, headers)
