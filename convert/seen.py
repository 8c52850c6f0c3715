"""Which recordings a model file was trained on, told by the file itself, so that no test is made of them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from convert.cache import content_digest
from convert.errors import ConversionError
from edgecry.models.metadata import PREFIX

KEY: Final = PREFIX + "recordings"
#: Bytes kept of each digest: of a thousand recordings compared with a thousand others, one in four
#: thousand such comparisons finds one alike by chance.
KEPT: Final = 4


def mark(onnx: bytes, recordings: Iterable[Path], also: Iterable[bytes] = ()) -> bytes:
    """Have a model file say which recordings it was trained on.

    The beginnings of their SHA-256, sorted, are one more entry of its metadata, which the device
    does not read; 5.3 bytes a recording.

    Parameters
    ----------
    onnx : bytes
    recordings : iterable of Path
    also : iterable of bytes
        What :func:`recordings_of` gives of the model file that this one is made from.
    """
    import onnx as format_

    model = format_.load_from_string(onnx)
    digests = sorted({*also, *map(_digest, recordings)})
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=KEY, value=base64.b64encode(b"".join(digests)).decode())
    return bytes(model.SerializeToString(deterministic=True))


def recordings_of(onnx: bytes, origin: str = "model") -> set[bytes] | None:
    """Digests of the recordings that a model file says it was trained on; None if it does not say.

    Raises
    ------
    ConversionError
        What it says cannot be read.
    """
    import onnx as format_

    props = {entry.key: entry.value for entry in format_.load_from_string(onnx).metadata_props}
    if KEY not in props:
        return None
    try:
        data = base64.b64decode(props[KEY], validate=True)
    except ValueError as error:
        raise ConversionError(
            f"{origin}: {KEY} is damaged ({error}); train or copy the model again"
        ) from error
    return {data[i : i + KEPT] for i in range(0, len(data), KEPT)}


def seen(model: Path, recordings: Iterable[Path]) -> set[Path] | None:
    """Recordings that a model file says it was trained on; None if it does not say.

    Raises
    ------
    ConversionError
        What it says cannot be read.
    """
    known = recordings_of(model.read_bytes(), str(model))
    if known is None:
        return None
    return {path for path in recordings if path.is_file() and _digest(path) in known}


def _digest(path: Path) -> bytes:
    return bytes.fromhex(content_digest(path))[:KEPT]
