"""Opening a stranger's pickle: read once, scanned without running it, loaded only if all is well."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.errors import ConversionError, refusals
from convert.foreign import sort_out
from convert.portable.native import recognise
from convert.portable.scan import Scan, scan
from convert.portable.unpack import LIMIT, Stream, unpack
from convert.portable.unpickle import unpickle

logger = logging.getLogger("edgecry")

#: Names that a refusal lists.
_MOST_NAMES = 8
#: A release, as pip may be asked for it; development builds cannot be installed from an index.
_RELEASE = re.compile(r"\d+(\.\d+){1,2}((a|b|rc|\.post)\d+)?")


@dataclass(frozen=True)
class PickleFile:
    """A pickle's bytes and what they hold. Nothing has been loaded.

    Attributes
    ----------
    origin : str
        The file's name, for messages.
    size : int
        Bytes in the file.
    sha256 : str
        Digest of the file, in hex.
    stream : Stream
        The pickle stream, unpacked; what is loaded later is this, whatever becomes of the file.
    scan : Scan
        What is inside.
    format : str
        "pickle", or of which library's own format it is: see :mod:`convert.portable.native`.
    """

    origin: str
    size: int
    sha256: str
    stream: Stream
    scan: Scan
    format: str = "pickle"

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> PickleFile:
        """Read a file and scan it.

        Raises
        ------
        ConversionError
            It cannot be read, or is no pickle.
        """
        return cls.of(read_file(path), os.fspath(path))

    @classmethod
    def of(cls, data: bytes, origin: str) -> PickleFile:
        """Scan a file's bytes.

        Raises
        ------
        ConversionError
            They are no pickle.
        """
        with refusals():
            stream = unpack(data, origin)
            return cls(origin, len(data), hashlib.sha256(data).hexdigest(), stream, scan(stream.data, origin))

    @classmethod
    def read_model(cls, path: str | os.PathLike[str]) -> PickleFile:
        """Read a pickle, or a file that XGBoost, LightGBM or CatBoost wrote of its model.

        Raises
        ------
        ConversionError
            It cannot be read, or is neither.
        """
        data, origin = read_file(path), os.fspath(path)
        with refusals():
            native = recognise(data, origin)
            if native is None:
                return cls.of(data, origin)
        scan_ = Scan((), (), native.estimator, native.n_features)
        sha256 = hashlib.sha256(data).hexdigest()
        return cls(origin, len(data), sha256, Stream(data, "none"), scan_, native.format)

    def require_allowed(self, trust: bool = False) -> None:
        """Refuse a pickle that names anything off the allow-list, unless it is trusted.

        Raises
        ------
        ConversionError
            It does, and is not trusted.
        """
        if self.scan.refused and not trust:
            raise ConversionError(f"{self.origin}: {explain_refusal(self.scan)}")

    def warn_of_trust(self) -> None:
        """Say loudly what is about to be loaded against the allow-list, if anything is."""
        if self.scan.refused:
            logger.warning("WARNING: %s: trusted to run %s", self.origin, ", ".join(self.scan.refused))

    def version(self) -> str:
        """Return the one scikit-learn version it was saved by.

        Raises
        ------
        ConversionError
            It records none, several, or something that is no released version.
        """
        versions = self.scan.versions
        if not versions:
            raise ConversionError(
                f"{self.origin}: holds {self.scan.estimator} and records no scikit-learn version, so that "
                "nobody can tell which one reads it correctly; save a fitted scikit-learn classifier"
            )
        if len(versions) > 1:
            raise ConversionError(
                f"{self.origin}: its parts were saved by scikit-learn {' and '.join(versions)}; "
                "fit and save the whole again with one of them"
            )
        if not _RELEASE.fullmatch(versions[0]):
            raise ConversionError(
                f"{self.origin}: saved by scikit-learn {versions[0]!r:.40}, which is not a released version; "
                "fit and save it again with a released one"
            )
        return versions[0]

    def require_installed_version(self) -> None:
        """Refuse a pickle of another scikit-learn than the installed one.

        Raises
        ------
        ConversionError
            It is of another one, or there is none.
        """
        saved, installed = self.version(), installed_sklearn()
        if installed is None:
            raise ConversionError(
                f"{self.origin}: scikit-learn is not installed; "
                f"pip install 'scikit-learn=={saved}' skl2onnx, or let --isolated do that "
                "in a throw-away environment"
            )
        if saved != installed:
            raise ConversionError(
                f"{self.origin}: saved by scikit-learn {saved}, installed is {installed}; another version "
                f"loads it without complaint and answers wrongly. With --isolated it is converted by "
                f"scikit-learn {saved} in a throw-away environment"
            )

    def load(self, trust: bool = False) -> Any:
        """Unpickle it, behind the allow-list.

        Raises
        ------
        ConversionError
            It is refused, of another version, or does not load.
        """
        self.require_allowed(trust)
        self.require_installed_version()
        self.warn_of_trust()
        with refusals():
            return unpickle(self.stream.data, self.origin, trust)


def explain_refusal(scan: Scan) -> str:
    """Say what is not allowed in a pickle, what that means, and what to do; "" if nothing is."""
    found = sort_out(scan.refused)
    if found.dangerous:
        return (
            f"names {_listed(found.dangerous)}, which no scikit-learn model needs and which can run any "
            "program; it was not loaded. See 'python -m convert inspect'. "
            "Only if you know and trust whoever made it: --trust"
        )
    for library, names in found.libraries.items():
        if library in _BOOSTING:
            return (
                f"holds {_listed(names[:3])}: {library} is not a scikit-learn model, and inside a pickle "
                f"it is not supported; it was not loaded. {_BOOSTING[library]}"
            )
        return (
            f"holds {_listed(names[:3])}: {library} is not supported, only scikit-learn is; it was not "
            "loaded. Train a classifier of scikit-learn on the same features; docs/estimators.md lists them"
        )
    if found.own:
        return (
            f"names {_listed(found.own)}, code of its author's own that is not in the file, so "
            "edgecry cannot know what it computes; it was not loaded. Save a model of scikit-learn's parts"
        )
    if found.unsupported:
        return (
            f"names {_listed(found.unsupported)}, which edgecry does not support; it was not loaded. "
            "Save the model without that part; docs/estimators.md lists what converts"
        )
    return ""


def _listed(names: Sequence[str]) -> str:
    """List the first few names. A file may hold any number of them, and of any length."""
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(f"{name:.100}" for name in names[:_MOST_NAMES]) + more


#: What to do with a model of these, by the library's name.
_BOOSTING = dict.fromkeys(
    ("XGBoost", "LightGBM", "CatBoost"),
    "If it is your own, load it in Python and give it to convert.convert(model), see docs/own-models.md",
)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file of at most ``LIMIT`` bytes.

    Raises
    ------
    ConversionError
        It is missing, no regular file, too large or unreadable.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise ConversionError(f"{path}: not a regular file")
        if path.stat().st_size > LIMIT:
            raise ConversionError(f"{path}: larger than {LIMIT / 2**30:.0f} GiB; no model needs that")
        return path.read_bytes()
    except OSError as error:
        raise ConversionError(f"{path}: cannot be read ({error.strerror})") from error


def installed_sklearn() -> str | None:
    """Version of the installed scikit-learn; None if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scikit-learn")
    except PackageNotFoundError:
        return None
