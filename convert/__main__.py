"""``python -m convert``: the workstation's commands, and the one place where failures become exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from edgecry.errors import EdgecryError
from edgecry.terminal import printable

#: Name, module with ``add_arguments(parser)`` and ``run(args) -> int``, and what it does.
COMMANDS = {
    "inspect": ("convert.commands.inspect", "tell what is in a pickle, without loading it"),
    "convert": ("convert.commands.convert", "make a model file of a pickled scikit-learn classifier"),
    "verify": ("convert.commands.verify", "prove a model file against the pickle it was made of"),
    "spec": ("convert.commands.spec", "list recipes of features that give a number of values"),
    "card": ("convert.commands.card", "write the card of a model file beside it"),
    "train": ("convert.commands.train", "train on labelled recordings and make a model file of it"),
    "adapt": ("convert.commands.adapt", "fit a detector's last layer again to clips of a home"),
    "evaluate": ("convert.commands.evaluate", "measure a recipe or a model file on labelled recordings"),
    "web": ("convert.commands.web", "write a detector as one graph from samples to probability"),
    "sample": ("convert.commands.sample", "write a synthetic cry"),
    "scene": (
        "convert.commands.scene",
        "write ten minutes of a room with two cries, and when they are",
    ),
    "selftest": ("convert.commands.selftest", "write the vector that 'edgecry doctor' expects of the sample"),
}

OK, FAILED, INTERNAL_ERROR, INTERRUPTED = 0, 1, 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command: 0 done, 1 refused or failed, 2 wrong use, 70 a fault of edgecry's own."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("edgecry").setLevel(logging.INFO)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        args = build_parser(arguments).parse_args(arguments)
        code: int = import_module(COMMANDS[args.command][0]).run(args)
    except SystemExit as leave:  # argparse's way out of --help and wrong use
        return leave.code if isinstance(leave.code, int) else OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except EdgecryError as error:
        if os.environ.get("EDGECRY_DEBUG"):  # with a library's own words, where one stumbled
            traceback.print_exception(error)
        return _say(str(error), FAILED)
    except ImportError as error:
        return _say(f"{error}; install what converting needs with: pip install '.[convert]'", FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return FAILED
    except Exception as error:  # no traceback reaches a user who did not ask for one
        if os.environ.get("EDGECRY_DEBUG"):
            traceback.print_exception(error)
        return _say(f"internal error: {type(error).__name__}: {error}; please report it", INTERNAL_ERROR)
    return code


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Assemble the parser; only the command that is asked for is imported to declare its arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m convert", description="From scikit-learn to a model file for edgecry."
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, (module, what) in COMMANDS.items():
        command = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        if name == next((a for a in arguments if not a.startswith("-")), None):
            import_module(module).add_arguments(command)
    return parser


def _say(text: str, code: int) -> int:
    print(f"convert: {printable(text)}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
