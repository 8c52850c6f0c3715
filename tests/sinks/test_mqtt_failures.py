"""mqtt: a broker that is killed, hangs or is gone, and a listener that is."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.messages import cry, open_files, wait_for
from tests.sinks.mosquitto import Watcher, retained
from tests.sinks.mqtt import ANNOUNCED, ROOT, delivered, events, no_doubles, settings, sink

# -- a broker that is killed -------------------------------------------------------------------------


class Gated(MqttSink):
    """Delivers no event while the gate is closed."""

    def __init__(self, settings: MqttSettings) -> None:
        super().__init__(settings)
        self.gate = threading.Event()
        self.gate.set()

    def deliver(self, message) -> None:
        assert self.gate.wait(30)
        super().deliver(message)


def kind(n: int) -> str:
    return ("start", "update", "end")[n % 3]


def test_broker_killed_and_restarted(broker, outbox):
    """The broker is stopped three times in a stream. Everything arrives in order, at least once."""
    n, received = 300, []
    gated = Gated(settings(broker))
    with Dispatcher([gated], outbox) as dispatcher:
        stream = threading.Thread(
            target=lambda: [(dispatcher.send(cry(k, kind(k))), time.sleep(0.003)) for k in range(n)]
        )
        watcher = Watcher(broker)
        stream.start()
        for _ in range(3):
            wait_for(lambda w=watcher: len(events(w)) > 10)
            broker.end()
            # The broker keeps nothing for who is not there, so events wait until the watcher is back.
            gated.gate.clear()
            wait_for(lambda w=watcher: not w.client.is_connected())
            watcher.__exit__()
            received += events(watcher)
            broker.start()
            watcher = Watcher(broker)
            gated.gate.set()
        stream.join()
        wait_for(lambda: delivered(dispatcher) == n)
        wait_for(lambda: n - 1 in events(watcher))
        received += events(watcher)
        watcher.__exit__()
        kept = retained(broker, ANNOUNCED + 1)
    # What the broker had confirmed and not passed on when it died is its own loss: one at most.
    assert len(set(range(n)) - set(received)) <= 3
    order = no_doubles(received)
    assert order == sorted(order)
    assert json.loads(kept[f"{ROOT}/attributes"]) == cry(n - 1, kind(n - 1)).to_dict()
    assert kept[f"{ROOT}/state"] == "OFF"
    assert kept[f"{ROOT}/availability"] == "online"
    assert outbox.waiting()["mqtt"] == 0


def test_broker_down_over_a_restart_of_ours(broker, tmp_path):
    """The broker is gone for an hour, with a power cut in between. Everything arrives, and rings no alarm."""
    path = OutboxSettings(tmp_path / "outbox.db")
    broker.end()
    with Dispatcher([sink(broker)], Outbox(path)) as dispatcher:
        for n in range(4):
            dispatcher.send(cry(n, kind(n)))  # the last is a start that never gets its end
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] > 3)
    gated = Gated(settings(broker))
    gated.gate.clear()
    with Dispatcher([gated], Outbox(path)) as dispatcher:
        broker.start()
        with Watcher(broker) as watcher:
            gated.gate.set()
            wait_for(lambda: delivered(dispatcher) == 4)
            wait_for(lambda: len(events(watcher)) == 4)
            assert events(watcher) == [0, 1, 2, 3]
            kept = retained(broker, ANNOUNCED)
            assert set(watcher.payloads(f"{ROOT}/state")) == {"OFF"}
    assert kept[f"{ROOT}/state"] == "OFF"
    assert f"{ROOT}/attributes" not in kept


def test_state_is_back_though_nothing_happens(broker, outbox):
    """A broker that has forgotten all is told, with no event to wait for."""
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        dispatcher.send(cry(1, "start"))
        wait_for(lambda: delivered(dispatcher) == 1)
        broker.end()
        broker.start()
        kept = retained(broker, ANNOUNCED + 1)
    assert kept[f"{ROOT}/state"] == "ON"
    assert kept[f"{ROOT}/availability"] == "online"
    assert json.loads(kept[f"{ROOT}/attributes"]) == cry(1, "start").to_dict()


def test_broker_that_hangs(broker, outbox):
    """Its confirmation does not come: the event is sent again, and the end does not hang either."""
    with Watcher(broker) as watcher:
        dispatcher = Dispatcher([sink(broker, timeout=0.5)], outbox)
        dispatcher.open()
        dispatcher.send(cry(1))
        wait_for(lambda: delivered(dispatcher) == 1)
        broker.process.send_signal(signal.SIGSTOP)
        dispatcher.send(cry(2))
        wait_for(lambda: dispatcher.statistics()["mqtt.retries"] > 1)
        broker.process.send_signal(signal.SIGCONT)
        wait_for(lambda: delivered(dispatcher) == 2)
        wait_for(lambda: no_doubles(events(watcher)) == [1, 2])
        broker.process.send_signal(signal.SIGSTOP)
        dispatcher.send(cry(3))
        wait_for(lambda: outbox.waiting()["mqtt"])
        dispatcher.close(timeout=0.2)
        broker.process.send_signal(signal.SIGCONT)
    assert not any(t.name.startswith(("edgecry", "paho")) for t in threading.enumerate())


def test_no_thread_or_descriptor_is_gained(broker, outbox):
    with Dispatcher([sink(broker)], outbox) as dispatcher:
        counts = []
        for n in range(4):
            dispatcher.send(cry(n))
            wait_for(lambda n=n: delivered(dispatcher) == n + 1)
            counts.append((threading.active_count(), open_files()))
            broker.end()
            wait_for(lambda: not any(t.name.startswith("paho") for t in threading.enumerate()))
            broker.start()
        assert len(set(counts[1:])) == 1


STREAM = """
import sys, time
from edgecry.sinks.outbox import Outbox, OutboxSettings
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from tests.sinks.messages import cry

class Telling(Outbox):
    def put(self, sink, message):
        super().put(sink, message)
        print(int(message.id.split("-")[1]), flush=True)

outbox = Telling(OutboxSettings(sys.argv[2]))
sink = MqttSink(MqttSettings("127.0.0.1", int(sys.argv[1]), device="nursery"))
with Dispatcher([sink], outbox) as dispatcher:
    for n in range(int(sys.argv[3]), 10**6):
        dispatcher.send(cry(n))
        time.sleep(0.002)
"""


def test_listener_killed_and_restarted(broker, tmp_path):
    """Three times in the middle of a stream: what was committed arrives, in order, at least once."""
    path, committed, begin = tmp_path / "outbox.db", set(), 0
    with Watcher(broker) as watcher:
        for _ in range(3):
            seen = len(watcher.got)
            command = [sys.executable, "-c", STREAM, str(broker.port), str(path), str(begin)]
            process = subprocess.Popen(
                command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
            )
            wait_for(lambda n=seen: len(watcher.got) > n + 30)
            os.kill(process.pid, signal.SIGKILL)
            said = process.communicate()[0].split("\n")[:-1]
            committed |= {int(n) for n in said}
            begin = int(said[-1]) + 2  # the next may be committed, but not said to be
        with Dispatcher([sink(broker)], Outbox(OutboxSettings(path))) as dispatcher:
            dispatcher.send(cry(begin))
            wait_for(lambda: begin in events(watcher))
        received = events(watcher)
    assert committed <= set(received)
    order = no_doubles(received)
    assert order == sorted(order)


# -- last will ---------------------------------------------------------------------------------------

CLIENT = """
import sys, time
from edgecry.sinks.dispatcher import Dispatcher
from edgecry.sinks.homeassistant import identifier, machine
from edgecry.sinks.mqtt import MqttSink
from edgecry.sinks.mqtt_settings import MqttSettings
from tests.sinks.messages import cry
with Dispatcher([MqttSink(MqttSettings("127.0.0.1", int(sys.argv[1]), device="nursery"))]) as dispatcher:
    dispatcher.send(cry(1, "start"))
    time.sleep(600)
"""


def test_last_will(broker, outbox):
    """A process killed in a cry is offline at once, and the next run ends the cry."""
    command = [sys.executable, "-c", CLIENT, str(broker.port)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process, Watcher(broker) as watcher:
        try:
            wait_for(lambda: "ON" in watcher.payloads(f"{ROOT}/state"))
            assert watcher.payloads(f"{ROOT}/availability") == ["online"]
        finally:
            os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: watcher.payloads(f"{ROOT}/availability") == ["online", "offline"])
    kept = retained(broker, ANNOUNCED + 1)
    assert (kept[f"{ROOT}/availability"], kept[f"{ROOT}/state"]) == ("offline", "ON")
    with Dispatcher([sink(broker)], outbox), Watcher(broker) as watcher:
        wait_for(lambda: watcher.payloads(f"{ROOT}/state")[-1:] == ["OFF"])
        wait_for(lambda: watcher.payloads(f"{ROOT}/availability")[-1:] == ["online"])
