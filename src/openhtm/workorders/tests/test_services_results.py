"""Storing results: once each, judged here, refused or kept when they do not fit, and never lost."""

import datetime as dt
from dataclasses import replace

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openhtm.core.errors import NotAllowed
from openhtm.core.ids import uuid7
from openhtm.documents.services import store_file
from openhtm.documents.tests import samples
from openhtm.identity.actor import Actor, Grant
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import StatusChange
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workforce.models import Credential, StaffHours
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.api.result_shapes import result_out
from openhtm.workorders.models import Downtime, HeldResult, Result, WorkOrder
from openhtm.workorders.rules.results import ResultIn, State
from openhtm.workorders.services import results
from openhtm.workorders.services.results import MAX_AT_ONCE, TooManyResults, store_results
from openhtm.workorders.tests.evidence import ChecklistFactory, answers, calibrated, result
from openhtm.workorders.tests.factories import WorkOrderFactory

NOW = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def checklist(north):
    return ChecklistFactory(work_order__device=DeviceFactory(facility=north, status="in_service"))


@pytest.fixture(autouse=True)
def here_for_years(maria):
    RoleAssignment.objects.update(valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


def at(moment: dt.datetime) -> str:
    return moment.isoformat()


def one(actor, item, *, now=None):
    [outcome] = store_results(actor=actor, items=[item], now=now).items
    return outcome


def test_a_result_keeps_everything_it_was_judged_by(maria, checklist, north):
    StaffHours.objects.create(staff=staff_of(maria), weekly_min=1800, skills=["defibrillators"], effective_from=dt.date(2025, 1, 1))
    calibrated("QA-45", north, performed_on=dt.date(2026, 8, 1), due_on=dt.date(2027, 8, 1))
    outcome = one(maria, result(checklist, "energy-200", "203.1", tester="qa-45", measured_at=at(NOW)), now=NOW)
    assert (outcome.state, outcome.verdict, outcome.limit) == (State.STORED, "pass", "170 to 230 J")
    stored = Result.objects.get()
    assert (stored.number, stored.unit, stored.entered, stored.verdict) == (203.1, "J", "203.1", "pass")
    assert stored.limit["source"] == "IEC 60601-2-4" and stored.limit["edition"] == "3.1" and stored.limit["confidence"] == "S"
    assert stored.tester.device.control_number == "QA-45" and stored.tester_due_on == dt.date(2027, 8, 1)
    assert stored.performer_name == "Maria Reyes"
    assert stored.qualification == {
        "roles": ["technician"], "skills": ["defibrillators"], "on": "2026-11-22", "competencies": [], "credentials": []
    }  # fmt: skip
    assert stored.review_reasons == [] and stored.share_of_limit == pytest.approx(0.1033, abs=0.001)


def test_a_result_sent_later_carries_the_credentials_of_the_day_it_was_measured(maria, checklist):
    seen = {"staff": staff_of(maria), "verified_by": UserFactory(), "verified_at": NOW, "issued_on": dt.date(2020, 1, 1)}
    stopped = {"status": "suspended", "status_since": dt.date(2026, 11, 23), "status_reason": "Fee not paid"}
    Credential.objects.create(programme="CBET", **seen, **stopped)
    Credential.objects.create(programme="CRES", **seen | {"issued_on": dt.date(2026, 11, 23)})
    Credential.objects.create(programme="CCE", **seen | {"verified_by": None, "verified_at": None})
    with time_machine.travel(NOW + dt.timedelta(days=3), tick=False):
        for hours in (0, 24):
            moment = NOW + dt.timedelta(hours=hours)
            one(maria, result(checklist, "case", "pass", measured_at=at(moment)), now=NOW + dt.timedelta(days=3))
    stamped = Result.objects.order_by("measured_at").values_list("qualification__credentials", flat=True)
    assert [[held["programme"] for held in day] for day in stamped] == [["CBET"], ["CRES"]]


def test_a_result_carries_the_roles_of_the_moment_it_was_measured(maria, checklist, north, south):
    RoleAssignment.objects.create(user_id=maria.user_id, role="clinical_engineer", facility=north, valid_from=NOW)
    RoleAssignment.objects.create(user_id=maria.user_id, role="manager", facility=south, valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    for hours in (-1, 1):
        one(maria, result(checklist, "case", "pass", measured_at=at(NOW + dt.timedelta(hours=hours))), now=NOW + dt.timedelta(hours=2))
    stamped = Result.objects.order_by("measured_at").values_list("qualification__roles", flat=True)
    assert list(stamped) == [["technician"], ["clinical_engineer", "technician"]]


def test_the_api_shows_qualifications_to_those_who_may_see_staff_and_to_oneself(maria, omar, checklist, north, south):
    one(maria, result(checklist, "case", "pass", measured_at=at(NOW)), now=NOW)
    stored = Result.objects.get()
    reporter = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    elsewhere = replace(reporter, grants=(*reporter.grants, Grant(Role.MANAGER, south.pk)))
    oneself = replace(maria, grants=(Grant(Role.REQUESTER, north.pk),))
    shown = [bool(result_out(stored, actor=actor)["qualification"]) for actor in (omar, maria, oneself, reporter, elsewhere)]
    assert shown == [True, True, True, False, False]
    client = Client()
    for actor, found in ((omar, ["technician"]), (reporter, None)):
        client.force_login(User.objects.get(pk=actor.user_id))
        assert client.get(f"/api/v1/results/{stored.uid}").json()["qualification"].get("roles") == found


def test_the_same_result_twice_is_stored_once(maria, checklist):
    item = result(checklist, "case", "pass")
    assert one(maria, item).state == State.STORED
    assert one(maria, item).state == State.REPEATED
    again = ResultIn(**{**_plain(item), "uid": item.uid.upper(), "measured_at": item.measured_at.replace("+00:00", "Z")})
    assert one(maria, again).state == State.REPEATED
    assert [o.state for o in store_results(actor=maria, items=[item, item]).items] == [State.REPEATED] * 2
    assert Result.objects.count() == 1 and not HeldResult.objects.exists()


def _plain(item: ResultIn) -> dict:
    return {name: getattr(item, name) for name in ResultIn.__dataclass_fields__}


def test_an_id_with_other_content_is_a_conflict_and_kept(maria, checklist):
    first = result(checklist, "case", "pass")
    one(maria, first)
    other = ResultIn(**{**_plain(first), "value": "fail"})
    for _ in range(2):
        outcome = one(maria, other)
        assert (outcome.state, outcome.code) == (State.CONFLICT, "uid-reused")
    held = HeldResult.objects.get()
    assert held.payload["value"] == "fail" and held.work_order == checklist.work_order and held.sender_id == maria.user_id
    assert Result.objects.get().verdict == "pass"


def test_one_batch_with_the_same_id_twice_keeps_both(maria, checklist):
    first = result(checklist, "case", "pass")
    other = ResultIn(**{**_plain(first), "value": "fail"})
    states = [outcome.state for outcome in store_results(actor=maria, items=[first, first, other]).items]
    assert states == [State.STORED, State.REPEATED, State.CONFLICT]
    assert HeldResult.objects.count() == 1


@pytest.mark.parametrize(
    ("step", "value", "more", "code"),
    [
        ("energy-200", "NaN", {}, "number"),
        ("energy-200", float("nan"), {}, "number"),
        ("energy-200", float("inf"), {}, "number"),
        ("energy-200", "1e400", {}, "number"),
        ("energy-200", "200", {"unit": "mL/h"}, "unit"),
        ("energy-200", "200", {"unit": "furlong"}, "unit"),
        ("energy-200", "", {}, "empty"),
        ("energy-200", None, {}, "empty"),
        ("energy-200", True, {}, "number"),
        ("energy-200", ["200"], {}, "number"),
        ("case", "maybe", {}, "unknown-answer"),
        ("case", None, {"skip": "na", "text": "no case"}, "na-not-allowed"),
        ("alarm", None, {"skip": "na"}, "na-reason"),
        ("case", None, {"skip": "skipped"}, "skip-reason"),
        ("case", None, {"skip": "perhaps"}, "skip"),
        ("case", "pass", {"phase": "as_left"}, "phase"),
        ("flow-100", "100", {}, "phase"),
        ("case", "pass", {"uid": "17"}, "uid"),
        ("case", "pass", {"uid": "0b6a1a6e-93f0-4bd1-8f6e-2a1d4d6a9f11"}, "uid"),
        ("case", "pass", {"measured_at": "yesterday"}, "measured-at"),
        ("case", "pass", {"measured_at": "2026-11-22T10:00:00"}, "measured-at"),
        ("case", "pass", {"measured_at": "0001-01-01T00:00:00+14:00"}, "measured-at"),
        ("case", "pass", {"text": "x\0y"}, "text"),
        ("case", "pass", {"tester": "QA-99"}, "unknown-tester"),
        ("label-photo", None, {"files": ("0" * 64,)}, "photo-missing"),
        ("label-photo", None, {"files": ("../etc/passwd",)}, "files"),
        ("label-photo", None, {}, "too-few-photos"),
        ("case", "pass", {"supersedes": str(uuid7())}, "correction-reason"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_a_sentence(maria, checklist, step, value, more, code):
    outcome = one(maria, result(checklist, step, value, **more))
    assert (outcome.state, outcome.code) == (State.REFUSED, code)
    assert outcome.sentence.endswith(".") and not Result.objects.exists()


def test_one_bad_result_does_not_hold_back_the_others(maria, checklist):
    items = [result(checklist, "energy-200", "NaN"), *answers(checklist), result(checklist, "no-such-step", "pass")]
    outcome = store_results(actor=maria, items=items)
    assert (outcome.stored, outcome.refused, outcome.held) == (4, 1, 1)
    assert Result.objects.count() == 4


def test_a_photo_that_is_none_is_refused(maria, checklist):
    pdf = store_file(content=samples.PDF, file_name="photo.pdf", actor=maria)
    outcome = one(maria, result(checklist, "label-photo", files=(pdf.sha256,)))
    assert (outcome.state, outcome.code) == (State.REFUSED, "photo-refused")


def test_values_are_converted_within_their_family_and_it_says_so(maria, checklist):
    outcome = one(maria, result(checklist, "flow-100", "0.1", unit="L/h", phase="as_found"))
    assert outcome.state == State.STORED and "100" in outcome.sentence
    stored = Result.objects.get()
    assert (stored.number, stored.unit, stored.entered) == (100.0, "mL/h", "0.1 L/h")


@pytest.mark.parametrize("status", ["cancelled", "merged"])
def test_results_for_orders_that_are_no_more_are_kept_for_review(maria, checklist, north, status):
    into = WorkOrderFactory(device=DeviceFactory(facility=north))
    merged = {"merged_into": into} if status == "merged" else {}
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status=status, **merged)
    outcome = one(maria, result(checklist, "case", "pass"))
    assert (outcome.state, outcome.code) == (State.HELD, f"order-{status}")
    assert HeldResult.objects.get().work_order_id == checklist.work_order_id
    assert (str(into) in outcome.sentence) == (status == "merged")


def test_what_was_measured_before_closing_is_taken_late_and_what_came_after_is_kept(maria, checklist):
    closed = NOW - dt.timedelta(days=1)
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="closed", closed_at=closed)
    before = one(maria, result(checklist, "case", "pass", measured_at=at(closed - dt.timedelta(hours=1))), now=NOW)
    assert before.state == State.STORED and before.review_reasons == ("after_closing",)
    after = one(maria, result(checklist, "alarm", "pass", measured_at=at(NOW)), now=NOW)
    assert (after.state, after.code) == (State.HELD, "order-closed")


def test_foreign_and_unknown_checklists_get_the_same_answer(chen, maria, checklist):
    foreign = one(chen, result(checklist, "case", "pass"))
    unknown = one(chen, ResultIn(uid=str(uuid7()), checklist=str(uuid7()), step="case", value="pass", measured_at=at(NOW)))
    assert (foreign.state, foreign.code, foreign.sentence) == (unknown.state, unknown.code, unknown.sentence)
    assert foreign.state == State.HELD and HeldResult.objects.filter(work_order__isnull=True).count() == 2


def test_who_may_not_work_is_refused(north, checklist):
    reader = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    with pytest.raises(NotAllowed):
        store_results(actor=reader, items=[result(checklist, "case", "pass")])


def test_who_may_work_only_elsewhere_is_refused_for_this_order(north, south, checklist):
    user = UserFactory.with_role(Role.TECHNICIAN, south)
    user.role_assignments.create(role=Role.SURVEYOR, facility=north, valid_until=timezone.now() + dt.timedelta(days=3))
    assert one(actor_of(user), result(checklist, "case", "pass")).code == "not-allowed"


@pytest.mark.parametrize(
    ("ago", "reasons"),
    [
        (dt.timedelta(hours=1), ()),
        (dt.timedelta(days=4), ("late_entry",)),
        (dt.timedelta(days=4000), ("clock",)),
        (dt.timedelta(minutes=-5), ()),
        (dt.timedelta(days=-800), ("clock",)),
    ],
)
def test_late_entries_and_wrong_clocks_are_stored_and_read_by_people(maria, checklist, ago, reasons):
    outcome = one(maria, result(checklist, "case", "pass", measured_at=at(NOW - ago)), now=NOW)
    assert outcome.state == State.STORED and outcome.review_reasons == reasons


def test_an_expired_tester_makes_the_result_invalid_and_it_says_so(maria, checklist, north):
    calibrated("QA-45", north, performed_on=dt.date(2025, 8, 1), due_on=dt.date(2026, 8, 1))
    outcome = one(maria, result(checklist, "energy-200", "203.1", tester="QA-45", measured_at=at(NOW)), now=NOW)
    assert outcome.verdict == "invalid" and "ended on 01 Aug 2026" in outcome.sentence
    assert "tester_expired" in outcome.review_reasons
    stored = Result.objects.get()
    assert stored.number == 203.1 and stored.detail["by_limit"] == "pass" and stored.tester_due_on == dt.date(2026, 8, 1)


def test_calibration_counts_as_of_the_day_of_measuring(maria, checklist, north):
    made = calibrated("QA-45", north, performed_on=dt.date(2025, 8, 1), due_on=dt.date(2026, 8, 1))
    made.calibrations.create(
        performed_on=dt.date(2026, 11, 1), due_on=dt.date(2027, 11, 1), verdict="in_tolerance", laboratory="x", certificate_number="2"
    )
    gap = one(maria, result(checklist, "energy-200", "200", tester="QA-45", measured_at="2026-10-01T10:00:00Z"), now=NOW)
    fine = one(maria, result(checklist, "energy-200", "200", tester="QA-45", measured_at="2026-11-20T10:00:00Z"), now=NOW)
    assert (gap.verdict, fine.verdict) == ("invalid", "pass")


def test_a_correction_supersedes_once(maria, checklist):
    wrong = result(checklist, "energy-200", "20.15", measured_at=at(NOW))
    one(maria, result(checklist, "case", "pass"))
    one(maria, wrong)
    right = result(checklist, "energy-200", "201.5", supersedes=wrong.uid, reason="Decimal point")
    outcome = one(maria, right)
    assert outcome.state == State.STORED and outcome.review_reasons == ("corrected",)
    second = one(maria, result(checklist, "energy-200", "202", supersedes=wrong.uid, reason="No, mine"))
    assert (second.state, second.code) == (State.HELD, "already-corrected")
    strange = one(maria, result(checklist, "case", "pass", supersedes=right.uid, reason="x"))
    assert (strange.state, strange.code) == (State.HELD, "corrects-nothing")


def test_a_correction_in_the_same_batch_is_understood(maria, checklist):
    wrong = result(checklist, "alarm", "fail")
    right = result(checklist, "alarm", "pass", supersedes=wrong.uid, reason="Volume was down")
    assert [o.state for o in store_results(actor=maria, items=[wrong, right]).items] == [State.STORED] * 2


def test_as_left_differing_from_as_found_is_adjusted(maria, checklist):
    store_results(actor=maria, items=[result(checklist, "flow-100", "90", phase="as_found")])
    outcome = one(maria, result(checklist, "flow-100", "100", phase="as_left"))
    assert outcome.review_reasons == ("adjusted",)


def test_a_failed_critical_step_takes_the_device_out_and_opens_a_repair(maria, checklist):
    outcome = store_results(actor=maria, items=[result(checklist, "energy-200", "150")])
    device = checklist.work_order.device
    device.refresh_from_db()
    assert device.status == "out_of_service"
    repair = WorkOrder.objects.get(number=outcome.corrective[0])
    assert repair.parent == checklist.work_order and repair.kind == "corrective" and repair.return_test_required
    assert repair.title == "Failed: Delivered energy at 200 J" and repair.origin == "result"
    assert str(checklist.work_order) in StatusChange.objects.get(device=device, after="out_of_service").reason
    assert Downtime.objects.get(device=device).ended_at is None
    again = store_results(actor=maria, items=[result(checklist, "case", "fail")])
    assert again.corrective == () and WorkOrder.objects.filter(parent=checklist.work_order).count() == 1


def test_a_minor_failure_and_a_value_as_found_change_nothing_by_themselves(maria, checklist):
    store_results(actor=maria, items=[result(checklist, "alarm", "fail"), result(checklist, "flow-100", "80", phase="as_found")])
    checklist.work_order.device.refresh_from_db()
    assert checklist.work_order.device.status == "in_service" and not WorkOrder.objects.filter(parent__isnull=False).exists()


def test_a_vendor_technician_finds_a_fault_too(north, checklist):
    from openhtm.sites.tests.factories import ServiceProviderFactory

    company = ServiceProviderFactory()
    vendor = actor_of(UserFactory.with_role(Role.VENDOR_TECHNICIAN, north, provider=company))
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(assigned_provider=company)
    assert one(vendor, result(checklist, "case", "fail")).state == State.STORED
    checklist.work_order.device.refresh_from_db()
    assert checklist.work_order.device.status == "out_of_service"


def test_too_many_at_once_are_refused(maria, checklist):
    with pytest.raises(TooManyResults):
        store_results(actor=maria, items=[result(checklist, "case", "pass")] * (MAX_AT_ONCE + 1))


def test_storing_costs_the_same_for_one_result_and_for_thirty(maria, north):
    lists = [ChecklistFactory(work_order__device=DeviceFactory(facility=north)) for _ in range(10)]
    calibrated("QA-45", north, performed_on=dt.date(2026, 8, 1), due_on=dt.date(2027, 8, 1))

    def sent(these):
        return [result(one, "energy-200", "201", tester="QA-45", measured_at=at(NOW)) for one in these]

    store_results(actor=maria, items=sent(lists), now=NOW)
    with CaptureQueriesContext(connection) as one_result:
        store_results(actor=maria, items=sent(lists[:1]), now=NOW)
    with CaptureQueriesContext(connection) as many_results:
        store_results(actor=maria, items=[*sent(lists), *sent(lists), *sent(lists)], now=NOW)
    assert len(one_result) == len(many_results) <= 14


def test_results_cannot_be_changed_or_deleted(maria, checklist):
    from django.db import transaction
    from django.db.utils import DatabaseError

    one(maria, result(checklist, "case", "pass"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Result.objects.update(verdict="fail")
    with pytest.raises(DatabaseError), transaction.atomic():
        Result.objects.all().delete()


def test_the_system_may_store_too(checklist):
    assert one(Actor.system("import"), result(checklist, "case", "pass")).state == State.STORED


def test_many_results_are_copied_in_and_one_taken_meanwhile_costs_none_of_the_others(maria, checklist, monkeypatch):
    items = [result(checklist, "battery", "good") for _ in range(results.BY_ONE * 2)]
    assert store_results(actor=maria, items=items).stored == len(items)
    taken = result(checklist, "battery", "good")
    one(maria, taken)
    more = [result(checklist, "battery", "good") for _ in range(results.BY_ONE)]
    read_before = results.known_about

    def before_the_other_came(**given):
        known = read_before(**given)
        known.fingerprints.clear()
        return known

    monkeypatch.setattr(results, "known_about", before_the_other_came)
    other = ResultIn(**{**_plain(taken), "value": "weak"})
    outcome = store_results(actor=maria, items=[*more, other])
    assert (outcome.stored, outcome.held) == (len(more), 1)
    assert Result.objects.get(uid=taken.uid).choice == "good" and Result.objects.count() == len(items) + len(more) + 1
