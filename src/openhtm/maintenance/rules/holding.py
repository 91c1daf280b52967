"""Which statuses of a device hold its visits."""

from openhtm.inventory.rules.status import Status

HOLDING: frozenset[Status] = frozenset(
    {Status.RECEIVED, Status.IN_ACCEPTANCE, Status.OUT_OF_SERVICE, Status.IN_REPAIR, Status.SEQUESTERED, Status.STORED}
)
"""Not in use: nothing is owed meanwhile, and the visit comes before the device is used again (DOMAIN 2.3).

A missing device is not here: its visits are held only from the day on which two people have signed that it is missing
(DOMAIN 2.4), so that nobody empties the list of misses by changing a status.
"""
SIGNED_MISSING = Status.MISSING
LEAD_DAYS = 7
"""Work orders are opened so many days before the window of a visit opens, so that the work can be planned."""
