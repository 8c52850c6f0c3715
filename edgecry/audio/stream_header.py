"""A WAV header where raw PCM is expected: taken for what it says, rather than heard as a click.

``arecord`` writes one unless told ``-t raw``, and so does whoever pipes a file.
"""

from __future__ import annotations

import struct
from typing import Final

from edgecry.audio.file_header import UNKNOWN_SIZE, lacks_pad
from edgecry.audio.pcm_format import PcmFormat
from edgecry.audio.preamble import ID3_HEADER, begins_recording, id3_bytes
from edgecry.audio.stream_marks import FILES, SOUND, frames, text
from edgecry.errors import AudioError

_ENCODINGS: Final = {(1, 16): "s16le", (1, 24): "s24le", (1, 32): "s32le", (3, 32): "f32le"}
#: Marks that stand four or eight bytes behind.
_BEHIND: Final = {b"ftyp": "MPEG-4 audio", b"AVI ": "AVI video"}
_EXTENSIBLE: Final = 0xFFFE
_MAX_FMT: Final = 4096
#: The longest tag of titles and pictures behind which a header is looked for, in bytes.
_MAX_ID3: Final = 1 << 20


class WavStripper:
    """Passes PCM through; WAV files, one or many in a row, without their headers.

    Parameters
    ----------
    pcm : PcmFormat
        What is expected if no header says otherwise.
    origin : str
        Where the bytes come from, for messages.

    Attributes
    ----------
    format : PcmFormat
        What the bytes that are passed on are. A header may change encoding and channels before the
        first of them; the rate is what the stream was set up for, and has to agree.
    """

    def __init__(self, pcm: PcmFormat, origin: str) -> None:
        self.format = pcm
        self._origin = origin
        self._buffer = bytearray()
        self._is_raw = False
        self._is_wav = False
        self._has_fmt = False
        self._pass = 0  # bytes to hand on
        self._skip = 0  # and then to drop
        self._is_odd = False  # the chunk before has to be padded

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes, and give those of them that are sound.

        Raises
        ------
        AudioError
            They are in a format that cannot be used here.
        """
        if self._is_raw:
            return data
        self._buffer += data
        sound = bytearray()
        while self._step(sound):
            pass
        return bytes(sound)

    def _step(self, sound: bytearray) -> bool:
        """Do away with one piece of the buffer; False if more bytes are needed for that."""
        if not self._buffer:
            return False
        if self._is_raw or self._pass:
            n = len(self._buffer) if self._is_raw else min(self._pass, len(self._buffer))
            sound += self._buffer[:n]
            self._pass -= min(n, self._pass)
            del self._buffer[:n]
            return True
        if self._skip:
            n = min(self._skip, len(self._buffer))
            self._skip -= n
            del self._buffer[:n]
            return True
        return self._chunk() if self._is_wav else self._beginning()

    def _beginning(self) -> bool:
        front = self._front()
        if front is None:
            return False
        head = bytes(self._buffer[front : front + 12])
        mark = head[:4]
        if mark in FILES:
            raise AudioError(
                f"{self._origin}: is {FILES[mark]}, not raw PCM; look at what its program writes"
            )
        name = SOUND.get(mark) or _BEHIND.get(head[4:8]) or _BEHIND.get(head[8:]) or frames(self._buffer)
        if name:
            raise AudioError(
                f"{self._origin}: is {name}, not raw PCM; decode it on the way, such as with "
                f"ffmpeg -i ... -f s16le -ac 1 -ar {self.format.sr} -"
            )
        code = None if mark == b"RIFF" else text(self._buffer)
        if code:
            begin = bytes(self._buffer[:40]).decode(code, "replace")
            raise AudioError(f"{self._origin}: is text, not sound; it begins with {begin!r}, so look there")
        is_box = bytes(3).startswith(head) or (head[:3] == bytes(3) and len(head) < 8 and head[3] > 0)
        if name == "" or code == "" or is_box:
            return False
        undecided = len(head) < 4 and any(known.startswith(head) for known in (*SOUND, *FILES, b"RIFF"))
        if undecided or (mark == b"RIFF" and len(head) < 12):
            return False
        self._is_wav = mark == b"RIFF" and head[8:] == b"WAVE"
        self._is_raw = not self._is_wav
        self._skip = front if self._is_wav else 0
        return True

    def _front(self) -> int | None:
        """Count the bytes in front of a header, a tag's or zeros; None if more are needed to tell."""
        if self._buffer.startswith(b"ID3"):
            if len(self._buffer) < ID3_HEADER:
                return None
            size = id3_bytes(self._buffer)
            if len(self._buffer) < size + 12 and size <= _MAX_ID3:
                return None
            return size if begins_recording(self._buffer[size : size + 12]) else 0
        zeros = len(self._buffer) - len(self._buffer.lstrip(b"\0"))
        return zeros if 4 <= zeros < len(self._buffer) else 0

    def _chunk(self) -> bool:
        if len(self._buffer) < 12:
            return False
        if self._is_odd:
            self._is_odd = False
            del self._buffer[: not lacks_pad(bytes(self._buffer[:5]))]
            return True
        name, size = struct.unpack_from("<4sI", self._buffer)
        if name == b"RIFF":
            self._skip = 12
        elif name == b"fmt ":
            if size > _MAX_FMT:
                raise AudioError(f"{self._origin}: WAV header with a format of {size} bytes; it is broken")
            if len(self._buffer) < 8 + size:
                return False
            self._read_fmt(bytes(self._buffer[8 : 8 + size]))
            self._skip, self._is_odd = 8 + size, size % 2 == 1
        elif name == b"data":
            self._begin_data(size)
        elif name.isascii() and size < UNKNOWN_SIZE:
            self._skip, self._is_odd = 8 + size, size % 2 == 1
        else:
            raise AudioError(f"{self._origin}: WAV with a chunk {name!r} of {size} bytes; it is broken")
        return True

    def _begin_data(self, size: int) -> None:
        if not self._has_fmt:
            raise AudioError(f"{self._origin}: WAV header without a format before the sound; it is broken")
        del self._buffer[:8]
        # A size that its writer did not know yet: everything from here on is sound.
        if size == 0 or size >= UNKNOWN_SIZE:
            self._is_raw = True
        self._pass, self._is_odd = size, size % 2 == 1

    def _read_fmt(self, fmt: bytes) -> None:
        if len(fmt) < 16:
            raise AudioError(f"{self._origin}: WAV header with a format of {len(fmt)} bytes; it is broken")
        code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
        if code == _EXTENSIBLE and len(fmt) >= 26:
            (code,) = struct.unpack_from("<H", fmt, 24)
        if (code, bits) not in _ENCODINGS:
            raise AudioError(
                f"{self._origin}: WAV with {bits}-bit samples of kind {code}; "
                f"allowed are {', '.join(_ENCODINGS.values())}, so have it written as one of them"
            )
        try:
            found = PcmFormat(rate, channels, _ENCODINGS[code, bits])
        except AudioError as error:
            raise AudioError(f"{self._origin}: its WAV header is broken; {error}") from error
        if rate != self.format.sr:
            raise AudioError(
                f"{self._origin}: its WAV header says {rate} Hz, the stream is set up for "
                f"{self.format.sr} Hz; set the rate to {rate}"
            )
        if self._has_fmt and found != self.format:
            raise AudioError(
                f"{self._origin}: WAV of {self.format}, followed by one of {found}; use one kind"
            )
        self.format, self._has_fmt = found, True
