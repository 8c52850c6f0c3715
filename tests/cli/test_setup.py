"""edgecry setup and edgecry page: without a terminal, and what they show."""

import errno
from pathlib import Path

from edgecry.cli.setup import Shown
from edgecry.listening import setup
from edgecry.web.keys import KEY_FILE, REPORT_KEY_FILE, make_key


def test_setup_without_a_terminal_says_what_it_needs(run):
    code, out, err = run("setup")
    assert (code, out) == (2, "")
    assert "needs a terminal" in err
    assert "edgecry service --config FILE" in err


def test_a_dry_run_changes_nothing(tmp_path, capsys):
    changes = Shown()
    changes.write(tmp_path / "edgecry.toml", "a = 1\n")
    changes.run("systemctl", "daemon-reload")
    assert not list(tmp_path.iterdir())
    assert "would write" in (out := capsys.readouterr().out)
    assert "would run systemctl daemon-reload" in out


def test_page_shows_the_address_with_its_key(run, tmp_path):
    code, out, _ = run("page", "--web", ":9000", "--state", tmp_path)
    key = (tmp_path / KEY_FILE).read_text().strip()
    assert code == 0
    assert f":9000/?key={key}\n" in out


def test_the_key_for_reports_is_shown_alone(run, tmp_path):
    """Only the page makes it: a file of root's could not be read by the service."""
    code, out, err = run("page", "--web", ":9000", "--state", tmp_path, "--report-key")
    assert (code, out) == (2, "")
    assert "makes it when it starts" in err
    key = make_key(tmp_path, REPORT_KEY_FILE)
    code, out, _ = run("page", "--web", ":9000", "--state", tmp_path, "--report-key")
    assert (code, out) == (0, key + "\n")
    assert not (tmp_path / KEY_FILE).exists()


def test_no_key_is_made_beside_a_service_that_has_made_none_yet(run, monkeypatch, tmp_path):
    """It would be another one, and the phone would be refused."""
    unit = tmp_path / "edgecry.service"
    unit.touch()
    monkeypatch.setattr(setup, "UNIT", unit)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    code, out, err = run("page", "--web", ":9000")
    assert (code, out) == (2, "")
    assert "has made no key yet" in err
    assert not (tmp_path / "home").exists()


def test_page_needs_an_address(run):
    code, _, err = run("page")
    assert code == 2
    assert "give --web" in err


def test_the_key_of_a_service_is_asked_for_with_sudo(run, monkeypatch):
    def locked(self, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", locked)
    code, out, err = run("page", "--web", ":9000")
    assert (code, out) == (2, "")
    assert "use sudo" in err
