"""Sinks of tables: what is missing, what is secret, what is an address."""

import io

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.address import mqtt_address
from edgecry.sinks.execute import ExecSettings
from edgecry.sinks.making import SINKS, is_durable, make_sinks, sink_settings
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.webhook import WebhookSettings


def test_text_alone_unless_told_otherwise():
    assert list(sink_settings({}, "cot", environment={})) == ["text"]
    assert sink_settings({"text": {"enabled": False}}, "cot", environment={}) == {}


def test_every_sink_is_made_under_its_own_name(tmp_path):
    pytest.importorskip("paho.mqtt.client", reason="SOME SINKS ARE NOT TESTED: paho-mqtt is missing")
    pytest.importorskip("apprise", reason="SOME SINKS ARE NOT TESTED: apprise is missing")
    (tmp_path / "urls").write_text("ntfy://localhost/cot")
    tables = {
        "jsonl": {"path": str(tmp_path / "events.jsonl")},
        "exec": {"command": "true"},
        "webhook": {"url": "http://localhost/x"},
        "mqtt": {"host": "localhost"},
        "notify": {"urls_file": str(tmp_path / "urls")},
        "page": {"url": "http://localhost:8377/"},
    }
    settings = sink_settings(tables, "cot", ["hungry"], environment={})
    stream = io.StringIO()
    sinks = make_sinks(settings, stream)
    assert [sink.name for sink in sinks] == list(settings) == list(SINKS)
    assert sinks[0].stream is stream
    assert all(type(found) is SINKS[name].Settings for name, found in settings.items())
    assert is_durable(settings)
    assert not is_durable({name: settings[name] for name in ("text", "jsonl", "exec")})


def test_a_table_goes_before_what_is_filled_in():
    (_, mqtt) = sink_settings({"mqtt": {"host": "x"}}, "cot", ["tired"], environment={}).values()
    assert (mqtt.device, mqtt.reasons) == ("cot", ("tired",))
    table = {"host": "x", "device": "crib", "reasons": ["hungry"], "home_assistant": ""}
    (_, mqtt) = sink_settings({"mqtt": table}, "cot", ["tired"], environment={}).values()
    assert (mqtt.device, mqtt.reasons, mqtt.home_assistant) == ("crib", ("hungry",), "")


def test_secrets_of_the_environment():
    environment = {
        "EDGECRY_MQTT_USER": "me",
        "EDGECRY_MQTT_PASSWORD": "secret",
        "EDGECRY_WEBHOOK_TOKEN": "token",
    }
    tables = {"mqtt": {"host": "x"}, "webhook": {"url": "http://x"}}
    found = sink_settings(tables, "cot", environment=environment)
    assert (found["mqtt"].user, found["mqtt"].password_variable) == ("me", "EDGECRY_MQTT_PASSWORD")
    assert found["webhook"].token_variable == "EDGECRY_WEBHOOK_TOKEN"
    assert "secret" not in repr(found)
    tables = {"mqtt": {"host": "x", "password_file": "p", "user": "you"}, "webhook": {"url": "http://x"}}
    found = sink_settings(tables, "cot", environment=environment)
    assert (found["mqtt"].user, found["mqtt"].password_variable) == ("you", None)


def test_files_that_systemd_brings(tmp_path):
    """Go before those of the tables, which a service may not read."""
    (tmp_path / "mqtt.password_file").write_text("secret")
    tables = {"mqtt": {"host": "x", "user": "me", "password_file": "/etc/p", "ca_file": "/etc/ca.pem"}}
    for folder, found in ((tmp_path, str(tmp_path / "mqtt.password_file")), ("", "/etc/p")):
        environment = {"CREDENTIALS_DIRECTORY": str(folder)}
        mqtt = sink_settings(tables, "cot", environment=environment)["mqtt"]
        assert (mqtt.password_file, mqtt.ca_file) == (found, "/etc/ca.pem")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"mqtt": {}}, r"\[sinks.mqtt\]: host: is missing"),
        ({"webhook": {}}, r"\[sinks.webhook\]: url: is missing"),
        ({"mqtt": {"host": "x", "port": 0}}, r"\[sinks.mqtt\]: mqtt: port: 0 is out of range"),
        ({"exec": {"command": ""}}, r"\[sinks.exec\]: exec: command: is empty"),
        ({"jsonl": {"pat": "x"}}, r"pat: is unknown; did you mean path\?"),
    ],
)
def test_refusals(tables, message):
    with pytest.raises(EdgecryError, match=message):
        sink_settings(tables, "cot", environment={})


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("broker", {"host": "broker"}),
        ("broker:1884", {"host": "broker", "port": 1884}),
        ("10.0.0.1", {"host": "10.0.0.1"}),
        ("::1", {"host": "::1"}),
        ("[::1]:1884", {"host": "::1", "port": 1884}),
        ("mqtt://broker", {"host": "broker", "tls": False}),
        ("mqtts://broker:8884/", {"host": "broker", "port": 8884, "tls": True}),
    ],
)
def test_addresses(text, table):
    assert mqtt_address(text) == table
    MqttSettings(**table)


@pytest.mark.parametrize("text", ["", ":1883", "http://x", "mqtt://", "x:y", "mqtt://x/topic", "x:99999"])
def test_no_addresses(text):
    with pytest.raises(EdgecryError, match="allowed are HOST, HOST:PORT"):
        mqtt_address(text)


@pytest.mark.parametrize("text", ["me:secret@x", "mqtt://me:secret@x:1883", "mqtts://secret@x"])
def test_a_user_has_no_place_on_the_command_line(text):
    """The secret is not repeated in the message."""
    with pytest.raises(EdgecryError, match="holds a user, which everybody") as caught:
        mqtt_address(text)
    assert "secret" not in str(caught.value)


def test_what_is_shown_holds_no_secret():
    for secret in ("https://x/secret", "https://x/?key=secret"):
        assert SINKS["webhook"].shown(WebhookSettings(secret)) == "https://x/..."
    assert SINKS["exec"].shown(ExecSettings("curl https://me:secret@x/")) == "curl https://...@x/"
    assert SINKS["mqtt"].shown(MqttSettings("x", device="cot", user="me", tls=True)) == (
        "x:8883 as me, encrypted, edgecry/cot"
    )
