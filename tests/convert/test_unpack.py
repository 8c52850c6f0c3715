"""Files that are no pickles, by what they are."""

import base64
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.pickles import PickleFile
from edgecry.models.bundled import FOLDER

MODEL = pickle.dumps({"a": np.arange(300.0)}, 4)


def _tar(name: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(MODEL)
        archive.addfile(entry, io.BytesIO(MODEL))
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model.pkl", MODEL)
    return file.getvalue()


def _gzip(data: bytes) -> bytes:
    """Pack it so that it is the same each time."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_gzip(_gzip(MODEL)), "packed twice, gzip in gzip; unpack it once"),
        (_gzip(lzma.compress(MODEL)), "packed twice, xz in gzip"),
        (lzma.compress(zlib.compress(MODEL)), "packed twice, zlib in xz"),
        (_gzip(b""), "its gzip data are empty"),
        (_gzip(_zip()), "in its gzip data, a zip archive"),
        (_gzip(_tar("model.pkl")), "in its gzip data, a tar archive"),
        (_gzip(b"<!doctype html>"), "in its gzip data, a web page"),
        (_tar("model.pkl"), "a tar archive, not a pickle; unpack it first"),
        (_tar("cry.pkl"), "a tar archive"),  # "c" begins old pickles, too
        (base64.b64encode(MODEL), "as text in base64"),
        (MODEL.decode("latin1").encode(), "taken for a text on its way"),
        (MODEL.decode(errors="replace").encode(), "taken for a text on its way"),
        (b'{"error": "not found"}', 'a text, not a pickle; it begins with \'{"error": "not found"}\''),
        (bytes(1000), "begins with zeros, as after a power cut"),
        (b"\x88\x01\x02\xff", r"not a pickle \(it begins with b'\\x88\\x01'\)"),
        (pickle.dumps(np.arange(3.0), 5, buffer_callback=[].append), "outside of the file, as the buffers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_is(content: bytes, why: str) -> None:
    with pytest.raises(ConversionError, match=f"model: .*{why}"):
        PickleFile.of(content, "model")


@pytest.mark.parametrize("path", sorted(Path(FOLDER).glob("*.onnx")), ids=lambda path: path.stem)
def test_a_model_file_is_told(path: Path) -> None:
    with pytest.raises(ConversionError, match="an ONNX file, it seems, not a pickle"):
        PickleFile.of(path.read_bytes(), "model")
