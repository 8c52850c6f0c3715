"""What every sink has in common."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TextIO

from edgecry.checks import number
from edgecry.needs import Need
from edgecry.sinks.controls import Controls
from edgecry.sinks.message import Message, Report
from edgecry.sinks.present import Present
from edgecry.waiting import doubled


@dataclass(frozen=True)
class Backoff:
    """How long to wait before trying again: doubled each time, shortened by chance.

    Chance keeps many devices from knocking all at once on a server that comes back.

    Attributes
    ----------
    first, longest : float
        Seconds before the first repetition, and at most.
    """

    first: float = 1.0
    longest: float = 300.0

    def __post_init__(self) -> None:
        longest = number("longest_wait", self.longest, 0, unit="s", above=True)
        number("first_wait", self.first, 0, longest, "s", above=True)

    def delay(self, failures: int, chance: Callable[[], float] = random.random) -> float:
        """Seconds to wait after so many failures in a row, at least half of the doubled time."""
        return doubled(self.first, self.longest, failures) * (0.5 + 0.5 * chance())


class Sink(ABC):
    """Takes messages, one after another, from one thread.

    A constructor checks its settings and raises EdgecryError; what may come right by itself fails
    later, in :meth:`open` or :meth:`deliver`, with :class:`~edgecry.errors.SinkError`.

    Attributes
    ----------
    name : str
        Names the sink in logs, counters and the outbox; unique among those in use.
    durable : bool
        Whether events wait on disk until they are delivered.
    backoff : Backoff
        How long to wait after a failure.
    Settings : type
        The dataclass of its settings, as a table of a settings file gives them.
    network : bool
        Whether it talks to other machines, or starts programs that might.
    secret : (str, str) or None
        Where its secret is unless its table says so: the table's key, to which ``_file`` or ``_variable``
        is added, and a variable of the environment.
    alerts : bool
        Whether it tells people of events at once, and so nothing while alerts are off.
    variables : mapping of str to str
        Other keys of its table that a variable of the environment fills in.
    """

    name: str
    durable = False
    backoff = Backoff()

    Settings: ClassVar[type[Any]]
    network: ClassVar[bool] = False
    alerts: ClassVar[bool] = True
    secret: ClassVar[tuple[str, str] | None] = None
    variables: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def make(cls, settings: Any, stream: TextIO) -> Sink:  # noqa: ARG003 - text needs it
        """Make the sink, not open yet; ``stream`` is standard output, for a sink that writes there."""
        return cls(settings)  # type: ignore[call-arg]

    @classmethod
    def shown(cls, settings: Any) -> str:
        """Say where events go, in a few words, without what may be secret."""
        raise NotImplementedError(f"{cls.__name__} is not made of settings")

    @classmethod
    def needs(cls, settings: Any) -> tuple[Need, ...]:  # noqa: ARG003 - others read them
        """Return what has to be there for a delivery."""
        return ()

    def greet(self, timeout: float) -> None:  # noqa: B027 - most ask nobody
        """See whether a server takes us, for whoever checks the settings; nothing is sent.

        Raises
        ------
        SinkError
            It does not, or gives no answer within ``timeout`` seconds.
        """

    def hand(self, controls: Controls) -> None:  # noqa: B027 - most take no orders
        """Get what a person may change, for a sink by which orders come; before it is opened."""

    @property
    def present(self) -> Present | None:
        """The view to which the listener shows what holds, twice a second; None if messages are enough."""
        return None

    def wake(self) -> None:  # noqa: B027 - whoever runs the sink sets another
        """Ask, from any thread, for :meth:`open` to be called soon though no message comes."""

    def open(self) -> None:  # noqa: B027 - most have nothing to do
        """Make ready; called before each message, so it does nothing where all is well."""

    @abstractmethod
    def deliver(self, message: Report) -> None:
        """Deliver an event, or that the source is lost or back; once this returns, it is forgotten.

        Raises
        ------
        SinkError
            It was not delivered; whether to try again, the error says.
        """

    def show(self, message: Message) -> None:  # noqa: B027 - most show nothing
        """Show what holds now: the newest event or heartbeat. Older ones may never come here."""

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """Let go. Another thread may call it to end a delivery that takes too long."""
