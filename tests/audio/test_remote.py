"""remote: the samples are those of the file, each block is fetched once, and an error is one sentence."""

import sys

import numpy as np
import pytest

from edgecry.audio import remote
from edgecry.audio.blocks import blocks
from edgecry.audio.load import AudioOptions, load_audio
from edgecry.errors import AudioError
from tests.recordings import encode, noisy_tone
from tests.servers import file_server

fsspec = pytest.importorskip("fsspec", reason="NOT TESTED: pip install '.[remote]'")
pytest.importorskip("aiohttp", reason="NOT TESTED: pip install '.[remote]'")


@pytest.fixture
def content(tmp_path):
    """FLAC, of which a decoder looks at each place twice."""
    content = encode(noisy_tone(60_000), kind="FLAC")
    (tmp_path / "night.flac").write_bytes(content)
    return content


@pytest.fixture
def memory(content):
    fs = fsspec.filesystem("memory")
    fs.pipe("/nights/night.flac", content)
    yield "memory://nights/night.flac"
    fs.rm("/nights", recursive=True)


@pytest.mark.parametrize("parts", [True, False])
def test_samples_are_those_of_the_file(tmp_path, content, parts, monkeypatch):
    monkeypatch.setattr(remote, "BLOCK", 10_000)
    with file_server(tmp_path, parts) as (server, sent):
        found = load_audio(f"{server}/night.flac", 16000).samples
    assert np.array_equal(found, load_audio(content, 16000).samples)
    assert (sent[-1] is not None) == parts  # a whole file, after an attempt at a part


def test_memory(memory, content):
    assert np.array_equal(load_audio(memory, 16000).samples, load_audio(content, 16000).samples)


def test_each_block_is_fetched_once(tmp_path, content, monkeypatch):
    monkeypatch.setattr(remote, "BLOCK", 10_000)
    with file_server(tmp_path) as (server, sent):
        found = blocks(f"{server}/night.flac", 16000, AudioOptions())
        assert sum(len(y) for y in found) == 60_000
    assert sorted(sent) == [(at, min(at + 10_000, len(content))) for at in range(0, len(content), 10_000)]


def test_a_file_that_is_refused_is_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "BLOCK", 10_000)
    (tmp_path / "long.wav").write_bytes(encode(noisy_tone(100_000)))
    with file_server(tmp_path) as (server, sent), pytest.raises(AudioError, match="lasts 6 s"):
        load_audio(f"{server}/long.wav", 16000, AudioOptions(longest=1.0))
    assert sum(stop - start for start, stop in sent) <= 20_000


def test_reads_of_any_size_give_the_bytes(memory, content, monkeypatch):
    monkeypatch.setattr(remote, "BLOCK", 777)
    rng = np.random.default_rng(0)
    with remote.open_address(memory) as file:
        for _ in range(50):
            at, count = rng.integers(len(content) + 10), rng.integers(3000)
            file.seek(at)
            assert file.read(count) == content[at : at + count]
        file.seek(-5, 2)
        assert file.read() == content[-5:]
        with pytest.raises(ValueError, match="before the beginning"):
            file.seek(-1)


def test_size_is_bounded(memory, tmp_path, content, monkeypatch):
    monkeypatch.setattr(remote, "MAX_BYTES", 1000)
    with pytest.raises(AudioError, match="are read from afar"):
        load_audio(memory)
    monkeypatch.undo()
    monkeypatch.setattr(remote, "BLOCK", 1000)
    monkeypatch.setattr("edgecry.audio.spool.MAX_BYTES", 1000)
    with file_server(tmp_path, parts=False) as (server, _), pytest.raises(AudioError, match="no end"):
        load_audio(f"{server}/night.flac")


def test_a_connection_that_breaks_is_told(memory, content, monkeypatch):
    monkeypatch.setattr(remote, "BLOCK", 10_000)
    real = fsspec.filesystem("memory").open("/nights/night.flac")

    class Broken:
        size = len(content)

        def seek(self, at):
            if at > 50_000:
                raise OSError("connection reset")
            real.seek(at)

        def read(self, count):
            return real.read(count)

        def close(self):
            pass

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "open", lambda *_, **__: Broken())
    with pytest.raises(AudioError, match="connection reset"):
        load_audio(memory)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("memory://none.wav", "is not there, or cannot be reached"),
        ("http://127.0.0.1:9/x.wav", "is not there, or cannot be reached"),
        ("rtsp://camera/1", "is an address, not a file"),
    ],
)
def test_what_is_wrong_is_one_sentence(address, words):
    with pytest.raises(AudioError) as caught:
        load_audio(address)
    assert str(caught.value).startswith(f"{address}: {words}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("scheme", "module"), [("s3", "s3fs"), ("gs", "gcsfs"), ("https", "fsspec.core")])
def test_a_driver_that_is_missing_is_named(scheme, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(AudioError, match=rf"not installed \(.*{module.split('.')[0]}.*\); pip install"):
        load_audio(f"{scheme}://bucket/night.flac")
