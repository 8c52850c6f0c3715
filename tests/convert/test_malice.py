"""Pickles that would run something are named and never run."""

import pickle
from pathlib import Path

import joblib
import pytest

from convert.__main__ import main
from convert.errors import ConversionError
from convert.pickles import PickleFile
from convert.portable import Refused
from convert.portable.unpickle import unpickle
from tests.convert import gadgets
from tests.convert.gadgets import FORMATS, GADGETS, name_of
from tests.convert.spec import SPEC

PLACES = {
    "alone": lambda g: g,
    "in an estimator": gadgets.in_estimator,
    "in an array": gadgets.in_array,
    "in a list": lambda g: [1, [g]],
}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def _check(data: bytes, name: str, canary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`inspect` and `convert` name it; with neither, nor with the unpickler alone, does it run."""
    path = canary.with_name("model.joblib")
    path.write_bytes(data)
    assert main(["inspect", str(path)]) == 1
    assert f"NOT ALLOWED  {name}\n" in capsys.readouterr().out
    assert main(["convert", str(path), "-o", str(canary.with_name("out.onnx"))]) == 1
    assert name in capsys.readouterr().err
    assert main(["convert", str(path), "--isolated", "-o", str(canary.with_name("out.onnx"))]) == 1
    assert name in capsys.readouterr().err
    # An array in memory stands in for numpy.memmap, and takes no name of a file.
    why = "does not load" if name == "numpy.memmap" else "not on the allow-list"
    with pytest.raises(Refused, match=why):
        unpickle(PickleFile.read(path).stream.data, "model")
    assert not canary.exists()
    assert not canary.with_name("out.onnx").exists()


@pytest.mark.parametrize("kind", GADGETS)
def test_gadgets(kind: str, canary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every gadget, inside a classifier saved by joblib."""
    make, function = GADGETS[kind]
    _check(gadgets.dumped(gadgets.in_estimator(make(canary))), name_of(function), canary, capsys)


@pytest.mark.parametrize("kind", GADGETS)
def test_gadgets_are_live(kind: str, canary: Path) -> None:
    """The same files do run when loaded without care: the tests above could fail."""
    make, _ = GADGETS[kind]
    path = canary.with_name("model.joblib")
    path.write_bytes(gadgets.dumped(gadgets.in_estimator(make(canary))))
    joblib.load(path)
    assert canary.exists()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMATS)
def test_places_and_formats(place: str, form: str, canary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One gadget in every place and every way of writing it."""
    make, function = GADGETS["os.system"]
    _check(FORMATS[form](PLACES[place](make(canary))), name_of(function), canary, capsys)


def test_label_file(canary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The label encoder's pickle is checked as the model's is."""
    from sklearn.preprocessing import LabelEncoder

    model, labels = canary.with_name("model.joblib"), canary.with_name("label.joblib")
    encoder = LabelEncoder().fit(["a", "b"])
    encoder.extra_ = GADGETS["os.system"][0](canary)
    model.write_bytes(gadgets.dumped(gadgets.in_estimator(1)))
    labels.write_bytes(gadgets.dumped(encoder))
    assert (
        main(["convert", str(model), "--labels", str(labels), "-o", str(canary.with_name("out.onnx"))]) == 1
    )
    assert "label.joblib: names posix.system" in capsys.readouterr().err
    assert not canary.exists()


def _global(module: str, name: str, protocol: int) -> bytes:
    """A pickle that names ``module.name`` and calls it with nothing."""
    if protocol < 4:
        return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b")R."
    parts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    return b"\x80\x04" + parts + b"\x93)R."


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.base", "os.getcwd"),
        ("sklearn.tree._classes", "np.core.os.getcwd"),
        ("sklearn.pipeline", "Bunch.__init__"),
        ("numpy", "testing.measure"),
        ("sklearn.ensemble._forest", "_parallel_build_trees"),
        ("sklearn.datasets._base", "Bunch"),
        ("sklearn.utils._testing", "TempMemmap"),
        ("sklearn.tree.tests.test_tree", "Tree"),
        ("sklearnx.tree", "Tree"),
        ("sklearn", "Tree"),
        ("scipy.sparse", "save_npz"),
        ("scipy.io", "csr_matrix"),
        ("numpy.core._internal", "_ufunc_reconstruct"),
        ("__builtin__", "eval"),
        ("__main__", "Thing"),
        ("builtins", "type"),
        ("nt", "system"),
    ],
)
def test_names_off_the_list(module: str, name: str, protocol: int) -> None:
    """Dotted names, functions, look-alikes and neighbours of allowed modules are refused by name alone."""
    data = _global(module, name, protocol)
    file = PickleFile.of(data, "model")
    assert len(file.scan.refused) == 1
    with pytest.raises(ConversionError, match="it was not loaded"):
        file.require_allowed()
    with pytest.raises(Refused, match="not on the allow-list"):
        unpickle(data, "model")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.ensemble._forest", "Parallel"),
        ("sklearn.ensemble._bagging", "ABCMeta"),
        ("sklearn.model_selection._search", "Parallel"),
    ],
)
def test_what_a_module_imported_is_not_its_own(module: str, name: str) -> None:
    """A name that looks like a class of an allowed module but comes from elsewhere does not load."""
    import importlib

    if not hasattr(importlib.import_module(module), name):
        pytest.fail(f"{module} no longer has {name}; find another such name")
    with pytest.raises(Refused, match="really"):
        unpickle(_global(module, name, 4), "model")


def test_extension_registry_and_persistent_ids() -> None:
    """Two more ways to name things, neither of which a model uses."""
    for data, why in ((b"\x80\x02\x82\x01.", "extension registry"), (b"\x80\x02K\x01Q.", "outside the file")):
        with pytest.raises(ConversionError, match=why):
            PickleFile.of(data, "model")


def test_forged_dtype() -> None:
    """An array of objects that claims to hold none would have its bytes taken for addresses."""
    import numpy as np

    forged = pickle.dumps(np.dtype("O"), 2).replace(b"K?t", b"K\x00t")
    assert forged != pickle.dumps(np.dtype("O"), 2)
    assert not pickle.loads(forged).hasobject
    with pytest.raises(Refused, match="forged dtype"):
        unpickle(forged, "model")


def test_trust_is_loud(canary: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With --trust it does load, and the log says what was let through."""
    path = canary.with_name("model.joblib")
    path.write_bytes(gadgets.dumped(gadgets.in_estimator(GADGETS["os.system"][0](canary))))
    spec = canary.with_name("spec.json")
    spec.write_text(SPEC.to_json())
    output = str(canary.with_name("out.onnx"))
    main(["convert", str(path), "--trust", "--spec", str(spec), "-o", output])
    assert canary.exists()
    (warning,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert warning.getMessage().endswith("trusted to run posix.system")
