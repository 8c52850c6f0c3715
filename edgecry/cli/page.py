"""``edgecry page``: the address of the page of ``edgecry listen`` with its key, or the key for reports."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from edgecry.errors import EdgecryError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "page",
        help="show the address of the page of 'edgecry listen --web', with its key",
        description="Shows the address of the page of 'edgecry listen', with its key, and as a QR code for a "
        "phone. The key of a service belongs to root: use sudo there.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="settings of 'listen', a TOML file")
    parser.add_argument("--web", metavar="HOST:PORT", help="the address, if no file names it")
    parser.add_argument(
        "--state", metavar="DIR", help="where the key is kept (default: as 'listen', or the service's folder)"
    )
    parser.add_argument(
        "--report-key",
        action="store_true",
        help="show only the key of listeners that report to this page; it opens nothing else",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the address."""
    from edgecry.listening.settings import load_settings, state_folder
    from edgecry.listening.setup import UNIT
    from edgecry.listening.unit import STATE
    from edgecry.web.keys import KEY_FILE, REPORT_KEY_FILE
    from edgecry.web.making import invitation, report_key_of

    settings = load_settings(args.config, {"web.address": args.web})
    if not settings.web.address:
        raise EdgecryError("page: no address is set; give --web, or set address in [web]")
    folder = Path(args.state) if args.state else state_folder(settings, os.environ)
    name = REPORT_KEY_FILE if args.report_key else KEY_FILE
    if not args.state and _is_there(Path(STATE) / name):
        folder = Path(STATE)
    elif not args.state and UNIT.exists() and not (settings.web.is_local or settings.web.key_file):
        # A key made here now would not be the one that the service makes.
        raise EdgecryError(
            "page: the service has made no key yet; wait some seconds, or see journalctl -u edgecry"
        )
    shown = (
        report_key_of(folder) if args.report_key else invitation(settings.web, folder, settings.web.place[1])
    )
    print(shown)
    return 0


def _is_there(key: Path) -> bool:
    """Tell whether the service has a key. That of Path would say no, in some versions, if it may not look."""
    try:
        key.stat()
    except PermissionError:
        raise EdgecryError(
            f"{key}: belongs to the service; use sudo, or name another folder with --state"
        ) from None
    except OSError:
        return False
    return True
