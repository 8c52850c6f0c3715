"""How streams begin that are not PCM: text and compressed sound, which would be heard as noise."""

from __future__ import annotations

from typing import Final

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
    """Name compressed sound that begins with a frame, by two frames in a row.

    Returns
    -------
    str or None
        "MP3", "AAC", "" if more bytes are needed to tell, None if it is neither.
    """
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
    """Tell whether a stream is text; None if more bytes are needed."""
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
