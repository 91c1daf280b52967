"""Checklists, the release of devices, held results, signatures and review."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.documents.errors import FileRefused
from openhtm.identity.models import LogInAttempt
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.log_in import TooManyTries
from openhtm.identity.tests.factories import PASSWORD, UserFactory, actor_of
from openhtm.inventory.services.bulk import bulk_status
from openhtm.inventory.services.life import change_status
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workorders.models import Checklist, HeldResult, LabourEntry, Purpose, Result, Signature, WorkCode, WorkOrder
from openhtm.workorders.queries.checklists import previous_values, standings
from openhtm.workorders.services import checklists, held, reviewing, signing
from openhtm.workorders.services.guards import ReturnTestMissing
from openhtm.workorders.services.moving import NotReadyToClose, complete_order, reopen_order
from openhtm.workorders.services.results import store_results
from openhtm.workorders.services.shared import OrderSettled
from openhtm.workorders.tests.evidence import CASE, ChecklistFactory, VersionFactory, answers, content_of, result
from openhtm.workorders.tests.factories import LabourFactory

NOW = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)


def person(role, facility, name):
    user = UserFactory.with_role(role, facility, username=name, full_name=name.title())
    user.set_password(PASSWORD)
    user.save()
    return actor_of(user)


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def maria(north):
    return person(Role.TECHNICIAN, north, "maria")


@pytest.fixture
def omar(north):
    return person(Role.MANAGER, north, "omar")


@pytest.fixture
def checklist(north):
    return ChecklistFactory(work_order__device=DeviceFactory(facility=north, status="in_service"))


@pytest.fixture
def returning(db):
    """The procedure for tests after repair, for every device."""
    return VersionFactory(name="Return to service", code="return-to-service", kind="return_to_service", content=content_of(CASE))


def completed(checklist, actor, **more):
    """The order of a checklist, finished and completed with everything closing asks for."""
    store_results(actor=actor, items=answers(checklist, **more))
    checklists.finish_checklist(actor=actor, uid=checklist.uid)
    WorkCode.objects.get_or_create(list="failure", code="NPF", defaults={"label": "No problem found"})
    LabourFactory(work_order=checklist.work_order)
    return complete_order(actor=actor, number=checklist.work_order.number, outcome="pass", failure_code="NPF")


# finishing


def test_finishing_needs_every_required_step(maria, checklist):
    with pytest.raises(checklists.ChecklistEmpty):
        checklists.finish_checklist(actor=maria, uid=checklist.uid)
    store_results(actor=maria, items=answers(checklist)[:2])
    with pytest.raises(checklists.ChecklistNotFinished, match=r"2 of the required steps still need an answer: Alarm sounds, Flow"):
        checklists.finish_checklist(actor=maria, uid=checklist.uid)


def test_the_outcome_is_what_the_results_say(maria, checklist):
    store_results(actor=maria, items=answers(checklist))
    finished = checklists.finish_checklist(actor=maria, uid=checklist.uid)
    assert (finished.checklist.outcome, finished.repairs) == ("pass", ())


def test_an_adjusted_value_passes_adjusted(maria, checklist):
    store_results(actor=maria, items=answers(checklist)[:3])
    store_results(
        actor=maria, items=[result(checklist, "flow-100", "90", phase="as_found"), result(checklist, "flow-100", "99", phase="as_left")]
    )
    assert checklists.finish_checklist(actor=maria, uid=checklist.uid).checklist.outcome == "pass_adjusted"


def test_a_person_may_judge_worse_but_never_better(maria, checklist):
    store_results(actor=maria, items=[*answers(checklist), result(checklist, "alarm", "fail")])
    with pytest.raises(Invalid, match="The results say: failed"):
        checklists.finish_checklist(actor=maria, uid=checklist.uid, outcome="pass")
    assert checklists.finish_checklist(actor=maria, uid=checklist.uid).checklist.outcome == "fail"


def test_a_minor_failure_gets_a_repair_order_when_asked_for(maria, checklist):
    store_results(actor=maria, items=[*answers(checklist), result(checklist, "alarm", "fail")])
    [repair] = checklists.finish_checklist(actor=maria, uid=checklist.uid, open_repair=True).repairs
    assert repair.parent == checklist.work_order and not repair.return_test_required
    checklist.work_order.device.refresh_from_db()
    assert checklist.work_order.device.status == "in_service"


def test_a_result_after_finishing_changes_the_outcome(maria, checklist):
    store_results(actor=maria, items=answers(checklist))
    checklists.finish_checklist(actor=maria, uid=checklist.uid)
    wrong = Result.objects.get(step_key="alarm")
    store_results(actor=maria, items=[result(checklist, "alarm", "fail", supersedes=str(wrong.uid), reason="Heard nothing")])
    checklist.refresh_from_db()
    assert checklist.outcome == "fail"


def test_a_settled_order_takes_no_checklist(maria, checklist):
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="closed", closed_at=NOW)
    with pytest.raises(OrderSettled):
        checklists.add_checklist(actor=maria, number=checklist.work_order.number, procedure_code="x")


def test_a_checklist_is_added_once(maria, checklist):
    version = VersionFactory()
    add = {"actor": maria, "number": checklist.work_order.number, "procedure_code": version.procedure.code}
    assert checklists.add_checklist(**add).position == 2
    with pytest.raises(Invalid, match="on the order already"):
        checklists.add_checklist(**add)
    with pytest.raises(Invalid, match="no released procedure"):
        checklists.add_checklist(**add | {"procedure_code": "no-such"})


def test_work_under_way_keeps_its_version(maria, checklist):
    old = checklist.version
    old.status = "retired"
    old.save(update_fields=["status"])
    VersionFactory(procedure=old.procedure, number=2, content=content_of(CASE))
    assert store_results(actor=maria, items=answers(checklist)).stored == 4


def test_previous_values_are_those_of_the_device(maria, checklist):
    store_results(actor=maria, items=[result(checklist, "energy-200", "201.8", measured_at="2026-04-30T10:00:00Z")], now=NOW)
    wrong = result(checklist, "case", "fail", measured_at="2026-04-30T10:00:00Z")
    store_results(
        actor=maria, items=[wrong, result(checklist, "case", "pass", supersedes=wrong.uid, reason="x", measured_at="2026-04-30T10:01:00Z")]
    )
    later = ChecklistFactory(work_order__device=checklist.work_order.device, version=checklist.version)
    found = previous_values(checklist=later, step_keys=["energy-200", "case", "alarm"])
    assert found["energy-200"].answer == "201.8" and found["case"].answer == "pass" and "alarm" not in found
    assert previous_values(checklist=checklist, step_keys=["energy-200"]) == {}


def test_a_photo_must_be_one(maria, checklist):
    with pytest.raises(FileRefused):
        checklists.store_photo(
            actor=maria, number=checklist.work_order.number, content=SimpleUploadedFile("x.jpg", b"%PDF-1.4 no").file, file_name="x.jpg"
        )


def test_where_checklists_stand_costs_the_same_for_one_and_for_many(maria, north, checklist):
    several = [checklist, *(ChecklistFactory(work_order__device=DeviceFactory(facility=north)) for _ in range(9))]
    standings(several)
    with CaptureQueriesContext(connection) as few:
        standings(several[:1])
    with CaptureQueriesContext(connection) as many:
        standings(several)
    assert len(few) == len(many)


# release


def failed(checklist, actor):
    store_results(actor=actor, items=[result(checklist, "energy-200", "150")])
    return WorkOrder.objects.get(parent=checklist.work_order)


def test_a_device_is_not_released_before_its_test_passed(maria, checklist, returning):
    device, repair = checklist.work_order.device, failed(checklist, maria)
    back = {"actor": maria, "control_number": device.control_number, "after": "in_service"}
    with pytest.raises(ReturnTestMissing, match=f"{device} cannot go back into service: {repair} still needs a passed"):
        change_status(**back)
    with pytest.raises(ReturnTestMissing):
        bulk_status(actor=maria, control_numbers=[device.control_number], after="in_service")
    test = Checklist.objects.get(work_order=repair, purpose=Purpose.RETURN_TO_SERVICE)
    assert test.version == returning
    store_results(actor=maria, items=[result(test, "case", "fail")])
    checklists.finish_checklist(actor=maria, uid=test.uid)
    with pytest.raises(ReturnTestMissing):
        change_status(**back)
    store_results(actor=maria, items=[result(test, "case", "pass")])
    assert change_status(**back).status == "in_service"


def test_the_guard_asks_once_for_any_number_of_devices(maria, north):
    tags = [DeviceFactory(facility=north, status="stored").control_number for _ in range(5)]
    assert bulk_status(actor=maria, control_numbers=tags, after="in_service") == 5


# held results


def test_a_held_result_can_be_discarded_with_a_reason_and_stays_on_record(maria, omar, checklist):
    store_results(actor=maria, items=[result(checklist, "no-such", "pass")])
    kept = HeldResult.objects.get()
    with pytest.raises(NotAllowed):
        held.settle_held(actor=maria, uid=kept.uid, decision="discarded", note="x")
    with pytest.raises(Invalid):
        held.settle_held(actor=omar, uid=kept.uid, decision="discarded", note=" ")
    with pytest.raises(held.CannotStoreHeld, match="has no step no-such"):
        held.settle_held(actor=omar, uid=kept.uid, decision="stored", note="Try")
    held.settle_held(actor=omar, uid=kept.uid, decision="discarded", note="Tested by mistake")
    with pytest.raises(held.AlreadySettled):
        held.settle_held(actor=omar, uid=kept.uid, decision="discarded", note="x")
    kept.refresh_from_db()
    assert kept.decision == "discarded" and kept.payload["step"] == "no-such" and not Result.objects.exists()


def test_a_second_result_under_a_used_id_can_be_stored_as_a_correction(maria, omar, checklist):
    first = result(checklist, "case", "pass")
    store_results(actor=maria, items=[first, result(checklist, "case", "fail", uid=first.uid)])
    held.settle_held(actor=omar, uid=HeldResult.objects.get().uid, decision="stored", note="The second is right")
    newest = Result.objects.get(verdict="fail")
    assert str(newest.supersedes_id) == first.uid and newest.reason == "The second is right"


def test_a_result_for_a_cancelled_order_can_be_stored_on_another_checklist(maria, omar, north, checklist):
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="cancelled")
    store_results(actor=maria, items=[result(checklist, "case", "pass")])
    other = ChecklistFactory(work_order__device=checklist.work_order.device, version=checklist.version)
    held.settle_held(actor=omar, uid=HeldResult.objects.get().uid, decision="stored", note="Belongs there", checklist=str(other.uid))
    assert Result.objects.get().checklist == other


def test_what_was_held_is_settled_when_its_client_sends_it_again(maria, checklist):
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="cancelled")
    item = result(checklist, "case", "pass")
    store_results(actor=maria, items=[item])
    WorkOrder.objects.filter(pk=checklist.work_order_id).update(status="open")
    store_results(actor=maria, items=[item])
    assert HeldResult.objects.get().decision == "stored"


def test_held_results_are_seen_by_their_facility_and_sender(maria, omar, chen, checklist):
    store_results(actor=chen, items=[result(checklist, "case", "pass")])
    store_results(actor=maria, items=[result(checklist, "no-such", "pass")])
    assert held.visible_held(omar).count() == 1 and held.visible_held(chen).count() == 1
    with pytest.raises(HeldResult.DoesNotExist):
        held.settle_held(actor=chen, uid=held.visible_held(omar).get().uid, decision="discarded", note="x")


# signatures


def test_a_signature_proves_who_and_breaks_when_the_content_changes(maria, checklist):
    order = checklist.work_order
    store_results(actor=maria, items=answers(checklist))
    made = signing.sign(actor=maria, number=order.number, meaning="performed", password=PASSWORD)
    assert (made.signer_name, made.signer_roles, len(made.content_hash)) == ("Maria", ["technician"], 64)
    assert [one.intact for one in signing.signature_state(order)] == [True]
    store_results(actor=maria, items=[result(checklist, "battery", "weak")])
    [broken] = signing.signature_state(order)
    assert not broken.intact and [one.what for one in broken.changes] == ["Battery: Weak, order one, recorded later"]
    signing.sign(actor=maria, number=order.number, meaning="performed", password=PASSWORD)
    assert [one.intact for one in signing.signature_state(order)] == [False, True]
    order.work_done = "Something else"
    assert [one.intact for one in signing.signature_state(order)] == [False, False]


def test_a_wrong_password_signs_nothing_and_counts(maria, checklist):
    for _ in range(3):
        with pytest.raises(signing.WrongPassword):
            signing.sign(actor=maria, number=checklist.work_order.number, meaning="performed", password="no", address="10.0.0.9")
    assert LogInAttempt.objects.filter(succeeded=False).count() == 3 and not Signature.objects.exists()
    with pytest.raises(TooManyTries):
        for _ in range(30):
            with pytest.raises(signing.WrongPassword):
                signing.sign(actor=maria, number=checklist.work_order.number, meaning="performed", password="no", address="10.0.0.9")


def test_neither_tokens_nor_the_unentitled_sign(maria, chen, checklist):
    from dataclasses import replace

    number = checklist.work_order.number
    with pytest.raises(NotAllowed, match="in person"):
        signing.sign(actor=replace(maria, token_id=7), number=number, meaning="performed", password=PASSWORD)
    with pytest.raises(NotAllowed):
        signing.sign(actor=maria, number=number, meaning="reviewed", password=PASSWORD)
    with pytest.raises(WorkOrder.DoesNotExist):
        signing.sign(actor=chen, number=number, meaning="performed", password=PASSWORD)
    with pytest.raises(Invalid):
        signing.sign(actor=maria, number=number, meaning="whatever", password=PASSWORD)


def test_reopening_breaks_signatures(maria, omar, checklist):
    order = completed(checklist, maria)
    signing.sign(actor=maria, number=order.number, meaning="performed", password=PASSWORD)
    reopen_order(actor=omar, number=order.number, reason="Forgot the alarm")
    [broken] = signing.signature_state(order)
    assert not broken.intact
    assert [(one.what, one.by, one.reason) for one in broken.changes] == [("The order was reopened", omar.name, "Forgot the alarm")]


def test_a_broken_signature_tells_what_was_corrected_by_whom_and_why(maria, omar, checklist):
    order = completed(checklist, maria)
    signing.sign(actor=maria, number=order.number, meaning="performed", password=PASSWORD)
    old = Result.objects.get(checklist=checklist, step_key="case", superseded_by=None)
    store_results(actor=omar, items=[result(checklist, "case", "pass", supersedes=str(old.uid), reason="Seen on the photo")])
    signing.sign(actor=omar, number=order.number, meaning="reviewed", password=PASSWORD)
    first, second = signing.signature_state(order)
    assert [(one.by, one.reason) for one in first.changes] == [(omar.name, "Seen on the photo")]
    assert " instead of " in first.changes[0].what
    assert (second.intact, second.changes) == (True, ())


# review


def test_work_in_tolerance_passes_by_rule_once_signed(maria, checklist):
    order = completed(checklist, maria)
    _, closed = reviewing.sign_performed(actor=maria, number=order.number, password=PASSWORD)
    assert closed and closed.status == "closed" and closed.closed_by_rule


def test_exceptions_wait_for_a_reader_who_is_somebody_else(maria, omar, checklist):
    order = completed(checklist, maria, energy="229.5")
    _, closed = reviewing.sign_performed(actor=maria, number=order.number, password=PASSWORD)
    order.refresh_from_db()
    assert closed is None and order.review_reasons == ["near_limit"]
    [exception] = reviewing.exceptions_of([order.pk])[order.pk]
    assert exception.step_key == "energy-200"
    with pytest.raises(NotAllowed):
        reviewing.review(actor=maria, number=order.number, password=PASSWORD)
    done = reviewing.review(actor=omar, number=order.number, password=PASSWORD, note="Watch it next year")
    assert done.status == "closed" and not done.closed_by_rule
    assert [one.signature.meaning for one in signing.signature_state(done) if one.intact] == ["performed", "reviewed"]


def test_nobody_reviews_their_own_work(omar, checklist):
    order = completed(checklist, omar, energy="229.5")
    with pytest.raises(signing.CannotSign, match="somebody else reviews it"):
        reviewing.review(actor=omar, number=order.number, password=PASSWORD)
    assert not Signature.objects.exists()


def test_review_says_what_closing_still_needs(maria, omar, checklist):
    order = completed(checklist, maria, energy="229.5")
    LabourEntry.objects.filter(work_order=order).delete()
    with pytest.raises(NotReadyToClose, match="booked labour"):
        reviewing.review(actor=omar, number=order.number, password=PASSWORD)
    assert not Signature.objects.exists()


def test_a_late_result_brings_a_closed_order_back_to_review(maria, checklist):
    order = completed(checklist, maria)
    reviewing.sign_performed(actor=maria, number=order.number, password=PASSWORD)
    order.refresh_from_db()
    before = (order.closed_at - dt.timedelta(minutes=5)).isoformat()
    store_results(actor=maria, items=[result(checklist, "battery", "good", measured_at=before)])
    order.refresh_from_db()
    assert order.review_reasons == ["after_closing"]
    assert [one.intact for one in signing.signature_state(order)] == [False]


def test_an_unknown_checklist_is_not_there(maria):
    with pytest.raises(Checklist.DoesNotExist):
        checklists.finish_checklist(actor=maria, uid=uuid.uuid4())
