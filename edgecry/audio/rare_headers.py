"""Headers of W64, AU and CAF files: how much audio they promise. Imported only when there is one."""

from __future__ import annotations

import struct
from io import SEEK_END
from typing import BinaryIO, Final

from edgecry.audio.file_header import ChunkHeader, unpack

#: A W64 file begins with the first; its audio is in a chunk called by the second (Sony Wave64).
W64: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_DATA: Final = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
#: An AU file that was written to a pipe says so by this size.
_AU_UNKNOWN: Final = 0xFFFFFFFF
#: Chunks looked at before the audio.
_MAX_CHUNKS: Final = 1000


def read_rare_header(file: BinaryIO) -> ChunkHeader | None:
    """Read the header of a W64, AU or CAF file; its position is changed.

    Parameters
    ----------
    file : binary file object, seekable
        Read from its beginning on.

    Returns
    -------
    ChunkHeader or None
        None if the file ends before its audio begins, or is of another kind after all.
    """
    length = file.seek(0, SEEK_END)
    (magic,) = unpack("<4s", file, 0)
    if magic == b".snd":
        return _au(file, length)
    if magic == b"caff":
        return _caf(file, length)
    return _w64(file, length)


def _au(file: BinaryIO, length: int) -> ChunkHeader | None:
    audio_at, size = unpack(">4xII", file, 0)
    if audio_at > length:
        return None
    return ChunkHeader(audio_at, size, length - audio_at, open_ended=size == _AU_UNKNOWN)


def _w64(file: BinaryIO, length: int) -> ChunkHeader | None:
    at = 40  # behind the marks of the file, and its length
    for _ in range(_MAX_CHUNKS):
        if at + 24 > length:
            return None
        name, size = unpack("<16sQ", file, at)
        if name == _W64_DATA:
            return ChunkHeader(at + 24, max(0, size - 24), length - at - 24)
        at += max(24, size + -size % 8)
    return None


def _caf(file: BinaryIO, length: int) -> ChunkHeader | None:
    """Walk the chunks of a CAF file. Its audio follows four bytes; its size may be -1, unknown."""
    at = 8
    for _ in range(_MAX_CHUNKS):
        if at + 16 > length:
            return None
        name, size = unpack(">4sq", file, at)
        if name == b"data":
            promised, present = size - 4, length - at - 16
            # libsndfile refuses what is cut short, so it is shown the size that is there.
            mend = (at + 4, struct.pack(">q", present + 4)) if promised > present else None
            return ChunkHeader(at + 16, promised, present, open_ended=size < 0, mend=mend)
        if size < 0:
            return None
        at += 12 + size
    return None
