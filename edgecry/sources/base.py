"""What every source of a stream can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.needs import Need

if TYPE_CHECKING:
    from edgecry.sources.settings import SourceSettings

#: What ``read`` gives when nothing has come yet.
NOTHING: Final = np.empty(0, np.float32)
NOTHING.flags.writeable = False


@dataclass(frozen=True)
class Gap:
    """Sound that was lost: the next samples come this many later.

    Parameters
    ----------
    samples : int >= 0
        How many are missing, exactly or by the clock.
    """

    samples: int


class Source(ABC):
    """A stream of mono samples, one reader's own. A context manager: entered open, left closed.

    Attributes
    ----------
    name : str
        What to call it in messages.
    sr : int
        Samples a second; known once it is open.
    complaint : str or None
        Why it ended, if that was no regular end.
    restarts : int
        How often it had to be started again.
    last_error : str or None
        What went wrong last.
    network : bool
        Whether this kind of source may talk to other machines.
    comes_back : bool
        Whether another run of it can be made when one has ended.
    live : bool or None
        Whether sound comes as it is heard; None if that has to be found out.
    """

    network = False
    comes_back = True
    live: bool | None = None

    name: str
    sr: int
    complaint: str | None = None
    restarts: int = 0
    last_error: str | None = None

    @classmethod
    def make(cls, settings: SourceSettings) -> Source:
        """Make one run of the source that settings ask for, not open yet."""
        raise NotImplementedError(f"{cls.__name__} is not made of settings")

    @classmethod
    def shown(cls, settings: SourceSettings) -> str:
        """Say where the sound comes from, without what may be secret."""
        return cls.make(settings).name

    @classmethod
    def needs(cls, settings: SourceSettings) -> tuple[Need, ...]:  # noqa: ARG003 - others read them
        """Return what has to be there."""
        return ()

    @abstractmethod
    def open(self) -> None:
        """Start; raises AudioError if that cannot be."""

    @abstractmethod
    def read(self, timeout: float) -> NDArray[np.float32] | Gap | None:
        """Wait for what comes next, at most ``timeout`` seconds.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float32], Gap or None
            Samples at full scale 1, none if there were none in time; or that some were lost; None
            once the stream is over.

        Raises
        ------
        AudioError
            What comes cannot be used.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop, and leave nothing behind. May be called twice."""

    def __enter__(self) -> Source:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
