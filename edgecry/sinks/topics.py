"""The MQTT topics of a device, and what may stand in the simple ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ONLINE: Final = "online"
OFFLINE: Final = "offline"
ON: Final = "ON"
OFF: Final = "OFF"
#: What orders can set.
ORDERS: Final = ("alerts", "threshold")


@dataclass(frozen=True)
class Topics:
    """Everything is under ``prefix/device``.

    Attributes
    ----------
    prefix, device : str
        The first is free, the second names the device.
    """

    prefix: str
    device: str

    @property
    def root(self) -> str:
        """The part that all topics have in common."""
        return f"{self.prefix}/{self.device}"

    @property
    def availability(self) -> str:
        """``online`` or ``offline``, retained; the broker says the latter for a device that is gone."""
        return f"{self.root}/availability"

    @property
    def state(self) -> str:
        """``ON`` while a baby cries, else ``OFF``; retained."""
        return f"{self.root}/state"

    @property
    def attributes(self) -> str:
        """The newest event as JSON, retained."""
        return f"{self.root}/attributes"

    @property
    def events(self) -> str:
        """Every event as JSON, in order, at least once."""
        return f"{self.root}/event"

    @property
    def heartbeat(self) -> str:
        """The newest heartbeat as JSON, retained."""
        return f"{self.root}/heartbeat"

    @property
    def reading(self) -> str:
        """The newest probability of a cry and the level as JSON, retained."""
        return f"{self.root}/reading"

    @property
    def health(self) -> str:
        """The topic that tells whether the listener hears, and why not: JSON, retained."""
        return f"{self.root}/health"

    @property
    def picture(self) -> str:
        """The spectrogram of the newest recording as PNG, retained."""
        return f"{self.root}/picture"

    @property
    def controls(self) -> str:
        """The topic of what a person has set: JSON, retained."""
        return f"{self.root}/controls"

    def order(self, what: str) -> str:
        """The topic of orders that set ``alerts`` or the ``threshold``."""
        return f"{self.root}/{what}/set"
