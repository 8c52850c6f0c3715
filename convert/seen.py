"""Which recordings a model file was trained on, told by the file itself, so that no test is made of them.

The field ``recordings`` of :class:`edgecry.models.metadata.ModelMetadata` holds the beginnings of their
SHA-256, sorted, in base64: 5.3 bytes a recording.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from convert.cache import content_digest
from convert.errors import ConversionError
from edgecry.models.metadata import ModelMetadata

#: Bytes kept of each digest: of a thousand recordings compared with a thousand others, one in four
#: thousand such comparisons finds one alike by chance.
KEPT: Final = 4


def stated(recordings: Iterable[Path], also: Iterable[bytes] = ()) -> str:
    """Return the text by which a model file says which recordings it was trained on.

    Parameters
    ----------
    recordings : iterable of Path
    also : iterable of bytes
        What :func:`recordings_of` gives of the model that this one is made from.
    """
    digests = sorted({*also, *map(_digest, recordings)})
    return base64.b64encode(b"".join(digests)).decode()


def recordings_of(metadata: ModelMetadata) -> set[bytes] | None:
    """Return the digests of the recordings that a model was trained on; None if its file does not say.

    Raises
    ------
    ConversionError
        What it says cannot be read.
    """
    if metadata.recordings is None:
        return None
    try:
        data = base64.b64decode(metadata.recordings, validate=True)
    except ValueError as error:
        raise ConversionError(
            f"{metadata.name}: the digests of its recordings are damaged ({error}); "
            "train or copy the model again"
        ) from error
    return {data[i : i + KEPT] for i in range(0, len(data), KEPT)}


def seen(metadata: ModelMetadata, recordings: Iterable[Path]) -> set[Path] | None:
    """Return those of the recordings that a model was trained on; None if its file does not say.

    Raises
    ------
    ConversionError
        What it says cannot be read.
    """
    known = recordings_of(metadata)
    if known is None:
        return None
    return {path for path in recordings if path.is_file() and _digest(path) in known}


def _digest(path: Path) -> bytes:
    return bytes.fromhex(content_digest(path))[:KEPT]
