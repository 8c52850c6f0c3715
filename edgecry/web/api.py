"""Answers the page and programs: pages, JSON, recordings. The guard has already let the request in."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from edgecry.clips.pictures import drawn
from edgecry.errors import AudioError, EdgecryError, SinkError
from edgecry.web.board import Board
from edgecry.web.history import VERDICTS, History, shown
from edgecry.web.live import Live, Stream
from edgecry.web.metrics import TYPE, metrics
from edgecry.web.microphones import CRIES, Microphones, RefusedError
from edgecry.web.nights import Night, first_noon, nights
from edgecry.web.pages import STATIC, Pages, static
from edgecry.web.reports import read_cry, read_report
from edgecry.web.verdicts import table, write_table

#: The longest request in bytes, and the longest mute in minutes.
LONGEST: Final = 4096
MUTE: Final = 24 * 60
#: The most cries in one answer, and the number of nights.
MOST: Final = 500
NIGHTS: Final = 60
#: Number of pictures that are kept in memory.
_PICTURES: Final = 8

log = logging.getLogger("edgecry")
Endpoint = Callable[[Request], Awaitable[Response]]


class Site:
    """The pages and the interface.

    Parameters
    ----------
    board : Board
        What holds now.
    history : History
        What was heard before.
    clips : Path or None
        The folder of recordings, for the table of verdicts.
    """

    def __init__(self, board: Board, history: History, clips: Path | None) -> None:
        self.board, self.history, self.clips = board, history, clips
        self.microphones = Microphones(board.name, history)
        self.live = Live(self.seen)
        self._drawing = asyncio.Lock()
        self._pictures: dict[str, bytes] = {}

    def now(self) -> dict[str, Any]:
        """Return what holds now, with the revision of the history."""
        return self.board.now() | {"revision": self.history.revision}

    def seen(self) -> dict[str, Any]:
        """Return what a page shows: what holds now, and every microphone if there are several."""
        others = self.microphones.now()
        return self.now() | ({"microphones": [self._own(), *others]} if others else {})

    def _own(self) -> dict[str, Any]:
        """Return the page's own microphone as one of several."""
        now = self.board.now()
        names = (
            "name",
            "crying",
            "hearing",
            "microphone",
            "reason",
            "level_dbfs",
            "probability",
            "threshold",
        )
        try:
            last = next(iter(self.history.cries(1)), None)
        except SinkError:  # what holds now is told whatever becomes of the history
            last = None
        shown = ("event", "started_at", "ended_at", "duration", "peak", "mean", "label")
        return {name: now[name] for name in (*names, "since")} | {
            "own": True,
            "muted": now["muted_until"] is not None,
            "seen_at": now["at"],
            "doubled": False,
            "last_cry": None if last is None else {name: last[name] for name in shown},
        }

    def app(self) -> Starlette:
        """Return the application, without its guard."""
        reading = [
            ("/", self.first), ("/nights", self.nights), ("/cry/{event}", self.cry), ("/health", self.health),
            ("/api/state", self.state), ("/api/stream", self.stream), ("/api/cries", self.cries),
            ("/api/cries/{event}", self.one), ("/api/nights", self.api_nights),
            ("/api/microphones", self.all), ("/api/microphones/{name}/cries", self.elsewhere),
            ("/api/verdicts.csv", self.verdicts), ("/clips/{name}", self.clip), ("/metrics", self.metrics),
            *((f"/{name}", _file(name)) for name in STATIC),
        ]  # fmt: skip
        changing = [
            ("/api/mute", self.mute), ("/api/threshold", self.threshold),
            ("/api/cries/{event}/verdict", self.verdict),
            ("/api/microphones/{name}/state", self.report), ("/api/microphones/{name}/cries", self.tell),
            ("/api/microphones/{name}/forget", self.forget),
        ]  # fmt: skip
        return Starlette(
            routes=[
                *(Route(path, _guarded(ask), methods=["GET"]) for path, ask in reading),
                *(Route(path, _guarded(ask), methods=["POST"]) for path, ask in changing),
            ],
            exception_handlers={HTTPException: _refuse},
        )

    # -- pages -------------------------------------------------------------------------------------------

    async def first(self, request: Request) -> Response:
        """Show what holds now."""
        return HTMLResponse(self._pages(request).now(self.seen()))

    async def nights(self, request: Request) -> Response:
        """Show the last fourteen nights."""
        return HTMLResponse(self._pages(request).nights(self._nights(14)))

    async def cry(self, request: Request) -> Response:
        """Show one cry."""
        pages = self._pages(request)
        found = self.history.cry(request.path_params["event"])
        if found is None:
            return HTMLResponse(pages.gone(), 404)
        return HTMLResponse(pages.cry(shown(found, _prefix(request)), found["curve"], found["threshold"]))

    async def health(self, request: Request) -> Response:
        """Show how the service is."""
        pages = self._pages(request)
        return HTMLResponse(pages.health(self.now(), self.board.counters, self.history.troubles()))

    def _pages(self, request: Request) -> Pages:
        return Pages(_prefix(request), request.headers.get("accept-language", ""), self.board.name)

    # -- JSON --------------------------------------------------------------------------------------------

    async def state(self, _: Request) -> Response:
        """Tell what holds now."""
        return JSONResponse(self.now())

    async def stream(self, _: Request) -> Response:
        """Send what holds now whenever it changes, until the reader is gone."""
        if self.live.is_full:
            raise HTTPException(
                503, "too many pages are open; close one", {"retry-after": "10", "connection": "close"}
            )
        return Stream(self.live)

    async def cries(self, request: Request) -> Response:
        """List cries, the newest first."""
        limit = _whole(request, "limit", 50, MOST)
        before, since = (_moment(request, name) for name in ("before", "since"))
        found = self.history.cries(limit, before, since)
        return JSONResponse([shown(cry, _prefix(request)) for cry in found])

    async def one(self, request: Request) -> Response:
        """Tell of one cry, with the curve of its scores."""
        found = self._cry(request)
        curve = None if found["curve"] is None else json.loads(found["curve"])
        return JSONResponse(
            shown(found, _prefix(request)) | {"curve": curve, "threshold": found["threshold"]}
        )

    async def api_nights(self, request: Request) -> Response:
        """Tell of the last nights."""
        return JSONResponse([night.to_dict() for night in self._nights(_whole(request, "n", 14, NIGHTS))])

    async def verdicts(self, _: Request) -> Response:
        """Give the table of verdicts, as ``python -m convert adapt`` reads it."""
        return Response(table(self.history.judged()), media_type="text/csv; charset=utf-8")

    async def all(self, _: Request) -> Response:
        """Tell of every microphone, the page's own first."""
        return JSONResponse([self._own(), *self.microphones.now()])

    async def elsewhere(self, request: Request) -> Response:
        """List the cries of one microphone, the newest first."""
        limit, name = _whole(request, "limit", 50, min(MOST, CRIES)), request.path_params["name"]
        if name == self.board.name:
            return JSONResponse([shown(cry, _prefix(request)) for cry in self.history.cries(limit)])
        if name not in {one["name"] for one in self.microphones.now()}:
            raise HTTPException(404, "there is no such microphone")
        return JSONResponse(self.microphones.cries(name, limit))

    async def metrics(self, _: Request) -> Response:
        """Tell what holds now to Prometheus."""
        text = metrics(self.board.now(), self.board.counters, self.history.count())
        return Response(text, headers={"content-type": TYPE})

    # -- recordings --------------------------------------------------------------------------------------

    async def clip(self, request: Request) -> Response:
        """Give a recording, or its picture. The name is looked up in the history; no path is made of it."""
        name = request.path_params["name"]
        wants_picture = name.endswith(".png")
        path = self.history.clip(name.removesuffix(".png") + ".flac" if wants_picture else name)
        if path is None or path.is_symlink() or not path.is_file():
            raise HTTPException(404, "there is no such recording")
        if wants_picture:
            return Response(await self._picture(path), media_type="image/png")
        return FileResponse(
            path, media_type="audio/flac", content_disposition_type="inline", filename=path.name
        )

    async def _picture(self, path: Path) -> bytes:
        async with self._drawing:  # one picture at a time, so that sound is served first
            if path.name not in self._pictures:
                try:
                    found = await asyncio.to_thread(drawn, path)
                except AudioError as error:
                    raise HTTPException(404, "the recording cannot be read") from error
                self._pictures[path.name] = found
                while len(self._pictures) > _PICTURES:
                    del self._pictures[next(iter(self._pictures))]
            return self._pictures[path.name]

    # -- changes -----------------------------------------------------------------------------------------

    async def mute(self, request: Request) -> Response:
        """Mute alerts for some minutes; 0 minutes ends the mute."""
        minutes = _number(await _body(request), "minutes", 0, MUTE)
        self.board.controls.mute(60 * minutes)
        return JSONResponse(self.now())

    async def threshold(self, request: Request) -> Response:
        """Set the threshold."""
        value = _number(await _body(request), "threshold", 0, 1)
        try:
            self.board.controls.set_threshold(value)
        except EdgecryError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(self.now())

    async def verdict(self, request: Request) -> Response:
        """Keep the verdict of a person on a cry."""
        found = self._cry(request)
        verdict = (await _body(request)).get("verdict")
        if verdict is not None and verdict not in VERDICTS:
            raise HTTPException(400, f"verdict: allowed are {', '.join(VERDICTS)} and null")
        self.history.judge(found["event"], verdict)
        if self.clips is not None and self.clips.is_dir():
            try:
                write_table(self.clips, self.history.judged())
            except OSError as error:
                log.warning("%s: the table of verdicts cannot be written (%s)", self.clips, error.strerror)
        return JSONResponse(shown(found, _prefix(request)) | {"verdict": verdict})

    # -- other microphones -------------------------------------------------------------------------------

    async def report(self, request: Request) -> Response:
        """Take the report of another microphone."""
        body = await _body(request)
        return _taken(lambda: self.microphones.report(request.path_params["name"], read_report(body)))

    async def tell(self, request: Request) -> Response:
        """Take a cry that another microphone has heard."""
        body = await _body(request)
        return _taken(lambda: self.microphones.tell(request.path_params["name"], read_cry(body)))

    async def forget(self, request: Request) -> Response:
        """Forget a microphone that is lost."""
        if not self.microphones.forget(request.path_params["name"]):
            raise HTTPException(409, "there is no microphone of this name that is lost")
        return Response(status_code=204)

    def _cry(self, request: Request) -> Mapping[str, Any]:
        found = self.history.cry(request.path_params["event"])
        if found is None:
            raise HTTPException(404, "there is no such cry")
        return found

    def _nights(self, n: int) -> list[Night]:
        now = datetime.now().astimezone()
        begin = first_noon(now, n).timestamp()
        since = datetime.fromtimestamp(begin - 3600, UTC).replace(tzinfo=None).isoformat()
        return nights(self.history.cries(20_000, since=since), self.history.minutes(int(begin // 60)), now, n)


def _guarded(ask: Endpoint) -> Endpoint:
    """Answer with status 503 if the disk fails."""

    @wraps(ask)
    async def answer(request: Request) -> Response:
        try:
            return await ask(request)
        except (SinkError, OSError) as error:
            log.warning("web: %s", error)
            raise HTTPException(503, "the disk fails") from error

    return answer


def _file(name: str) -> Endpoint:
    async def give(_: Request) -> Response:
        return Response(static(name), headers={"content-type": STATIC[name], "cache-control": "max-age=3600"})

    return give


async def _refuse(_: Request, error: Exception) -> Response:
    refusal = cast(HTTPException, error)  # for which alone this handler is entered
    return JSONResponse({"error": refusal.detail}, refusal.status_code, refusal.headers)


def _prefix(request: Request) -> str:
    return str(request.scope.get("edgecry.prefix", ""))


def _taken(take: Callable[[], None]) -> Response:
    try:
        take()
    except RefusedError as error:
        raise HTTPException(error.status, str(error), {"retry-after": "2"}) from error
    except SinkError:
        raise
    except EdgecryError as error:
        raise HTTPException(400, str(error)) from error
    return Response(status_code=204)


async def _body(request: Request) -> Mapping[str, Any]:
    """Read the JSON object of a request, if it is short enough."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send application/json")
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > LONGEST:
                raise HTTPException(413, f"send at most {LONGEST} bytes")
    except ClientDisconnect as gone:  # whoever has gone is no trouble of the service
        raise HTTPException(400, "the request did not come to its end") from gone
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HTTPException(400, "send an object of JSON")
    return found


def _number(body: Mapping[str, Any], name: str, low: float, high: float) -> float:
    value = body.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type,operator]
        raise HTTPException(400, f"{name}: allowed are numbers from {low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise HTTPException(400, f"{name}: allowed are whole numbers from 1 to {most}")
    return int(text)


def _moment(request: Request, name: str) -> str:
    """Read a time as the history writes it, in UTC; "" if it is not given."""
    text = request.query_params.get(name, "")
    if not text:
        return ""
    try:
        found = datetime.fromisoformat(text[:40].replace(" ", "+") if text[10:11] == "T" else text[:40])
        found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise HTTPException(400, f"{name}: allowed are times such as 2026-11-30T22:15:00Z") from None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
