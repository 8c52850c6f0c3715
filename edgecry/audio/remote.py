"""Recordings by their address, such as s3:// or https://, through fsspec: in blocks, each fetched once.

Imported only for what is no file and looks like an address. The sound is decoded while it comes; a temporary
file keeps the blocks that came, because a decoder looks at some places twice.
"""

from __future__ import annotations

import os
from io import SEEK_CUR, SEEK_END, SEEK_SET, RawIOBase
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast

from edgecry.errors import AudioError

#: Bytes that are asked for at once.
BLOCK: Final = 4 << 20
#: The longest file: a day of 16-bit mono at 48 kHz.
MAX_BYTES: Final = 8 << 30


def is_address(name: str) -> bool:
    """Tell an address from a path by its scheme."""
    scheme, found, _ = name.partition("://")
    return bool(found) and scheme.isalnum() and scheme.lower() != "file"


def filesystem(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and its path there.

    Raises
    ------
    AudioError
        fsspec or the driver of its scheme is not installed, or the scheme is not one of a file.
    """
    try:
        from fsspec.core import url_to_fs

        fs, path = url_to_fs(address)
    except ImportError as error:
        raise AudioError(
            f"{address}: is an address, and what reads it is not installed ({error}); pip install "
            "'.[remote]' and the driver, or save what is there as a file first"
        ) from error
    except ValueError as error:
        raise AudioError(
            f"{address}: is an address, not a file; save what is there as a file first"
        ) from error
    return fs, path


def open_address(address: str) -> BinaryIO:
    """Open the recording at an address as a file that can be sought.

    What answers with parts of a file is read block by block. Of anything else all is fetched, into a
    temporary file of at most 2 GB.

    Raises
    ------
    AudioError
        It is not there, cannot be reached, or is over ``MAX_BYTES``; or what reads it is not installed.
    """
    fs, path = filesystem(address)
    try:
        return _in_blocks(fs, path, address) or _whole(fs, path, address)
    except AudioError:
        raise
    except Exception as error:  # drivers raise anything
        raise AudioError(
            f"{address}: is not there, or cannot be reached ({told(error)}); check the address"
        ) from error


def told(error: Exception) -> str:
    """Say what a driver ran into, in one line."""
    text = str(error.__cause__ or error).strip() or type(error).__name__
    return text.splitlines()[0]


def _in_blocks(fs: Any, path: str, address: str) -> BinaryIO | None:
    """Open what can be read in parts; None if it cannot be."""
    file = fs.open(path, "rb", block_size=BLOCK, cache_type="none")
    size = getattr(file, "size", None)
    if size is None and hasattr(file, "getbuffer"):
        size = file.getbuffer().nbytes
    if size is None:
        file.close()
        return None
    if size > MAX_BYTES:
        file.close()
        raise AudioError(
            f"{address}: has {size / (1 << 30):.1f} GB, and {MAX_BYTES >> 30} GB are read from afar; copy "
            "it to a disk, or cut it into parts"
        )
    remote = Blocks(file, size, address)
    try:
        # Some servers send the whole file, whatever is asked for; only a part inside it shows that.
        remote.seek(min(BLOCK, max(0, size - 1)))
        remote.read(1)
    except ValueError:
        remote.close()
        return None
    remote.seek(0)
    return cast(BinaryIO, remote)


def _whole(fs: Any, path: str, address: str) -> BinaryIO:
    from edgecry.audio.spool import spooled

    with fs.open(path, "rb", block_size=0) as file:
        return cast(BinaryIO, spooled(file, address))


class Blocks(RawIOBase):
    """A file elsewhere, of which each block is fetched when it is first read, and kept in a temporary file.

    Parameters
    ----------
    file : binary file object, seekable
        The file elsewhere. It is closed with this one.
    size : int
        Its bytes.
    name : str
        For messages.
    """

    def __init__(self, file: Any, size: int, name: str) -> None:
        self._file, self._size, self.name = file, size, name
        self._kept, self._has = TemporaryFile(), set[int]()  # noqa: SIM115 - closed with this
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Move to a position, which may be after the end."""
        at = offset + {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence]
        if at < 0:
            raise ValueError(f"position {at} is before the beginning")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, or as much of it as there is until the end."""
        stop = min(self._at + len(buffer), self._size)
        count = max(0, stop - self._at)
        if count:
            for block in range(self._at // BLOCK, (stop - 1) // BLOCK + 1):
                self._fetch(block)
            buffer[:count] = os.pread(self._kept.fileno(), count, self._at)
            self._at = stop
        return count

    def _fetch(self, block: int) -> None:
        if block in self._has:
            return
        start = block * BLOCK
        count = min(BLOCK, self._size - start)
        self._file.seek(start)
        data = self._file.read(count)
        if len(data) != count:
            raise OSError(f"{len(data)} bytes came in place of {count}")
        os.pwrite(self._kept.fileno(), data, start)
        self._has.add(block)

    def close(self) -> None:
        """Close both files."""
        if not self.closed:
            self._kept.close()
            self._file.close()
        super().close()
