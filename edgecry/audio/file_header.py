"""What a recording's container says of itself, read from its bytes before libsndfile sees them.

libsndfile keeps to itself how much audio the header of a WAV or AIFF file promised, and silently corrects it.
The rarer containers of that kind are in :mod:`edgecry.audio.rare_headers`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import SEEK_END
from typing import Any, BinaryIO, Final

#: Sizes from here on are placeholders of programs that write to a pipe and learn the length too late:
#: sox 0x7f000000 (AIFF) and 0x7ffff000, arecord 0x80000000, ffmpeg 0xffffffff, each less some header.
UNKNOWN_SIZE: Final = 0x7F000000

#: First bytes of the containers that :mod:`edgecry.audio.rare_headers` reads.
RARE: Final = (b"riff", b".snd", b"caff")
#: Size of the audio that says that it stands in a chunk "ds64" (EBU Tech 3306).
_IN_DS64: Final = 0xFFFFFFFF
#: Longest page of an Ogg stream, in bytes (RFC 3533, 6).
_OGG_PAGE: Final = 65_307
#: Shortest "fmt " chunk that says how many bits a sample has.
_FMT_BYTES: Final = 16
#: Chunks looked at before the audio; real files have a handful, a hostile one millions of empty ones.
_MAX_CHUNKS: Final = 1000


@dataclass(frozen=True)
class WavFormat:
    """What a WAV file's "fmt " chunk says, under the names of its specification.

    Parameters
    ----------
    code : int
        Encoding of the samples; 1 is PCM.
    channels, rate : int
        Number of channels, and frames a second.
    byte_rate, block_align : int
        Bytes a second, and bytes a frame.
    bits : int
        Bits a sample.
    """

    code: int
    channels: int
    rate: int
    byte_rate: int
    block_align: int
    bits: int

    @property
    def is_plain_pcm16(self) -> bool:
        """The samples are 16-bit integers and nothing here contradicts that."""
        frame = 2 * self.channels
        found = (self.code, self.bits, self.block_align, self.byte_rate)
        return self.channels > 0 and found == (1, 16, frame, frame * self.rate)


@dataclass(frozen=True)
class ChunkHeader:
    """What a header says of the audio that follows it.

    Parameters
    ----------
    audio_at : int
        Where the audio begins, in bytes from the start.
    promised, present : int
        Bytes of audio by the header, and bytes that follow it.
    open_ended : bool
        The size is no promise but a placeholder: the audio goes on to the end of the file.
    format : WavFormat or None
        What the header of a WAV file says of its samples.
    mend : (int, bytes) or None
        Bytes that libsndfile has to be shown in place of those at this offset, as it takes a size that is
        not true at its word.
    """

    audio_at: int
    promised: int
    present: int
    open_ended: bool = False
    format: WavFormat | None = None
    mend: tuple[int, bytes] | None = None

    @property
    def readable(self) -> int:
        """Bytes of audio that are there and meant."""
        return self.present if self.open_ended else min(self.promised, self.present)


def read_chunk_header(file: BinaryIO) -> ChunkHeader | None:
    """Walk the chunks of a file up to its audio: WAV (RIFF; RF64, BW64: 64-bit) or AIFF (FORM).

    Returns None for anything else, and for a file that ends before its audio begins. The position
    of ``file`` is changed.
    """
    length = file.seek(0, SEEK_END)
    magic, form = unpack("<4s4x4s", file, 0)
    if magic in (b"RIFF", b"RF64", b"BW64") and form == b"WAVE":
        order, audio = "<", b"data"
    elif magic == b"FORM" and form in (b"AIFF", b"AIFC"):
        order, audio = ">", b"SSND"
    else:
        return None
    found = long_size = None
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > length:
            return None
        name, size = unpack(order + "4sI", file, at)
        at += 8
        if name == b"fmt " and size >= _FMT_BYTES:
            found = WavFormat(*unpack("<HHIIHH", file, at))
        if name == b"ds64" and magic != b"RIFF":
            (long_size,) = unpack("<8xQ", file, at)
        if name == audio:
            if long_size and size == _IN_DS64:
                return ChunkHeader(at, long_size, length - at, long_size >> 62 > 0, found)
            open_ended = size >= UNKNOWN_SIZE or (size == 0 and not are_chunks(file, at, length, order))
            # A recorder that is cut off leaves 0. This one means "to the end" to libsndfile.
            mend = (at - 4, b"\xff\xff\xff\xff") if open_ended and size == 0 else None
            return ChunkHeader(at, size, length - at, open_ended, found, mend)
        at += size
        if size % 2 and not lacks_pad(unpack("5s", file, at)[0]):
            at += 1
    return None


def lacks_pad(follows: bytes) -> bool:
    """Tell from the five bytes behind a chunk of odd size whether the byte that pads it was left out."""
    return _is_name(follows[:4]) and not _is_name(follows[1:5])


def _is_name(name: bytes) -> bool:
    return name.isascii() and name.decode("ascii").isprintable()


def unpack(form: str, file: BinaryIO, at: int) -> tuple[Any, ...]:
    """Read a structure at an offset; what is missing at the end of the file is zeros."""
    file.seek(at)
    size = struct.calcsize(form)
    return struct.unpack(form, file.read(size).ljust(size, b"\0"))


def are_chunks(file: BinaryIO, at: int, length: int, order: str = "<") -> bool:
    """Tell whether everything from ``at`` on is whole chunks, so that it cannot be audio."""
    return all(_is_name(name) for name, _ in chunks(file, at, length, order))


def chunks(file: BinaryIO, at: int, length: int, order: str = "<") -> Iterator[tuple[bytes, int]]:
    """Yield name and size of each chunk from ``at`` on; a nameless one where there are too many."""
    for _ in range(_MAX_CHUNKS):
        if at >= length:
            return
        name, size = unpack(order + "4sI", file, at)
        yield name, size
        at += 8 + size + size % 2
    yield b"\xff", 0


def lacks_ogg_end(file: BinaryIO) -> bool:
    """Tell whether an Ogg file stops before the end of the page marked as its last (RFC 3533, 6).

    The position of ``file`` is changed.
    """
    file.seek(max(0, file.seek(0, SEEK_END) - _OGG_PAGE))
    tail = file.read(_OGG_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or not page[5] & 4:
        return True
    table = page[27 : 27 + page[26]]
    return len(page) < 27 + page[26] + sum(table)
