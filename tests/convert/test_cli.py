"""``python -m convert``: what is printed, what is written, and the exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.preprocessing import LabelEncoder

from convert.__main__ import COMMANDS, main
from edgecry import CryModel
from tests.convert.spec import SPEC
from tests.convert.zoo import LABELS, ZOO, data

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forest on numbers, its encoder, its spec, some vectors: what a user has."""
    folder = tmp_path_factory.mktemp("files")
    X, y = data(5)
    encoder = LabelEncoder().fit(y)
    joblib.dump(ZOO["forest"]().fit(X, encoder.transform(y)), folder / "model.joblib")
    joblib.dump(encoder, folder / "label.joblib")
    (folder / "labels.txt").write_text("\n".join(LABELS))
    (folder / "spec.json").write_text(SPEC.to_json())
    np.save(folder / "vectors.npy", X)
    np.savetxt(folder / "vectors.csv", X, delimiter=",")
    return folder


def _convert(files: Path, output: Path, *more: str) -> int:
    return main(
        [
            "convert",
            f"{files}/model.joblib",
            "--anyway",
            "--spec",
            f"{files}/spec.json",
            "-o",
            str(output),
            *more,
        ]
    )


@pytest.fixture(scope="module")
def converted(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model file of the forest and its encoder."""
    output = tmp_path_factory.mktemp("converted") / "out.onnx"
    assert _convert(files, output, "--labels", f"{files}/label.joblib") == 0
    return output


def test_inspect(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text for people: class, version, digest, names, and what to do next."""
    assert main(["inspect", f"{files}/model.joblib"]) == 0
    out = capsys.readouterr().out
    assert "holds         sklearn.ensemble._forest.RandomForestClassifier, reads 20 values" in out
    assert f"scikit-learn  {sklearn.__version__} (installed: {sklearn.__version__})" in out
    assert "  allowed      sklearn.tree._tree.Tree" in out
    assert "NOT ALLOWED" not in out
    assert "next          python -m convert convert" in out
    main(["inspect", f"{files}/label.joblib"])
    assert "give it as --labels" in capsys.readouterr().out


def test_inspect_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs."""
    import hashlib

    assert main(["inspect", f"{files}/model.joblib", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["sha256"] == hashlib.sha256((files / "model.joblib").read_bytes()).hexdigest()
    assert facts["format"] == "joblib"
    assert facts["compression"] == "none"
    assert facts["sklearn"] == [sklearn.__version__]
    assert facts["allowed"] is True
    assert {"name": "numpy.dtype", "allowed": True} in facts["globals"]


def test_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a global's name are shown, not sent."""
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x8c\x02os\x8c\x07\x1b[2Jsys\x93.")
    assert main(["inspect", str(tmp_path / "m.pkl")]) == 1
    assert main(["convert", str(tmp_path / "m.pkl"), "-o", str(tmp_path / "o.onnx")]) == 1
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert r"os.\x1b[2Jsys" in told.out


@pytest.mark.parametrize("labels", ["label.joblib", "labels.txt"])
def test_convert(labels: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Writes a model file that the device opens and that says where it comes from."""
    output = tmp_path / "out.onnx"
    options = ["--data-name", "corpus", "--data-licence", "ODbL", "--attribution", "them", "--task", "cry"]
    assert _convert(files, output, "--labels", f"{files}/{labels}", *options) == 0
    out = capsys.readouterr().out
    assert f"wrote   {output}" in out
    assert "0 other labels" in out
    model = CryModel.load(output)
    assert model.labels == LABELS
    assert model.name == "out"
    assert model.metadata.task == "cry"
    assert model.metadata.data == {"name": "corpus", "licence": "ODbL", "attribution": "them"}
    X, _ = data(5)
    expected = joblib.load(files / "model.joblib").predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("vectors", ["vectors.npy", "vectors.csv"])
def test_vectors_from_a_file(vectors: str, files: Path, tmp_path: Path) -> None:
    """Vectors of the user's own take part in the proof."""
    options = ["--labels", f"{files}/labels.txt", "--vectors", f"{files}/{vectors}"]
    assert _convert(files, tmp_path / "out.onnx", *options) == 0
    assert CryModel.load(tmp_path / "out.onnx").metadata.evaluation["parity"]["given"] == 120


def test_verify(files: Path, converted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Repeats the proof; notices another pickle, other labels, another graph."""
    output, labels = converted, ["--labels", f"{files}/label.joblib"]
    assert main(["verify", str(output), f"{files}/model.joblib", *labels]) == 0
    assert "passed" in capsys.readouterr().out
    joblib.dump(ZOO["tree"]().fit(*data(5)), tmp_path / "other.joblib")
    assert main(["verify", str(output), f"{tmp_path}/other.joblib"]) == 1
    assert "was made of another file" in capsys.readouterr().err
    (tmp_path / "other.txt").write_text("a\nb\nc\nd\ne\n")
    other = ["--labels", str(tmp_path / "other.txt")]
    assert main(["verify", str(output), f"{files}/model.joblib", *other]) == 1
    assert "its labels are belly_pain" in capsys.readouterr().err


def test_verify_takes_the_tolerance_of_the_file_and_tells_what_moved(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "out.onnx")
    options = ["--labels", f"{files}/labels.txt", "--vectors", f"{files}/vectors.npy", "--tolerance", "0.001"]
    assert _convert(files, Path(output), *options) == 0
    capsys.readouterr()
    assert main(["verify", output, f"{files}/model.joblib"]) == 0
    told = capsys.readouterr().out
    assert "(allowed 1e-03)" in told
    assert "changed vectors that --vectors gives: 120 then, 0 now" in told
    assert "allowed difference" not in told
    assert main(["verify", output, f"{files}/model.joblib", "--tolerance", "1e-5"]) == 0
    assert "changed allowed difference: 0.001 then, 1e-05 now" in capsys.readouterr().out


def test_verify_notices_a_changed_graph(
    files: Path, converted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A graph that was changed after conversion fails, whatever its metadata say."""
    import onnx

    output = tmp_path / "out.onnx"
    model = onnx.load(converted)
    (trees,) = [node for node in model.graph.node if node.op_type == "TreeEnsembleClassifier"]
    (values,) = [a for a in trees.attribute if a.name == "nodes_values"]
    values.floats[0] += 0.1
    onnx.save(model, output)
    assert main(["verify", str(output), f"{files}/model.joblib"]) == 1
    told = capsys.readouterr()
    assert "does not answer as" in told.err
    assert "passed" not in told.out


def test_no_file_on_failure(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When the gate refuses, nothing is written and an older file stays."""
    output = tmp_path / "out.onnx"
    output.write_text("older")
    assert _convert(files, output, "--labels", f"{files}/labels.txt", "--tolerance", "1e-15") == 1
    assert "no model file was made" in capsys.readouterr().err
    assert output.read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["out.onnx"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["inspect", "none.joblib"], "none.joblib: cannot be read"),
        (["convert", "{files}/model.joblib", "-o", "{tmp}/none/out.onnx"], "there is no folder"),
        (
            ["convert", "{files}/model.joblib", "-o", "{tmp}/o.onnx"],
            "reads 20 values, the feature spec makes 194",
        ),
        (["convert", "{files}/label.joblib", "-o", "{tmp}/o.onnx"], "give this file with --labels"),
        (["convert", "{files}/spec.json", "-o", "{tmp}/o.onnx"], "spec.json: a text, not a pickle"),
        (
            [
                "convert",
                "{files}/model.joblib",
                "--spec",
                "{files}/spec.json",
                "--anyway",
                "-o",
                "{tmp}/o.onnx",
            ],
            "which are not names; give --labels",
        ),
        (
            ["convert", "{files}/model.joblib", "--spec", "{files}/labels.txt", "-o", "{tmp}/o.onnx"],
            "labels.txt: feature spec: not JSON",
        ),
        (
            ["convert", "{files}/model.joblib", "--vectors", "{files}/labels.txt", "-o", "{tmp}/o.onnx"],
            "labels.txt: not numbers, one vector a row",
        ),
        (
            ["convert", "{files}/model.joblib", "--vectors", "{files}/vectors.npy", "-o", "{tmp}/o.onnx"],
            "found shape (120, 20)",
        ),
        (["verify", "{files}/spec.json", "{files}/model.joblib"], "spec.json: not an ONNX file"),
    ],
)
def test_failures_are_one_line(
    arguments: list[str], why: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, one line on stderr, nothing on stdout."""
    assert main([a.format(files=files, tmp=tmp_path) for a in arguments]) == 1
    told = capsys.readouterr()
    assert why in told.err
    assert told.err.startswith("convert: ")
    assert told.err.count("\n") == 1
    assert told.out == ""


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["convert", "m.joblib"], ["inspect"], ["inspect", "a", "--fly"]]
)
def test_wrong_use(arguments: list[str]) -> None:
    """Exit code 2."""
    assert main(arguments) == 2


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_recordings_of_the_environment(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """EDGECRY_DATA stands for the folder that is not named; one that is named goes before it."""
    argv = [command, "--task", "cry", *(["-o", str(tmp_path / "m.onnx")] if command == "train" else [])]
    monkeypatch.setenv("EDGECRY_DATA", str(tmp_path / "kept"))
    assert main(argv) == 1
    assert f"{tmp_path / 'kept'}: no such folder" in capsys.readouterr().err
    assert main([*argv, str(tmp_path / "named")]) == 1
    err = capsys.readouterr().err
    assert f"{tmp_path / 'named'}: no such folder" in err
    assert "kept" not in err
    monkeypatch.delenv("EDGECRY_DATA")
    assert main(argv) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command is wired up and explains itself."""
    assert main([command, "--help"]) == 0
    assert f"python -m convert {command}" in capsys.readouterr().out


def test_faults_leave_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a fault of our own is one line, unless asked for more."""
    monkeypatch.setattr("convert.pickles.PickleFile.read_model", lambda _: 1 / 0)
    assert main(["inspect", "x"]) == 70
    assert capsys.readouterr().err.startswith("convert: internal error: ZeroDivisionError")
    monkeypatch.setenv("EDGECRY_DEBUG", "1")
    main(["inspect", "x"])
    assert "Traceback" in capsys.readouterr().err


def test_as_a_process(files: Path) -> None:
    """From a checkout, as the README has it."""
    command = [sys.executable, "-m", "convert", "inspect", str(files / "model.joblib")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "RandomForestClassifier" in done.stdout
    assert done.stderr == ""


def test_inspecting_imports_nothing_of_what_it_inspects(files: Path) -> None:
    """Neither scikit-learn nor joblib nor NumPy arrays are needed to look inside."""
    code = (
        "import sys; from convert.__main__ import main; "
        f"main(['inspect', {str(files / 'model.joblib')!r}]); "
        "sys.exit(bool({'sklearn', 'joblib', 'onnx', 'skl2onnx', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
