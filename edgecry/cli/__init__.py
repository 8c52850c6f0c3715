"""The ``edgecry`` command: the parser, and the one place where failures become exit codes.

Data goes to stdout, talk to stderr. Only the sub-command that is asked for is imported, and it imports
what is heavy when it runs, so that ``--help`` and ``--version`` answer at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from edgecry import __version__
from edgecry.errors import EdgecryError
from edgecry.terminal import own_outputs, say

#: Each is a module of this package, with ``add_parser(commands)``.
COMMANDS = (
    "classify",
    "measure",
    "features",
    "models",
    "info",
    "bench",
    "doctor",
    "warmup",
    "listen",
    "page",
    "setup",
    "service",
)

OK = 0
#: 1 is a sub-command's own: some inputs failed, and the rest was done.
UNUSABLE = 2
INTERNAL_ERROR = 70
INTERRUPTED = 130
PIPE_CLOSED = 141

EPILOG = """\
to begin with:
  edgecry classify --sample    whether a baby cries in the recording that comes with edgecry
  edgecry classify FILE ...    the same of your recordings; 'edgecry FILE' is short for it
  edgecry listen               listen to the microphone
  edgecry doctor               whether this machine has what is needed

exit codes:
  0  all good
  1  some inputs failed, each reported in its place; the rest is done
  2  wrong use, or nothing can be done: an unusable model or spec, an output that cannot be written
"""


def command() -> NoReturn:
    """Be the ``edgecry`` process: run :func:`main`, and leave at once.

    Nothing is torn down at the end: what onnxruntime does then takes long beside the answer itself,
    and is of no use to anyone. So whatever a sub-command opens or starts, it has to close itself.
    """
    # The products are too small to be shared by cores. Read when numpy is loaded, later.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Nothing may leave the device; read when onnxruntime is loaded, by children too.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # Imports make hardly any garbage; looking for it every 700 objects is 3 % of a short process.
    gc.set_threshold(50_000)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``edgecry`` command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if left out.

    Returns
    -------
    int
        The exit code: 0 all good, 1 some inputs failed, 2 wrong use or nothing could be done, 70 a
        fault of edgecry's own, 130 interrupted, 141 the reader of stdout is gone.
    """
    _prepare_streams()
    try:
        code = _run(argv)
        sys.stdout.flush()  # here, where a failure can still be told
    except BrokenPipeError:
        _discard_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except EdgecryError as error:
        say(str(error))
        return UNUSABLE
    except OSError as error:
        say(f"{error.filename or 'output'}: {error.strerror or error}")
        _discard_stdout()
        return UNUSABLE
    except Exception as error:  # no traceback reaches a user who did not ask for one
        return _report_fault(error)
    return code


class Parser(argparse.ArgumentParser):
    """A parser that raises :class:`WrongUseError` where argparse prints a page of usage and leaves."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise WrongUseError(message)


class WrongUseError(Exception):
    """A command line that cannot be run; told in one line."""


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Assemble the parser; each sub-command sets ``run``, a function of the parsed arguments.

    If the arguments begin with a sub-command, the others are left out.
    """
    parser = Parser(
        prog="edgecry",
        description="Tells whether a baby cries, and what may be the reason, offline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"edgecry {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    asked = [name for name in arguments[:1] if name in COMMANDS]
    for name in asked or COMMANDS:
        import_module(f"edgecry.cli.{name}").add_parser(commands)
    return parser


def _run(argv: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    try:
        arguments = _meant(arguments)
        _check_help(arguments)
        args = build_parser(arguments).parse_args(arguments)
        # What decodes recordings loads libraries that print as they like.
        with own_outputs() if getattr(args, "decodes", False) else nullcontext():
            code: int = args.run(args)
    except WrongUseError as error:
        from edgecry.cli.hints import advice

        say(f"{error}; {advice(arguments, COMMANDS)}")
        return UNUSABLE
    except SystemExit as leave:  # argparse's way out of --help, --version and wrong use
        return leave.code if isinstance(leave.code, int) else OK
    return code


def _meant(arguments: Sequence[str]) -> Sequence[str]:
    """Put the command in front of a file that stands alone; nothing at all asks for help."""
    first = arguments[0] if arguments else "--help"
    if first in COMMANDS or (first.startswith("-") and first != "-"):
        return arguments or [first]
    if first.endswith(".onnx"):
        return ["info", *arguments]
    # A name with a dot or a slash is meant as a file, even if it is not there: classify says so.
    if first == "-" or "." in first or "/" in first or Path(first).exists():
        return ["classify", *arguments]
    from edgecry.cli.hints import unknown_command

    raise WrongUseError(unknown_command(first, COMMANDS))


def _check_help(arguments: Sequence[str]) -> None:
    """Refuse a name such as -hour.flac, which argparse of Python 3.13 takes for -h."""
    for word in arguments:
        if word == "--":
            return
        if word.startswith("-h") and word != "-h":
            raise WrongUseError(f"{word}: there is no such option")


def _prepare_streams() -> None:
    """Make writing safe: no stream is missing, and no file name is beyond the terminal's encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a replaced stream may lack it
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _discard_stdout() -> None:
    """Point stdout at nothing, lest the interpreter's own flush at exit fail once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_fault(error: Exception) -> int:
    if os.environ.get("EDGECRY_DEBUG"):
        import traceback

        traceback.print_exception(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"internal error: {text}; please report it, with what EDGECRY_DEBUG=1 in the environment adds")
    return INTERNAL_ERROR
