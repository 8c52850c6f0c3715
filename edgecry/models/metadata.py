"""ModelMetadata: everything that a model file says of itself. Only this file knows the keys.

`convert` writes it into the ``metadata_props`` of the ONNX file, and the device reads it back. A file that
lacks or contradicts any of it is refused. Keys are ``edgecry.<field>``, values are JSON; only
``recordings``, which may be absent, is plain text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from edgecry.errors import ModelError, SpecError
from edgecry.features.digest import sha256
from edgecry.features.spec import FeatureSpec
from edgecry.models.rules import Rule, read_rule

FORMAT = 1
PREFIX = "edgecry."
TASKS = ("reason", "cry")
#: Letters that the name of a model or a label may have; it is shown on one line, and sent with every event.
LONGEST_NAME = 200
#: In place of the indices of all features: frames have thousands of them.
ALL = "all"
#: Fields that are not written and read as the others are.
_OTHERWISE = ("spec", "recordings")
#: Keys that each record must hold. Further keys are allowed.
RECORDS: Mapping[str, tuple[str, ...]] = {
    "decision": ("rule",),
    "evaluation": ("protocol", "parity"),
    "source": ("estimator", "sklearn", "sha256"),
    "data": ("name", "licence", "attribution"),
    "runtime": ("opset", "ir", "onnxruntime"),
}


@dataclass(frozen=True)
class ModelMetadata:
    """What a model file states.

    Parameters
    ----------
    name : str
        What the model is called in answers.
    task : {"reason", "cry"}
        Whether it names the reason of a cry, or tells a cry from other sounds.
    labels : tuple of str
        Class names in the order of the graph's probabilities; at least two.
    spec : FeatureSpec
        The recipe of the vector that the graph reads.
    reads : tuple of int
        Indices of the features that can influence the graph, in order. The others need not be computed.
        In the file "all" stands for every feature.
    decision : dict
        ``rule`` ("argmax", "threshold" or "conformal") and its settings; see :mod:`edgecry.models.rules`.
    evaluation : dict
        ``protocol`` says how the model was evaluated, and on what, or that it was not. ``parity`` is the
        proof of the conversion. Further keys are laid out by :mod:`edgecry.models.card`.
    source : dict
        ``estimator`` (class), ``sklearn`` (version) and ``sha256`` of what was converted.
    data : dict
        ``name``, ``licence`` and ``attribution`` of the training data.
    runtime : dict
        ``opset`` (domain to version), ``ir`` and the oldest ``onnxruntime`` that runs the graph.
    recordings : str, optional
        Digests of the recordings that it was trained on, as ``convert.seen`` writes and reads them. The
        device does not look at them. None if the file does not say.
    """

    name: str
    task: str
    labels: tuple[str, ...]
    spec: FeatureSpec
    reads: tuple[int, ...]
    decision: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    source: Mapping[str, Any]
    data: Mapping[str, Any]
    runtime: Mapping[str, Any]
    recordings: str | None = None

    @property
    def families_read(self) -> tuple[str, ...]:
        """Families of the spec with at least one feature that the graph reads."""
        read = set(self.reads)
        return tuple(f for f, part in self.spec.slices.items() if read & set(range(part.start, part.stop)))

    @property
    def rule(self) -> Rule:
        """The decision rule that ``decision`` states.

        Raises
        ------
        ModelError
            The device does not know the rule. Metadata that was read from a file never has such a rule.
        """
        return read_rule(self.decision, self.task, self.labels, self.name)

    def to_props(self) -> dict[str, str]:
        """Return the key-value pairs for the ``metadata_props`` of an ONNX file."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _OTHERWISE}
        props = {PREFIX + key: _dumps(value) for key, value in values.items()}
        if self.reads == tuple(range(self.spec.n_features)):
            props[PREFIX + "reads"] = _dumps(ALL)
        props[PREFIX + "format"] = _dumps(FORMAT)
        props[PREFIX + "spec"] = self.spec.to_json()
        props[PREFIX + "spec_hash"] = _dumps(self.spec.hash)
        if self.recordings is not None:
            props[PREFIX + "recordings"] = self.recordings
        return props

    @classmethod
    def from_props(cls, props: Mapping[str, str], origin: str) -> ModelMetadata:
        """Read and check what :meth:`to_props` wrote.

        Parameters
        ----------
        props : mapping
            The ``metadata_props`` of a model file.
        origin : str
            Its name, for messages.

        Raises
        ------
        ModelError
            Something is missing, unreadable, or contradicts something else.
        """
        values = {f.name: _read(props, f.name, origin) for f in fields(cls) if f.name not in _OTHERWISE}
        version = _read(props, "format", origin)
        if version != FORMAT:
            raise ModelError(
                f"{origin}: model file format {version!r:.80}, this edgecry reads {FORMAT}; "
                "convert the model again or install the edgecry it was made for"
            )
        _check_values(values, origin)
        read_rule(values["decision"], values["task"], values["labels"], origin)
        spec = _read_spec(props, origin)
        if values["reads"] == ALL:
            values["reads"] = list(range(spec.n_features))
        _check_reads(values["reads"], spec, origin)
        for name in ("labels", "reads"):
            values[name] = tuple(values[name])
        return cls(**values, spec=spec, recordings=props.get(PREFIX + "recordings"))


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read(props: Mapping[str, str], key: str, origin: str) -> Any:
    text = props.get(PREFIX + key)
    if text is None:
        raise ModelError(
            f"{origin}: not an edgecry model file ({PREFIX}{key} is missing from its metadata); "
            "make one with 'python -m convert convert'"
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{origin}: {PREFIX}{key} is not JSON ({error}); convert the model again") from error


def _read_spec(props: Mapping[str, str], origin: str) -> FeatureSpec:
    _read(props, "spec", origin)
    text = props[PREFIX + "spec"]
    # Over the stored text, so that a file stays valid when a later edgecry knows more parameters.
    found, stated = sha256(text.encode()), _read(props, "spec_hash", origin)
    if found != stated:
        raise ModelError(
            f"{origin}: its feature spec was changed after conversion (hash {found[:12]}, stated "
            f"{str(stated)[:12]}); convert the model again"
        )
    try:
        return FeatureSpec.from_json(text)
    except SpecError as error:
        raise ModelError(f"{origin}: its feature spec is refused: {error}") from error


def _check_reads(reads: object, spec: FeatureSpec, origin: str) -> None:
    n = spec.n_features
    indices = isinstance(reads, list) and all(type(i) is int and 0 <= i < n for i in reads)
    if not indices or reads != sorted(set(cast(list[int], reads))):
        raise ModelError(f"{origin}: reads is {reads!s:.60}; expected indices of its {n} features, in order")


def _check_values(values: Mapping[str, Any], origin: str) -> None:
    labels = values["labels"]
    if not isinstance(labels, list) or len(labels) < 2 or not all(isinstance(x, str) and x for x in labels):
        raise ModelError(f"{origin}: labels are {labels!r:.80}; expected a list of at least two names")
    if len(set(labels)) < len(labels):
        raise ModelError(f"{origin}: labels {labels!r:.80} name one twice")
    for name in (*labels, values["name"]):
        if len(str(name)) > LONGEST_NAME:
            raise ModelError(
                f"{origin}: has a name of {len(str(name)):,} characters, {str(name)[:20]!r}...; "
                f"allowed are {LONGEST_NAME}"
            )
    if not isinstance(values["name"], str) or not values["name"]:
        raise ModelError(f"{origin}: name is {values['name']!r:.80}; expected a text")
    if values["task"] not in TASKS:
        raise ModelError(f"{origin}: task is {values['task']!r:.80}; allowed are {', '.join(TASKS)}")
    for key, required in RECORDS.items():
        record = values[key]
        if not isinstance(record, dict):
            raise ModelError(f"{origin}: {key} is {record!r:.80}; expected an object")
        for name in required:
            if name not in record:
                raise ModelError(f"{origin}: {key} does not say {name!r}; convert the model again")
