"""mqtt: who may publish, and TLS."""

import threading
import time

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from tests.sinks import certificates
from tests.sinks.messages import cry, wait_for
from tests.sinks.mosquitto import Mosquitto, need, retained
from tests.sinks.mqtt import ANNOUNCED, ROOT, delivered, sink

# -- who may -----------------------------------------------------------------------------------------


@pytest.fixture
def closed_broker(start_broker) -> Mosquitto:
    return start_broker(users={"baby": "right"})


def test_password(closed_broker, outbox, tmp_path, monkeypatch):
    file = tmp_path / "password"
    file.write_text("right\n")
    file.chmod(0o600)
    login = {"username": "baby", "password": "right"}
    with Dispatcher([sink(closed_broker, user="baby", password_file=file)], outbox):
        assert retained(closed_broker, ANNOUNCED, **login)[f"{ROOT}/availability"] == "online"
    monkeypatch.setenv("MQTT_PASSWORD", "right")
    out = sink(closed_broker, user="baby", password_variable="MQTT_PASSWORD")
    out.open()
    out.close()
    assert "right" not in repr(out.settings)


@pytest.mark.parametrize("user", ["baby", "nobody", None])
def test_wrong_password(closed_broker, outbox, monkeypatch, caplog, user):
    """The message is clear and comes once, each try is followed by a wait, and the event is kept."""
    monkeypatch.setenv("MQTT_PASSWORD", "wrong")
    variable = "MQTT_PASSWORD" if user else None
    out = sink(closed_broker, user=user, password_variable=variable, first_wait=0.2, longest_wait=0.2)
    began = time.monotonic()
    with Dispatcher([out], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] == 4)
        took = time.monotonic() - began
        assert delivered(dispatcher) == 0
        assert not any(t.name.startswith("paho") for t in threading.enumerate())
    assert took >= 3 * 0.1, "no busy loop"
    said = [r.getMessage() for r in caplog.records if "refused" in r.getMessage()]
    assert len(said) == 1
    expected = (
        f"mqtt: 127.0.0.1:{closed_broker.port}: refused: Not authorized; check the user and the password"
    )
    assert said[0].startswith(expected)
    assert "wrong" not in caplog.text
    assert "1 messages wait for the next run" in caplog.text


@pytest.mark.parametrize(("rule", "told"), [("read #", True), ("readwrite edgecry/#", False)])
def test_access_list(start_broker, tmp_path, monkeypatch, caplog, rule, told):
    """The broker confirms what it drops; so it is looked at once whether anything can be seen."""
    (file := tmp_path / "acl").write_text(f"user baby\ntopic {rule}\n")
    file.chmod(0o600)
    broker = start_broker(f"acl_file {file}", users={"baby": "right"})
    monkeypatch.setenv("GOOD", "right")
    monkeypatch.setattr("edgecry.sinks.mqtt.ECHO", 1.0 if told else 20.0)
    out = sink(broker, user="baby", password_variable="GOOD")
    for _ in range(2):
        out.open()
        out.deliver(cry(1))
        out.close()
    found = [r.getMessage() for r in caplog.records if "access list (ACL) may not let baby" in r.getMessage()]
    assert len(found) == told


def test_greeting(closed_broker, monkeypatch):
    """A check of the settings logs in as the listener would, and takes no session from one that runs."""
    monkeypatch.setenv("GOOD", "right")
    monkeypatch.setenv("BAD", "wrong")
    running = sink(closed_broker, user="baby", password_variable="GOOD")
    running.open()
    sink(closed_broker, user="baby", password_variable="GOOD").greet(5.0)
    with pytest.raises(SinkError, match="Not authorized; check the user and the password"):
        sink(closed_broker, user="baby", password_variable="BAD").greet(5.0)
    running.deliver(cry(1))
    assert not running._connection.lost
    running.close()


def test_nobody_there(broker, outbox):
    broker.end()
    with pytest.raises(SinkError, match=f"127.0.0.1:{broker.port}: cannot connect .*refused"):
        sink(broker).open()


def test_not_a_broker(broker):
    """The port may belong to another kind of server."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        out = MqttSink(MqttSettings("127.0.0.1", port, device="nursery", timeout=0.3))
        with pytest.raises(SinkError, match="no answer to the connection"):
            out.open()
        out.close()


# -- TLS ---------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path) -> certificates.Certificates:
    pytest.importorskip("trustme", reason="MQTT OVER TLS IS NOT TESTED: trustme (pip install '.[test]')")
    return certificates.make(tmp_path)


def tls_lines(made: certificates.Certificates) -> list[str]:
    return [f"cafile {made.ca}", f"certfile {made.server}", f"keyfile {made.server}"]


@pytest.fixture
def tls_broker(start_broker, made, monkeypatch):
    # The broker is asked whether it is there in the clear, and takes that for an error: no matter.
    return lambda *lines: start_broker(*tls_lines(made), *lines)


def test_tls(tls_broker, made, outbox):
    broker = tls_broker()
    with Dispatcher([sink(broker, ca_file=made.ca)], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)


def test_tls_refuses_a_stranger(tls_broker, made):
    broker = tls_broker()
    for changes in ({"ca_file": made.other_ca}, {"tls": True}):
        with pytest.raises(SinkError, match="certificate verify failed"):
            sink(broker, **changes).open()
    with pytest.raises(SinkError):
        sink(broker, timeout=0.5).open()


def test_tls_with_a_certificate_of_ours(tls_broker, made, outbox):
    broker = tls_broker("require_certificate true")
    with pytest.raises(SinkError):
        sink(broker, ca_file=made.ca, timeout=0.5).open()
    with Dispatcher([sink(broker, ca_file=made.ca, cert_file=made.client)], outbox) as dispatcher:
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)


def test_tls_name_must_fit(tls_broker, made):
    """The certificate is for 127.0.0.1 and localhost; another name of the same machine is a stranger."""
    broker = tls_broker()
    out = MqttSink(MqttSettings("127.0.0.2", broker.port, device="nursery", ca_file=made.ca, timeout=1))
    with pytest.raises(SinkError):
        out.open()


@pytest.mark.parametrize("what", ["ca_file", "cert_file"])
def test_bad_certificates(tmp_path, what):
    need()
    file = tmp_path / "file.pem"
    for content in (None, "nothing"):
        if content:
            file.write_text(content)
        with pytest.raises(EdgecryError, match=r"mqtt: certificates: .*file\.pem"):
            MqttSink(MqttSettings("host", **{what: file}))
