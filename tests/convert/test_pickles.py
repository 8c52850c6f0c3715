"""Reading, scanning and loading pickles that mean no harm."""

import gzip
import io
import pickle
import random
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convert.errors import ConversionError
from convert.pickles import PickleFile, installed_sklearn
from convert.portable import Refused
from convert.portable.scan import Scan, scan
from convert.portable.unpack import unpack
from convert.portable.unpickle import unpickle
from tests.convert.gadgets import FORMATS, dumped
from tests.convert.zoo import N_FEATURES, ZOO, data, fitted

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning"
)


@pytest.mark.parametrize("name", ZOO)
def test_zoo_is_allowed(name: str) -> None:
    """Every supported estimator: nothing off the list, version and class told, and it loads as it was."""
    estimator, X = fitted(name)
    file = PickleFile.of(dumped(estimator), name)
    assert file.scan.refused == ()
    assert file.version() == sklearn.__version__ == installed_sklearn()
    assert file.scan.estimator == f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    assert file.scan.n_features == N_FEATURES
    np.testing.assert_array_equal(file.load().predict_proba(X), estimator.predict_proba(X))


@pytest.mark.parametrize("algorithm", ["ball_tree", "kd_tree"])
@pytest.mark.parametrize("form", FORMATS)
def test_formats(form: str, algorithm: str) -> None:
    """Every way of writing a pickle, with compiled objects and random states inside."""
    X, y = data(5)
    estimator = make_pipeline(StandardScaler(), KNeighborsClassifier(algorithm=algorithm)).fit(X, y)
    estimator.extra_ = [
        np.random.RandomState(3),
        np.float32(1.5),
        {1, 2},
        frozenset("a"),
        b"bytes",
        X.T.copy(),
    ]
    estimator.fortran_ = np.asfortranarray(X)
    estimator.empty_ = np.zeros((0, 3))
    estimator.text_ = np.array(["ab", "c"])
    stream = unpack(FORMATS[form](estimator), "model")
    assert scan(stream.data, "model").refused == ()
    again = unpickle(stream.data, "model")
    np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))
    np.testing.assert_array_equal(again.fortran_, X)
    assert again.extra_[1:5] == estimator.extra_[1:5]
    assert again.extra_[0].randint(1000) == np.random.RandomState(3).randint(1000)
    assert again.empty_.shape == (0, 3)
    assert again.text_.tolist() == ["ab", "c"]


def test_arrays_without_padding() -> None:
    """joblib before 1.2 wrote arrays unaligned and said nothing of it."""
    array = np.arange(5.0)
    data_ = dumped(array)
    marker = data_.index(b"numpy_array_alignment_bytes")
    assert marker > 0
    from joblib import numpy_pickle

    class Unaligned(numpy_pickle.NumpyPickler):
        dispatch = numpy_pickle.NumpyPickler.dispatch.copy()

        def _create_array_wrapper(self, a: object) -> object:
            wrapper = super()._create_array_wrapper(a)
            del wrapper.numpy_array_alignment_bytes
            return wrapper

    file = io.BytesIO()
    Unaligned(file).dump([array, array * 2])
    assert b"numpy_array_alignment_bytes" not in file.getvalue()
    scan(file.getvalue(), "model")
    np.testing.assert_array_equal(unpickle(file.getvalue(), "model"), [array, array * 2])


def _resaved(version: str | None) -> bytes:
    """A tree that says it was saved by another scikit-learn."""
    estimator, _ = fitted("tree")
    state = pickle.dumps(estimator, 2)
    own = f"X{chr(len(sklearn.__version__))}\0\0\0{sklearn.__version__}".encode()
    assert state.count(own) == 1
    if version is None:
        return state.replace(b"_sklearn_version", b"_sklearn_forgets")
    return state.replace(own, f"X{chr(len(version))}\0\0\0{version}".encode())


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.3.0", "saved by scikit-learn 1.3.0, installed is .*--isolated"),
        (None, "records no scikit-learn version"),
        ("1.4.dev0", "not a released version"),
        ("1.0 --pre x", "not a released version"),
        ("../evil", "not a released version"),
    ],
)
def test_other_versions_are_not_loaded(version: str | None, why: str) -> None:
    """A pickle of another version, or of none, is refused before loading."""
    file = PickleFile.of(_resaved(version), "model")
    with pytest.raises(ConversionError, match=why):
        file.load()


def test_parts_of_several_versions() -> None:
    """A whole whose parts were saved by different versions has no version."""
    file = PickleFile(
        "model", 1, "", unpack(pickle.dumps(1), "model"), Scan((), ("1.2.0", "1.3.0"), "x", None)
    )
    with pytest.raises(ConversionError, match=r"its parts were saved by scikit-learn 1\.2\.0 and 1\.3\.0"):
        file.version()


def test_not_an_estimator() -> None:
    """A dict of models is told to be one."""
    assert (
        PickleFile.of(pickle.dumps({"model": 1, "le": 2}), "m").scan.estimator
        == "a dict with the keys model, le"
    )
    with pytest.raises(ConversionError, match="holds a list and records no scikit-learn version"):
        PickleFile.of(pickle.dumps([1, 2]), "m").load()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"hello", "not a pickle"),
        (b"\x80", "not a pickle"),
        (b"\x80\x09abc", "not a pickle"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"ZF0x10      abc", "joblib before 0.10"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b"\x04\x22\x4d\x18abc", "LZ4"),
        (b"\x80\x04}", "damaged"),
        (b"\x80\x02c\n", "damaged"),
        (zlib.compress(pickle.dumps(1))[:-5], "ends too early"),
        (b"\x78\x9cnonsense", "does not unpack"),
        (b"\x1f\x8bnonsense....", "gzip data that does not unpack"),
        (b"\xfd7zXZ nonsense", "xz data that does not unpack"),
        (b"BZh9nonsense", "bz2 data that does not unpack"),
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.", "announced in a file of"),
    ],
)
def test_no_pickle(content: bytes, why: str) -> None:
    """What is no pickle, or a damaged one, gets a message."""
    with pytest.raises(ConversionError, match=f"model: .*{why}"):
        PickleFile.of(content, "model")


def test_unreadable_files(tmp_path: Path) -> None:
    """Missing files and folders get a message."""
    with pytest.raises(ConversionError, match=r"none\.joblib: cannot be read"):
        PickleFile.read(tmp_path / "none.joblib")
    with pytest.raises(ConversionError, match="not a regular file"):
        PickleFile.read(tmp_path)


def test_bomb_is_defused() -> None:
    """A small file that unpacks beyond the limit is refused without unpacking it all."""
    with pytest.raises(Refused, match="unpack to more than"):
        unpack(zlib.compress(b"\x80" + bytes(10**6)), "model", limit=10**5)
    with pytest.raises(Refused, match="unpack to more than"):
        unpack(gzip.compress(b"\x80" + bytes(10**6)), "model", limit=10**5)


def test_array_larger_than_the_file() -> None:
    """An array that claims a terabyte is refused without allocating for it."""
    wrapped = dumped(np.zeros(3))
    huge = wrapped.replace(b"K\x03\x85", b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85")
    # Inside the frame the bytes are counted, so that the frame's length has to follow.
    length = int.from_bytes(huge[3:11], "little") + len(huge) - len(wrapped)
    huge = huge[:3] + length.to_bytes(8, "little") + huge[11:]
    assert huge != wrapped
    with pytest.raises(ConversionError, match="an array of 8796093022208 bytes announced"):
        PickleFile.of(huge, "model")


def test_keys_are_not_hashed() -> None:
    """A tuple that holds one twice, forty deep, takes for ever to hash; it is refused before it is loaded."""
    nested = b")" + b"2\x86" * 40
    for stream in (b"\x80\x02}" + nested + b"K\x01s.", b"\x80\x04(" + nested + b"\x91."):
        with pytest.raises(ConversionError, match="more than 1,000 objects"):
            PickleFile.of(stream, "model")


@pytest.mark.parametrize("form", ["pickle 0", "pickle 2", "pickle 5", "joblib"])
def test_damage_never_leaves_a_traceback(form: str) -> None:
    """Bytes changed at random and files cut short: a scan, or a refusal, and nothing else."""
    rng = random.Random(0)
    whole = FORMATS[form](fitted("tree")[0])
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            broken[rng.randrange(2, len(broken))] = rng.randrange(256)
        try:
            assert isinstance(scan(bytes(broken), "model"), Scan)
        except Refused as error:
            assert str(error).startswith("model: ")
    for end in range(2, len(whole), max(len(whole) // 60, 1)):
        with pytest.raises(Refused):
            scan(whole[:end], "model")
        with pytest.raises(Refused):
            unpickle(whole[:end], "model")


def test_the_file_may_change_meanwhile(tmp_path: Path) -> None:
    """What was scanned is what is loaded, whatever becomes of the file."""
    path = tmp_path / "model.joblib"
    estimator, X = fitted("tree")
    joblib.dump(estimator, path)
    file = PickleFile.read(path)
    path.write_bytes(b"something else")
    np.testing.assert_array_equal(file.load().predict_proba(X), estimator.predict_proba(X))


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_joblib(protocol: int) -> None:
    """The oldest rebuild joblib's own record of an array by a function of ``copyreg``."""
    file = io.BytesIO()
    joblib.dump(np.arange(6.0).reshape(2, 3), file, protocol=protocol)
    made = PickleFile.of(file.getvalue(), "array")
    assert not made.scan.refused
    np.testing.assert_array_equal(unpickle(made.stream.data, "array"), np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("home", [b"numpy", b"numpy.core.memmap"])
def test_what_was_loaded_with_mmap_mode(home: bytes, tmp_path: Path) -> None:
    """Its arrays name ``numpy.memmap``; they become arrays in memory, and no file is opened."""
    joblib.dump({"a": np.arange(5.0)}, tmp_path / "whole")
    mapped = joblib.load(tmp_path / "whole", mmap_mode="r")
    again = io.BytesIO()
    joblib.dump(mapped, again)
    stream = pickle.dumps(mapped, 2).replace(b"cnumpy\nmemmap", b"c" + home + b"\nmemmap")
    for saved in (stream, again.getvalue()):
        made = PickleFile.of(saved, "mapped")
        assert not made.scan.refused
        loaded = unpickle(made.stream.data, "mapped")["a"]
        assert type(loaded) is np.ndarray
        np.testing.assert_array_equal(loaded, np.arange(5.0))
