"""What a file is that libsndfile cannot read, and what helps; imported only when there is one."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePath
from typing import BinaryIO, Final, NamedTuple

from edgecry.audio.stream_marks import text as stream_text

#: Formats of sound that libsndfile lacks: name, offset and bytes of the mark.
_LACKING: Final[tuple[tuple[str, int, bytes], ...]] = (
    *(("MPEG-4 audio", 4, mark) for mark in (b"ftyp", b"moov", b"mdat", b"wide")),
    ("WebM or Matroska", 0, b"\x1aE\xdf\xa3"),
    ("Windows Media", 0, b"0&\xb2u\x8ef\xcf\x11"),
    ("AMR speech", 0, b"#!AMR"),
    *(("AAC", 0, mark) for mark in (b"\xff\xf1", b"\xff\xf9", b"ADIF")),
    ("WavPack", 0, b"wvpk"),
    ("Monkey's Audio", 0, b"MAC "),
    ("True Audio", 0, b"TTA1"),
    ("Musepack", 0, b"MPCK"),
    ("Musepack", 0, b"MP+"),
    ("DSD sound", 0, b"DSD "),
    ("AC-3", 0, b"\x0bw"),
)


class Other(NamedTuple):
    """Something that is not a recording: what it is, and what to do."""

    name: str
    advice: str


_UNPACK: Final = "unpack it, and name the recordings in it"
_NO_SOUND: Final = "name a recording"
#: First bytes of files that are sometimes called .wav, but are not WAV files.
_OTHERS: Final[tuple[tuple[bytes, Other], ...]] = (
    (b"version https://git-lfs", Other("a Git LFS pointer, not the recording itself", "run 'git lfs pull'")),
    (b"PK\x03\x04", Other("a ZIP archive", _UNPACK)),
    (b"\x1f\x8b", Other("compressed with gzip", _UNPACK)),
    (b"BZh", Other("compressed with bzip2", _UNPACK)),
    (b"\xfd7zXZ\0", Other("compressed with xz", _UNPACK)),
    (b"(\xb5/\xfd", Other("compressed with zstd", _UNPACK)),
    (b"7z\xbc\xaf'\x1c", Other("a 7z archive", _UNPACK)),
    (b"Rar!", Other("a RAR archive", _UNPACK)),
    (b"\x89PNG", Other("a picture (PNG)", _NO_SOUND)),
    (b"\xff\xd8\xff", Other("a picture (JPEG)", _NO_SOUND)),
    (b"GIF8", Other("a picture (GIF)", _NO_SOUND)),
    (b"%PDF", Other("a PDF document", _NO_SOUND)),
    (b"SQLite format 3", Other("an SQLite database", _NO_SOUND)),
    (b"\x7fELF", Other("a program", _NO_SOUND)),
    (b"MThd", Other("MIDI notes, not sound", _NO_SOUND)),
    (b"\xf0\x7e", Other("a MIDI sample dump", _NO_SOUND)),
    (b"#EXTM3U", Other("a playlist, not sound", "name the recordings in it")),
    (b"[playlist]", Other("a playlist, not sound", "name the recordings in it")),
)
_HTML: Final = (b"<!doctype", b"<html", b"<head", b"<body")
#: Bytes that tell text from anything else.
_SAMPLE: Final = 4096
_BLOCK: Final = 1 << 20


def other_than_sound(file: BinaryIO) -> Other | None:
    """Tell what a file is if it is certainly not a recording; its position is changed."""
    file.seek(0)
    head = file.read(_SAMPLE)
    for mark, other in _OTHERS:
        if head.startswith(mark):
            return other
    if not any(head) and _is_zeros(file):
        advice = "copy it again from where it was recorded"
        return Other("nothing but zeros, as a power cut or a broken copy leaves", advice)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:9].lower().startswith(_HTML):
        return Other("an HTML page, such as a server's error or login", "download the recording again")
    if head.startswith(b"#!AMR") or not _is_text(head):
        return None
    if text[:1] in (b"{", b"["):
        return Other("JSON, not sound", "look into it: it may say what went wrong")
    if text[:1] == b"<":
        return Other("XML, not sound", "look into it: it may say what went wrong")
    return Other("text, not sound", "look into it: it may say what went wrong")


def is_headerless(name: str) -> bool:
    """Tell whether a file name is that of PCM without a header."""
    return PurePath(name).suffix.lower() in (".raw", ".pcm")


def lacking_format(head: bytes) -> str | None:
    """Name the format of a recording, by its first 16 bytes, if it is one that libsndfile lacks."""
    return next((name for name, at, mark in _LACKING if head[at:].startswith(mark)), None)


def conversion(origin: str) -> str:
    """Write the command that makes a readable file of one that ffmpeg can read."""
    pcm = "-f s16le -ar 16000 -ac 1 " if is_headerless(origin) else ""
    return f"'ffmpeg {pcm}-i {shlex.quote(origin) if Path(origin).is_file() else 'IN'} out.wav'"


def _is_text(head: bytes) -> bool:
    """Tell whether it is printable text, UTF-8 or marked as UTF-16, as no sound is by chance."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _is_printable(head[: len(head) // 2 * 2].decode("utf-16", errors="replace"))
    if stream_text(head) == "cp1252":
        return True
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or error.start == 0:  # not merely cut within a letter
            return False
        text = head[: error.start].decode("utf-8")
    return _is_printable(text)


def _is_printable(text: str) -> bool:
    return all((c.isprintable() and c != "\ufffd") or c in "\t\n\r\f" for c in text)


def _is_zeros(file: BinaryIO) -> bool:
    file.seek(0)
    while block := file.read(_BLOCK):
        if any(block):
            return False
    return True
