"""Checking who logs in: throttled by name and address, and as slow for unknown names as for known ones."""

from __future__ import annotations

import math
import secrets
from datetime import datetime, timedelta
from functools import cache

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from openhtm.core.errors import DomainError
from openhtm.identity.models import LogInAttempt, User
from openhtm.identity.rules.throttle import WINDOW, wait_for

KEEP_ATTEMPTS_FOR = timedelta(days=400)


class WrongNameOrPassword(DomainError):
    """Name and password do not belong together, or the account cannot log in."""

    code = "wrong-name-or-password"
    message = "This user name and password do not belong together, or the account is closed. Ask your administrator if you cannot get in."


class TooManyTries(DomainError):
    """Too many failed tries from here (429)."""

    code = "too-many-tries"
    status = 429
    message = (
        "Too many failed tries. Wait {minutes} min, then try again. If you forgot your password, ask your administrator for a new one."
    )


def check_log_in(*, username: str, password: str, address: str | None, now: datetime) -> User:
    """Return the person whose name and password these are, and note the try. Raises WrongNameOrPassword, TooManyTries.

    The try is counted as failed before the password is checked, so that many at once get no more tries than one by one.
    Not atomic as a whole for the same reason: the count must be seen by others at once.
    """
    attempt = LogInAttempt.objects.create(username_key=name_key(username), address=address, at=now, succeeded=False)
    if wait := _wait(attempt):
        attempt.delete()  # waiting is not made longer by knocking
        raise TooManyTries(minutes=math.ceil(wait.total_seconds() / 60))
    user = User.objects.filter(username__iexact=username, is_active=True, is_service_account=False).first()
    if user is None:
        check_password(password, _nobody())
        raise WrongNameOrPassword
    if not user.check_password(password):
        raise WrongNameOrPassword
    LogInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
    return user


def name_key(username: str) -> str:
    """How names are compared when tries are counted."""
    return username.strip().casefold()[:60]


@transaction.atomic
def forget_attempts(*, now: datetime) -> int:
    """Delete tries older than KEEP_ATTEMPTS_FOR and return how many. One statement."""
    return LogInAttempt.objects.filter(at__lt=now - KEEP_ATTEMPTS_FOR).delete()[0]


def _wait(attempt: LogInAttempt) -> timedelta | None:
    """What the failures before ``attempt`` demand; a success of that name from there clears its own count. Three statements."""
    same = {"address": attempt.address} if attempt.address else {"address__isnull": True}
    from_here = LogInAttempt.objects.filter(at__gt=attempt.at - WINDOW, **same).exclude(pk=attempt.pk)
    named = from_here.filter(username_key=attempt.username_key)
    last_success = named.filter(succeeded=True).order_by("-at").values_list("at", flat=True).first()
    failures = named.filter(succeeded=False)
    if last_success:
        failures = failures.filter(at__gt=last_success)
    return wait_for(
        now=attempt.at,
        same_name=list(failures.values_list("at", flat=True)),
        same_address=list(from_here.filter(succeeded=False).values_list("at", flat=True)),
    )


@cache
def _nobody() -> str:
    """A hash that no password fits, made with the same work as real ones."""
    return make_password(secrets.token_urlsafe(32))
