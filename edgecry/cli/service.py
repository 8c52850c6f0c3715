"""``edgecry service``: a systemd unit that keeps ``edgecry listen`` running."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from edgecry.errors import EdgecryError
from edgecry.terminal import say

EPILOG = """\
install it:
  sudo $(command -v edgecry) service --config /etc/edgecry.toml -o /etc/systemd/system/edgecry.service
  sudo systemctl daemon-reload && sudo systemctl enable --now edgecry
  journalctl -u edgecry -f
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "service",
        help="print a systemd unit for 'edgecry listen'",
        description="Prints a systemd unit that keeps 'edgecry listen' running, with few rights.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings of 'listen', a TOML file")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write the unit to this file, whole or not at all"
    )
    parser.add_argument(
        "--user",
        metavar="NAME",
        default="dynamic",
        help="the user to run as (default: dynamic, one that exists only while the service does)",
    )
    parser.add_argument(
        "--memory", metavar="MB", type=int, default=256, help="memory it may take (default: %(default)s)"
    )
    parser.add_argument(
        "--watchdog",
        metavar="S",
        type=int,
        default=60,
        help="seconds without a sign of life after which it is started again (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the unit, and say what would stand in its way."""
    from edgecry.listening.settings import load_settings
    from edgecry.listening.unit import settings_for, unit, warnings

    listen = load_settings(args.config)
    command = [*own_command(), "listen"]
    if args.config is not None:
        command += ["--config", str(args.config.resolve())]
    limits = {"memory_mb": args.memory, "watchdog": args.watchdog}
    settings = settings_for(tuple(command), listen, args.user, limits)
    text = unit(settings)
    if args.output in (None, Path("-")):
        print(text, end="")
    else:
        _write(args.output, text)
    for warning in warnings(settings):
        say(warning)
    return 0


def _write(path: Path, text: str) -> None:
    """Write a file under another name, and give it its own when it is whole."""
    part = path.with_name(path.name + ".new")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise EdgecryError(
            f"{path}: cannot be written ({error.strerror}); /etc needs sudo, with the full path of edgecry"
        ) from error


def own_command() -> list[str]:
    """How to start this very edgecry again, from anywhere."""
    script = Path(sys.executable).parent / "edgecry"
    if os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-m", "edgecry"]
