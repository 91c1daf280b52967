"""Slowing down what comes without log-in, by network address and by what it is about."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import transaction

from openhtm.core.errors import DomainError
from openhtm.workorders.models import PublicTry
from openhtm.workorders.rules.throttle import PER_ADDRESS, PER_TARGET, WINDOW, wait_for

KEEP_FOR = timedelta(days=7)


class TooManyReports(DomainError):
    """Too much came from here, or about this device, in a short time (429)."""

    code = "too-many-reports"
    status = 429
    message = "Too many reports came within a quarter of an hour. Wait {minutes} min, or call clinical engineering."


def note_try(*, target: str, address: str | None, now: datetime) -> None:
    """Count this try, then raise TooManyReports if there were too many before it. Three or four statements.

    Not atomic with what follows: others must see the count at once. A try that has to wait is not counted.
    """
    this = PublicTry.objects.create(target=target, address=address, at=now)
    recent = PublicTry.objects.filter(at__gt=now - WINDOW).exclude(pk=this.pk).order_by("-at")
    here = recent.filter(address=address) if address else recent.filter(address__isnull=True)
    wait = wait_for(
        now=now,
        same_address=list(here.values_list("at", flat=True)[:PER_ADDRESS]),
        same_target=list(recent.filter(target=target).values_list("at", flat=True)[:PER_TARGET]) if target else [],
    )
    if wait is not None:
        this.delete()
        raise TooManyReports(minutes=math.ceil(wait.total_seconds() / 60))


@transaction.atomic
def forget_tries(*, now: datetime) -> int:
    """Delete what is older than KEEP_FOR and return how many. One statement."""
    return PublicTry.objects.filter(at__lt=now - KEEP_FOR).delete()[0]
