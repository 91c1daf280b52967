"""Two people act on one order at the same moment: one wins, the other is told so."""

import threading
import time

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from openhtm.core.errors import Conflict
from openhtm.core.events import subscribe
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workorders.models import LabourEntry, WorkCode, WorkOrder
from openhtm.workorders.rules.events import OrderMoved
from openhtm.workorders.services import labour, moving
from openhtm.workorders.tests.factories import LabourFactory, WorkOrderFactory

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20


@pytest.fixture
def managers():
    north = FacilityFactory(code="NORTH")
    names = ("Omar Haddad", "Ines Vidal")
    return [actor_of(UserFactory.with_role(Role.MANAGER, north, full_name=name)) for name in names], north


@pytest.fixture
def gate():
    """Holds the first mover inside its transaction until the second waits for the lock."""
    inside, second_waits = threading.Event(), threading.Event()

    def hold(event):
        if not inside.is_set():
            inside.set()
            assert second_waits.wait(PATIENCE_S)

    subscribe(OrderMoved, "test-gate", hold)
    yield inside, second_waits
    subscribe(OrderMoved, "test-gate", lambda event: None)


def in_own_connection(outcomes, name, work):
    try:
        outcomes[name] = work()
    except Conflict as refusal:
        outcomes[name] = refusal
    finally:
        connection.close()


def wait_for_a_waiter():
    """Return once some connection waits for a lock of another."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def test_two_people_close_at_once(managers, gate):
    (omar, ines), north = managers
    failure = WorkCode.objects.create(list="failure", code="upf", label="Unpreventable")
    order = WorkOrderFactory(device__facility=north, status="completed", completed_at=timezone.now(), failure=failure)
    LabourFactory(work_order=order)
    inside, second_waits = gate
    outcomes: dict[str, object] = {}
    first = threading.Thread(target=in_own_connection, args=(outcomes, "omar", lambda: moving.close_order(actor=omar, number=order.number)))
    second = threading.Thread(
        target=in_own_connection, args=(outcomes, "ines", lambda: moving.close_order(actor=ines, number=order.number))
    )
    first.start()
    assert inside.wait(PATIENCE_S)
    second.start()
    wait_for_a_waiter()
    second_waits.set()
    first.join(PATIENCE_S)
    second.join(PATIENCE_S)
    assert isinstance(outcomes["omar"], WorkOrder)
    refusal = outcomes["ines"]
    assert isinstance(refusal, moving.AlreadySo)
    assert refusal.status == 409
    assert refusal.sentence == f"WO-{order.number} is already closed by Omar Haddad. Nothing was changed; load it again."
    order.refresh_from_db()
    assert order.closed_by_id == omar.user_id
    assert order.happenings.filter(after="closed").count() == 1


def test_a_second_tap_starts_no_second_timer(managers):
    (omar, _), north = managers
    WorkCode.objects.create(list="labour", code="repair", label="Repair")
    order = WorkOrderFactory(device__facility=north)
    outcomes: dict[str, object] = {}

    def tap():
        close_old_connections()
        return labour.start_timer(actor=omar, number=order.number).pk

    taps = [threading.Thread(target=in_own_connection, args=(outcomes, str(n), tap)) for n in range(4)]
    for thread in taps:
        thread.start()
    for thread in taps:
        thread.join(PATIENCE_S)
    assert len(set(outcomes.values())) == 1
    assert LabourEntry.objects.filter(ended_at__isnull=True).count() == 1
