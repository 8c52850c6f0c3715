"""service: the systemd unit."""

import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.errors import EdgecryError
from edgecry.listening.settings import parse_settings
from edgecry.listening.unit import UnitSettings, obstacles, quote, settings_for, unit, warnings

PLAIN = UnitSettings(("/bin/true", "listen"))
#: Most exposure, of 10, that systemd may find.
EXPOSURE = 1.5


def values(text: str, key: str) -> list[str]:
    return [line.split("=", 1)[1] for line in text.splitlines() if line.startswith(f"{key}=")]


def from_table(table: dict, **arguments) -> UnitSettings:
    return settings_for(("/bin/true", "listen"), parse_settings(table, "test"), **arguments)


def test_what_it_is():
    text = unit(PLAIN)
    assert values(text, "ExecStart") == ["/bin/true listen"]
    assert values(text, "Type") == ["notify"]
    assert values(text, "DynamicUser") == ["yes"]
    assert values(text, "User") == []
    assert values(text, "SupplementaryGroups") == ["audio"]
    assert values(text, "DeviceAllow") == ["char-alsa rw"]
    assert values(text, "MemoryMax") == ["256M"]
    assert values(text, "WatchdogSec") == ["60"]
    assert values(text, "ProtectHome") == ["yes"]
    assert "NUMBA_CACHE_DIR=%C/edgecry" in values(text, "Environment")[0]


def test_a_user_by_name():
    text = unit(replace(PLAIN, user="pi"))
    assert values(text, "User") == ["pi"]
    assert values(text, "DynamicUser") == []


def test_nothing_leaves_the_device_unless_it_must():
    text = unit(from_table({}))
    assert values(text, "RestrictAddressFamilies") == ["AF_UNIX"]
    assert values(text, "PrivateNetwork") == ["yes"]


@pytest.mark.parametrize(
    "table",
    [
        {"sinks": {"mqtt": {"host": "broker"}}},
        {"sinks": {"webhook": {"url": "http://x"}}},
        {"sinks": {"exec": {"command": "x"}}},
        {"source": {"kind": "command", "command": "ffmpeg -i rtsp://camera"}},
    ],
)
def test_who_needs_the_network_gets_it(table):
    text = unit(from_table(table))
    assert values(text, "RestrictAddressFamilies") == ["AF_UNIX AF_INET AF_INET6 AF_NETLINK"]
    assert values(text, "PrivateNetwork") == []
    assert values(text, "Wants") == ["network-online.target"]


def test_secrets_are_read_by_systemd():
    """A dynamic user cannot read a file that is closed to others, as those of secrets are."""
    table = {
        "sinks": {
            "mqtt": {"host": "x", "user": "me", "password_file": "/etc/50% secret", "ca_file": "ca.pem"},
            "webhook": {"url": "http://x", "token_file": "/home/me/token"},
        }
    }
    text = unit(from_table(table))
    assert values(text, "LoadCredential") == [
        "mqtt.password_file:/etc/50%% secret",
        "webhook.token_file:/home/me/token",
    ]
    assert values(text, "ProtectHome") == ["yes"]
    assert values(unit(from_table({})), "LoadCredential") == []


def test_folders_to_write_to():
    table = {
        "record": {"dir": "/srv/clips"},
        "outbox": {"path": "/var/lib/edgecry/outbox.db"},
        "sinks": {"jsonl": {"path": "/var/log/edge cry/events.jsonl"}},
    }
    assert values(unit(from_table(table)), "ReadWritePaths") == ["-/srv/clips", '"-/var/log/edge cry"']
    relative = {"record": {"dir": "clips"}, "outbox": {"path": "outbox.db"}}
    assert values(unit(from_table(relative)), "ReadWritePaths") == []


@pytest.mark.parametrize(
    "settings",
    [
        UnitSettings(("/home/pi/venv/bin/edgecry", "listen")),
        UnitSettings(("/bin/true", "--config", "/root/edgecry.toml")),
        UnitSettings(("/bin/true",), writable=("/home/pi/clips",)),
        UnitSettings(("/bin/true",), readable=("/home/pi/cry.onnx",)),
    ],
)
def test_homes_are_visible_only_if_something_is_there(settings):
    assert values(unit(settings), "ProtectHome") == ["read-only"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"command": ()}, "does not begin with an absolute path"),
        ({"command": ("edgecry",)}, "'edgecry' does not begin with an absolute path"),
        ({"command": ("/bin/true", "a\nb")}, "has characters that a unit cannot hold"),
        ({"user": "root\nUser=x"}, "is no name of a user"),
        ({"user": ""}, "'' is no name of a user"),
        ({"writable": ("clips",)}, "'clips': is a path from where you are"),
        ({"readable": ("cry.onnx",)}, "'cry.onnx': is a path from where you are"),
        ({"credentials": (("x.y_file", "a"),)}, "'a': is a path from where you are"),
        ({"credentials": (("x.y_file", "/a\nUser=x"),)}, "has characters that a unit cannot hold"),
        ({"memory_mb": 63}, "memory: 63 MB is out of range; allowed are 64 to 65536"),
        ({"watchdog": 9}, "watchdog: 9 s is out of range; allowed are 10 to 3600"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(EdgecryError, match=message):
        replace(PLAIN, **change)


def test_stdin_is_nothing_for_a_service():
    with pytest.raises(EdgecryError, match="'stdin' is nothing for a service"):
        from_table({"source": {"kind": "stdin"}})


def test_a_low_port_needs_a_right():
    """A page at port 80 could not be listened on, and the service would not start."""
    for address, right in ((":80", "CAP_NET_BIND_SERVICE"), (":8377", ""), ("", "")):
        text = unit(from_table({"web": {"address": address}}))
        assert values(text, "AmbientCapabilities") == values(text, "CapabilityBoundingSet") == [right]


def test_programs_of_the_settings(tmp_path):
    """What a command names is found, may be read, and is not in a folder that the service does not see."""
    (script := tmp_path / "tell.sh").write_text("true")
    source = {"kind": "command", "command": "none-such -D hw:1"}
    settings = from_table({"source": source, "sinks": {"exec": {"command": f"sh {script} x"}}})
    assert settings.programs == ("none-such", "sh")
    assert settings.readable == (str(script),)
    told = " ".join(warnings(replace(settings, command=("/bin/true",))))
    assert "none-such: is no program that the service finds" in told
    assert "sh: is no program" not in told
    at_home = from_table({"sinks": {"exec": {"command": "/home/pi/tell"}}})
    assert values(unit(at_home), "ProtectHome") == ["read-only"]


def test_what_lies_in_tmp():
    """Recordings there would be gone with the service, and a model there is not seen."""
    table = {"record": {"dir": "/tmp/clips"}, "model": "/tmp/model.onnx"}
    told = [text for text in warnings(from_table(table, user="root")) if "/tmp of its own" in text]
    assert [text.partition(":")[0] for text in told] == ["/tmp/model.onnx", "/tmp/clips"]


def test_a_user_that_is_not_there():
    (told,) = warnings(replace(PLAIN, user="none-such"))
    assert "none-such: there is no such user" in told
    assert warnings(replace(PLAIN, user="root")) == []


def test_obstacles(tmp_path):
    inner = tmp_path / "private" / "bin"
    inner.mkdir(parents=True)
    (tmp_path / "private").chmod(0o700)
    assert tmp_path / "private" in obstacles(inner / "edgecry")
    (tmp_path / "private").chmod(0o711)
    assert tmp_path / "private" not in obstacles(inner / "edgecry")
    (inner / "edgecry").touch(0o640)
    assert obstacles(inner / "edgecry")[-1] == inner / "edgecry"
    (inner / "edgecry").chmod(0o644)
    assert inner / "edgecry" not in obstacles(inner / "edgecry")


# -- systemd itself ----------------------------------------------------------------------------------


@pytest.fixture
def analyze(tmp_path):
    """Ask ``systemd-analyze`` about a unit: (code, what it says)."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT TESTED against systemd: systemd-analyze is not installed")

    def ask(verb: str, text: str, *options: str) -> tuple[int, str]:
        path = tmp_path / "edgecry.service"
        path.write_text(text)
        done = subprocess.run(
            ["systemd-analyze", verb, *options, str(path)], capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    return ask


VARIANTS = [
    PLAIN,
    replace(
        PLAIN,
        user="root",
        network=True,
        writable=("/srv/50% of it", '/srv/"quoted" $HOME'),
        credentials=(("mqtt.password_file", '/etc/50% "secret" $HOME'),),
        watchdog=10,
    ),
]


@pytest.mark.parametrize("settings", VARIANTS)
def test_systemd_has_no_complaint(analyze, settings):
    assert analyze("verify", unit(settings), "--man=no") == (0, "")


def test_the_check_can_fail(analyze):
    code, said = analyze("verify", unit(PLAIN).replace("Nice=5", "Nise=5"), "--man=no")
    assert "Nise" in said
    code, said = analyze("security", "[Service]\nExecStart=/bin/true\n", "--offline=true", "--threshold=15")
    assert code != 0


@pytest.mark.parametrize("settings", VARIANTS[:1])
def test_systemd_finds_it_safe(analyze, settings):
    threshold = f"--threshold={round(10 * EXPOSURE)}"
    code, said = analyze("security", unit(settings), "--offline=true", threshold)
    assert code == 0, said


def test_with_a_network_it_is_still_safe(analyze):
    code, said = analyze("security", unit(replace(PLAIN, network=True)), "--offline=true", "--threshold=25")
    assert code == 0, said


def test_words_reach_the_program_as_they_are(analyze):
    """systemd parses the quoted words without complaint; the rules are those of systemd.service(5)."""
    words = ("/bin/true", "a b", '"', "50%", "$HOME", "back\\slash", "it's", "", "ä", ";", "#")
    assert analyze("verify", unit(replace(PLAIN, command=words)), "--man=no") == (0, "")


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20))
def test_quoting_can_be_undone(text):
    quoted = quote(text)
    if quoted.startswith('"') and quoted.endswith('"') and len(quoted) > 1:
        inner = quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    else:
        inner = quoted
    assert inner.replace("%%", "%") == text
