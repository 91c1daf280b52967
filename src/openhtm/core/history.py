"""History written by the database: every insert, update and delete of a tracked table, bulk statements included."""

from collections.abc import Callable
from typing import Any

import pghistory
import pgtrigger
from django.db import models


def tracked(*, exclude: list[str] | None = None) -> Callable[[type[models.Model]], type[models.Model]]:
    """Class decorator of a business table: statement-level triggers fill a history table that may only grow.

    ``exclude`` names columns that are not worth remembering, or must not be, such as password hashes.
    """
    trackers: list[Any] = [
        pghistory.InsertEvent(level=pgtrigger.Statement),
        pghistory.UpdateEvent(level=pgtrigger.Statement),
        pghistory.DeleteEvent(level=pgtrigger.Statement),
    ]
    return pghistory.track(*trackers, append_only=True, exclude=exclude)
