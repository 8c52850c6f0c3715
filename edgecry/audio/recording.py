"""One recording for several ears: read once, decoded at each rate that is asked for."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgecry.arrays import Float32
from edgecry.audio.load import AudioOptions, OnlyShort, Source, Waveform, load_audio


class Recording:
    """A source that can be decoded again.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        As :func:`~edgecry.audio.load.load_audio` takes it.
    again : bool
        Whether it may be asked for at more than one rate. Then what can be read only once, a pipe by
        its path or as a file object, is kept.
    options : AudioOptions
        How it is read.

    Raises
    ------
    AudioError
        A pipe cannot be read to its end.
    """

    def __init__(
        self,
        source: Source,
        again: bool = False,
        options: AudioOptions = AudioOptions(),  # noqa: B008 - frozen
    ) -> None:
        self._source: Any = _kept(source) if again and _runs_dry(source) else source
        self._start = _position(self._source) if again else None
        self._options = options
        self._last: Waveform | None = None

    def at(self, sr: int, longest: float = math.inf) -> Waveform:
        """Decode it at a rate in Hz; the one that was asked for last is still there.

        Raises
        ------
        TooLongError
            It lasts more than ``longest`` seconds, or than the options allow.
        AudioError
            As :func:`~edgecry.audio.load.load_audio`.
        """
        if self._last is None or self._last.sr != sr:
            self._last = None  # two at once would be twice the memory
            self._rewind()
            options = self._options
            if longest < options.longest:
                options = OnlyShort(options.strict, longest)
            self._last = load_audio(self._source, sr, options)
        return self._last

    def blocks(self, sr: int) -> Iterator[Float32 | None]:
        """Decode it at a rate in Hz, block by block, as :func:`~edgecry.audio.blocks.blocks` does."""
        from edgecry.audio.blocks import blocks  # for long recordings alone

        self._last = None
        self._rewind()
        return blocks(self._source, sr, self._options)

    def _rewind(self) -> None:
        if self._start is not None:
            self._source.seek(self._start)


def _runs_dry(source: Any) -> bool:
    """Tell whether a source is gone once read. What cannot be told is left to load_audio to report."""
    try:
        if isinstance(source, str | os.PathLike):
            return stat.S_ISFIFO(Path(os.fsdecode(source)).stat().st_mode)
        return hasattr(source, "read") and not (hasattr(source, "seekable") and source.seekable())
    except Exception:  # file objects are of any make, and raise anything
        return False


def _position(source: Any) -> int | None:
    """Return the position of a file object; None if it is not one, or does not tell."""
    try:
        return int(source.tell()) if hasattr(source, "read") else None
    except Exception:
        return None


def _kept(source: Any) -> Any:
    from edgecry.audio.spool import spooled  # for pipes alone

    if not isinstance(source, str | os.PathLike):
        return spooled(source, str(getattr(source, "name", "file object")))
    name = os.fsdecode(source)
    try:
        with Path(name).open("rb") as file:
            return spooled(file, name)
    except OSError:
        return source  # load_audio says what is wrong
