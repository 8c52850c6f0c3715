"""One recording for several ears: read once, decoded at each rate that is asked for."""

from __future__ import annotations

import os
import stat
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any

from edgecry.audio.load import Source, Waveform, load_audio
from edgecry.errors import AudioError


class Recording:
    """A source that can be decoded again.

    Parameters
    ----------
    source : path, bytes, binary file object, (array, rate) or Waveform
        As :func:`~edgecry.audio.load.load_audio` takes it.
    again : bool
        Whether it may be asked for at more than one rate. Then what can be read only once, a pipe by
        its path or as a file object, is kept in memory.

    Raises
    ------
    AudioError
        A pipe cannot be read to its end.
    """

    def __init__(self, source: Source, again: bool = False) -> None:
        self._source: Any = _kept(source) if again and _runs_dry(source) else source
        self._start = _position(self._source) if again else None
        self._last: Waveform | None = None

    def at(self, sr: int) -> Waveform:
        """Decode it at a rate in Hz; the one that was asked for last is still there.

        Raises
        ------
        AudioError
            As :func:`~edgecry.audio.load.load_audio`.
        """
        if self._last is None or self._last.sr != sr:
            self._last = None  # two at once would be twice the memory
            if self._start is not None:
                # libsndfile read the descriptor behind its back: the end first, to have it look again.
                self._source.seek(0, SEEK_END)
                self._source.seek(self._start)
            self._last = load_audio(self._source, sr=sr)
        return self._last


class _Kept(BytesIO):
    """The content of a pipe, under its name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def _runs_dry(source: Any) -> bool:
    """Whether a source is gone once read. What cannot be told is left to load_audio to report."""
    try:
        if isinstance(source, str | os.PathLike):
            return stat.S_ISFIFO(Path(os.fsdecode(source)).stat().st_mode)
        return hasattr(source, "read") and not (hasattr(source, "seekable") and source.seekable())
    except Exception:  # file objects are of any make, and raise anything
        return False


def _position(source: Any) -> int | None:
    """Where a file object stands; None of what is no file object, or does not tell."""
    try:
        return int(source.tell()) if hasattr(source, "read") else None
    except Exception:
        return None


def _kept(source: Any) -> Any:
    if isinstance(source, str | os.PathLike):
        name = os.fsdecode(source)
        try:
            return _Kept(Path(name).read_bytes(), name)
        except OSError:
            return source  # load_audio says what is wrong
    name = str(getattr(source, "name", "file object"))
    try:
        content = source.read()
    except Exception as error:  # file objects are of any make, and raise anything
        raise AudioError(f"{name}: cannot be read to its end ({error}); try again") from error
    if not isinstance(content, bytes):
        raise AudioError(f"{name}: is open as text; open it with mode 'rb'")
    return _Kept(content, name)
