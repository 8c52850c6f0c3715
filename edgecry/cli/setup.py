"""``edgecry setup``: asks questions, and makes a running service of a fresh board."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import suppress
from getpass import getpass
from pathlib import Path

from edgecry.errors import EdgecryError
from edgecry.terminal import printable


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "setup",
        help="choose a microphone, write the settings of 'listen', and install the service",
        description="Asks for a microphone and shows its level, asks where cries are told, writes the "
        "settings, and installs the service. It asks before each change. Run it with sudo for a service.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="the settings file to write (default: /etc/edgecry.toml with sudo, else edgecry.toml here)",
    )
    parser.add_argument("--dry-run", action="store_true", help="ask and show all, and change nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and do what the person agrees to."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise EdgecryError(
            "setup: asks questions, and needs a terminal (ssh -t); without one write a settings file as "
            "docs/listen.toml has it, check it with 'edgecry listen --config FILE --check-config', and "
            "install it with 'edgecry service --config FILE -o /etc/systemd/system/edgecry.service'"
        )
    from edgecry.cli.service import own_command
    from edgecry.listening.setup import set_up

    is_root = os.geteuid() == 0
    config = args.config or Path("/etc/edgecry.toml" if is_root else "edgecry.toml")
    changes = Shown() if args.dry_run else Done()
    try:
        set_up(Terminal(), changes, config.resolve(), tuple(own_command()), is_root)
    except EOFError:
        raise EdgecryError("setup: ended before all was asked; nothing more was changed") from None
    return 0


class Terminal:
    """A person at a terminal."""

    def tell(self, text: str) -> None:
        """Print a line."""
        print("\n".join(printable(line) for line in text.split("\n")), flush=True)

    def ask(self, question: str, default: str = "") -> str:
        """Ask for a line."""
        shown = f" [{default}]" if default else ""
        return input(f"{question}{shown} ").strip() or default

    def agrees(self, question: str, default: bool = True) -> bool:
        """Ask until the answer is yes or no."""
        while True:
            answer = input(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
            if answer in ("", "y", "yes", "n", "no"):
                return default if not answer else answer.startswith("y")

    def secret(self, question: str) -> str:
        """Ask without showing what is typed."""
        return getpass(f"{question} ")


class Done:
    """Changes the machine."""

    def write(self, path: Path, text: str, mode: int = 0o644) -> None:
        """Write the file under another name first, and then rename it."""
        part = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
            ) as file:
                file.write(text)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise EdgecryError(f"{path}: cannot be written ({error.strerror}); /etc needs sudo") from error

    def run(self, *command: str) -> None:
        """Run a program, and show its output."""
        try:
            code = subprocess.run(command, check=False).returncode  # noqa: S603 - of setup's own
        except OSError as error:
            raise EdgecryError(f"{command[0]}: cannot be started ({error.strerror})") from error
        if code:
            raise EdgecryError(f"{' '.join(command)}: failed (exit code {code}); its output is above")


class Shown:
    """Changes nothing, and says what would be changed."""

    def write(self, path: Path, text: str, mode: int = 0o644) -> None:
        """Say so."""
        print(f"would write {path} ({len(text)} characters, mode {mode:o})")

    def run(self, *command: str) -> None:
        """Say so."""
        print(f"would run {' '.join(command)}")
