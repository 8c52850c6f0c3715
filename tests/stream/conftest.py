"""Models that tests of streams share."""

import pytest

from tests import streams


@pytest.fixture
def ear(tmp_path):
    return streams.detector(tmp_path)


@pytest.fixture
def loud(tmp_path):
    return streams.loud_detector(tmp_path)


@pytest.fixture
def why(tmp_path):
    return streams.reasoner(tmp_path)
