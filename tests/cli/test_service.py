"""edgecry service: the unit on stdout, what stands in its way on stderr."""

import sys

import pytest

from edgecry.cli import service


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """An installation of edgecry that others may enter."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "edgecry"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python3"))
    monkeypatch.setattr("edgecry.listening.unit.obstacles", lambda path: [])
    return program


def test_defaults(run, installed):
    code, out, _ = run("service")
    assert code == 0
    assert f"ExecStart={installed} listen\n" in out
    assert "DynamicUser=yes\n" in out


def test_options(run, installed, tmp_path):
    config = tmp_path / "my settings.toml"
    config.write_text('[sinks.mqtt]\nhost = "broker"\n[record]\ndir = "/srv/clips"\n')
    code, out, _ = run("service", "--config", config, "--user", "pi", "--memory", 128, "--watchdog", 30)
    assert code == 0
    assert f'ExecStart={installed} listen --config "{config}"\n' in out
    assert "User=pi\n" in out
    assert "MemoryMax=128M\n" in out
    assert "WatchdogSec=30\n" in out
    assert "ReadWritePaths=-/srv/clips\n" in out
    assert "AF_INET" in out


def test_without_a_script_python_is_started(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    assert service.own_command() == [str(tmp_path / "python3"), "-m", "edgecry"]


def test_what_is_in_the_way(run, installed, monkeypatch, tmp_path):
    monkeypatch.setattr("edgecry.listening.unit.obstacles", lambda path: [tmp_path])
    _, _, err = run("service")
    assert f"edgecry: {installed}: {tmp_path} is closed to others" in err
    _, _, err = run("service", "--user", "pi")
    assert "closed to others" not in err


def test_models_that_are_in_the_way(run, installed, monkeypatch, tmp_path):
    monkeypatch.setattr("edgecry.listening.unit.obstacles", lambda path: [tmp_path] if path.suffix else [])
    config = tmp_path / "edgecry.toml"
    config.write_text('detector = "/srv/my.onnx"\n')
    assert f"edgecry: /srv/my.onnx: {tmp_path} is closed to others" in run("service", "--config", config)[2]


def test_folders_of_others(run, installed, tmp_path):
    config = tmp_path / "edgecry.toml"
    config.write_text('[record]\ndir = "/srv/clips"\n')
    assert "edgecry: /srv/clips: is not a dynamic user's own" in run("service", "--config", config)[2]
    assert "/srv/clips" not in run("service", "--config", config, "--user", "pi")[2]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--config", "/nowhere.toml"], "/nowhere.toml: no such file"),
        (["--user", "Bad Name"], "user: 'Bad Name' is no name of a user"),
        (["--memory", "1"], "memory: 1 MB is out of range"),
    ],
)
def test_refusals(run, installed, argv, message):
    code, out, err = run("service", *argv)
    assert (code, out) == (2, "")
    assert message in err


def test_stdin(run, installed, tmp_path):
    config = tmp_path / "edgecry.toml"
    config.write_text('[source]\nkind = "stdin"\n')
    code, out, err = run("service", "--config", config)
    assert (code, out) == (2, "")
    assert "'stdin' is nothing for a service" in err


def test_a_file_is_written_whole_or_not_at_all(run, installed, tmp_path):
    """Piped into tee, a refusal would leave an empty unit."""
    path = tmp_path / "edgecry.service"
    path.write_text("the unit of before")
    config = tmp_path / "c.toml"
    config.write_text('[source]\nkind = "stdin"\n')
    code, out, err = run("service", "--config", config, "-o", path)
    assert (code, out) == (2, "")
    assert "nothing for a service" in err
    assert path.read_text() == "the unit of before"
    _, printed, _ = run("service")
    assert run("service", "--output", path)[:2] == (0, "")
    assert path.read_text() == printed
    code, _, err = run("service", "-o", tmp_path / "none" / "x")
    assert code == 2
    assert "cannot be written" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bin", "c.toml", "edgecry.service"]
