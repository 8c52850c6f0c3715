"""Make the source that settings ask for, and a reader of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgecry.sources.base import Source
    from edgecry.sources.reader import Reader
    from edgecry.sources.settings import SourceSettings


def make_source(settings: SourceSettings) -> Source:
    """The source that settings ask for, not open yet; one that comes back if it can.

    Raises
    ------
    AudioError
        The command cannot be split.
    """
    from edgecry.sources.command import CommandSource
    from edgecry.sources.device import DeviceSource
    from edgecry.sources.pipe import PipeSource
    from edgecry.sources.restart import Restarting, RestartSettings

    pcm = settings.pcm
    if settings.kind == "stdin":
        return PipeSource(sys.stdin.buffer, pcm)
    restarts = RestartSettings(settings.restart, settings.stall)
    if settings.kind == "command":
        return Restarting(lambda: CommandSource(settings.command, pcm), restarts)
    return Restarting(lambda: DeviceSource(settings.device, pcm), restarts)


def make_reader(settings: SourceSettings) -> Reader:
    """A reader of that source, not started yet."""
    from edgecry.sources.reader import Reader

    live = True if settings.kind == "device" else None
    return Reader(make_source(settings), settings.hold, live)
