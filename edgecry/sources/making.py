"""Make the source that settings ask for, and a reader of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgecry.sources.base import Source
from edgecry.sources.command import CommandSource
from edgecry.sources.device import DeviceSource
from edgecry.sources.pipe import PipeSource
from edgecry.sources.reader import Reader
from edgecry.sources.restart import Restarting, RestartSettings
from edgecry.sources.settings import SourceSettings

#: The class of each kind of source; a new one joins here, and in ``KINDS`` of its settings.
SOURCES: Final[Mapping[str, type[Source]]] = MappingProxyType(
    {"device": DeviceSource, "command": CommandSource, "stdin": PipeSource}
)


def make_source(settings: SourceSettings) -> Source:
    """Make the source that settings ask for, not open yet; one that comes back if it can.

    Raises
    ------
    AudioError
        The command cannot be split, or needs a shell.
    """
    kind = SOURCES[settings.kind]
    if not kind.comes_back:
        return kind.make(settings)
    return Restarting(lambda: kind.make(settings), RestartSettings(settings.restart, settings.stall))


def make_reader(settings: SourceSettings) -> Reader:
    """Make a reader of that source, not started yet."""
    return Reader(make_source(settings), settings.hold, SOURCES[settings.kind].live)
