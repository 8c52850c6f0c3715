"""A webhook: each event is posted as JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass

from edgecry.checks import check_kinds, number
from edgecry.needs import Need, Server
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.credentials import read_secret
from edgecry.sinks.message import Report
from edgecry.sinks.post import Poster, address, checked_url
from edgecry.words import shown_address


@dataclass(frozen=True)
class WebhookSettings:
    """Where events are posted.

    Attributes
    ----------
    url : str
        ``http`` or ``https``; without a user and password, which belong into the token.
    token_file, token_variable : optional
        Where the bearer token is: a file, or a variable of the environment.
    ca_file : path, optional
        Certificates to trust instead of the system's.
    timeout : float
        Seconds for one attempt, from the first packet to the answer.
    first_wait, longest_wait : float
        Seconds between attempts: the first, doubled up to the longest.
    """

    url: str
    token_file: str | os.PathLike[str] | None = None
    token_variable: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    timeout: float = 10.0
    first_wait: float = 1.0
    longest_wait: float = 300.0

    def __post_init__(self) -> None:
        check_kinds(self, "webhook: ")
        checked_url("webhook", self.url)
        number("webhook: timeout", self.timeout, 0, unit="s", above=True)
        Backoff(self.first_wait, self.longest_wait)


class WebhookSink(Sink):
    """Posts each event until the server has accepted it, in order, at least once.

    The event's id is the Idempotency-Key. :class:`~edgecry.sinks.post.Poster` says for which answers an event
    is given up.
    """

    Settings = WebhookSettings
    network = True
    secret = ("token", "EDGECRY_WEBHOOK_TOKEN")
    durable = True

    def __init__(self, settings: WebhookSettings, name: str = "webhook") -> None:
        self.settings = settings
        self.name = name
        self.backoff = Backoff(settings.first_wait, settings.longest_wait)
        token = read_secret("webhook: token", settings.token_file, settings.token_variable)
        self._poster = Poster("webhook", settings.url, token, settings.ca_file, settings.timeout)

    @classmethod
    def shown(cls, settings: WebhookSettings) -> str:
        """Return the address without its path, which may be the secret."""
        return shown_address(settings.url)

    @classmethod
    def needs(cls, settings: WebhookSettings) -> tuple[Need, ...]:
        """Return the server."""
        return (Server(*address(settings.url)),)

    def deliver(self, message: Report) -> None:
        """Post the event."""
        self._poster.post(message.to_dict(), {"Idempotency-Key": message.id})

    def close(self) -> None:
        """End the attempt under way, if there is one."""
        self._poster.close()
