"""Parquet: the columns of the CSV with their types, for archives of millions of rows. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edgecry.answers.records import columns, rows
from edgecry.answers.writers import Writer
from edgecry.errors import EdgecryError

#: Number of rows that are written together.
GROUP: Final = 50_000
_TEXT: Final = frozenset({"file", "label", "model", "error", "reason_set", "heard"})


class ParquetWriter(Writer):
    """A table of typed columns. A value that is missing is null.

    Raises
    ------
    EdgecryError
        pyarrow is not installed.
    """

    binary = True

    def begin(self) -> None:
        """Write the header."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise EdgecryError(
                f"parquet: pyarrow is missing ({error}); pip install '.[parquet]', or take csv"
            ) from error
        kinds = {"cry_detected": pyarrow.bool_(), **dict.fromkeys(_TEXT, pyarrow.string())}
        self.schema = pyarrow.schema(
            [(name, kinds.get(name, pyarrow.float64())) for name in columns(self.labels)]
        )
        self.table = pyarrow.Table
        self.file = pyarrow.parquet.ParquetWriter(self.stream, self.schema)
        self.kept: list[dict[str, Any]] = []

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Keep the rows of a file, and write them when there are enough."""
        for row in rows(told, self.labels):
            # A file name need not be valid text, but Parquet takes only text.
            name = row["file"].encode("utf-8", "backslashreplace").decode()
            self.kept.append({**row, "file": name})
        if len(self.kept) >= GROUP:
            self._write()

    def end(self) -> None:
        """Write the remaining rows."""
        self._write()
        self.file.close()

    def _write(self) -> None:
        self.file.write_table(self.table.from_pylist(self.kept, self.schema))
        self.kept = []
