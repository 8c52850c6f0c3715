"""What the documents tell a reader to type is right: Python runs, commands exist with these flags."""

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

import convert.__main__
import edgecry.cli
from tests.conftest import needs_bundled

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "```{include}" not in path.read_text()
]


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Name of the document, and text, of each fenced block of a language."""
    for path in DOCUMENTS:
        for text in re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
            yield str(path.relative_to(ROOT)), text


def commands() -> Iterator[tuple[str, str, list[str]]]:
    """Each line of a shell block that starts edgecry or convert: document, program, arguments."""
    for document, text in blocks("sh"):
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            for program, start in (("edgecry", ["edgecry"]), ("convert", ["python", "-m", "convert"])):
                for i in range(len(words)):
                    if words[i : i + len(start)] == start and (i == 0 or words[i - 1] in ("|", "&&")):
                        rest = words[i + len(start) :]
                        end = next((k for k, word in enumerate(rest) if word in ("|", ">", "<", "&&")), None)
                        yield document, program, rest[:end]


PYTHON = list(blocks("python"))
COMMANDS = list(commands())
PARSERS = {"edgecry": edgecry.cli.build_parser, "convert": convert.__main__.build_parser}


def test_there_is_something_to_try():
    assert len(PYTHON) >= 4
    assert len(COMMANDS) >= 25
    assert {program for _, program, _ in COMMANDS} == set(PARSERS)


@needs_bundled
@pytest.mark.parametrize(("document", "code"), PYTHON)
def test_python_runs(document: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    t = np.arange(4 * 16000) / 16000
    sound = 0.2 * np.sin(2 * np.pi * 440 * t).astype(np.float32)
    soundfile.write(tmp_path / "cry.wav", sound, 16000)
    monkeypatch.chdir(tmp_path)

    exec(compile(code, document, "exec"), {"microphone": np.split(sound, 20)})


@pytest.mark.parametrize(("document", "program", "arguments"), COMMANDS)
def test_commands_exist(document: str, program: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EDGECRY_DATA", "recordings")  # as the documents say, where it stands for an argument
    complaint = StringIO()
    try:
        with redirect_stderr(complaint):
            PARSERS[program](arguments).parse_args(arguments)
    except SystemExit as leave:
        assert leave.code == 0, f"{document}: {shlex.join(arguments)}\n{complaint.getvalue()}"


def test_readme_has_the_two_commands_that_ci_takes_from_it():
    lines = [
        line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv ")
    ]

    assert len(lines) == 2
    assert lines[0].endswith("edgecry classify --sample")
    assert lines[1].endswith("pytest -q")
