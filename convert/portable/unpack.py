"""From a file's bytes to the pickle stream inside: what joblib and pickle write, compressed or not."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import Refused

#: Longest stream accepted, in bytes, packed or not.
LIMIT = 2**30
#: How many times longer than the file the stream may be, and the length that is always accepted.
#: zlib reaches 1032 on zeros. The trees of a fitted forest shrink to a fifth, sparse ones to a hundredth.
RATIO = 200
_ALWAYS = 64 * 2**20
#: Bytes unpacked at a time, so that a bomb is noticed before it fills the memory.
_BLOCK = 2**20
#: Bytes of the file given to a decoder at a time, and packed streams in one file.
_PIECE = 2**16
_MOST_STREAMS = 10_000
#: Memory that an xz or lzma file may ask for; the strongest setting of joblib needs 65 MiB.
_LZMA_MEMORY = 128 * 2**20

#: How the compressions that joblib offers begin.
_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x5d\x00", "lzma"),
    (b"\x78", "zlib"),
)
_DECODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "zlib": zlib.decompressobj,
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
}
_MANGLED = "was taken for a text on its way, which changed its bytes; get it again as a binary file"
#: What people give by mistake.
_FOREIGN = (
    (b"ZF", "a file of joblib before 0.10; save the model again with joblib.dump"),
    (b"\x04\x22\x4d\x18", "LZ4-compressed; save the model again with joblib.dump(model, file, compress=3)"),
    (b"PK\x03\x04", "a zip archive (skops? PyTorch?), not a pickle"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed; unpack it first with zstd -d"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the file itself with git lfs pull"),
    (b"<", "a web page, or another text in HTML or XML; download the file itself"),
    (b"\x89HDF", "an HDF5 file (Keras?), not a pickle"),
    (b"\x93NUMPY", "a NumPy array, not a pickle"),
    (b"gA", "a pickle that was written as text in base64; unpack it first with base64 -d"),
    *((start, _MANGLED) for start in (b"\xc2\x80", b"\xef\xbf\xbd", b"\xef\xbb\xbf\x80")),
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
    name = _compression(data)
    if name is None:
        return _checked(Stream(data, "none"), origin)
    inside = _decompress(data, name, origin, limit)
    if not inside:
        raise Refused(f"{origin}: its {name} data are empty")
    if _compression(inside):
        raise Refused(f"{origin}: packed twice, {_compression(inside)} in {name}; unpack it once")
    return _checked(Stream(inside, name), origin)


def _compression(data: bytes) -> str | None:
    return next((name for magic, name in _COMPRESSIONS if data.startswith(magic)), None)


def _decompress(data: bytes, name: str, origin: str, limit: int) -> bytes:
    limit = min(limit, max(_ALWAYS, RATIO * len(data)))
    out, written = io.BytesIO(), 0
    try:
        for block in _blocks(data, _DECODERS[name], origin):
            written += len(block)
            if written > limit:
                raise Refused(
                    f"{origin}: {len(data):,} bytes of {name} data that unpack to more than {limit:,} bytes, "
                    f"{limit // len(data):,} times as many; no model does that"
                )
            out.write(block)
    except EOFError as error:
        raise Refused(f"{origin}: damaged: its {name} data ends too early") from error
    except (OSError, lzma.LZMAError, zlib.error) as error:
        raise Refused(
            f"{origin}: damaged: {name} data that does not unpack; get or save the file again"
        ) from error
    return out.getvalue()


def _blocks(data: bytes, make: Callable[[], Any], origin: str) -> Iterator[bytes]:
    """Unpack a block at a time; one packed stream after another, as gzip and bz2 allow it.

    The file is read a piece at a time, as a decoder copies what is left of what it was given.
    """
    view, at = memoryview(data), 0
    for _ in range(_MOST_STREAMS):
        decoder, rest = make(), b""
        while not decoder.eof:
            piece: Any = rest
            if not piece and getattr(decoder, "needs_input", True):
                piece = view[at : at + _PIECE]
                at += len(piece)
            block = decoder.decompress(piece, _BLOCK)
            # zlib hands back what it has not read yet; the others keep it, and ask for more.
            rest = getattr(decoder, "unconsumed_tail", b"")
            if block:
                yield block
            elif not (rest or decoder.eof or at < len(view)):
                raise EOFError
        at = _after_padding(view, at - len(decoder.unused_data))
        if at == len(view):
            return
    raise Refused(f"{origin}: made of more than {_MOST_STREAMS:,} streams, one after another")


def _after_padding(view: memoryview, at: int) -> int:
    """Skip the zeros that may follow a stream."""
    while at < len(view):
        piece = bytes(view[at : at + _PIECE])
        left = len(piece.lstrip(b"\0"))
        at += len(piece) - left
        if left:
            break
    return at


def _checked(stream: Stream, origin: str) -> Stream:
    data, start = stream.data, stream.data[:2]
    inside = "" if stream.compression == "none" else f"in its {stream.compression} data, "
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise Refused(f"{origin}: {inside}{what}")
    modern = start[:1] == b"\x80" and len(start) == 2 and 2 <= start[1] <= 5
    old = start[:1] in [bytes([c]) for c in _OPCODES_OF_OLD_PROTOCOLS] and not _is_tar(data)
    if modern or old:
        return stream
    raise Refused(f"{origin}: {inside}{_other(data)}; give what joblib.dump or pickle.dump wrote")


def _is_tar(data: bytes) -> bool:
    return data.startswith(b"ustar", 257)


def _other(data: bytes) -> str:
    """Say what a file is that is no pickle, from its first bytes."""
    start = data[:64]
    if _is_tar(data):
        return "a tar archive, not a pickle; unpack it first"
    if not start.strip(b"\0"):
        return "begins with zeros, as after a power cut, and is not a pickle"
    if start[:1] == b"\x08" and start[2:3] in (b"\x12", b":") and start[1] < 32:
        return "an ONNX file, it seems, not a pickle"
    try:
        text = start[:40].decode("ascii")
    except UnicodeDecodeError:
        text = "\0"
    if all(letter.isprintable() or letter.isspace() for letter in text):
        return f"a text, not a pickle; it begins with {text!r}"
    return f"not a pickle (it begins with {start[:2]!r})"
