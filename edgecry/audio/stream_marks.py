"""How streams begin that are not PCM: text, compressed sound, other files. They would be heard as noise."""

from __future__ import annotations

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
}
#: Bytes of a packet of an MPEG transport stream, and the one that each begins with (ISO 13818-1, 2.4.3).
_TS_BYTES, _TS_SYNC = 188, 0x47
#: How text of two bytes a letter begins.
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
#: Bytes that are all text, which sound has by chance once in 10**27.
_TEXT_BYTES: Final = 64
_TEXT: Final = frozenset((*b"\t\n\r", *range(32, 127), *range(0x80, 0xC0), *range(0xC2, 0xF5)))
#: Layer 3 of MPEG 1, and of 2 and 2.5: kbit a second by index (ISO 11172-3, 13818-3).
_KBITS: Final = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES: Final = (44_100, 48_000, 32_000)


def frames(head: bytes | bytearray) -> str | None:
    """Name compressed sound that begins with a frame, by two frames in a row, or by three short ones.

    Returns
    -------
    str or None
        "MP3", "AAC", "MPEG-TS", "" if more bytes are needed to tell, None if it is none of these.
    """
    if head and head[0] == _TS_SYNC:
        starts = head[: 2 * _TS_BYTES + 1 : _TS_BYTES]
        if any(start != _TS_SYNC for start in starts):
            return None
        return "MPEG-TS" if len(starts) == 3 else ""
    if not head or head[0] != 0xFF:
        return None
    if len(head) < 7:
        return "" if len(head) < 2 or head[1] & 0xE0 == 0xE0 else None
    for name, length in (("AAC", _adts_bytes(head)), ("MP3", _mpeg_bytes(head))):
        if length:
            if len(head) < length + 2:
                return ""
            if head[length] == 0xFF and head[length + 1] == head[1]:
                return name
    return None


def is_text(head: bytes | bytearray) -> bool | None:
    """Tell whether a stream is text, UTF-8 or marked as UTF-16; None if more bytes are needed."""
    if bytes(head) in (b"\xfe", b"\xff"):
        return None
    if (code := _UTF16.get(bytes(head[:2]))) is not None:
        if len(head) < _TEXT_BYTES:
            return None
        # Most letters are plain ones: nearly every pair of bytes is a letter of some script.
        text = bytes(head[2:_TEXT_BYTES]).decode(code, "replace")
        return sum(c in "\t\n\r" or " " <= c <= "~" for c in text) >= 0.75 * len(text)
    if not all(byte in _TEXT for byte in head[:_TEXT_BYTES]):
        return False
    if len(head) < _TEXT_BYTES:
        return None
    # Letters of other scripts come in the midst of plain ones: sound that is all high bytes is not text.
    return sum(32 <= byte < 127 for byte in head[:_TEXT_BYTES]) >= _TEXT_BYTES // 2


def _adts_bytes(head: bytes | bytearray) -> int:
    """Return the length of a frame of AAC (ISO 13818-7, 6.2); 0 if it is not one."""
    if head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length >= 7 else 0


def _mpeg_bytes(head: bytes | bytearray) -> int:
    """Return the length of a frame of MPEG layer 3; 0 if it is not one."""
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[1] & 0xE6 != 0xE2 or version == 1 or bits in (0, 15) or rate == 3:
        return 0
    first = version == 3
    sr = _RATES[rate] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * 1000 * _KBITS[0 if first else 1][bits] // sr + (head[2] >> 1 & 1)
