"""What makes containers fits the package: there is no daemon here to build them with."""

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import yaml

import edgecry
from edgecry.cli import build_parser
from edgecry.listening.settings import load_settings

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
ADDON = ROOT / "addon" / "edgecry"


def dockerfile(path: Path) -> list[tuple[str, str]]:
    """Instructions and what they say, of lines that go on joined."""
    text = path.read_text().replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def test_files_that_are_copied_are_there_and_not_ignored():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word
        for name, rest in dockerfile(ROOT / "Dockerfile")
        if name == "COPY" and "--from" not in rest
        for word in rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_extras_exist():
    for path in (ROOT / "Dockerfile", ADDON / "Dockerfile", ROOT / "docs" / "raspberry-pi.md"):
        for extras in re.findall(r"(?:\.|whl|checkout|\))\[([a-z,]+)\]", path.read_text()):
            assert set(extras.split(",")) <= set(EXTRAS), path


def test_the_command_of_the_container_exists():
    (command,) = [json.loads(rest) for name, rest in dockerfile(ROOT / "Dockerfile") if name == "CMD"]
    args = build_parser(command).parse_args(command)
    assert args.web == ":8377"
    user = [rest for name, rest in dockerfile(ROOT / "Dockerfile") if name == "USER"]
    assert user == ["edgecry"]


def test_the_composition_keeps_the_state_and_asks_for_little():
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    assert service["volumes"] == ["state:/var/lib/edgecry"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


def test_the_add_on_is_of_this_version_behind_the_ingress():
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    assert config["version"] == edgecry.__version__
    assert (config["ingress"], config["ingress_port"]) == (True, 8377)
    assert set(config["arch"]) == set(yaml.safe_load((ADDON / "build.yaml").read_text())["build_from"])


def test_the_add_on_writes_settings_that_are_allowed(tmp_path):
    """Its script as it is, with folders of the test's own, and no broker."""
    (tmp_path / "options.json").write_text('{"name": "cot", "threshold": 0.9}')
    script = (ADDON / "run.sh").read_text().replace("/data", str(tmp_path))
    script = script.replace("exec /opt/edgecry/bin/edgecry", "echo").replace(
        "http://supervisor", "http://127.0.0.1:9"
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin", "SUPERVISOR_TOKEN": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shlex.split(done.stdout) == ["listen", "--config", str(tmp_path / "edgecry.toml")]
    found = load_settings(tmp_path / "edgecry.toml")
    assert (found.name, found.threshold, found.web.ingress) == ("cot", 0.9, "172.30.32.2")
    assert "mqtt" not in found.sinks
