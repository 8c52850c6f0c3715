"""Who may ask for what: the one door of the page, before any of its own code sees a request.

In this order: the name by which the page is called (against DNS rebinding), the key, and for whatever changes
something the page that it comes from (against requests that a foreign page makes in somebody's name).
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

#: Seconds that a browser keeps the cookie: nobody logs in at three in the morning.
YEAR: Final = 365 * 86_400
#: What a browser may do with a page: load what comes from here, and nothing else.
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
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9_.~-]+)*")
_READING: Final = frozenset({"GET", "HEAD"})


class Guard:
    """Lets in whoever may come in, and adds the headers of every answer.

    Parameters
    ----------
    app : ASGI application
        What is behind the door.
    keyring : Keyring
        Who may come in.
    hosts : iterable of str
        Names by which the page may be called, besides addresses and the names of this machine.
    ingress : str
        Address of a proxy that has asked already.
    public : container of str
        Paths that hold nothing of anybody: the style sheet, the icons.
    door : callable
        Makes the page that asks for the key, of the prefix, the languages wanted, and what went wrong.
    cookie : str
        The cookie's name; cookies do not tell ports apart, so it has the port in it.
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
        """Answer a request, or hand it on."""
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
        """Return a refusal, or what logs in; None if the request may go on."""
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
        # A program that names the key itself is not a browser that was talked into something.
        is_program = bearer is not None and not self._keyring.is_open
        if scope["method"] not in _READING and not is_program and not _is_same(headers):
            return _refusal(403, "only a page of this server may ask for changes")
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return _refusal(403, "a foreign page asks")
        return None

    def _is_own(self, host: str) -> bool:
        """Whether a Host is an address, which no foreign name can be bound to, or a name of this page."""
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
        """Look for the key: a cookie, a header, or, in the address of a page, once."""
        if self._keyring.knows(_cookie(headers, self._cookie)):
            return None
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20).get("key", [""])
        key = bearer if bearer is not None else asked[0][:200]
        wait = self._keyring.wait(address) if key else 0.0
        if wait:
            return _refusal(429, "too many wrong keys", {"retry-after": str(int(wait) + 1)})
        if key and self._keyring.opens(key, address):
            return None if bearer is not None else self._welcome(scope, prefix)
        is_page = "text/html" in headers.get("accept", "")
        if is_page and scope["method"] == "GET":
            said = "wrong" if key else ""
            return HTMLResponse(self._door(prefix, headers.get("accept-language", ""), said), 401)
        # A program that waits so long is never one wrong key too many, and locks nobody out beside it.
        patience = {"retry-after": str(int(PAUSE) + 5)} if key else {}
        return _refusal(401, "the key is missing or wrong", {"www-authenticate": "Bearer"} | patience)

    def _welcome(self, scope: Scope, prefix: str) -> Response:
        """Give the cookie, and go on without the key in the address."""
        here = quote(re.sub(r"[/\\\\]+", "/", f"{prefix}{scope['path']}"))  # never the name of another host
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
    """Return the path under which a proxy shows the page; nothing if what it says is no such path."""
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
    """Whether a change comes from a page of this server: its Origin is the Host that was called."""
    origin = urlsplit(headers.get("origin", ""))
    hosts = {headers.get("host", ""), headers.get("x-forwarded-host", "")} - {""}
    return (
        origin.scheme in ("http", "https")
        and origin.netloc in hosts
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status, headers)
