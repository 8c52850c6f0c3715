"""A campaign tries one part of edgecry with many inputs; each input follows from its number alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import ClassVar


class Wrong(Exception):  # noqa: N818 - a finding, not an error of this program
    """What edgecry must not do: another error than its own, a wrong answer, something lost or doubled."""


class Campaign(ABC):
    """One part of edgecry, and how to try it.

    Attributes
    ----------
    name : str
        The row of the table.
    faults : str
        What is done to the inputs.
    quick, usual, long : int
        Number of inputs of each length of a run.
    package, extra : str
        What it imports besides the base install, and the extra that brings it; "" if nothing.
    """

    name: ClassVar[str]
    faults: ClassVar[str]
    quick: ClassVar[int]
    usual: ClassVar[int]
    long: ClassVar[int]
    package: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    @classmethod
    def missing(cls) -> str:
        """Return what this machine lacks to try it; "" if nothing."""
        if cls.package and not find_spec(cls.package):
            return f"the extra [{cls.extra}] is not installed"
        return ""

    @abstractmethod
    def prepare(self, folder: Path, /) -> None:
        """Make what all trials share, in an empty folder."""

    @abstractmethod
    def attempt(self, random: Random) -> str:
        """Try one input, and say in a word how it went, such as "answered" or "refused".

        Raises
        ------
        Wrong
            It did what it must not. Any other exception counts as wrong, too.
        """


@dataclass
class Tally:
    """What came of a campaign."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: dict[int, str] = field(default_factory=dict)
