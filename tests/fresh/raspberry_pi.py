"""Types every command of docs/raspberry-pi.md, in its order, in a bare Debian, as on a new board.

    python3 -m tests.fresh.raspberry_pi [--arch arm64|amd64] [--folder .fresh]

The commands are taken out of the page; ``NOT_TYPED`` says which are not typed, and why. A program that plays
a room with a cry stands in for the microphone, as ``arecord``. systemd does not run, so the service is
started here as its unit says. As root, on Debian: some minutes, and about an hour for another processor
than this machine's.

Exit status: 0 all went as the page says, 77 this machine cannot, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.fresh.root import as_user, ended, inside, make

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "raspberry-pi.md"
#: What the image of a board has besides the bare minimum. Python comes by the page's own command.
PACKAGES = ["sudo", "ca-certificates", "curl", "systemd", "procps"]
ELSEWHERE = "python3 -m pip wheel --no-deps -w . ."
#: What is not typed, by the beginning of the command, and why.
NOT_TYPED = {
    "ssh ": "there is no second machine",
    "scp ": "there is no second machine; the file is copied",
    "alsamixer": "there is no sound card, and it draws on the whole screen",
    "journalctl ": "systemd does not run, so there is no journal",
    "docker ": "there is no Docker; tests/fresh/container.sh builds and tries the image",
}
ANSWERS = {"device called": "cot", "Take this one": "y"}
STANDIN = """\
#!/bin/sh
# Stands in for a USB microphone: lists one card as arecord does, and gives what is played at its own pace.
case " $* " in
    *" -l "*) echo 'card 1: Device [USB PnP Sound Device], device 0: USB Audio [USB Audio]' ;;
    *) exec /opt/edgecry/bin/python /srv/play.py ;;
esac
"""
PLAY = """\
import sys, time
import numpy as np
from edgecry.audio.load import load_audio
from edgecry.models.bundled import SAMPLE
cry = load_audio(SAMPLE, sr=16000).samples
quiet = np.random.default_rng(0).normal(0, 1e-3, 16000 * 12)
x = (np.concatenate([quiet, cry, quiet]) * 32767).astype("<i2").tobytes()
begin, n = time.monotonic(), 0
while True:
    sys.stdout.buffer.write((x[n * 4000 % len(x):])[:4000])
    sys.stdout.buffer.flush()
    n += 1
    time.sleep(max(0, begin + n / 8 - time.monotonic()))
"""
PATIENCE = 600.0


def commands(page: str) -> list[str]:
    """Return the commands of the page, without what is said of them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def reason(command: str) -> str | None:
    """Return why a command is not typed; None if it is."""
    return next((why for begin, why in NOT_TYPED.items() if command.startswith(begin)), None)


class Board:
    """A bare Debian in a folder, with somebody who types."""

    def __init__(self, disk: Path, arch: str) -> None:
        self.disk, self.arch = disk, arch
        self.failures: list[str] = []

    def run(self, command: str, user: str = "pi") -> tuple[int, str]:
        """Type a command at a terminal, answer what it asks, and return its exit code and what it said."""
        child, terminal = pty.fork()
        if child == 0:
            os._exit(inside(self.disk, self.arch, as_user(user, command)))
        said, seen = "", 0
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part.decode("utf-8", "replace")
            asked = said[seen:].rpartition("\n")[2]
            if re.search(r"\?( \[[^\]]*\])? $", asked):
                seen = len(said)
                answer = next((text for word, text in ANSWERS.items() if word in asked), "")
                os.write(terminal, f"{answer}\n".encode())
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.replace("\r", "")

    def type(self, command: str, code: int = 0, has: str = "") -> None:
        """Type a command, show it, and note it if it went otherwise than expected."""
        begin = time.monotonic()
        found, said = self.run(command)
        print(f"\n$ {command}\n{tail(said)}\n-> {found}, {time.monotonic() - begin:.1f} s", flush=True)
        if found != code:
            self.fail(f"{command}: exit code {found}, expected {code}")
        if has not in said:
            self.fail(f"{command}: does not say {has!r}")

    def fail(self, what: str) -> None:
        """Note what is not as the page says."""
        self.failures.append(what)
        print(f"FAILED: {what}", flush=True)

    def put(self, name: str, text: str, mode: int = 0o755) -> None:
        """Write a file as root."""
        path = self.disk / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)


def tail(text: str, lines: int = 14) -> str:
    """Return the last lines of a text, without what pip or apt draws over."""
    kept = [
        line for line in text.splitlines() if line.strip() and not re.match(r"(Get|Selecting|Prep|Unp)", line)
    ]
    return "\n".join(line[:160] for line in kept[-lines:])


def prepare(board: Board, wheel: Path) -> None:
    """Make a user as the imager does, and copy the wheel to its home."""
    code, said = board.run(
        "useradd -m -s /bin/bash -G sudo,audio pi; "
        r"printf 'pi ALL=(ALL) NOPASSWD: ALL\nDefaults env_keep += QEMU_CPU\n' > /etc/sudoers.d/pi",
        "root",
    )
    if code:
        raise SystemExit(said)
    shutil.copy(wheel, board.disk / "home" / "pi")


def build(folder: Path) -> Path:
    """Make the wheel as the page says, in a copy of the checkout."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    subprocess.run([sys.executable, *ELSEWHERE.split()[1:]], cwd=folder, check=True)
    (wheel,) = folder.glob("edgecry-*.whl")
    return wheel


def service(board: Board) -> subprocess.Popen[bytes]:
    """Start what the unit starts, as a user of its own that has its groups, in its folder."""
    text = (board.disk / "etc/systemd/system/edgecry.service").read_text()
    start = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert start is not None
    command = (
        "mkdir -p /var/lib/edgecry && chown 61184:61184 /var/lib/edgecry && cd /var/lib/edgecry && "
        "STATE_DIRECTORY=/var/lib/edgecry HOME=/var/lib/edgecry exec setpriv --reuid 61184 --regid 61184 "
        f"--groups $(getent group audio | cut -d: -f3) {start[1]}"
    )
    words = ["run", str(board.disk), board.arch, "root", command]
    return subprocess.Popen([sys.executable, "-m", "tests.fresh.root", *words], cwd=CHECKOUT)


def look(board: Board) -> None:
    """Ask the page from outside, with the key that 'edgecry page' shows, until it tells of a recorded cry."""
    until = time.monotonic() + PATIENCE
    while not (board.disk / "var/lib/edgecry/web.key").exists() and time.monotonic() < until:
        time.sleep(1)
    _, said = board.run("sudo edgecry page --config /etc/edgecry.toml")
    found = re.search(r":8377/\?key=(\S+)", said)
    if found is None:
        board.fail("edgecry page shows no key")
        return
    while time.monotonic() < until:
        try:
            cries = json.loads(ask("/api/cries", found[1]))
            if cries and cries[-1]["clip"]:
                break
        except OSError:
            pass
        time.sleep(2)
    else:
        board.fail("the page tells of no recorded cry")
        return
    sound = ask(cries[-1]["clip"], found[1])
    print(f"\nfrom outside: {len(cries)} cries, the first of {cries[-1]['duration']} s, {len(sound)} bytes")
    print("state:", ask("/api/state", found[1]).decode())
    try:
        ask("/api/cries", "")
        board.fail("the page needs no key")
    except urllib.error.HTTPError as error:
        print(f"without the key: {error.code}")


def ask(path: str, key: str) -> bytes:
    """Ask the page."""
    request = urllib.request.Request(
        f"http://127.0.0.1:8377{path}", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def type_all(board: Board, page: str) -> None:
    """Type the page."""
    running = None
    try:
        for command in commands(page):
            if (why := reason(command)) is not None:
                print(f"\nNOT TYPED: {command}: {why}", flush=True)
                continue
            if command == ELSEWHERE:
                print(f"\ntyped on this machine: {command}")
                continue
            if command.startswith("sudo edgecry setup --dry-run"):
                board.type(command, code=2, has="no microphone is there")
                board.put("usr/local/bin/arecord", STANDIN)
                board.put("srv/play.py", PLAY, 0o644)
                board.type(
                    command, has="systemd does not run this machine; listen with: /opt/edgecry/bin/edgecry"
                )
                (board.disk / "run/systemd/system").mkdir(parents=True, exist_ok=True)
            if command.startswith("sudo edgecry page"):
                running = service(board)
                look(board)
            if command.startswith("sudo systemctl disable") and running is not None:
                running.kill()
                running.wait()
                running = None
            board.type(command)
            if command == "sudo edgecry setup":
                board.type("systemd-analyze verify /etc/systemd/system/edgecry.service")
    finally:
        if running is not None:
            running.kill()
            running.wait()
    for left in ("opt/edgecry", "etc/edgecry.toml", "var/lib/edgecry", "etc/systemd/system/edgecry.service"):
        if (board.disk / left).exists():
            board.fail(f"/{left} is left")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.fresh.raspberry_pi")
    parser.add_argument("--arch", choices=("arm64", "amd64"), default="arm64", help="(arm64)")
    parser.add_argument(
        "--folder", type=Path, default=CHECKOUT / ".fresh", help="keeps the bare system (.fresh)"
    )
    arguments = parser.parse_args(argv)
    folder = arguments.folder.absolute()
    bare, disk = folder / f"bare-{arguments.arch}", folder / f"board-{arguments.arch}"
    make(bare, arguments.arch, "trixie", PACKAGES)
    shutil.rmtree(disk, ignore_errors=True)
    subprocess.run(["cp", "-a", str(bare), str(disk)], check=True)
    board = Board(disk, arguments.arch)
    with tempfile.TemporaryDirectory() as name:
        prepare(board, build(Path(name)))
    type_all(board, PAGE.read_text("utf-8"))
    print("\n" + ("\n".join(board.failures) or "all went as the page says"))
    return bool(board.failures)


if __name__ == "__main__":
    ended(main)
