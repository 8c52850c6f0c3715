"""One home for all of these tests: it takes some seconds to start."""

import pytest

from tests.homeassistant.home import Cot, Home, python
from tests.sinks.mosquitto import Mosquitto, Watcher, need


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    python()
    need()
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.end()


@pytest.fixture(scope="module")
def home(broker, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"), broker)
    yield home
    home.end()


@pytest.fixture(scope="module")
def watcher(broker):
    with Watcher(broker) as watcher:
        yield watcher


@pytest.fixture(scope="module")
def cot(broker, watcher, tmp_path_factory):
    cot = Cot(tmp_path_factory.mktemp("cot"), broker)
    yield cot
    cot.end()
