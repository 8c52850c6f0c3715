"""unreadable: what a file is that holds no sound; no advice that cannot help."""

import gzip
import json

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.errors import AudioError

PAGE = "<!DOCTYPE html><html><title>404</title></html>"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "is a Git LFS pointer"),
        (PAGE.encode(), "is an HTML page"),
        (b"\xef\xbb\xbf \n" + PAGE.lower().encode(), "is an HTML page"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "is XML, not sound"),
        (json.dumps({"error": "camera is off"}).encode(), "is JSON, not sound"),
        (b"Dear diary, today the baby cried.", "is text, not sound"),
        ("Liebes Tagebuch, heute schrie er w\u00fctend.\n".encode() * 200, "is text, not sound"),
        ("Dear diary, today the baby cried.".encode("utf-16"), "is text, not sound"),
        ("Datei nicht verf\u00fcgbar, sp\u00e4ter wieder. ".encode("latin-1") * 20, "is text, not sound"),
        (bytes(100_000), "is nothing but zeros"),
        (bytes(1), "is nothing but zeros"),
        (gzip.compress(b"x", mtime=0), "is compressed with gzip; unpack it"),
        (b"PK\x03\x04" + bytes(range(256)), "is a ZIP archive; unpack it"),
        (b"%PDF-1.7\n\xe2\xe3", "is a PDF document"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)), "is a picture (JPEG)"),
        (b"#EXTM3U\nhttp://camera/1.aac\n", "is a playlist"),
    ],
)
def test_what_is_not_sound(data, words, tmp_path):
    path = tmp_path / "cry.wav"
    path.write_bytes(data)
    for source, name in ((path, str(path)), (data, "bytes")):
        with pytest.raises(AudioError) as caught:
            load_audio(source)
        assert str(caught.value).startswith(f"{name}: {words}")
        assert "ffmpeg" not in str(caught.value)


def test_noise_is_not_called_text():
    """What is neither known nor certainly something else may still be sound to ffmpeg."""
    for seed in range(20):
        data = np.random.default_rng(seed).bytes(2000)
        with pytest.raises(AudioError, match="is no recording that can be read"):
            load_audio(b"\x01" + data)
