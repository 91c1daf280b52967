"""Readiness against the database: definitions, PINs, entries, what follows from a problem, and what is told when missed."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.notices.models import Notice
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry, ReadinessTry, StaffPin
from openhtm.rounds.queries.readiness import checks, lines
from openhtm.rounds.rules.pins import WRONG_PER_ADDRESS, WRONG_PER_PERSON
from openhtm.rounds.rules.slots import SlotState
from openhtm.rounds.services import checks as services
from openhtm.rounds.services.checks import CheckValues
from openhtm.rounds.services.entries import ReadinessCodeUnknown, ReadinessEnded, check_by_code, proof_of, record_entry
from openhtm.rounds.services.escalating import escalate_missed
from openhtm.rounds.services.labels import check_labels
from openhtm.rounds.services.pins import Proof, WrongPin, prove, set_unit_code
from openhtm.rounds.services.throttling import TooManyWrongPins, forget_tries
from openhtm.rounds.tests.factories import ASKED, FINE, CheckFactory, EntryFactory, PinFactory
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, LocationFactory
from openhtm.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
RL = Proof("RL", "unit_code")


@pytest.fixture
def north():
    return FacilityFactory(name="North")


@pytest.fixture
def icu(north):
    return DepartmentFactory(facility=north, name="ICU")


@pytest.fixture
def check(north, icu):
    return CheckFactory(name="Crash cart 2", location=LocationFactory(facility=north, name="4 West"), department=icu)


@pytest.fixture
def omar(north):
    return actor_of(UserFactory.with_role(Role.MANAGER, north, full_name="Omar"))


@pytest.fixture
def rosa(north, icu):
    return UserFactory.with_role(Role.REQUESTER, north, department=icu, username="rosa", full_name="Rosa")


def record(check, **more):
    values = {"check": check, "proof": RL, "answers": dict(FINE), "now": NOW}
    return record_entry(**values | more)


def wanted(check, **more):
    values = {"name": "AED", "location": check.location.public_code, "frequency": "daily", "questions": ASKED}
    return CheckValues(**values | more)


def test_a_check_is_set_up_changed_stopped_and_resumed(omar, check):
    made = services.add_check(actor=omar, values=wanted(check, frequency="shift", shift_starts=[dt.time(19), dt.time(7)]), now=NOW)
    assert (made.shift_starts, made.starts_on) == ([dt.time(7), dt.time(19)], dt.date(2026, 11, 22))
    changed = services.change_check(actor=omar, code=made.code.lower(), values=wanted(check, name="AED 2"), now=NOW)
    assert (changed.name, changed.shift_starts) == ("AED 2", [])
    stopped = services.end_check(actor=omar, code=made.code, now=NOW)
    assert (stopped.active, stopped.ends_on) == (False, dt.date(2026, 11, 22))
    with pytest.raises(ReadinessEnded):
        check_by_code(made.code)
    assert services.resume_check(actor=omar, code=made.code, now=NOW + 9 * DAY).starts_on == dt.date(2026, 12, 1)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"), ({"name": "A\tB"}, "name"), ({"frequency": "hourly"}, "frequency"), ({"frequency": "shift"}, "shift_starts"),
        ({"questions": []}, "questions"), ({"device": "NOSUCH"}, "device"), ({"department_id": 0}, "department"), ({"escalate_after": 0}, "escalate_after"),
        ({"location": "NOSUCH"}, "location"), ({"week_days": [8]}, "week_days"), ({"ends_on": dt.date(2020, 1, 1)}, "ends_on"),
    ],
)  # fmt: skip
def test_a_broken_definition_is_refused_at_its_field(omar, check, values, field):
    with pytest.raises(Invalid) as refusal:
        services.add_check(actor=omar, values=wanted(check, **values), now=NOW)
    assert field in refusal.value.errors


def test_who_may_set_up_and_who_finds_nothing(check, rosa):
    with pytest.raises(NotAllowed):
        services.add_check(actor=actor_of(rosa), values=wanted(check), now=NOW)
    chen = actor_of(UserFactory.with_role(Role.MANAGER, FacilityFactory()))
    with pytest.raises(ReadinessCheck.DoesNotExist):
        services.end_check(actor=chen, code=check.code, now=NOW)
    assert list(checks(actor_of(rosa))) == [check]
    assert not checks(chen).exists()


def test_an_entry_counts_for_the_period_of_its_time_however_late_it_comes(check):
    late = record(check, done_at=NOW - 3 * DAY).entry
    [line] = lines([check], now=NOW)
    assert {slot.day for slot, state in line.strip if state is SlotState.DONE} == {dt.date(2026, 11, 19)}
    assert late.recorded_at == NOW


def test_the_same_entry_twice_is_one(check):
    uid = uuid7()
    assert [record(check, uid=uid).repeated for _ in range(2)] == [False, True]
    assert ReadinessEntry.objects.count() == 1
    with pytest.raises(Conflict):
        record(check, uid=uid, answers=FINE | {"ready": False})
    with pytest.raises(Conflict):
        record(CheckFactory(), uid=uid)


@pytest.mark.parametrize("at", [NOW + HOUR, NOW - 32 * DAY])
def test_clocks_that_are_wrong_are_refused(check, at):
    with pytest.raises(Invalid):
        record(check, done_at=at)


def test_missing_and_strange_answers_are_refused_at_their_question(check):
    with pytest.raises(Invalid) as refusal:
        record(check, answers={"ready": "perhaps", "other": True})
    assert set(refusal.value.errors) == {"answers.ready", "answers.pads", "answers.other"}
    assert not ReadinessEntry.objects.exists()


def test_a_problem_opens_one_order_until_that_is_settled(check):
    check.device = DeviceFactory(facility=check.facility)
    check.save()
    first = record(check, answers=FINE | {"ready": False})
    second = record(check, problem_text="Smells burnt", now=NOW + HOUR)
    assert first.order == second.order
    assert (first.order.origin, first.order.device, first.order.reporter_name) == ("readiness", check.device, "RL")
    assert first.order.title == "Crash cart 2: Is it ready? No."
    WorkOrder.objects.update(status="closed", closed_at=NOW)
    assert record(check, answers=FINE | {"ready": False}, now=NOW + 2 * HOUR).order != first.order
    assert Notice.objects.filter(kind="readiness_problem", role=Role.TECHNICIAN, facility=check.facility).count() == 3


def test_something_that_ran_out_is_a_problem(check):
    done = record(check, answers=FINE | {"pads": "2026-11-21"})
    assert done.entry.problem and done.order is not None


def test_what_runs_out_soon_is_shown_from_the_newest_entry(check):
    EntryFactory(check_done=check, answers=FINE | {"pads": "2026-12-01"})
    EntryFactory(check_done=check, done_at=NOW - 9 * DAY)
    [line] = lines([check], now=NOW)
    assert [(one.key, one.tone) for one in line.expiring] == [("pads", "due")]


def test_entries_are_never_changed(check):
    from django.db import ProgrammingError, transaction

    EntryFactory(check_done=check)
    with pytest.raises(ProgrammingError), transaction.atomic():
        ReadinessEntry.objects.update(problem=True)


def test_a_person_is_known_by_pin_and_a_unit_by_its_code(check, rosa, icu):
    PinFactory(user=rosa)
    PinFactory(department=icu, pin_hash=set_hash("4826"))
    by_pin = prove(check=check, name="ROSA", pin="2580", address="10.0.0.1", now=NOW)
    by_code = prove(check=check, name=" J  K ", pin="4826", address="10.0.0.1", now=NOW)
    assert (by_pin.kind, by_pin.name, by_pin.actor.user_id) == ("pin", "Rosa", rosa.pk)
    assert by_code == Proof("J K", "unit_code")
    assert not ReadinessTry.objects.exists()  # who was right is not counted


def set_hash(pin):
    from django.contrib.auth.hashers import make_password

    return make_password(pin)


def test_a_pin_is_locked_after_wrong_tries_and_opens_again(check, rosa):
    PinFactory(user=rosa)
    for _ in range(WRONG_PER_PERSON):
        with pytest.raises(WrongPin):
            prove(check=check, name="rosa", pin="0000", address=None, now=NOW)
    with pytest.raises(WrongPin):
        prove(check=check, name="rosa", pin="2580", address=None, now=NOW + dt.timedelta(minutes=9))
    assert prove(check=check, name="rosa", pin="2580", address=None, now=NOW + dt.timedelta(minutes=11)).kind == "pin"


def test_a_right_pin_clears_the_count(check, rosa):
    PinFactory(user=rosa)
    for pin in ["0000"] * (WRONG_PER_PERSON - 1) + ["2580"] + ["0000"] * (WRONG_PER_PERSON - 1):
        try:
            prove(check=check, name="rosa", pin=pin, address=None, now=NOW)
        except WrongPin:
            assert pin != "2580"
    assert StaffPin.objects.get().locked_until is None


def test_a_pin_of_somebody_without_the_right_opens_nothing(check):
    stranger = UserFactory.with_role(Role.REQUESTER, FacilityFactory(), username="stranger")
    PinFactory(user=stranger)
    with pytest.raises(WrongPin):
        prove(check=check, name="stranger", pin="2580", address=None, now=NOW)


def test_an_address_waits_after_many_wrong_tries(check):
    ReadinessTry.objects.bulk_create([ReadinessTry(address="10.0.0.1", at=NOW - HOUR / 60) for _ in range(WRONG_PER_ADDRESS)])
    with pytest.raises(TooManyWrongPins):
        prove(check=check, name="RL", pin="4826", address="10.0.0.1", now=NOW)
    with pytest.raises(WrongPin):
        prove(check=check, name="RL", pin="4826", address="10.0.0.2", now=NOW)
    assert forget_tries(now=NOW + 8 * DAY) == WRONG_PER_ADDRESS + 1


def test_codes_are_stored_hashed_and_weak_ones_refused(omar, icu, rosa):
    with pytest.raises(Invalid):
        set_unit_code(actor=omar, department_id=icu.pk, code="1111", now=NOW)
    stored = set_unit_code(actor=omar, department_id=icu.pk, code="4826", now=NOW)
    assert "4826" not in stored.pin_hash
    with pytest.raises(NotAllowed):
        set_unit_code(actor=actor_of(rosa), department_id=icu.pk, code="4826", now=NOW)


def test_a_code_nobody_knows_is_refused():
    with pytest.raises(ReadinessCodeUnknown):
        check_by_code("NOSUCH")


def test_missed_periods_are_told_once_first_to_the_department_then_to_the_manager(north, icu):
    check = CheckFactory(location=LocationFactory(facility=north), department=icu, escalate_after=2, starts_on=dt.date(2026, 11, 20))
    assert escalate_missed(now=NOW) == 3  # two days missed, and the second is the second in a row
    assert escalate_missed(now=NOW) == 0
    told = Notice.objects.filter(withdrawn_at__isnull=True)
    assert told.filter(department=icu).count() == 2
    assert told.get(role=Role.MANAGER).facility == north
    record(check, done_at=NOW - DAY)
    assert told.filter(department=icu).count() == 1 and not told.filter(role=Role.MANAGER).exists()


def test_after_a_month_of_silence_only_the_last_days_are_told(check):
    ReadinessCheck.objects.update(starts_on=dt.date(2026, 10, 1), escalate_after=100)
    assert escalate_missed(now=NOW) == 3


def test_a_stopped_check_tells_nothing(omar, check):
    services.end_check(actor=omar, code=check.code, now=NOW)
    assert escalate_missed(now=NOW + 5 * DAY) == 0


def test_who_is_logged_in_needs_the_right(check, rosa):
    assert proof_of(actor_of(rosa), check).kind == "login"
    with pytest.raises(NotAllowed):
        proof_of(actor_of(UserFactory.with_role(Role.SURVEYOR, check.facility)), check)


def test_labels_lead_to_the_page_without_log_in(omar, check):
    [label] = check_labels(actor=omar, codes=[check.code], base_url="https://htm.example")
    assert label.qr == f"https://htm.example/ready/{check.code}"
    with pytest.raises(ReadinessCheck.DoesNotExist):
        check_labels(actor=omar, codes=[check.code, "NOSUCH"], base_url="")


def test_the_board_costs_the_same_for_one_check_and_for_thirty(omar, check):
    def cost(work):
        with CaptureQueriesContext(connection) as caught:
            work()
        return len(caught)

    EntryFactory(check_done=check)
    alone = cost(lambda: lines(checks(omar), now=NOW)), cost(lambda: escalate_missed(now=NOW))
    for other in CheckFactory.create_batch(29, location=check.location):
        EntryFactory(check_done=other)
    assert (cost(lambda: lines(checks(omar), now=NOW)), cost(lambda: escalate_missed(now=NOW + DAY))) == alone
