"""``python -m openhtm.config.cli``: the same as ``openhtm``, for children that must use this very interpreter."""

import sys

from openhtm.config.cli import main

sys.exit(main())
