"""What may stand in front of a recording: a tag of titles, or zeros of a broken copy. Players skip the tag.

Imported only for files that begin so.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from edgecry.audio.stream_marks import frames

#: Bytes of a tag's header (ID3v2.4, 3.1).
ID3_HEADER: Final = 10
#: How recordings begin: the first bytes, and those eight bytes behind.
_BEGINNINGS: Final = (
    *((first, b"WAVE") for first in (b"RIFF", b"RF64", b"BW64")),
    (b"FORM", b"AIF"),
    (b"fLaC", b""),
    (b"OggS", b""),
)
#: Bytes that hold two frames of MP3.
_FRAMES: Final = 4096
#: The most zeros that are looked at, in bytes.
_MOST: Final = 1 << 20


def id3_bytes(head: bytes | bytearray) -> int:
    """Length of a tag with its header (ID3v2.4, 3.1: seven bits a byte)."""
    size = 0
    for byte in head[6:ID3_HEADER]:
        size = size << 7 | byte & 127
    return ID3_HEADER + size


def begins_recording(head: bytes | bytearray) -> bool:
    """Tell whether twelve bytes begin a WAV, AIFF, FLAC or Ogg file."""
    return any(head.startswith(first) and head[8:12].startswith(kind) for first, kind in _BEGINNINGS)


def find_start(file: BinaryIO, head: bytes) -> int:
    """Find where the recording itself begins.

    Parameters
    ----------
    file : binary file object, seekable
        Whose position is changed.
    head : bytes
        Its first 16 bytes.

    Returns
    -------
    int
        Bytes from the beginning; 0 if nothing that is known stands in front of it.
    """
    at = id3_bytes(head) if head.startswith(b"ID3") else _zeros(file)
    file.seek(at)
    begin = file.read(_FRAMES)
    is_known = begins_recording(begin) or (
        head[0] == 0 and (begin.startswith(b"ID3") or frames(begin) == "MP3")
    )
    return at if is_known else 0


def _zeros(file: BinaryIO) -> int:
    """Count the zeros that a file begins with, as far as they are looked at."""
    file.seek(0)
    block = file.read(_MOST)
    return len(block) - len(block.lstrip(b"\0"))
