"""ffmpeg: what libsndfile lacks, decoded where there is an ffmpeg, with nothing but the file."""

import os
import shutil
import stat
import subprocess

import numpy as np
import pytest

from edgecry.audio import ffmpeg
from edgecry.audio.load import AudioOptions, load_audio
from edgecry.errors import AudioError, EdgecryWarning
from tests.recordings import encode, noisy_tone

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="install ffmpeg for this")


@pytest.fixture(autouse=True)
def with_ffmpeg(no_ffmpeg, monkeypatch):
    monkeypatch.setattr("edgecry.audio.ffmpeg.installed", lambda: True)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put a script in the place of ffmpeg."""

    def write(script: str) -> None:
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return write


M4A = b"\0\0\0\x20ftypM4A " + bytes(range(256))


@needs_ffmpeg
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("m4a", "aac"), ("aac", "aac"), ("mp4", "aac"), ("3gp", "aac"), ("webm", "libopus")],
)
def test_formats(suffix, codec, tmp_path):
    """The tone that went in comes out, by path and as bytes."""
    tone = noisy_tone(32_000, 2)
    source, path = tmp_path / "a.wav", tmp_path / f"a.{suffix}"
    source.write_bytes(encode(tone))
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c:a", codec, path], check=False)
    if done.returncode != 0:
        pytest.skip("this ffmpeg lacks the encoder")
    found = load_audio(path)
    assert found.duration == pytest.approx(2, abs=0.15)
    spectrum = np.abs(np.fft.rfft(found.samples[4000:20000]))
    assert np.argmax(spectrum) == 440
    np.testing.assert_array_equal(load_audio(path.read_bytes()).samples, found.samples)


@needs_ffmpeg
def test_what_ffmpeg_does_not_read_either():
    with pytest.raises(
        AudioError, match=r"bytes: is MPEG-4 audio that cannot be read; ffmpeg cannot read it"
    ):
        load_audio(M4A)


@needs_ffmpeg
def test_no_further_file_is_opened(tmp_path):
    """A playlist under another name is refused, not followed."""
    (tmp_path / "secret.wav").write_bytes(encode(noisy_tone(8000)))
    path = tmp_path / "cry.m4a"
    path.write_bytes(b"\0ffconcat version 1.0\nfile secret.wav\n" + bytes(range(128, 256)))
    with pytest.raises(AudioError, match="ffmpeg cannot read it either"):
        load_audio(path)


def test_what_it_is_given(fake, tmp_path, monkeypatch):
    """There is no shell, no input, no environment but the path, and the name is not part of the command."""
    monkeypatch.setenv("EDGECRY_WEBHOOK_TOKEN", "secret")
    fake(f'env > {tmp_path}/env; echo "$*" > {tmp_path}/arguments; exit 1')
    path = tmp_path / "a;touch b.m4a"
    path.write_bytes(M4A)
    with pytest.raises(AudioError, match="it finds no sound in it"):
        load_audio(path)
    assert "secret" not in (tmp_path / "env").read_text()
    arguments = (tmp_path / "arguments").read_text()
    assert "-nostdin" in arguments
    assert "-protocol_whitelist file " in arguments
    assert "touch" not in arguments


def test_one_that_hangs(fake):
    """It is ended after a set time, and that is said."""
    fake("exec sleep 600")
    with pytest.raises(ffmpeg.FfmpegError, match="did not come to an end"):
        ffmpeg.FfmpegFile(open(os.devnull, "rb"), seconds=0.1)  # noqa: PTH123, SIM115


def wave_header(channels: int = 1) -> str:
    data = encode(np.zeros((0, channels)), subtype="FLOAT")
    return "".join(f"\\{byte:03o}" for byte in data[: data.index(b"data") + 8])


def test_one_that_writes_without_end(fake):
    """The longest recording ends it."""
    fake(f"printf '{wave_header()}'; exec cat /dev/zero")
    with pytest.raises(AudioError, match="and 60 s are allowed"):
        load_audio(M4A, options=AudioOptions(longest=60))


def test_one_that_fails_in_the_middle(fake):
    """What it decoded counts, and the warning has its own words."""
    fake(f"printf '{wave_header()}'; head -c 64000 /dev/zero; echo '[mov @ 0x1] moov is damaged' >&2; exit 1")
    with pytest.warns(EdgecryWarning, match=r"after 1.00 s \(moov is damaged\); only what comes before"):
        assert load_audio(M4A).duration == 1
    with pytest.raises(AudioError, match="moov is damaged"):
        load_audio(M4A, options=AudioOptions(strict=True))


def test_without_it(monkeypatch):
    monkeypatch.setattr("edgecry.audio.ffmpeg.installed", lambda: False)
    with pytest.raises(AudioError, match="MPEG-4 audio cannot be read; install ffmpeg, or convert it"):
        load_audio(M4A)
