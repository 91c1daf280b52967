"""Building the demo hospital: all of it or nothing, and only where there is nothing of one's own."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection, transaction

from openhtm.audit.context import acting, prepare_copy
from openhtm.core.errors import DomainError
from openhtm.demo.parts import PARTS
from openhtm.demo.parts.demo import Demo
from openhtm.demo.rules.plan import plan_facilities
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.sites.models import Facility, Organisation

DEFAULT_DEVICES = 6000
DEFAULT_SEED = 2026
DEFAULT_YEARS = 10
MOST_DEVICES = 2_000_000
_LOCK = 7_310_402_615  # any number of our own: two builds at once would see an empty instance both


class RealDataPresent(DomainError):
    """The instance holds something that is not synthetic."""

    code = "demo-real-data"
    status = 409
    message = "This instance already holds {what}. The demo needs an empty one: set OPENHTM_HOME or DATABASE_URL to another."


class CopyWithoutContext(RuntimeError):
    """History would be written without who and why: a defect, so nothing is kept."""


@dataclass(slots=True)
class Built:
    """What was made. ``already`` means the demo hospital was there and nothing was changed."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    already: bool = False


def build_demo(
    *,
    as_of: dt.date,
    devices: int = DEFAULT_DEVICES,
    seed: int = DEFAULT_SEED,
    years: int = DEFAULT_YEARS,
    tell: Callable[[str], None] = lambda _text: None,
) -> Built:
    """Build the demo hospital in one transaction, statistics included. The same arguments give the same content.

    Raises RealDataPresent; ValueError for numbers that make no hospital.
    """
    if not 1 <= devices <= MOST_DEVICES or not 0 <= years <= 40:
        raise ValueError(f"devices is 1 to {MOST_DEVICES:,} and years 0 to 40")
    started = time.monotonic()
    actor = Actor.system("openhtm demo")
    with transaction.atomic(), acting(actor, reason="Synthetic demo hospital"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if _already_built():
            return Built(counts={"devices": Device.objects.count()}, already=True)
        demo = Demo(devices, seed, years, as_of, actor, tell, plan_facilities(devices=devices))
        _prepare_transaction()
        for part in PARTS:
            tell(f"Adding {part.name}")
            part.build(demo)
        _check_context()
    return Built(counts=demo.counts, seconds=time.monotonic() - started)


def _already_built() -> bool:
    """Return whether the demo is there. Raises RealDataPresent if anything else is. Four statements."""
    real = Organisation.objects.filter(synthetic=False).first()
    if real is not None:
        raise RealDataPresent(what=f"the organisation {real.name}")
    if Organisation.objects.exists():
        return True
    for model, what in ((Device, "devices"), (Facility, "facilities")):
        if model._default_manager.exists():
            raise RealDataPresent(what=what)
    if User.objects.filter(is_service_account=False).exists():
        raise RealDataPresent(what="people")
    return False


def _prepare_transaction() -> None:
    prepare_copy()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # checked batch by batch; a queue for millions of rows would fill the memory
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("SET LOCAL gin_pending_list_limit = '64MB'")


def _check_context() -> None:
    """Raise CopyWithoutContext unless the copied devices' history knows who wrote it. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM inventory_deviceevent WHERE pgh_context_id IS NULL)")
        if cursor.fetchone()[0]:
            raise CopyWithoutContext("Rows were copied without a history context; nothing was kept.")
