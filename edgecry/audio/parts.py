"""Where a second recording begins in a file: recorders that start anew without a new name, and ``cat``.

Players play on, libsndfile stops after the first. Imported only for files in which there may be more.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from edgecry.audio.file_header import ChunkHeader, are_chunks, chunks
from edgecry.audio.preamble import id3_bytes

_BLOCK: Final = 1 << 20
#: How far from the end that a header states the next one is looked for, in bytes.
_NEAR: Final = 4096
#: Where in an MPEG frame its encoder's tag stands, by version and number of channels, in bytes.
_TAG_AT: Final = (36, 21, 13)
#: How a WAV file may begin.
_WAVE: Final = (b"RIFF", b"RF64", b"BW64")
#: The longest tag with a title or a picture that is looked for before a frame, in bytes.
_ID3: Final = 1 << 20
#: How recordings of other kinds begin: a mark, how far it is behind the beginning, and the first bytes.
_OTHERS: Final = (
    (b"WAVE", 8, _WAVE),
    (b"AIFFCOMM", 8, (b"FORM",)),
    (b"fLaC\0\0\0\x22", 0, (b"fLaC",)),
    (b"OggS\0\2\0\0\0\0", 0, (b"OggS",)),
)
#: What stands before the mark of FLAC in the first page of an Ogg stream that holds FLAC, and how far before.
_OGG_FLAC: Final = b"\x7fFLAC"
_OGG_FLAC_AT: Final = 9
#: Bytes by which a decoder may have read beyond the end of a recording.
_AHEAD: Final = 1 << 15


def find_next(file: BinaryIO, head: bytes, header: ChunkHeader | None) -> int | None:
    """Find where the next recording begins.

    Parameters
    ----------
    file : binary file object, seekable
        Whose position is changed.
    head : bytes
        Its first 16 bytes.
    header : ChunkHeader or None
        Of a file whose header says where its audio ends.

    Returns
    -------
    int or None
        Bytes from the beginning; None if there is no other.
    """
    if header is not None:
        return _after_chunks(file, head, header)
    if head.startswith(b"fLaC"):
        return next((at for at in _places(file, b"fLaC\0\0\0\x22", 4)), None)
    if head.startswith(b"OggS"):
        return _first(_after_ogg(file), _other(file, 1, but=b"OggS"), _mp3_after(file, 0))
    if head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        title = id3_bytes(head) if head.startswith(b"ID3") else 0
        return _first(_mp3_after(file, title), _other(file, 1))
    return None


def find_behind(file: BinaryIO, at: int) -> int | None:
    """Find where another recording begins behind one that a decoder has read to its end, to this offset."""
    start = max(1, at - _AHEAD)
    return _first(_other(file, start), _mp3_after(file, start))


def bytes_behind(file: BinaryIO, header: ChunkHeader) -> int:
    """Count the bytes behind the end that a header states, if they are neither notes nor padding."""
    end = header.audio_at + header.promised
    start, stop = end + header.promised % 2, header.audio_at + header.present
    if are_chunks(file, start, stop):
        found = sum(size for name, size in chunks(file, start, stop) if name == b"data")
        return min(found, stop - start)
    return header.present - header.promised if any(_read(file, end, _BLOCK)) else 0


def _first(*places: int | None) -> int | None:
    return min((at for at in places if at is not None), default=None)


def _other(file: BinaryIO, start: int, stop: int | None = None, but: bytes = b"") -> int | None:
    """Find the first beginning of any kind but one."""
    found = []
    for mark, back, heads in _OTHERS:
        if but not in heads:
            places = (at - back for at in _places(file, mark, start, stop) if at >= start + back)
            found.append(next((at for at in places if _begins(file, at, heads)), None))
    return _first(*found)


def _begins(file: BinaryIO, at: int, heads: tuple[bytes, ...]) -> bool:
    before = _read(file, max(0, at - _OGG_FLAC_AT), len(_OGG_FLAC))
    return _read(file, at, 4) in heads and before != _OGG_FLAC


def _after_chunks(file: BinaryIO, head: bytes, header: ChunkHeader) -> int | None:
    mark, back, check = _beginning(head)
    if header.open_ended or header.promised > header.present:
        start, stop = header.audio_at, header.audio_at + header.present
    else:  # at the end that is stated, or after the notes that follow there
        start = max(header.audio_at, header.audio_at + header.promised - _NEAR)
        stop = start + 2 * _NEAR
    same = (at - back for at in _places(file, mark, start, stop) if at - back >= start)
    at = next((at for at in same if _read(file, at, 4) in check), None)
    if (at := _first(at, _other(file, start, stop), _mp3_at(file, header))) is not None:
        return at
    if back and stop < header.audio_at + header.present:
        return _after_notes(file, header, check, head[8:12])
    return None


def _mp3_at(file: BinaryIO, header: ChunkHeader) -> int | None:
    """Where MP3 stands right behind the sound."""
    end = header.audio_at + header.promised
    if header.open_ended or header.promised >= header.present:
        return None
    from edgecry.audio.stream_marks import frames  # for few files alone

    head = _read(file, end, _NEAR)
    return end if head.startswith((b"ID3\3", b"ID3\4")) or frames(head) == "MP3" else None


def _beginning(head: bytes) -> tuple[bytes, int, tuple[bytes, ...]]:
    """Return a mark of the beginning of such a recording, how far behind it that is, and its first bytes."""
    if head.startswith(b"caff"):
        return b"caff\0\1\0\0desc", 0, (b"caff",)
    if head.startswith(b".snd"):
        return b".snd\0\0\0", 0, (b".snd",)
    if head.startswith(b"riff"):
        return head[:16], 0, (b"riff",)
    return head[8:12], 8, _WAVE if head[8:12] == b"WAVE" else (b"FORM",)


def _after_notes(file: BinaryIO, header: ChunkHeader, marks: tuple[bytes, ...], form: bytes) -> int | None:
    """Walk the chunks behind the sound."""
    order = ">" if b"FORM" in marks else "<"
    at, end = header.audio_at + header.promised, header.audio_at + header.present
    at += at % 2
    while at + 12 <= end:
        name, size, kind = struct.unpack(order + "4sI4s", _read(file, at, 12).ljust(12, b"\0"))
        if name in marks and kind == form:
            return at
        if not name.isascii() or not name.decode("ascii").isprintable():
            return None
        at += 8 + size + size % 2
    return None


def _after_ogg(file: BinaryIO) -> int | None:
    """A page that begins a stream, after one that does not: streams side by side begin together."""
    beginning = 0
    for at in _places(file, b"OggS\0\2", 0):
        if at > beginning:
            return at
        page = _read(file, at, 27 + 255)
        beginning = at + 27 + page[26] + sum(page[27 : 27 + page[26]]) if len(page) > 26 else at + 1
    return None


def _mp3_after(file: BinaryIO, first: int) -> int | None:
    """A frame with an encoder's tag, which stands in the first frame of a recording alone."""
    found = [_tag_frame(file, mark, first) for mark in (b"Xing\0\0\0", b"Info\0\0\0", b"VBRI\0\1")]
    at = min((frame for frame in found if frame is not None), default=None)
    return None if at is None else _with_id3(file, at)


def _tag_frame(file: BinaryIO, mark: bytes, first: int) -> int | None:
    for place in _places(file, mark, first):
        for back in _TAG_AT:
            frame = place - back
            if frame > first and _is_frame(_read(file, frame, 4)):
                return frame
    return None


def _is_frame(header: bytes) -> bool:
    """Tell whether these four bytes are the header of an MPEG frame of layer 3."""
    return len(header) == 4 and header[0] == 0xFF and header[1] & 0xE6 == 0xE2 and header[2] >> 4 < 15


def _with_id3(file: BinaryIO, frame: int) -> int:
    """Return where the tag right before a frame begins. Without a tag, that is the frame itself."""
    start = max(1, frame - _ID3)
    before = _read(file, start, frame - start)
    at = before.rfind(b"ID3")
    while at >= 0:
        if start + at + id3_bytes(before[at : at + 10]) == frame:
            return start + at
        at = before.rfind(b"ID3", 0, at)
    return frame


def _places(file: BinaryIO, mark: bytes, start: int, stop: int | None = None) -> Iterator[int]:
    """Yield where a mark stands, from ``start`` on and before ``stop``."""
    at, kept = start, b""
    read: Callable[[int], bytes] = file.read
    while True:
        file.seek(at + len(kept))
        block = kept + read(_BLOCK if stop is None else max(0, min(_BLOCK, stop - at - len(kept))))
        if len(block) <= len(kept):
            return
        found = block.find(mark)
        while found >= 0:
            yield at + found
            found = block.find(mark, found + 1)
        keep = min(len(mark) - 1, len(block))
        at, kept = at + len(block) - keep, block[len(block) - keep :]


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
