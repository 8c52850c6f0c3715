"""Signals: those that ask to end, of which the first is heeded in good order, the second at once; and those
that switch alerts off and on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from edgecry.sinks.controls import Controls

#: Seconds that a signal switches alerts off for.
MUTED: Final = 1800.0
ASKING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class EndRequest:
    """Whether the process was asked to end. A context manager, in the main thread.

    Parameters
    ----------
    leave : callable
        Ends the process at once, with an exit code.

    Attributes
    ----------
    made : bool
        Whether it was.
    """

    def __init__(self, leave: Callable[[int], Any] = os._exit) -> None:
        self.made = False
        self._leave = leave
        self._before: dict[int, Any] = {}

    def __enter__(self) -> EndRequest:
        for number in ASKING:
            # Who started us with nohup, or in the background of a script, wants a signal ignored.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.made:
            self._leave(128 + number)
        self.made = True


@contextmanager
def alert_signals(controls: Controls) -> Iterator[None]:
    """Let SIGUSR1 switch alerts off for half an hour, and SIGUSR2 on again. In the main thread."""
    orders: dict[int, float] = {signal.SIGUSR1: MUTED, signal.SIGUSR2: 0.0}
    before = {number: signal.signal(number, lambda n, _: controls.mute(orders[n])) for number in orders}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
