"""Setting a board up: what is asked, what is measured, what is written, and only after a yes."""

import stat
import sys
import tomllib

import pytest

from edgecry.cli.setup import Done
from edgecry.errors import EdgecryError
from edgecry.listening import setup
from edgecry.listening.setup import microphones, set_up, toml

LISTED = """\
**** List of CAPTURE Hardware Devices ****
card 1: Device [USB PnP Sound Device], device 0: USB Audio [USB Audio]
  Subdevices: 1/1
card 2: seeed2micvoicec [seeed-2mic-voicecard], device 0: bcm2835-i2s [HiFi]
"""
#: As arecord: lists, or writes a tone of an amplitude that its device has, without end.
ARECORD = """\
#!{python}
import sys, time
import numpy as np
if "-l" in sys.argv:
    print({listed!r})
    sys.exit()
amplitude = 0 if "Device" in sys.argv[sys.argv.index("-D") + 1] else 8192
tone = (amplitude * np.sin(np.arange(16000) * 0.1)).astype("<i2").tobytes()
while True:
    sys.stdout.buffer.write(tone)
    sys.stdout.buffer.flush()
    time.sleep(0.05)
"""


class Person:
    """Answers by a word of the question; agrees unless told otherwise, and remembers what was said."""

    def __init__(self, **answers: object) -> None:
        self.answers, self.said = answers, []

    def tell(self, text: str) -> None:
        self.said.append(text)

    def _answer(self, question: str, default):
        self.said.append(question)
        found = next((word for word in self.answers if word in question), None)
        if found is None:
            return default
        answer = self.answers[found]
        return answer.pop(0) if isinstance(answer, list) else answer

    def ask(self, question: str, default: str = "") -> str:
        return self._answer(question, default)

    def agrees(self, question: str, default: bool = True) -> bool:
        return self._answer(question, default)

    def secret(self, question: str) -> str:
        return self._answer(question, "")


class Changes(Done):
    """Writes files, and only remembers programs."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def run(self, *command: str) -> None:
        self.commands.append(" ".join(command))


@pytest.fixture
def board(monkeypatch, tmp_path):
    """A machine with two microphones, of which the first is muted, and systemd."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "arecord"
    program.write_text(ARECORD.format(python=sys.executable, listed=LISTED))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(setup, "SYSTEMD", tmp_path)
    monkeypatch.setattr(setup, "UNIT", tmp_path / "edgecry.service")
    return tmp_path


def test_microphones_are_found_by_names_that_stay(board):
    """Numbers of cards change when things are plugged in."""
    assert [one.name for one in microphones()] == [
        "USB PnP Sound Device, USB Audio (plughw:CARD=Device,DEV=0)",
        "seeed-2mic-voicecard, HiFi (plughw:CARD=seeed2micvoicec,DEV=0)",
    ]
    assert "plughw:CARD=Device,DEV=0" in next(iter(microphones())).source["command"]


def test_from_a_fresh_board_to_a_service(board):
    person = Person(
        **{
            "Which microphone": ["9", "1", "2"],
            "Take this one": [False, True],
            "MQTT broker": "mqtts://broker.local:8884",
            "Its user": "me",
            "Its password": "s3cret",
            "page of another": "http://nursery.local:8377/",
            "key for reports": "a-key-for-reports",
            "A phone": "ntfy://ntfy.sh/topic",
        }
    )
    changes, config = Changes(), board / "edgecry.toml"
    set_up(person, changes, config, ("/opt/edgecry/bin/edgecry",), is_root=True)

    found = tomllib.loads(config.read_text())
    assert "seeed2micvoicec" in found["source"]["command"]
    assert found["web"] == {"address": ":8377"}
    assert found["record"] == {"dir": "clips"}
    password, notify = board / "edgecry-mqtt-password", board / "edgecry-notify"
    report_key = board / "edgecry-report-key"
    assert found["sinks"] == {
        "mqtt": {
            "host": "broker.local",
            "port": 8884,
            "tls": True,
            "user": "me",
            "password_file": str(password),
        },
        "page": {"url": "http://nursery.local:8377/", "key_file": str(report_key)},
        "notify": {"urls_file": str(notify)},
    }
    assert report_key.read_text() == "a-key-for-reports\n"
    assert (password.read_text(), notify.read_text()) == ("s3cret\n", "ntfy://ntfy.sh/topic\n")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (password, notify, report_key)} == {0o600}
    assert f"--config {config}" in (board / "edgecry.service").read_text()
    assert changes.commands == [
        "systemctl daemon-reload",
        "systemctl enable edgecry",
        "systemctl restart edgecry",
    ]
    said = "\n".join(person.said)
    assert "it may be muted" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("no", ["Write ", "Replace it"])
def test_nothing_is_written_without_a_yes(board, no):
    config = board / "edgecry.toml"
    if no == "Replace it":
        config.write_text("mine")
    before = sorted(board.iterdir())
    person = Person(**{"Which": "2", no: False, "A phone": "ntfy://x/y"})
    with pytest.raises(EdgecryError):
        set_up(person, Changes(), config, ("/opt/edgecry",), is_root=True)
    assert sorted(board.iterdir()) == before
    assert no == "Write " or config.read_text() == "mine"


def test_the_service_is_asked_for(board):
    changes = Changes()
    person = Person(Which="2", Install=False)
    set_up(person, changes, board / "edgecry.toml", ("/opt/edgecry",), is_root=True)
    assert changes.commands == []
    assert not (board / "edgecry.service").exists()
    assert f"listen with: /opt/edgecry listen --config {board / 'edgecry.toml'}" in person.said


def test_without_root_there_is_no_service(board):
    changes, person = Changes(), Person(Which="2")
    set_up(person, changes, board / "edgecry.toml", ("/opt/edgecry",), is_root=False)
    assert changes.commands == []
    assert any("sudo" in text for text in person.said)


def test_no_microphone_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("edgecry.sources.device.list_devices", list)
    with pytest.raises(EdgecryError, match="no microphone is there; plug one in"):
        set_up(Person(), Changes(), tmp_path / "edgecry.toml", ("/opt/edgecry",), is_root=True)


@pytest.mark.parametrize("text", ['"', "\\", "a\nb", "ü", "[x]", "\x1b", "#", "'''"])
def test_what_is_written_as_toml_is_read_back(text):
    table = {"a": text, "n": 5, "t": {"x": True, "y": 0.5, "deep": {"z": text}}, "only": {"sub": {"k": 1}}}
    assert tomllib.loads(toml(table)) == table
