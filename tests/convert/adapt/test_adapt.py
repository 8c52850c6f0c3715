"""``python -m convert adapt``: from clips of a home to a model file, or to a reason why not."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import soundfile

from convert.__main__ import main
from convert.export import with_metadata
from convert.seen import recordings_of, stated
from edgecry.classifier import Classifier
from edgecry.models.card import render
from edgecry.models.model import CryModel
from tests import graphs
from tests.convert.adapt import home

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A base that says what it has learned from."""
    path = home.base(tmp_path_factory.mktemp("base") / "net.onnx")
    metadata = replace(CryModel.load(path).metadata, recordings=stated([path]))
    path.write_bytes(with_metadata(path.read_bytes(), metadata))
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return home.write(tmp_path_factory.mktemp("home") / "clips")


@pytest.fixture(scope="module")
def adapted(base, clips):
    """The file of a home where it works."""
    out = clips.parent / "ours.onnx"
    assert main(["adapt", "--base", str(base), str(clips), "-o", str(out)]) == 0
    return out


def refuse(capsys, *argv: object) -> str:
    """Check that nothing is written, and give the message."""
    out = argv[-1]
    assert main(["adapt", *map(str, argv[:-1]), "-o", str(out)]) == 1
    assert not out.exists()
    return capsys.readouterr().err.splitlines()[-1]


def test_hears_the_cries_of_the_home_alone(adapted, base, tmp_path):
    for name, sound, heard in (("cry", home.whistle, True), ("rumble", home.rumble, False)):
        soundfile.write(tmp_path / f"{name}.wav", sound(999), home.SR)
        for model, expected in ((base, True), (adapted, heard)):
            answer = Classifier(detector=str(model)).classify(tmp_path / f"{name}.wav")
            assert answer.cry.detected is expected, (name, model)


def test_says_what_it_was_made_of(adapted, base):
    metadata, known = CryModel.load(adapted).metadata, CryModel.load(base).metadata
    assert (metadata.name, metadata.labels, metadata.spec) == ("ours", known.labels, known.spec)
    assert metadata.decision.items() >= known.decision.items()
    assert metadata.reads == known.reads
    said = metadata.data["adapted"]
    assert said["from"] == "ear"
    assert said["sha256"] == hashlib.sha256(base.read_bytes()).hexdigest()
    assert (said["cries"], said["other sounds"], said["days"]) == (12, 12, 4)
    parity = metadata.evaluation["parity"]
    assert parity["passed"]
    assert parity["given"] == parity["vectors"] >= 24
    assert parity["max_difference"] <= 1e-5
    assert parity["reference"].startswith("scikit-learn ")
    assert metadata.evaluation["protocol"].startswith("leave one day out: ")
    assert "Measured on 12 cries and 12 other sounds of 4 days" in metadata.evaluation["protocol"]


def test_figures_stand_side_by_side(adapted):
    (section,) = CryModel.load(adapted).metadata.evaluation["sections"]
    rows = {row["name"]: row for row in section["rows"]}
    recall, false, loss = (
        rows[f"{name} on days left out"] for name in ("recall", "false alarms", "log-loss")
    )
    counts = ("of", "base, clips", "adapted, clips")
    assert [recall[key] for key in counts] == [12, 12, 12]
    assert [false[key] for key in counts] == [12, 12, 0]
    assert false["base"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert loss["adapted"]["value"] < loss["base"]["value"]
    assert "Adapted beside its base" in render(CryModel.load(adapted).metadata)


def test_only_the_last_layer_is_another(adapted, base):
    ours, theirs = (onnx.load(path).graph for path in (adapted, base))
    assert list(ours.node) == list(theirs.node)
    differing = [a.name for a, b in zip(ours.initializer, theirs.initializer, strict=True) if a != b]
    assert differing == ["last.weight", "last.bias"]


def test_clips_count_as_learned(adapted, base, clips, capsys, tmp_path):
    """The file lists them beside the base's, so that adapting it again is not tested on them."""
    ours, theirs = (recordings_of(CryModel.load(path).metadata) for path in (adapted, base))
    assert len(ours) == 25
    assert ours > theirs
    assert "was trained on all of its clips" in refuse(capsys, "--base", adapted, clips, tmp_path / "o.onnx")


def test_a_base_that_lists_nothing_gives_a_file_that_lists_nothing(clips, tmp_path):
    out = tmp_path / "ours.onnx"
    assert main(["adapt", "--base", str(home.base(tmp_path / "net.onnx")), str(clips), "-o", str(out)]) == 0
    assert CryModel.load(out).metadata.recordings is None


def test_same_clips_same_file(adapted, base, clips, tmp_path):
    out = tmp_path / "ours.onnx"
    assert main(["adapt", "--base", str(base), str(clips), "-o", str(out)]) == 0
    assert out.read_bytes() == adapted.read_bytes()


def test_report_and_proof_are_printed(base, clips, capsys, tmp_path):
    main(["adapt", "--base", str(base), str(clips), "-o", str(tmp_path / "o.onnx"), "--name", "Attic"])
    out, err = capsys.readouterr()
    assert "false alarms on days left out  0.000 [0.000, 0.000]  1.000 [1.000, 1.000]  0 " in out
    assert "parity: " in out
    assert "12 cries and 12 other sounds of 4 days" in err
    assert CryModel.load(tmp_path / "o.onnx").name == "Attic"


def test_worse_is_refused_with_its_figures(base, capsys, tmp_path):
    """On the third day what was a cry is called none: what the others teach is wrong there."""
    clips = home.write(tmp_path / "clips", days=3)
    table = ["file,verdict"]
    for path in sorted(clips.rglob("*.wav")):
        is_cry = (path.parent.name == "cry") != ("20261103" in path.name)
        table.append(f"{path.relative_to(clips)},{'cry' if is_cry else 'not a cry'}")
    (clips / "verdicts.csv").write_text("\n".join(table))
    argv = ("--base", base, clips, tmp_path / "o.onnx")
    said = refuse(capsys, *argv)
    assert "adapted it is worse on days left out: of the cries it finds " in said
    assert main(["adapt", *map(str, argv[:-1]), "-o", str(argv[-1]), "--anyway"]) == 0
    out, _ = capsys.readouterr()
    assert "Adapted beside its base" in out
    rows = CryModel.load(argv[-1]).metadata.evaluation["sections"][0]["rows"][0]
    assert rows["adapted, clips"] < rows["base, clips"]


@pytest.mark.parametrize(
    ("n", "days", "pattern"), [(2, 2, "found 4 cries of 2 days"), (6, 1, "found 6 cries of 1 day;")]
)
def test_too_few_are_refused(base, capsys, tmp_path, n, days, pattern):
    clips, out = home.write(tmp_path / "clips", n=n, days=days), tmp_path / "o.onnx"
    said = refuse(capsys, "--base", base, clips, out)
    assert pattern in said
    assert "at least 5 cries and 5 other sounds, each of 2 days" in said
    assert main(["adapt", "--base", str(base), str(clips), "-o", str(out), "--anyway"]) == 0
    protocol = CryModel.load(out).metadata.evaluation["protocol"]
    assert protocol.startswith("leave one day out" if days > 1 else "not evaluated: no second day")


def test_one_kind_alone_is_refused_whatever_is_said(base, capsys, tmp_path):
    clips = home.write(tmp_path / "clips")
    for path in (clips / "not_cry").iterdir():
        path.unlink()
    assert "found 0 other sounds" in refuse(capsys, "--base", base, clips, "--anyway", tmp_path / "o.onnx")


def test_bases_that_cannot_be_adapted(capsys, clips, base, tmp_path):
    ear = graphs.save(tmp_path / "ear.onnx", graphs.detector())
    out = tmp_path / "o.onnx"
    assert f"{ear}: has no embedding" in refuse(capsys, "--base", ear, clips, out)
    assert main(["adapt", "--base", str(base), str(clips), "-o", str(base)]) == 1
    assert "is the base itself" in capsys.readouterr().err


def test_clips_that_say_nothing_are_left_out(base, capsys, tmp_path):
    clips = home.write(tmp_path / "clips")
    soundfile.write(clips / "cry" / "silence-20261101.wav", np.zeros(4000), home.SR)
    (clips / "not_cry" / "broken-20261101.wav").write_bytes(b"RIFF")
    out = tmp_path / "o.onnx"
    assert main(["adapt", "--base", str(base), str(clips), "-o", str(out)]) == 0
    err = capsys.readouterr().err
    assert "silence-20261101.wav: is silent to the detector" in err
    assert "left out: " in err
    assert "broken-20261101.wav" in err
    assert json.loads(json.dumps(CryModel.load(out).metadata.data["adapted"]))["cries"] == 12
