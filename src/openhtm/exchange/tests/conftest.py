"""Where the real data sets are."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("busy-machine", deadline=None)  # the laws are about results, never about the clock
settings.load_profile("busy-machine")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets, from OPENHTM_SHARED or beside the repository."""
    root = Path(os.environ.get("OPENHTM_SHARED") or Path(__file__).parents[4].parent / "shared")
    return root / "data"
