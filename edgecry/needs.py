"""What a source or a sink needs of the machine and the network, for whoever looks whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A program on the search path, or by its path."""

    name: str


@dataclass(frozen=True)
class Folder:
    """A folder to write to, made if need be, with room for so many bytes."""

    path: Path
    size: int


@dataclass(frozen=True)
class Server:
    """A server that answers on a port; events wait while it does not."""

    host: str
    port: int


@dataclass(frozen=True)
class Microphone:
    """A microphone by its number or a part of its name; the default one if that is empty."""

    wanted: str | int


Need = Program | Folder | Server | Microphone
