"""cli: the parser, and how failures become exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import edgecry
from edgecry.cli import main
from edgecry.errors import AudioError


def test_version(run):
    assert run("--version") == (0, f"edgecry {edgecry.__version__}\n", "")


def test_help_names_commands_and_codes(run):
    code, out, _ = run("--help")
    assert code == 0
    for word in ("classify", "features", "models", "info", "exit codes"):
        assert word in out


def test_nothing_at_all_asks_for_help(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == run("--help")[1]
    assert "edgecry classify --sample" in out


WRONG = [
    ["clasify"],
    ["classify", "--formt", "json"],
    ["--vers"],
    ["--raw"],
    ["classify", "--threshold", "2", "x"],
]


@pytest.mark.parametrize("argv", WRONG)
def test_wrong_use_is_one_line(run, argv):
    code, out, err = run(*argv)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("edgecry: ")
    assert "--help' shows what is allowed" in err


def test_a_command_that_is_misspelt(run):
    assert "'clasify' is not a command and not a file; did you mean 'classify'?" in run("clasify")[2]
    assert "the commands are classify, measure" in run("zzz")[2]


def test_a_file_alone_is_classified(run, model_path, recordings, monkeypatch):
    options = ("--raw", "--model", model_path, "--format", "csv", "--top", 1)
    assert run(recordings[0], *options)[1].count("tiny") == 1
    monkeypatch.chdir(recordings[0].parent)
    recordings[0].rename("classyfy")
    assert run("classyfy", *options)[1].count("tiny") == 1


def test_a_model_alone_is_shown(run, model_path):
    shown, named = (json.loads(run(*argv, "--json")[1]) for argv in ((model_path,), ("info", model_path)))
    assert shown.pop("reads")["features"] == named.pop("reads")["features"]
    assert shown == named


@pytest.mark.parametrize(
    "argv", [["-cry.wav"], ["classify", "-cry.wav"], ["classify", "-hour.flac", "--raw"]]
)
def test_a_file_whose_name_begins_with_a_dash(run, argv):
    name = next(word for word in argv if word.endswith(("wav", "flac")))
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert f"a file whose name begins with a dash is written ./{name}" in err


def test_a_dash_after_the_end_of_options_is_a_file(run, model_path):
    err = run("classify", "--raw", "--model", model_path, "--", "-cry.wav")[2]
    assert err == "edgecry: -cry.wav: no such file; check the name\n"


def test_listening_to_a_file(run, tmp_path):
    night = tmp_path / "night.wav"
    night.write_bytes(b"")
    code, _, err = run("listen", str(night))
    assert (code, err.count("\n")) == (2, 1)
    assert f"edgecry classify {night}" in err
    assert f"edgecry listen - < {night}" in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("http://127.0.0.1:9/cry.wav", "is not there, or cannot be reached"),
        ("rtsp://camera/1", "is an address, not a file"),
        ("file:///cry.wav", "leave 'file://' out"),
        ("~/cry.wav", "only a shell replaces ~"),
        ("none.wav", "no such file; check the name"),
    ],
)
def test_a_name_that_is_no_file(run, model_path, name, words):
    code, _, err = run(name, "--raw", "--model", model_path)
    assert code == 1
    assert err.startswith(f"edgecry: {name}: ")
    assert words in err


def test_runs_as_a_module(process):
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"edgecry {edgecry.__version__}\n".encode())


# -- failures ----------------------------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch):
    """Make ``edgecry info`` raise."""

    def set_error(error: BaseException) -> None:
        def fail(args):
            raise error

        monkeypatch.setattr("edgecry.cli.info.run", fail)

    return set_error


def test_error_is_a_line(run, failing):
    failing(AudioError("a.wav: odd\nname"))
    assert run("info") == (2, "", "edgecry: a.wav: odd\\nname\n")


def test_unwritable_output_is_a_line(run, failing):
    failing(FileNotFoundError(2, "No such file or directory", "x/y.csv"))
    assert run("info") == (2, "", "edgecry: x/y.csv: No such file or directory\n")


def test_fault_of_our_own_is_a_line(run, failing, monkeypatch):
    monkeypatch.delenv("EDGECRY_DEBUG", raising=False)
    failing(ZeroDivisionError("by\nzero"))
    code, out, err = run("info")
    assert (code, out) == (70, "")
    assert err.startswith("edgecry: internal error: ZeroDivisionError: by zero; please report it")
    assert err.count("\n") == 1


def test_traceback_on_request(run, failing, monkeypatch):
    monkeypatch.setenv("EDGECRY_DEBUG", "1")
    failing(ZeroDivisionError("by zero"))
    code, _, err = run("info")
    assert code == 70
    assert "Traceback (most recent call last)" in err


def test_interrupt_is_quiet(run, failing):
    failing(KeyboardInterrupt())
    assert run("info") == (130, "", "")


def test_interrupted_process(model_path):
    """Ctrl-C ends it while it waits for stdin."""
    command = [
        sys.executable,
        "-m",
        "edgecry",
        "classify",
        "-",
        "--raw",
        "--model",
        str(model_path),
        "--format",
        "csv",
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as waiting:
        assert b"file" in waiting.stdout.readline()  # the header: it is past its imports
        waiting.send_signal(signal.SIGINT)
        waiting.wait(timeout=60)
        assert waiting.stderr.read() == b""
    assert waiting.returncode == 130


# -- streams -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [["--help"], ["info"]])
def test_reader_gone(process, model_path, argv):
    """``edgecry ... | head -0`` does this."""
    if argv == ["info"]:
        argv = [*argv, model_path]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process(*argv, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_full_disk(process, model_path):
    with Path("/dev/full").open("wb") as full:
        done = process("info", model_path, stdout=full)
    assert (done.returncode, done.stderr) == (2, b"edgecry: output: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(model_path, closed):
    command = f'"$@" {closed}'
    argv = ["sh", "-c", command, "sh", sys.executable, "-m", "edgecry", "info", str(model_path)]
    done = subprocess.run(argv, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_beyond_the_terminals_encoding(process, model_path):
    odd = model_path.rename(model_path.with_name("schrei-ä.onnx"))
    done = process("info", odd, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert b"schrei-\\xe4.onnx" in done.stdout


def test_returns_rather_than_exits():
    assert main(["--version"]) == 0


# -- being the process -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "2"])
def test_process_leaves_with_everything_written(given):
    """The code and both outputs arrive; numpy's products stay on one core unless asked for otherwise."""
    code = (
        "import os, sys; from edgecry import cli\n"
        "def main():\n"
        "    sys.stdout.write(os.environ['OPENBLAS_NUM_THREADS']); sys.stderr.write('talk'); return 3\n"
        "cli.main = main; cli.command()"
    )
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    env |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, given or "1", "talk")


def test_import_of_onnxruntime_is_quiet(process, model_path, recordings, tmp_path):
    """Some versions write on stderr while being imported; this one does so for the test."""
    noisy = tmp_path / "site" / "sitecustomize.py"
    noisy.parent.mkdir()
    noisy.write_text(
        "import os, sys\n"
        "class Noise:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': os.write(2, b'GPU device discovery failed')\n"
        "sys.meta_path.insert(0, Noise())\n"
    )
    env = {"PYTHONPATH": os.pathsep.join([str(noisy.parent), *filter(None, sys.path)])}
    plain = [sys.executable, "-c", "import onnxruntime"]
    assert b"discovery failed" in subprocess.run(plain, env=env, capture_output=True, check=True).stderr
    for argv in (
        ("info", model_path),
        ("classify", recordings[0], "--raw", "--model", model_path, "--format", "csv"),
    ):
        done = process(*argv, env=env)
        assert (done.returncode, done.stderr) == (0, b"")
