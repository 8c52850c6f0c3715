"""Files that the documents name are there, and the tree of the house is whole."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
#: A file or folder of the checkout, in code: `edgecry/decision.py`, `tests/parity/`.
NAMED = re.compile(r"`((?:edgecry|convert|tests|benchmarks|docs|examples|\.ci|\.github)/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
#: Stand for what a reader is to choose.
PLACEHOLDERS = ("NAME", "DEVICE")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_are_there(document: Path):
    text = document.read_text()
    named = {
        ROOT / path for path in NAMED.findall(text) if not path.endswith(PLACEHOLDERS) and "NAME." not in path
    }
    linked = {document.parent / path for path in LINK.findall(text)}

    assert [str(path) for path in sorted(named | linked) if not path.exists()] == []


def test_files_are_named():
    """Otherwise the test above could not fail."""
    assert len(NAMED.findall((ROOT / "docs" / "how-it-works.md").read_text())) > 30
    assert len(LINK.findall((ROOT / "README.md").read_text())) > 5


def test_the_tree_shows_every_room():
    """One that is not there is not found by whoever reads the page."""
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    tree = text.split("## The rooms")[1].split("```")[1]
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "edgecry").iterdir()
        if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("__")
    }

    assert {room for room in rooms if not re.search(rf"(?<![\w/]){re.escape(room)}", tree)} == set()


def test_the_arrow_rule_is_the_one_that_is_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    drawn = text.split("### The arrow rule")[1].split("```text\n")[1].split("```")[0]

    assert [set(line.split()) for line in drawn.splitlines()] == [set(layer.split(" | ")) for layer in layers]
