"""What every sink has in common."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from edgecry.errors import EdgecryError
from edgecry.sinks.message import EventMessage, Message


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
        if not 0 < self.first <= self.longest:
            raise EdgecryError(
                f"back-off: found {self.first} to {self.longest} s; allowed is above 0, the longest last"
            )

    def delay(self, failures: int, chance: Callable[[], float] = random.random) -> float:
        """Seconds to wait after so many failures in a row, at least half of the doubled time."""
        doubled = self.first * 2.0 ** min(failures - 1, 60)
        return float(min(doubled, self.longest)) * (0.5 + 0.5 * chance())


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
    """

    name: str
    durable = False
    backoff = Backoff()

    def wake(self) -> None:  # noqa: B027 - whoever runs the sink sets another
        """Ask, from any thread, for :meth:`open` to be called soon though no message comes."""

    def open(self) -> None:  # noqa: B027 - most have nothing to do
        """Make ready; called before each message, so it does nothing where all is well."""

    @abstractmethod
    def deliver(self, message: EventMessage) -> None:
        """Deliver an event; once this returns, it is forgotten.

        Raises
        ------
        SinkError
            It was not delivered; whether to try again, the error says.
        """

    def show(self, message: Message) -> None:  # noqa: B027 - most show nothing
        """Show what holds now: the newest event or heartbeat. Older ones may never come here."""

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """Let go. Another thread may call it to end a delivery that takes too long."""
