"""What the tests of `convert` share."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Features are kept where the tests are, not in the home of who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGECRY_CACHE", str(tmp_path_factory.mktemp("features")))
        yield
