"""Wrong PINs and codes from an address: counted, so that nobody tries them all."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from openhtm.core.errors import DomainError
from openhtm.rounds.models import ReadinessTry
from openhtm.rounds.rules.pins import WINDOW, WRONG_PER_ADDRESS, wait_for

KEEP_FOR = timedelta(days=7)


class TooManyWrongPins(DomainError):
    """Too many wrong PINs or unknown codes came from here (429)."""

    code = "too-many-wrong-pins"
    status = 429
    message = "Too many wrong tries from here. Wait {minutes} min, or log in."


def note_try(*, address: str | None, check_id: int | None, now: datetime) -> ReadinessTry:
    """Count a try as wrong before it is checked; who was right deletes it. Two or three statements. Raises TooManyWrongPins.

    Not atomic with what follows: others must see the count at once. A try that has to wait is not counted.
    """
    this = ReadinessTry.objects.create(address=address, check_tried_id=check_id, at=now)
    same = {"address": address} if address else {"address__isnull": True}
    recent = ReadinessTry.objects.filter(at__gt=now - WINDOW, **same).exclude(pk=this.pk).order_by("-at")
    if minutes := wait_for(list(recent.values_list("at", flat=True)[:WRONG_PER_ADDRESS]), now=now):
        this.delete()
        raise TooManyWrongPins(minutes=minutes)
    return this


@transaction.atomic
def forget_tries(*, now: datetime) -> int:
    """Delete what is older than KEEP_FOR and return how many. One statement."""
    return ReadinessTry.objects.filter(at__lt=now - KEEP_FOR).delete()[0]
