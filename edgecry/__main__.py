"""``python -m edgecry``: the same as the ``edgecry`` command."""

from edgecry.cli import command

command()
