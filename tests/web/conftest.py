"""Pages that stand, with a key and without."""

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from tests.web.standing import KEY, T, standing


class Clock:
    """A clock that a test sets."""

    now = T

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def page(tmp_path):
    """A page on this machine, which asks for no key."""
    with standing(tmp_path) as found:
        yield found


@pytest.fixture
def closed(tmp_path):
    """A page that asks for a key."""
    with standing(tmp_path, KEY) as found:
        yield found
