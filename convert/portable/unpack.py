"""From a file's bytes to the pickle stream inside: what joblib and pickle write, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import Any, NamedTuple

from . import Refused

#: Longest stream accepted, in bytes: a small compressed file can unpack to one that fills the disk.
LIMIT = 2 * 2**30
_BLOCK = 2**20

#: How the compressions that joblib offers begin.
_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x5d\x00", "lzma"),
    (b"\x78", "zlib"),
)
_OPENERS: dict[str, Any] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open, "lzma": lzma.open}
#: What people give by mistake.
_FOREIGN = (
    (b"ZF", "a file of joblib before 0.10; save the model again with joblib.dump"),
    (b"\x04\x22\x4d\x18", "LZ4-compressed; save the model again with joblib.dump(model, file, compress=3)"),
    (b"PK\x03\x04", "a zip archive (skops? PyTorch?), not a pickle"),
    (b"\x89HDF", "an HDF5 file (Keras?), not a pickle"),
    (b"\x93NUMPY", "a NumPy array, not a pickle"),
)
_OPCODES_OF_OLD_PROTOCOLS = b"cdl(]}gINSVUFKMJLG"


class Stream(NamedTuple):
    """A pickle stream and how it was packed."""

    data: bytes
    compression: str


def unpack(data: bytes, origin: str, limit: int = LIMIT) -> Stream:
    """Unpack what joblib.dump or pickle.dump wrote.

    Raises
    ------
    Refused
        It is empty, not a pickle, damaged, or unpacks to more than ``limit`` bytes.
    """
    if not data:
        raise Refused(f"{origin}: the file is empty")
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise Refused(f"{origin}: {what}")
    for magic, name in _COMPRESSIONS:
        if data.startswith(magic):
            return _checked(Stream(_decompress(data, name, origin, limit), name), origin)
    return _checked(Stream(data, "none"), origin)


def _decompress(data: bytes, name: str, origin: str, limit: int) -> bytes:
    raw = io.BytesIO(data)
    if name == "zlib":
        decoder = zlib.decompressobj()
        try:
            out = decoder.decompress(data, limit + 1)
        except zlib.error as error:
            raise Refused(f"{origin}: damaged: zlib data that does not unpack ({error})") from error
        if not decoder.eof and len(out) <= limit:
            raise Refused(f"{origin}: damaged: its zlib data ends too early")
    else:
        try:
            with _OPENERS[name](raw) as opened:
                out = opened.read(limit + 1)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise Refused(f"{origin}: damaged: {name} data that does not unpack ({error})") from error
    if len(out) > limit:
        raise Refused(f"{origin}: unpacks to more than {limit / 2**30:.0f} GiB; no model needs that")
    return out


def _checked(stream: Stream, origin: str) -> Stream:
    start = stream.data[:2]
    modern = start[:1] == b"\x80" and len(start) == 2 and 2 <= start[1] <= 5
    if modern or start[:1] in [bytes([c]) for c in _OPCODES_OF_OLD_PROTOCOLS]:
        return stream
    raise Refused(
        f"{origin}: not a pickle (it begins with {start!r}); give what joblib.dump or pickle.dump wrote"
    )
