"""``python -m edgecry``: the same as the ``edgecry`` command."""

import sys

from edgecry.cli import main

sys.exit(main())
