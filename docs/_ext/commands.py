"""Sphinx: ``{commands} edgecry`` or ``{commands} convert`` shows what each command's ``--help`` prints."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from importlib import import_module

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

#: Where a program keeps ``main(argv)`` and the names of its commands.
PROGRAMS = {"edgecry": ("edgecry.cli", "edgecry"), "convert": ("convert.__main__", "python -m convert")}


class Commands(SphinxDirective):
    """A section for the program, and one for each of its commands."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the sections, in the order that the program lists its commands in."""
        module, called = PROGRAMS[self.arguments[0]]
        program = import_module(module)
        whole = _section(called, _help(program.main))
        whole += [_section(f"{called} {name}", _help(program.main, name)) for name in program.COMMANDS]
        return [whole]


def _section(title: str, text: str) -> nodes.section:
    section = nodes.section(ids=[nodes.make_id(title)], names=[title])
    section += nodes.title(title, title)
    section += nodes.literal_block(text, text, language="text")
    return section


def _help(main, *command: str) -> str:
    """What ``main`` prints for ``--help``, always of one width and without colours."""
    os.environ.update(COLUMNS="84", NO_COLOR="1")
    out = io.StringIO()
    with redirect_stdout(out):
        main([*command, "--help"])
    return out.getvalue()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
