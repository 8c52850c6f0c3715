"""Which recordings are meant by names: of files, of folders, and of addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edgecry.archive.find import Found, Left, nothing_in, recordings


def find(
    names: Iterable[str], include: Sequence[str] = (), exclude: Sequence[str] = (), left: Left | None = None
) -> list[Found]:
    """Find the recordings that are named, and those of the folders that are.

    Parameters
    ----------
    names : iterable of str
        Paths of recordings and folders, or addresses of them, such as ``s3://bucket/nights/``.
    include, exclude, left
        Of folders, as :func:`~edgecry.archive.find.recordings` takes them.

    Returns
    -------
    list of Found
        In the order of the names; each comes once. What is not there has an error.
    """
    found = dict[str, Found]()
    for name in names:
        found |= {one.name: one for one in _named(name, include, exclude, left)}
    return list(found.values())


def _named(name: str, include: Sequence[str], exclude: Sequence[str], left: Left | None) -> Iterator[Found]:
    path = Path(name)
    if "://" in name and not path.exists():
        from edgecry.archive.addresses import at_address  # which loads what reads them

        yield from at_address(name, include, exclude, left)
    elif path.is_dir():
        found = None
        for found in recordings(name, include, exclude, left):
            yield found
        if found is None:
            yield Found(name, error=nothing_in(name, include, exclude))
    elif path.is_file():
        status = path.stat()
        yield Found(name, status.st_size, status.st_mtime_ns)
    else:
        yield Found(name, error=f"{name}: no such file; check the name")
