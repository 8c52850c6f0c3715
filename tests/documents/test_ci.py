"""What runs elsewhere is the same: the hosted workflow and the hooks call what .ci/run calls."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SCRIPT = ROOT / ".ci" / "run"
BASH = shutil.which("bash")


def test_the_workflow_runs_the_script_on_every_python():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    versions = job["strategy"]["matrix"]["python"]

    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert os.access(SCRIPT, os.X_OK)
    assert f">={versions[0]}" == PROJECT["requires-python"]
    assert versions == [f"3.{minor}" for minor in range(11, 15)]


def test_hooks_call_the_tools_of_the_script():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    called = {hook["entry"].split(" --")[0].removeprefix(".venv-dev/bin/") for hook in hooks}

    assert called == {"ruff check", "ruff format", "mypy"}
    assert all(f'"$bin/{name}' in SCRIPT.read_text().replace('" ', " ") for name in called)


def test_a_second_python_is_looked_for_where_a_machine_may_have_it(tmp_path: Path):
    """The newest one that works, and is not the first; a shim that leads nowhere does not count."""
    function = re.search(r"^second_python\(\) \{.*?^\}", SCRIPT.read_text(), re.MULTILINE | re.DOTALL)[0]
    bin_, pyenv = tmp_path / "bin", tmp_path / "pyenv" / "versions"
    works, fails = "#!/bin/sh\necho 12\n", "#!/bin/sh\nexit 127\n"
    for path, text in {
        bin_ / "python3": works,
        bin_ / "python3.14": fails,
        bin_ / "python3.12": works,
        pyenv / "3.13.0" / "bin" / "python3": works,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def found() -> str:
        done = subprocess.run(
            [BASH, "-euo", "pipefail", "-c", f"{function}\nsecond_python"],
            env={"PATH": f"{bin_}:/nowhere", "HOME": str(tmp_path), "PYENV_ROOT": str(pyenv.parent)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert found() == str(pyenv / "3.13.0" / "bin" / "python3")
    (pyenv / "3.13.0" / "bin" / "python3").unlink()
    assert found() == ""  # 3.12 is the first one itself
