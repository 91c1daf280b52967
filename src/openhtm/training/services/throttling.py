"""Sign-ins without log-in, slowed down by network address and by session."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from openhtm.core.errors import DomainError
from openhtm.training.models import SignInTry
from openhtm.training.rules.shipped import limits
from openhtm.training.rules.signin import wait_min

KEEP_FOR = timedelta(days=7)


class TooManySignIns(DomainError):
    """Too many sign-ins or unknown codes came from here in a short time (429)."""

    code = "too-many-sign-ins"
    status = 429
    message = "Too many tries came from here within a short time. Wait {minutes} min, or sign the list of the trainer."


def note_try(*, session_id: int | None, address: str | None, now: datetime) -> None:
    """Count this try, then raise TooManySignIns if there were too many before it. Three or four statements.

    Not atomic with what follows: others must see the count at once. A try that has to wait is not counted.
    """
    this, known = SignInTry.objects.create(session_id=session_id, address=address, at=now), limits()
    recent = SignInTry.objects.filter(at__gt=now - timedelta(minutes=known.window_min)).exclude(pk=this.pk).order_by("-at")
    here = recent.filter(address=address) if address else recent.filter(address__isnull=True)
    asked = [(here, known.per_address)]
    asked.append(
        (here.filter(session__isnull=True), known.unknown_codes)
        if session_id is None
        else (recent.filter(session_id=session_id), known.per_session)
    )
    waits = [
        wait_min(list(found.values_list("at", flat=True)[:allowed]), now=now, allowed=allowed, limits=known) for found, allowed in asked
    ]
    if wait := max((one for one in waits if one), default=None):
        this.delete()
        raise TooManySignIns(minutes=wait)


@transaction.atomic
def forget_tries(*, now: datetime) -> int:
    """Delete what is older than KEEP_FOR and return how many. One statement."""
    return SignInTry.objects.filter(at__lt=now - KEEP_FOR).delete()[0]
