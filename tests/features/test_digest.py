"""digest: hashlib's SHA-256, without hashlib."""

import hashlib

import pytest

from edgecry.features import digest


@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 1000])
@pytest.mark.parametrize("own", [True, False])
def test_equals_hashlib(monkeypatch, data, own):
    """Also where Python was built without code of its own."""

    def missing(name):
        raise ImportError(name)

    if not own:
        monkeypatch.setattr(digest, "import_module", missing)
    assert digest.sha256(data) == hashlib.sha256(data).hexdigest()
