"""Damage to bytes: what disks, networks and strangers do to files."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

#: Sizes and counts at which readers have gone wrong.
_EDGES = (0, 1, 2, 3, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


def damaged(data: bytes, random: Random) -> bytes:
    """Damage a file in one to three ways."""
    for _ in range(random.randint(1, 3)):
        data = random.choice(_WAYS)(data, random)
    return data


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        if changed:
            changed[_place(len(changed), random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _behead(data: bytes, random: Random) -> bytes:
    return data[random.randrange(min(len(data), 4096) + 1) :]


def _drop(data: bytes, random: Random) -> bytes:
    at = _place(len(data), random)
    return data[:at] + data[at + random.randint(1, 64) :]


def _double(data: bytes, random: Random) -> bytes:
    at = _place(len(data), random)
    end = at + random.randint(1, 512)
    return data[:end] + data[at:end] + data[end:]


def _field(data: bytes, random: Random) -> bytes:
    """Set a size or count of the header, in either order of bytes, to an edge of its range."""
    if len(data) < 8:
        return data
    width = random.choice((2, 4))
    at = random.randrange(min(len(data) - width, 256))
    value = random.choice(_EDGES) & ((1 << (8 * width)) - 1)
    return data[:at] + value.to_bytes(width, random.choice(("little", "big"))) + data[at + width :]


def _near(data: bytes, random: Random) -> bytes:
    """Change a number of the header by one."""
    if len(data) < 8:
        return data
    at, order = random.randrange(min(len(data) - 4, 256)), random.choice(("little", "big"))
    value = (int.from_bytes(data[at : at + 4], order) + random.choice((-1, 1))) & 0xFFFFFFFF
    return data[:at] + value.to_bytes(4, order) + data[at + 4 :]


def _chunk(data: bytes, random: Random) -> bytes:
    """Move, repeat or drop what begins with a name of four letters, as chunks and pages do."""
    marks = (b"fmt ", b"data", b"LIST", b"fact", b"OggS", b"fLaC", b"COMM", b"SSND", b"desc", b"moov")
    places = [at for mark in marks if (at := data.find(mark, random.randrange(max(len(data), 1)))) >= 0]
    if not places:
        return data
    at = random.choice(places)
    piece = data[at : at + random.randint(8, 512)]
    rest = data[:at] + data[at + len(piece) :]
    to = random.choice((0, 12, at, random.randrange(len(rest) + 1)))
    return rest[:to] + piece * random.choice((0, 1, 2)) + rest[to:]


def _zeros(data: bytes, random: Random) -> bytes:
    """Blank a sector, as a power cut does."""
    at = _place(len(data), random) // 512 * 512
    return data[:at] + bytes(len(data[at : at + 512])) + data[at + 512 :]


def _place(size: int, random: Random) -> int:
    """Give a place in the file; every other time one in its first bytes, where the header is."""
    return random.randrange(max(min(size, 128) if random.random() < 0.5 else size, 1))


_WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip, _flip, _cut, _behead, _drop, _double, _field, _field, _near, _chunk, _zeros,
)  # fmt: skip
