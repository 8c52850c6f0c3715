"""Settings of a source: what it is, how its sound is written, and when it is started again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgecry.audio.pcm_format import PcmFormat
from edgecry.checks import check_kinds, number, one_of, shown
from edgecry.errors import EdgecryError
from edgecry.sources.reader import HOLD
from edgecry.sources.restart import POLICIES, RestartSettings

#: Where sound can come from.
KINDS: Final = ("device", "command", "stdin")


@dataclass(frozen=True)
class SourceSettings:
    """Where sound comes from.

    Parameters
    ----------
    kind : {"device", "command", "stdin"}
        A microphone, a program that writes raw PCM, or standard input.
    command : str
        The program and its arguments, for "command".
    device : str or int
        Part of the microphone's name, or its number, for "device"; the default one if empty.
    sr, channels, encoding : int, int, str
        How the sound is written, as :class:`~edgecry.audio.pcm_format.PcmFormat` takes it.
    restart : {"always", "on-failure", "never"}
        Whether a microphone or a program that is gone is started again.
    stall : float > 0
        Seconds of nothing after which it is taken for gone.
    hold : float in [1, 300]
        Seconds of sound that wait for their turn before the oldest is dropped.
    """

    kind: str = "device"
    command: str = ""
    device: str | int = ""
    sr: int = PcmFormat.sr
    channels: int = PcmFormat.channels
    encoding: str = PcmFormat.encoding
    restart: str = RestartSettings.policy
    stall: float = RestartSettings.stall
    hold: float = HOLD

    def __post_init__(self) -> None:
        check_kinds(self)
        one_of("kind", self.kind, KINDS)
        if (self.kind == "command") != bool(self.command.strip()):
            raise EdgecryError(
                f"command: {shown(self.command)} with kind {self.kind!r}; "
                "a command goes with kind 'command', and that needs one"
            )
        _ = self.pcm
        one_of("restart", self.restart, POLICIES)
        RestartSettings(self.restart, self.stall)
        number("hold", self.hold, 1, 300, "s")

    @property
    def pcm(self) -> PcmFormat:
        """How the sound is written."""
        return PcmFormat(self.sr, self.channels, self.encoding)
