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


def mark(onnx: bytes, recordings: Iterable[Path]) -> bytes:
    """Have a model file say which recordings it was trained on.

    The beginnings of their SHA-256, sorted, are one more entry of its metadata, which the device
    does not read; 5.3 bytes a recording.
    """
    import onnx as format_

    model = format_.load_from_string(onnx)
    digests = sorted({_digest(path) for path in recordings})
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=KEY, value=base64.b64encode(b"".join(digests)).decode())
    return bytes(model.SerializeToString(deterministic=True))


def seen(model: Path, recordings: Iterable[Path]) -> set[Path] | None:
    """Recordings that a model file says it was trained on; None if it does not say.

    Raises
    ------
    ConversionError
        What it says cannot be read.
    """
    import onnx

    props = {entry.key: entry.value for entry in onnx.load(model, load_external_data=False).metadata_props}
    if KEY not in props:
        return None
    try:
        data = base64.b64decode(props[KEY], validate=True)
    except ValueError as error:
        raise ConversionError(
            f"{model}: {KEY} is damaged ({error}); train or copy the model again"
        ) from error
    known = {data[i : i + KEPT] for i in range(0, len(data), KEPT)}
    return {path for path in recordings if path.is_file() and _digest(path) in known}


def _digest(path: Path) -> bytes:
    return bytes.fromhex(content_digest(path))[:KEPT]
