"""What may be a PIN or the code of a unit, and when wrong ones have to wait."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

WINDOW = timedelta(minutes=15)
WRONG_PER_ADDRESS = 60
"""High, because a whole hospital may stand behind one address."""
WRONG_PER_PERSON = 5
WRONG_PER_UNIT = 20
"""Higher than for a person: a whole unit uses the code, and others could lock it out."""
LOCKED_FOR = timedelta(minutes=10)
_SHAPE = re.compile(r"^[0-9]{4,12}$")


def refuse_pin(pin: str) -> str:
    """Return why ``pin`` cannot be used, as a sentence; empty if it can."""
    if not _SHAPE.fullmatch(pin):
        return "Use 4 to 12 digits."
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return "Use digits that are not all the same or in sequence."
    return ""


def locks_at(*, of_unit: bool) -> int:
    """After so many wrong tries in a row a PIN is locked for ``LOCKED_FOR``."""
    return WRONG_PER_UNIT if of_unit else WRONG_PER_PERSON


def wait_for(wrong: Sequence[datetime], *, now: datetime) -> int:
    """Return the minutes the next try from an address has to wait; 0 if it may go ahead. ``wrong`` are instants of wrong tries."""
    recent = sorted(at for at in wrong if at > now - WINDOW)
    if len(recent) < WRONG_PER_ADDRESS:
        return 0
    return max(math.ceil((recent[-WRONG_PER_ADDRESS] + WINDOW - now).total_seconds() / 60), 1)
