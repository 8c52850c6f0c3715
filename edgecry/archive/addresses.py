"""Which recordings an address holds, such as ``s3://bucket/nights/``; one that ends with / is a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from edgecry.archive.find import Found, Left, is_wanted, nothing_in
from edgecry.audio.remote import filesystem, told
from edgecry.errors import EdgecryError

#: Bits of a number that stands for a version.
_BITS: Final = 60


def at_address(
    address: str, include: Sequence[str] = (), exclude: Sequence[str] = (), left: Left | None = None
) -> Iterator[Found]:
    """Find the recording at an address, or those in a folder there, by name in the order of bytes.

    Parameters
    ----------
    address, include, exclude, left
        As :func:`~edgecry.archive.search.find` takes them.

    Yields
    ------
    Found
        In place of the time of change it has a number that stands for all that is known of the version.
    """
    try:
        fs, path = filesystem(address)
        if address.endswith("/"):
            yield from _in_folder(fs, path, address, include, exclude, left or Left())
        else:
            yield _found(address, fs.info(path))
    except EdgecryError as error:
        yield Found(address, error=str(error))
    except Exception as error:  # drivers raise anything
        why = f"is not there, or cannot be reached ({told(error)}); check the address"
        yield Found(address, error=f"{address}: {why}")


def _in_folder(
    fs: Any, path: str, address: str, include: Sequence[str], exclude: Sequence[str], left: Left
) -> Iterator[Found]:
    root, is_empty = path.rstrip("/") + "/", True
    for name, info in sorted(fs.find(path, detail=True).items(), key=lambda item: os.fsencode(item[0])):
        inside = name.removeprefix(root)
        if not is_wanted(inside, include, exclude):
            left.files += 1
            continue
        is_empty = False
        # Of some servers only the file itself tells its size.
        yield _found(address.rstrip("/") + "/" + inside, info if info.get("size") else fs.info(name))
    if is_empty:
        yield Found(address, error=nothing_in(address, include, exclude))


def _found(address: str, info: dict[str, Any]) -> Found:
    if info.get("type") == "directory":
        return Found(address, error=f"{address}: is a folder; put a / behind it for all that is in it")
    version = hashlib.sha256(repr(sorted((key, str(value)) for key, value in info.items())).encode())
    return Found(address, int(info.get("size") or 0), int(version.hexdigest(), 16) >> (256 - _BITS))
