"""edgecry doctor: what it shows, and its exit code."""

import json

import pytest

from edgecry.diagnostics.doctor import Check
from tests.conftest import needs_bundled

GOOD, ODD = Check("a", "ok", "fine"), Check("b", "warn", "slow\nish", "do something about it")
BAD = Check("c", "fail", "gone", "mend it")


@pytest.fixture
def checks(monkeypatch):
    """Set what is found; each call's model is kept."""
    seen = []

    def set_checks(*found):
        monkeypatch.setattr(
            "edgecry.diagnostics.doctor.examine", lambda model: seen.append(model) or iter(found)
        )
        return seen

    return set_checks


def test_healthy(run, checks):
    """Warnings are shown with advice, and are not failures."""
    seen = checks(GOOD, ODD)
    code, out, err = run("doctor")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines == [
        ["ok", "a", "fine"],
        ["warn", "b", "slow\\nish"],
        ["->", "do", "something", "about", "it"],
    ]
    assert seen == [None]


def test_unhealthy(run, checks):
    checks(BAD, GOOD)
    code, out, _ = run("doctor")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["fail", "->", "ok"]


@pytest.mark.parametrize(("found", "healthy"), [((GOOD, ODD), True), ((GOOD, BAD), False)])
def test_json(run, checks, found, healthy):
    checks(*found)
    code, out, err = run("doctor", "--json")
    report = json.loads(out)
    assert (code, err) == (0 if healthy else 1, "")
    assert report["healthy"] is healthy
    assert [Check(**check) for check in report["checks"]] == list(found)


def test_named_model(run, tmp_path):
    """A refused model is one failed check in a whole report."""
    path = tmp_path / "none.onnx"
    code, out, err = run("doctor", "--json", "--model", path)
    report = json.loads(out)
    assert (code, err) == (1, "")
    (failed,) = [check for check in report["checks"] if check["status"] == "fail"]
    assert failed["name"] == "model"
    assert f"{path}: no such file" in failed["found"]
    assert failed["advice"]


@needs_bundled
@pytest.mark.parametrize("model", [(), ("--model", "seed")])
def test_one_screen(run, model):
    code, out, _ = run("doctor", *model)
    assert code == 0
    assert len(out.splitlines()) <= 24


def test_settings_of_listen(run, checks, tmp_path):
    """They are looked at last, and count."""
    checks(GOOD)
    config = tmp_path / "listen.toml"
    config.write_text("[source]\nkind = 'radio'\n")
    code, out, _ = run("doctor", "--json", "--config", config)
    found = json.loads(out)["checks"]
    assert code == 1
    assert [(check["name"], check["status"]) for check in found] == [("a", "ok"), ("settings", "fail")]
    assert "kind: 'radio' is unknown" in found[1]["found"]
