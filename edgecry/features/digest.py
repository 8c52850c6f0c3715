"""SHA-256 without OpenSSL. hashlib loads it, which takes 3 ms and 3.6 MB of a process that answers once."""

from __future__ import annotations

from importlib import import_module


def sha256(data: bytes) -> str:
    """Return SHA-256 in hexadecimal by Python's own code: _sha2 since Python 3.12, _sha256 before."""
    for name in ("_sha2", "_sha256"):
        try:
            return str(import_module(name).sha256(data).hexdigest())
        except ImportError:
            continue
    import hashlib  # for a Python that was built without its own

    return hashlib.sha256(data).hexdigest()
