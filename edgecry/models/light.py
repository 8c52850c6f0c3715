"""Runs a model file with NumPy for a few vectors, and with onnxruntime if there are more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: Vectors after which onnxruntime has paid for its import. Each of several windows takes half a millisecond
#: less with it (one alone: ``python -m benchmarks.runtimes``), and it takes 50 ms to import and open.
FEW: Final = 100


@dataclass
class LightSession:
    """A graph that is ready to run. Threads may share it.

    Parameters
    ----------
    session
        What runs it first.
    change : callable
        It opens what runs it later, which gives the same within 1e-6.
    """

    session: Any
    change: Callable[[], Any] | None
    rows: int = 0

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Any]) -> list[Any]:
        """Compute the outputs of the given names."""
        self.rows += max(map(len, inputs.values()), default=0)
        if self.rows > FEW and (change := self.change) is not None:
            # Two threads that come here together open it twice, and either may be kept.
            self.session, self.change = change(), None
        found: list[Any] = self.session.run(outputs, inputs)
        return found

    def get_inputs(self) -> list[Any]:
        """Return the inputs of the graph."""
        return list(self.session.get_inputs())

    def get_outputs(self) -> list[Any]:
        """Return the outputs of the graph."""
        return list(self.session.get_outputs())

    def get_modelmeta(self) -> Any:
        """Return the metadata of the file."""
        return self.session.get_modelmeta()
