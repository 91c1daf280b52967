"""Where the real data sets are."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets, from OPENHTM_SHARED or beside the repository."""
    root = Path(os.environ.get("OPENHTM_SHARED") or Path(__file__).parents[4].parent / "shared")
    return root / "data"
