"""doctor and selftest: every check's good and bad answer, and that nothing found ends in a traceback."""

import json
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from convert.commands import selftest as generator
from edgecry.audio.load import load_audio
from edgecry.diagnostics import doctor, selftest
from edgecry.diagnostics.doctor import Requirement
from edgecry.diagnostics.process import Outcome
from edgecry.errors import EdgecryError
from edgecry.features.spec import FeatureSpec
from edgecry.features.warmup import Status
from edgecry.models.bundled import BUNDLED_MODEL
from tests.conftest import needs_bundled
from tests.parity import comparison, reference

NEEDS = Requirement("onnxruntime", ">=1.19,!=1.21.0")
DIED = Outcome(-signal.SIGILL, "", "")


# -- checks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "status", "found"),
    [
        (doctor.architecture("aarch64"), "ok", "aarch64"),
        (doctor.architecture("armv7l"), "warn", "armv7l"),
        (doctor.architecture(""), "warn", "unknown"),
        (doctor.userland("aarch64", 64), "ok", "64 bit"),
        (doctor.userland("aarch64", 32), "warn", "32 bit under a 64-bit kernel"),
        (doctor.userland("armv7l", 32), "warn", "32 bit"),
        (doctor.python((3, 11, 2)), "ok", "3.11.2"),
        (doctor.python((4, 0, 0)), "ok", "4.0.0"),
        (doctor.python((3, 9, 18)), "fail", "3.9.18"),
        (doctor.dependency(NEEDS, Outcome(0, "1.32.0\n", "")), "ok", "1.32.0"),
        (doctor.dependency(NEEDS, Outcome(0, "1.21.0\n", "")), "fail", "1.21.0"),
        (doctor.dependency(NEEDS, Outcome(1, "", "Traceback\nImportError: no\n")), "fail", "ImportError: no"),
        (doctor.dependency(NEEDS, DIED), "fail", "died of SIGILL (Illegal instruction)"),
        (doctor.dependency(NEEDS, Outcome(-11, "", "")), "fail", "died of SIGSEGV (Segmentation fault)"),
        (doctor.threads({"OMP": None}, 1), "ok", "OMP unset; 1 core"),
        (doctor.threads({"OMP": "1", "BLAS": None}, 4), "ok", "OMP 1, BLAS unset; 4 cores"),
        (doctor.threads({"OMP": None}, 4), "warn", "OMP unset; 4 cores"),
        (doctor.engine(False, None), "ok", "numpy (numba is not installed)"),
        (doctor.engine(True, Status(True, "there")), "ok", "numba in processes that live long (there)"),
        (doctor.engine(True, Status(False, "not compiled")), "warn", "numpy (not compiled)"),
        (doctor.self_test("numpy", Outcome(0, '{"mel": 0.5, "mfcc": 0.2}', "")), "ok", "0.5"),
        (doctor.self_test("numpy", Outcome(0, '{"mel": 0.5, "mfcc": 1.2}', "")), "fail", "1.2"),
        (doctor.self_test("numpy", Outcome(0, '{"mel": Infinity}', "")), "fail", "mel is not a number"),
        (doctor.self_test("numba", DIED), "fail", "died of SIGILL"),
        (doctor.self_test("numba", None), "fail", "not tried"),
        (doctor.prediction(None, Outcome(0, '[{"model": "m", "label": "tired"}]', "")), "ok", "'tired'"),
        (
            doctor.prediction(None, Outcome(2, "", "edgecry: m.onnx: cut short\n")),
            "fail",
            "m.onnx: cut short",
        ),
        (
            doctor.prediction(Path("m.onnx"), Outcome(2, "", "edgecry: cry.onnx: lacks its bundled model\n")),
            "fail",
            "lacks its bundled model",
        ),
        (doctor.prediction(None, DIED), "fail", "died of SIGILL"),
        (doctor.prediction(None, None), "fail", "not tried"),
    ],
)
def test_check(check, status, found):
    """Its status, what it found, and advice exactly where something could be done."""
    assert check.status == status
    assert found in check.found
    assert bool(check.advice) is (status != "ok")


def test_illegal_instruction_names_the_known_bad_release():
    assert "1.21.0 is known for it" in doctor.dependency(NEEDS, DIED).advice
    assert "known for it" not in doctor.dependency(Requirement("numpy", ">=2"), DIED).advice


def test_missing_libsndfile_is_named():
    trial = Outcome(1, "", "OSError: cannot load library 'libsndfile.so': no such file\n")
    assert "apt install libsndfile1" in doctor.dependency(Requirement("soundfile"), trial).advice


def test_bytecode(tmp_path):
    assert doctor.bytecode(tmp_path).status == "ok"
    missing = doctor.bytecode(tmp_path / "none.pyc")
    assert missing.status == "warn"
    assert "compileall" in missing.advice


@pytest.mark.parametrize(
    ("versions", "version", "allowed"),
    [
        ("", "0.1", True),
        (">=2", "2.0.0", True),
        (">=2", "1.26.4", False),
        (">=1.19", "1.9", False),
        (">=1.19,!=1.21.0", "1.21.0", False),
        (">=1.19,!=1.21.0", "1.21", False),
        (">=1.19,!=1.21.0", "1.21.1", True),
        ("<3,>=2", "3.0rc1", False),
        ("==0.5.0", "0.5", True),
        (">=2.1", "2.1.0.dev0+abc", True),
    ],
)
def test_versions(versions, version, allowed):
    assert Requirement("x", versions).allows(version) is allowed


def test_requirements_are_those_of_the_installation(monkeypatch):
    """The base only; without an installation the same packages, in any version."""
    lines = [
        "numpy>=2",
        "onnxruntime!=1.21.0,>=1.19; platform_machine != 'armv7l'",
        "numba>=0.61; extra == 'numba'",
    ]
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    assert doctor.requirements() == [
        Requirement("numpy", ">=2"),
        Requirement("onnxruntime", "!=1.21.0,>=1.19"),
    ]

    def missing(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", missing)
    assert [r.name for r in doctor.requirements()] == ["numpy", "onnxruntime", "soundfile", "soxr"]


# -- all of them ---------------------------------------------------------------------------------------


@needs_bundled
@pytest.mark.parametrize("model", [None, BUNDLED_MODEL])
def test_this_machine_is_sound(model):
    checks = list(doctor.examine(model))
    assert [check for check in checks if check.status == "fail"] == []
    names = [check.name for check in checks]
    for name in ("architecture", "userland", "Python", *doctor.BASE, "engine", "features, numpy", "model"):
        assert names.count(name) == 1


def test_what_depends_on_a_broken_package_is_not_tried(monkeypatch):
    """A package that dies is told, and neither features nor model are computed with it."""
    tried = []

    def trial(*arguments):
        tried.append(arguments)
        return DIED if "import onnxruntime" in arguments[1] else Outcome(0, "99\n", "")

    monkeypatch.setattr(doctor, "_trial", trial)
    checks = {check.name: check for check in doctor.examine()}
    assert (
        checks["onnxruntime"].status == checks["model"].status == checks["features, numpy"].status == "fail"
    )
    assert checks["model"].found == "not tried"
    assert [arguments[0] for arguments in tried] == ["-c"] * len(doctor.requirements())


def test_numba_is_tried_where_it_is_ready(monkeypatch):
    monkeypatch.setattr(doctor, "_trial", lambda *arguments: Outcome(1, "", "no"))
    for status, engines in ((Status(True, ""), {"numpy", "numba"}), (Status(False, ""), {"numpy"})):
        monkeypatch.setattr(doctor, "_warmup_status", lambda status=status: status)
        names = {check.name for check in doctor.examine()}
        assert {name for name in names if name.startswith("features")} == {f"features, {e}" for e in engines}


def test_a_package_that_dies_really(tmp_path, monkeypatch):
    """By a process of its own, found through PYTHONPATH: this one lives on."""
    (tmp_path / "soxr.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = doctor.dependency(Requirement("soxr"), doctor._trial("-c", doctor._import_of("soxr")))
    assert check.found == "died of SIGILL (Illegal instruction)"


# -- the self-test -------------------------------------------------------------------------------------


def test_stored_vector_is_that_of_this_source(tmp_path):
    """Made again it is the same, to what two processors may differ by; sample and spec are named."""
    assert max(selftest.excess("numpy").values()) <= 1
    parser = generator.argparse.ArgumentParser()
    generator.add_arguments(parser)
    again = tmp_path / "again.json"
    assert generator.run(parser.parse_args(["-o", str(again)])) == 0
    new, stored = (json.loads(path.read_text()) for path in (again, selftest.STORED))
    assert (new["sample"], new["spec"]) == (stored["sample"], stored["spec"])
    assert np.allclose(new["vector"], stored["vector"], rtol=1e-4, atol=1e-4)


def test_stored_vector_is_librosas():
    """So that a machine that passes the self-test agrees with librosa."""
    spec = FeatureSpec()
    y = load_audio(selftest.SAMPLE, sr=spec.sr).samples
    tunings = reference.tunings(y, spec)
    stored = np.array(json.loads(selftest.STORED.read_text())["vector"])
    compared = comparison.Compared("sample", spec, stored[None], reference.vector(y, spec, tunings), {}, {})
    assert max(compared.excess(family) for family in spec.families) <= 1


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A stored vector to be changed; write it back with ``write``."""
    values = json.loads(selftest.STORED.read_text())
    path = tmp_path / "selftest.json"
    monkeypatch.setattr(selftest, "STORED", path)

    class Stored:
        def __init__(self):
            self.values = values

        def write(self):
            path.write_text(json.dumps(values))

    return Stored()


@pytest.mark.parametrize("family", FeatureSpec().families)
def test_one_wrong_value_is_found(stored, family):
    """Twice the tolerance off, in the last value of a family."""
    at = FeatureSpec().slices[family].stop - 1
    value = stored.values["vector"][at]
    allowed = selftest.MEL_RELATIVE * value if family == "mel" else selftest.ABSOLUTE[family]
    stored.values["vector"][at] += 2 * allowed
    stored.write()
    excess = selftest.excess("numpy")
    assert excess.pop(family) == pytest.approx(2, rel=0.6)
    assert max(excess.values()) <= 1


@pytest.mark.parametrize(("key", "message"), [("sample", "another sample"), ("spec", "another feature spec")])
def test_vector_of_something_else_is_refused(stored, key, message):
    stored.values[key] = "0" * 64
    stored.write()
    with pytest.raises(EdgecryError, match=message):
        selftest.excess("numpy")


def test_missing_vector(stored):
    with pytest.raises(EdgecryError, match="cannot be read"):
        selftest.excess("numpy")


def test_run_as_a_process():
    """A sentence on stderr and a code where it fails; what doctor reads where it does not."""
    good = doctor._trial("-m", "edgecry.diagnostics.selftest", "numpy")
    assert (good.code, good.stderr) == (0, "")
    assert set(json.loads(good.stdout)) == set(FeatureSpec().families)
    bad = doctor._trial("-m", "edgecry.diagnostics.selftest", "abacus")
    assert bad.code == 1
    assert bad.complaint.startswith("engine: 'abacus' is unknown")


def test_interpreter_is_the_same():
    assert doctor._trial("-c", "import sys; print(sys.executable)").stdout.strip() == sys.executable
