"""What ``listen`` is made of, from its settings: checked first, opened later."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from edgecry.clips.recorder import ClipRecorder
from edgecry.errors import EdgecryError
from edgecry.listening.clock import WallClock
from edgecry.listening.listener import Parts, View
from edgecry.listening.messages import Messages
from edgecry.listening.mute import MUTE_FILE, MuteFile
from edgecry.listening.notify import Notifier
from edgecry.listening.settings import ListenSettings, outbox_path, state_folder
from edgecry.models.model import CryModel
from edgecry.models.rules import UNCERTAIN, Threshold
from edgecry.needs import Program
from edgecry.roles import Models, models_for
from edgecry.sinks.controls import Controls
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.ids import MessageIds, default_device
from edgecry.sinks.making import SINKS, is_durable, make_sinks, sink_rules, sink_settings
from edgecry.sinks.outbox import Outbox
from edgecry.sources.making import SOURCES, make_reader, make_source
from edgecry.sources.settings import SourceSettings
from edgecry.steady import SteadyClock
from edgecry.stream.classifier import StreamClassifier
from edgecry.stream.settings import EventSettings
from edgecry.terminal import quiet_stderr
from edgecry.web.board import Board
from edgecry.web.making import Page, address, check_installed, make_page

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class Plan:
    """All that can be made without opening a source, a sink or the outbox.

    Attributes
    ----------
    settings : ListenSettings
        What was asked for.
    device : str
        What this device is called.
    models : Models
        Those that are open.
    detector : CryModel
        Of them, the one that tells whether there is a cry.
    threshold : Threshold
        Its rule.
    events : EventSettings
        When a run of windows is a cry.
    sinks : dict of str to settings
        Of the sinks that are switched on.
    outbox : Path or None
        Where events wait; None if no sink needs that.
    state : Path
        The service's own folder.
    """

    settings: ListenSettings
    device: str
    models: Models
    detector: CryModel
    threshold: Threshold
    events: EventSettings
    sinks: Mapping[str, Any]
    outbox: Path | None
    state: Path

    @property
    def source(self) -> str:
        """The name of the source in messages."""
        return make_source(self.settings.source).name

    def stream(self, sr: int) -> StreamClassifier:
        """Make the stream that hears sound at so many samples a second."""
        settings = self.settings
        return StreamClassifier(
            self.models.named,
            sr,
            detector=self.detector,
            decision=settings.decision,
            events=self.events,
            gate=settings.gate,
        )

    def recorder(self, sr: int, clock: WallClock) -> ClipRecorder | None:
        """Make what records cries, if they are recorded, under the times that messages have."""
        record = self.settings.record
        if not record.dir:
            return None
        from edgecry.clips.pictures import Drawer

        what = record.clips(self.lookback, self.late)
        return ClipRecorder(
            Path(record.dir), sr, clock.at, what, record.quota, clock=SteadyClock(), drawer=Drawer()
        )

    def page(self, controls: Controls) -> Page | None:
        """The view that shows a person on a page what happens; None without a page."""
        web, record = self.settings.web, self.settings.record
        if not web.address:
            return None
        clips = Path(record.dir) if record.dir else None
        return make_page(web, Board(self.device, controls), self.state, clips)

    @property
    def patience(self) -> float:
        """Seconds without any sound after which a cry is taken for over."""
        return max(self.settings.source.stall, self.events.end_after)

    @property
    def late(self) -> float:
        """Seconds after which an event's end is known: the quiet that ends it, and two windows to be sure."""
        return min(300.0, self.events.end_after + 2 * self.threshold.hop + 1.0)

    @property
    def lookback(self) -> float:
        """Seconds after which an event's start and end are known at the latest."""
        rule, events = self.threshold, self.events
        start = events.n * rule.hop + max(events.min_length, events.end_after)
        return min(300.0, max(1.0, max(start, events.end_after) + 2 * rule.window))


def plan(settings: ListenSettings, environment: Mapping[str, str] | None = None) -> Plan:
    """Make what can be made without opening anything, and so find what cannot work.

    Parameters
    ----------
    settings : ListenSettings
        What is asked for.
    environment : mapping, optional
        Where secrets and folders are looked for; that of the process if left out.

    Raises
    ------
    EdgecryError
        A model is missing or not what is needed, a setting contradicts another, or something that a
        sink or the source needs is not there.
    """
    environment = os.environ if environment is None else environment
    with quiet_stderr(), suppress(ImportError):  # opening the model reports this
        import onnxruntime  # noqa: F401
    models = models_for(settings.model, settings.detector, settings.decision)
    detector, threshold = models.needed_detector()
    try:
        events = settings.events.around(threshold.chosen(settings.threshold))
    except EdgecryError as error:
        raise EdgecryError(f"[events] {error}") from error
    device = settings.name or default_device()
    labels = () if models.reasons is None else (*models.labels, UNCERTAIN)
    web = settings.web
    page = address(web, web.place[1]) if web.address and not web.is_local else None
    sinks = sink_settings(settings.sinks, device, labels, environment, settings.heartbeat, page)
    outbox = outbox_path(settings, environment) if is_durable(sinks) else None
    state = state_folder(settings, environment)
    made = Plan(settings, device, models, detector, threshold, events, sinks, outbox, state)
    check_source(settings.source)
    sink_rules(settings.sinks)
    check_installed(settings.web)
    make_sinks(sinks, sys.stdout)
    made.stream(settings.source.sr)
    return made


def check_source(settings: SourceSettings) -> None:
    """Refuse a source that cannot be opened, as far as that can be told.

    Raises
    ------
    EdgecryError
        The program is not there, or the command cannot be split.
    """
    make_source(settings)
    for need in SOURCES[settings.kind].needs(settings):
        if isinstance(need, Program) and shutil.which(need.name) is None:
            raise EdgecryError(
                f"command: there is no program {need.name!r}; install it, or give its full path"
            )


@contextmanager
def assemble(made: Plan, text: TextIO, view: View | None = None) -> Iterator[Parts]:
    """Open everything, and close it in any case; text goes to ``text``.

    Raises
    ------
    EdgecryError
        The source cannot be opened, or the outbox is in use.
    """
    settings = made.settings
    with ExitStack() as stack:
        notifier = Notifier()
        stack.callback(notifier.close)
        controls = Controls(made.events.onset)
        MuteFile(made.state / MUTE_FILE).keep(controls)
        page = made.page(controls)
        if page is not None:
            stack.callback(page.close)
        outbox = _outbox(made)
        sinks = make_sinks(made.sinks, text)
        if page is not None:
            sinks.append(page.sink)
        for sink in sinks:
            sink.hand(controls)
        dispatcher = Dispatcher(sinks, outbox, sink_rules(settings.sinks), controls)
        stack.callback(dispatcher.close)
        reader = make_reader(settings.source)
        reader.start()
        stack.callback(reader.stop)
        clock = WallClock()
        recorder = made.recorder(reader.sr, clock)
        if recorder is not None:
            stack.callback(recorder.close)
        messages = Messages(
            MessageIds(made.device, None if outbox is None else outbox.reserve()),
            clock,
            made.source,
            made.models.named.name,
        )
        stream = made.stream(reader.sr)
        dispatcher.open()
        if page is not None:
            page.server.start()
            log.info("the page is at %s", address(settings.web, page.server.port))
        found = (view, None if page is None else page.board, *(sink.present for sink in sinks))
        views = Views(*(one for one in found if one is not None))
        yield Parts(reader, stream, messages, dispatcher, clock, recorder, notifier, views, controls)


class Views:
    """Shows the same in several views, or in none."""

    def __init__(self, *views: View) -> None:
        self._views = views

    def show(
        self, level: float, score: float, crying: float | None, position: float, trouble: str = ""
    ) -> None:
        """Show it in each."""
        for view in self._views:
            view.show(level, score, crying, position, trouble)


def _outbox(made: Plan) -> Outbox | None:
    if made.outbox is None:
        return None
    return Outbox(replace(made.settings.outbox, path=made.outbox))


def describe(made: Plan) -> Iterator[tuple[str, str]]:
    """Name what would be used, and say how.

    Yields
    ------
    (str, str)
        What, and how it is set; no secret.
    """
    settings, rule = made.settings, made.threshold
    source, events = settings.source, made.events
    yield "source", f"{SOURCES[source.kind].shown(source)}; {source.pcm}"
    yield "detector", f"{made.detector.path}; windows of {rule.window:g} s, {rule.hop:g} s apart"
    yield "reasons", "none" if made.models.reasons is None else str(made.models.reasons.path)
    yield "events", ", ".join(f"{key} {value:g}" for key, value in vars(events).items())
    record = settings.record
    if record.dir:
        yield (
            "recordings",
            (
                f"{record.dir}; {record.pre:g} s before, {record.post:g} s after, at most "
                f"{record.max_bytes / 1e6:g} MB and {record.max_days:g} days"
            ),
        )
    yield "device", made.device
    if made.outbox is not None:
        yield "outbox", str(made.outbox)
    for sink, found in made.sinks.items():
        yield f"sink {sink}", SINKS[sink].shown(found)
    if settings.web.address:
        yield "page", address(settings.web, settings.web.place[1])
    yield "heartbeat", f"every {settings.heartbeat:g} s" if settings.heartbeat else "none"
