"""How streams begin that are not PCM: text, compressed sound, other files. They would be heard as noise."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

#: First bytes of sound that has to be decoded. Raw PCM has four bytes by chance once in 4 billion.
SOUND: Final = {
    b"RF64": "WAV of the 64-bit kind",
    b"BW64": "WAV of the 64-bit kind",
    b"riff": "Sony Wave64",
    b"RIFX": "WAV of big-endian kind",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"FORM": "AIFF",
    b"caff": "Core Audio Format",
    b".snd": "AU",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"ID3\2": "MP3",
    b"ID3\3": "MP3",
    b"ID3\4": "MP3",
    b"ADIF": "AAC",
    b"#!AM": "AMR speech",
    b"0&\xb2u": "Windows Media",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"TTA1": "True Audio",
    b"MPCK": "Musepack",
    b"DSD ": "DSD sound",
    b"FLV\1": "Flash video",
    b".RMF": "RealMedia",
    b"\0\0\1\xba": "MPEG program stream",
    b"\x7f\xfe\x80\1": "DTS",
}
#: First bytes of files that hold no sound, or hold it packed.
FILES: Final = {
    b"PK\3\4": "a ZIP archive",
    b"\x1f\x8b\x08\0": "compressed with gzip",
    b"\x1f\x8b\x08\x08": "compressed with gzip",
    b"BZh9": "compressed with bzip2",
    b"\xfd7zX": "compressed with xz",
    b"(\xb5/\xfd": "compressed with zstd",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff\xe0": "a picture (JPEG)",
    b"\xff\xd8\xff\xdb": "a picture (JPEG)",
    b"\xff\xd8\xff\xe1": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"MThd": "MIDI notes",
    b"SQLi": "an SQLite database",
}
#: Bytes of a packet of an MPEG transport stream, and the one that each begins with (ISO 13818-1, 2.4.3).
_TS_BYTES, _TS_SYNC = 188, 0x47
#: How text of two bytes a letter begins.
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
#: Bytes of text that is UTF-8 and mostly plain letters, and of any other. Sound is not so by chance.
_TEXT_BYTES: Final = 64
_TEXT_LONG: Final = 256
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\b\t\n\f\r\x1b") | {127}
#: Share of plain letters in western text of one byte a letter. Quiet sound with an offset has a half.
_PLAIN: Final = 0.75
#: kbit a second by index (ISO 11172-3, 13818-3): layer 3 and layer 2 of MPEG 1, and both of MPEG 2 and 2.5.
_KBITS: Final = {
    (3, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (3, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
}
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES: Final = (44_100, 48_000, 32_000)
_AC3_KBITS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
#: First bytes of frames: MPEG and AAC, AAC in LOAS, AC-3; and the upper three bits of the second.
_SYNC: Final = {0xFF: (0xE0,), 0x56: (0xE0,), 0x0B: (0x60,)}


def frames(head: bytes | bytearray) -> str | None:
    """Name compressed sound that begins with a frame, by two frames in a row, or by three short ones.

    Returns
    -------
    str or None
        Such as "MP3" or "AC-3", "" if more bytes are needed to tell, None if it begins with none.
    """
    if head and head[0] == _TS_SYNC:
        starts = head[: 2 * _TS_BYTES + 1 : _TS_BYTES]
        if any(start != _TS_SYNC for start in starts):
            return None
        return "MPEG-TS" if len(starts) == 3 else ""
    if not head or head[0] not in _SYNC:
        return None
    if len(head) < 7:
        return "" if len(head) < 2 or head[1] & 0xE0 in _SYNC[head[0]] else None
    for name, length in _lengths(head):
        if length:
            if len(head) < length + 2:
                return ""
            if head[length] == head[0] and head[length + 1] == head[1]:
                return name
    return None


def text(head: bytes | bytearray) -> str | None:
    """Tell whether a stream is text.

    Returns
    -------
    str or None
        Its encoding, "" if more bytes are needed to tell, None if it is not text.
    """
    if bytes(head) in (b"\xfe", b"\xff"):
        return ""
    if (code := _UTF16.get(bytes(head[:2]))) is not None:
        if len(head) < _TEXT_BYTES:
            return ""
        # Most letters are plain ones: nearly every pair of bytes is a letter of some script.
        begin = bytes(head[2:_TEXT_BYTES]).decode(code, "replace")
        is_text = sum(c in "\t\n\r" or " " <= c <= "~" for c in begin) >= 0.75 * len(begin)
        return "utf-16" if is_text else None
    if not _CONTROLS.isdisjoint(head[:_TEXT_BYTES]):
        return None
    if len(head) < _TEXT_BYTES:
        return ""
    if _plain(head[:_TEXT_BYTES]) >= 0.5 and _is_utf8(head[:_TEXT_BYTES]):
        return "utf-8"
    if not _CONTROLS.isdisjoint(head[:_TEXT_LONG]):
        return None
    if len(head) < _TEXT_LONG:
        return ""
    if _is_utf8(head[:_TEXT_LONG]):
        return "utf-8"
    return "cp1252" if _plain(head[:_TEXT_LONG]) >= _PLAIN else None


def _plain(data: bytes | bytearray) -> float:
    """Share of bytes that are plain letters, digits or signs."""
    return sum(32 <= byte < 127 for byte in data) / len(data)


def _is_utf8(data: bytes | bytearray) -> bool:
    """Tell whether bytes are UTF-8, with a letter that may be cut at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(bytes(data))
    except UnicodeDecodeError:
        return False
    return True


def _lengths(head: bytes | bytearray) -> Iterator[tuple[str, int]]:
    """Yield what such a frame may be, with its length in bytes; 0 if it is not."""
    if head[0] == 0xFF:
        yield "AAC", _adts_bytes(head)
        yield "MP3" if head[1] & 6 == 2 else "MPEG audio", _mpeg_bytes(head)
    elif head[0] == 0x56:
        yield "AAC", 3 + ((head[1] & 0x1F) << 8 | head[2])  # LOAS (ISO 14496-3, 1.7.2)
    else:
        yield "AC-3", _ac3_bytes(head)


def _adts_bytes(head: bytes | bytearray) -> int:
    """Return the length of a frame of AAC (ISO 13818-7, 6.2); 0 if it is not one."""
    if head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 else 0


def _mpeg_bytes(head: bytes | bytearray) -> int:
    """Return the length of a frame of MPEG layer 3 or 2; 0 if it is not one."""
    version, layer, bits, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[1] & 0xE0 != 0xE0 or layer not in (1, 2) or version == 1 or bits in (0, 15) or rate == 3:
        return 0
    sr = _RATES[rate] >> (0 if version == 3 else 1 if version == 2 else 2)
    slots = 72 if version != 3 and layer == 1 else 144
    return slots * 1000 * _KBITS.get((version, layer), _KBITS_2)[bits] // sr + (head[2] >> 1 & 1)


def _ac3_bytes(head: bytes | bytearray) -> int:
    """Return the length of a frame of AC-3 or E-AC-3 (ETSI TS 102 366, 4.3 and E.1.2); 0 if it is not one."""
    if head[1] != 0x77:
        return 0
    kind, rate, size = head[5] >> 3, head[4] >> 6, head[4] & 63
    if 11 <= kind <= 16:
        return 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    if kind > 8 or rate == 3 or size > 37:
        return 0
    words = _AC3_KBITS[size // 2] * 96_000 // (48_000, 44_100, 32_000)[rate]
    return 2 * (words + (size & 1 if rate == 1 else 0))
