"""A broker for each test that asks for one."""

import pytest

from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.mosquitto import Mosquitto, need


@pytest.fixture
def start_broker(tmp_path):
    need()
    brokers = []

    def start(*lines: str, **options) -> Mosquitto:
        brokers.append(Mosquitto(tmp_path, *lines, **options))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.end()


@pytest.fixture
def broker(start_broker) -> Mosquitto:
    return start_broker()


@pytest.fixture
def outbox(tmp_path) -> Outbox:
    return Outbox(OutboxSettings(tmp_path / "outbox.db"))
