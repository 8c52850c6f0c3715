"""device: samples from a microphone; PortAudio is played by a fake, since nobody tests in a nursery."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.base import Gap
from edgecry.sources.device import Device, DeviceSource, list_devices


class FakeStream:
    def __init__(self, module, **arguments) -> None:
        self.module, self.arguments = module, arguments
        self.active = self.closed = False
        self.now = 5.0
        module.streams.append(self)
        if module.refuse:
            raise module.PortAudioError(module.refuse)

    def start(self) -> None:
        self.active = True

    def close(self, ignore_errors: bool) -> None:
        self.active, self.closed = False, True

    def come(self, samples: np.ndarray, late: float = 0.0) -> None:
        """Call back as PortAudio does, ``late`` seconds after what was due."""
        self.now += late
        times = SimpleNamespace(inputBufferAdcTime=self.now)
        frames = len(samples) // self.arguments["channels"]
        status = SimpleNamespace(input_overflow=bool(late))
        self.arguments["callback"](memoryview(samples.astype("<i2").tobytes()), frames, times, status)
        self.now += frames / self.arguments["samplerate"]


@pytest.fixture
def portaudio(monkeypatch):
    module = ModuleType("sounddevice")
    module.streams, module.refuse = [], ""
    module.PortAudioError = type("PortAudioError", (Exception,), {})
    module.RawInputStream = lambda **arguments: FakeStream(module, **arguments)
    module.devices = [
        {"name": "HDMI", "max_input_channels": 0, "default_samplerate": 48000.0},
        {"name": "USB microphone", "max_input_channels": 1, "default_samplerate": 44100.0},
        {"name": "array", "max_input_channels": 4, "default_samplerate": 16000.0},
    ]
    module.query_devices = lambda: module.devices
    module.default = SimpleNamespace(device=[2, 0])
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_list(portaudio):
    assert list_devices() == [
        Device(1, "USB microphone", 1, 44100, False),
        Device(2, "array", 4, 16000, True),
    ]


def test_samples(portaudio):
    with DeviceSource("USB", PcmFormat(16000, 2)) as source:
        (stream,) = portaudio.streams
        assert len(source.read(0)) == 0
        stream.come(np.array([16384, -16384, 16384, 16384]))
        assert source.read(0).tolist() == [0, 0.5]
    assert stream.closed
    arguments = {k: v for k, v in stream.arguments.items() if k != "callback"}
    assert arguments == {
        "samplerate": 16000,
        "blocksize": 6400,
        "device": "USB",
        "channels": 2,
        "dtype": "int16",
    }
    assert source.read(0) is None


@pytest.mark.parametrize("device", [None, ""])
def test_default_device(portaudio, device):
    with DeviceSource(device) as source:
        assert portaudio.streams[0].arguments["device"] is None
    assert source.name == "microphone"


def test_an_overflow_is_a_gap_of_the_time_it_took(portaudio):
    with DeviceSource() as source:
        (stream,) = portaudio.streams
        stream.come(np.zeros(6400))
        stream.come(np.zeros(6400), late=0.25)
        stream.come(np.zeros(6400))
        assert len(source.read(0)) == 6400
        assert source.read(0) == Gap(4000)
        assert [len(source.read(0)) for _ in range(3)] == [6400, 6400, 0]


def test_a_reader_that_sleeps_loses_the_newest_and_is_told(portaudio):
    with DeviceSource() as source:
        (stream,) = portaudio.streams
        for _ in range(53):
            stream.come(np.zeros(6400))
        blocks = [source.read(0) for _ in range(50)]
        assert [len(block) for block in blocks] == [6400] * 50
        stream.come(np.zeros(6400))
        assert source.read(0) == Gap(3 * 6400)
        assert len(source.read(0)) == 6400


def test_unplugged(portaudio):
    with DeviceSource("USB") as source:
        portaudio.streams[0].active = False
        assert source.read(0) is None
        assert source.complaint == "microphone USB: stopped; check its plug"


def test_refused_with_what_there_is(portaudio):
    portaudio.refuse = "Invalid sample rate [PaErrorCode -9997]"
    with pytest.raises(
        AudioError,
        match=r"microphone 1: Invalid sample rate .* there are: 1 'USB microphone' \(1 ch, 44100 Hz\)",
    ):
        DeviceSource(1).open()
    portaudio.devices = []
    with pytest.raises(AudioError, match=r"no microphone is there; .* group audio"):
        DeviceSource(1).open()


def test_encoding(portaudio):
    with pytest.raises(AudioError, match=r"encoding f32le; allowed is s16le"):
        DeviceSource(pcm=PcmFormat(encoding="f32le")).open()


def test_sounddevice_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match=r"sounddevice is not installed; .* pip install '\.\[mic\]'"):
        DeviceSource().open()


def test_portaudio_missing(monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(AudioError, match=r"PortAudio is missing .* apt install libportaudio2"):
        list_devices()


def test_the_real_library_agrees_with_the_fake():
    """Its names are those that are used; where it is not installed, say so."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        pytest.skip(f"NOT TESTED against sounddevice itself: {error}")
    assert issubclass(sounddevice.PortAudioError, Exception)
    assert {"samplerate", "blocksize", "device", "channels", "dtype", "callback"} <= set(
        sounddevice.RawInputStream.__init__.__code__.co_varnames
    )
    assert isinstance(sounddevice.CallbackFlags(2).input_overflow, bool)
    list_devices()
    with pytest.raises(AudioError, match=r"microphone no such thing: "):
        DeviceSource("no such thing").open()
