"""convert card: the card of a model file, written beside it."""

from convert.__main__ import main
from edgecry.models.card import render
from edgecry.models.model import CryModel
from tests import graphs


def test_written_beside_each_model(tmp_path):
    models = [graphs.save(tmp_path / "ear.v2.onnx", graphs.detector()), graphs.save(tmp_path / "tiny.onnx")]
    assert main(["card", *map(str, models)]) == 0
    for path, name in zip(models, ("ear.v2.md", "tiny.md"), strict=True):
        assert (tmp_path / name).read_text(encoding="utf-8") == render(CryModel.load(path).metadata)


def test_no_model_no_card(tmp_path, capsys):
    assert main(["card", str(tmp_path / "none.onnx")]) == 1
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "tiny.md").mkdir()
    assert main(["card", str(graphs.save(tmp_path / "tiny.onnx"))]) == 1
    assert "tiny.md: cannot be written" in capsys.readouterr().err
