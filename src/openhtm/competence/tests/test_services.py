"""Signing, withdrawing, policies, reference data and the training plan."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from openhtm.competence.models import Competency, CoverageTarget, PlannedTraining, QualificationPolicy, TrainingOffer
from openhtm.competence.queries.cover import coverage, figures_of, scope_of
from openhtm.competence.queries.policies import policies_of
from openhtm.competence.queries.standing import Target, standings
from openhtm.competence.queries.training import proposals
from openhtm.competence.rules.cover import Cover
from openhtm.competence.rules.guard import Act, Mode, RiskClass, policy_for
from openhtm.competence.services.policies import set_coverage_target, set_offer, set_policy
from openhtm.competence.services.reference import load_competence_reference
from openhtm.competence.services.signing import Grant, SignedOffThemselves, sign_competency, withdraw_competency
from openhtm.competence.services.training import PlanMovedOn, accept_proposals, finish_training, give_up_training
from openhtm.competence.tests.factories import CompetencyFactory
from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor
from openhtm.identity.tests.factories import actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.workforce.models import StaffHours, StaffMember
from openhtm.workforce.tests.factories import StaffFactory, staff_of

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
LAST_YEAR = TODAY - dt.timedelta(days=365)


@pytest.fixture
def pump(north):
    return DeviceFactory(facility=north).device_type


def grant(who, kind, **more):
    values = {"level": "independent", "basis": "experience", "granted_on": LAST_YEAR, **more}
    return Grant(staff_id=staff_of(who).pk, device_type_id=kind.pk, **values)


def test_an_engineer_signs_a_technician_off_and_the_same_key_stores_it_once(nadia, maria, omar, pump):
    uid = uuid7()
    wanted = grant(maria, pump, basis="on_the_job", observer_id=staff_of(omar).pk)
    first = sign_competency(actor=actor_of(nadia), grant=wanted, uid=uid, evidence=("sheet.pdf", ContentFile(b"%PDF-1.4\n%%EOF\n")))
    assert sign_competency(actor=actor_of(nadia), grant=wanted, uid=uid) == first
    assert (first.signed_by_name, first.observer.full_name, first.evidence_name) == ("Nadia Berg", "Omar Haddad", "sheet.pdf")


def test_an_observer_cannot_sign_off_themselves_nor_a_signer(nadia, maria, pump):
    with pytest.raises(SignedOffThemselves, match="Nobody signs off themselves"):
        sign_competency(actor=actor_of(nadia), grant=grant(maria, pump, basis="on_the_job", observer_id=staff_of(maria).pk))
    with pytest.raises(SignedOffThemselves):
        sign_competency(actor=actor_of(nadia), grant=grant(nadia, pump))


def test_the_database_refuses_an_observer_of_themselves_too(maria, pump):
    one = staff_of(maria)
    with pytest.raises(IntegrityError, match="competency_observer_is_another"):
        CompetencyFactory(staff=one, device_type=pump, basis="on_the_job", observer=one)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"valid_until": LAST_YEAR - dt.timedelta(days=1)}, "valid_until"),
        ({"valid_until": LAST_YEAR + dt.timedelta(days=9000)}, "valid_until"),
        ({"granted_on": TODAY + dt.timedelta(days=2)}, "granted_on"),
        ({"basis": "on_the_job"}, "observer"),
        ({"basis": "vendor_school"}, "certificate"),
        ({"basis": "hearsay"}, "basis"),
        ({"level": "master"}, "level"),
        ({"procedure_id": 1}, "device_type"),
        ({"note": "x\0"}, "note"),
        ({"observer_id": 10**9}, "observer"),
    ],
)
def test_what_cannot_be_is_refused_and_named(nadia, maria, pump, more, field):
    with pytest.raises(Invalid) as refused:
        sign_competency(actor=actor_of(nadia), grant=grant(maria, pump, **more))
    assert field in refused.value.errors


def test_a_technician_signs_nobody_off_and_a_stranger_finds_nobody(maria, chen, omar, pump):
    with pytest.raises(NotAllowed):
        sign_competency(actor=actor_of(maria), grant=grant(omar, pump))
    with pytest.raises(StaffMember.DoesNotExist):
        sign_competency(actor=actor_of(chen), grant=grant(maria, pump))


def test_a_mistake_is_withdrawn_once_with_a_reason_and_never_rewritten(nadia, maria, pump):
    made = sign_competency(actor=actor_of(nadia), grant=grant(maria, pump))
    with pytest.raises(Invalid, match="reason"):
        withdraw_competency(actor=actor_of(nadia), uid=made.uid, reason=" ")
    withdraw_competency(actor=actor_of(nadia), uid=made.uid, reason="Wrong type")
    with pytest.raises(Conflict):
        withdraw_competency(actor=actor_of(nadia), uid=made.uid, reason="Again")
    for change in ({"level": "instructor"}, {"valid_until": TODAY}):
        with pytest.raises(ProgrammingError), transaction.atomic():
            Competency.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(ProgrammingError), transaction.atomic():
        made.delete()


def test_standings_are_read_in_the_same_statements_for_one_and_for_many(maria, pump, django_assert_num_queries):
    CompetencyFactory(staff=staff_of(maria), device_type=pump)
    staff = [staff_of(maria).pk, *(CompetencyFactory(device_type=pump).staff_id for _ in range(30))]
    kinds = [Target(DeviceFactory().device_type_id) for _ in range(10)]
    with django_assert_num_queries(3):
        assert standings(targets=[Target(pump.pk)], on=TODAY, staff_ids=staff[:1]).of(staff[0], Target(pump.pk)).held
    with django_assert_num_queries(3):
        found = standings(targets=[Target(pump.pk), *kinds], on=TODAY, staff_ids=staff)
    assert all(found.of(pk, Target(pump.pk)).held for pk in staff)


def test_the_shipped_policies_load_once_and_never_overrule_a_site(ada):
    actor = Actor.system("tests")
    set_policy(actor=actor_of(ada), act="close", risk="high_risk", needs="competency", mode="off", reason="We do it otherwise")
    first = load_competence_reference(actor=actor)
    assert (first.policies, first.targets) == (5, 2)
    assert first.offers >= 8
    again = load_competence_reference(actor=actor)
    assert (again.policies, again.targets, again.offers) == (0, 0, 0)
    assert QualificationPolicy.objects.get(act="close", risk="high_risk").mode == "off"
    decided = policy_for(policies_of(Act.AEM_DECISION), act=Act.AEM_DECISION, risk=RiskClass.OTHER, on=TODAY)
    assert (decided.mode, "CBET" in decided.programmes, decided.roles) == (Mode.BLOCK, True, frozenset({"clinical_engineer"}))


def test_changing_a_policy_ends_the_line_before_and_keeps_it(ada, omar):
    for days, mode in ((-30, "warn"), (0, "block")):
        set_policy(
            actor=actor_of(ada), act="assign", risk="other", needs="competency", mode=mode, reason="Decided",
            effective_from=TODAY + dt.timedelta(days=days),
        )  # fmt: skip
    lines = QualificationPolicy.objects.filter(act="assign", risk="other").order_by("effective_from")
    assert [(one.mode, one.effective_to) for one in lines] == [("warn", TODAY), ("block", None)]
    with pytest.raises(NotAllowed):
        set_policy(actor=actor_of(omar), act="assign", risk="other", needs="competency", mode="off", reason="x")
    with pytest.raises(Invalid, match="later line"):
        set_policy(actor=actor_of(ada), act="assign", risk="other", needs="competency", mode="off", reason="x", effective_from=LAST_YEAR)
    with pytest.raises(Invalid):
        set_policy(actor=actor_of(ada), act="assign", risk="other", needs="magic", mode="off", reason="x")


def cover(kind, actor):
    found = coverage(scope=scope_of(actor), on=TODAY)
    return next(one for one in found if one.type_id == kind.pk)


def test_only_one_person_retiring_in_march_is_a_single_point_that_goes_soon(ada, pump):
    actor = actor_of(ada)
    CoverageTarget.objects.create(risk="other", wanted=2, horizon_days=180)
    assert cover(pump, actor).cover == Cover.NONE
    old = StaffFactory(full_name="Ines Vogel", leaves_on=TODAY + dt.timedelta(days=90), leave_reason="retirement")
    CompetencyFactory(staff=old, device_type=pump)
    found = cover(pump, actor)
    assert (found.cover, found.only_name, found.only_until, found.only_leaves) == (Cover.SINGLE_LEAVING, "Ines Vogel", old.leaves_on, True)
    assert figures_of(coverage(scope=scope_of(actor), on=TODAY)).leaving == 1
    CompetencyFactory(device_type=pump, valid_until=TODAY + dt.timedelta(days=30))
    assert cover(pump, actor).cover == Cover.SOON_NONE
    for _ in range(2):
        CompetencyFactory(device_type=pump)
    assert cover(pump, actor).cover == Cover.ENOUGH


def test_a_person_counts_once_by_type_or_model_and_lower_levels_do_not_count(ada, north, pump):
    person = StaffFactory()
    CompetencyFactory(staff=person, device_type=pump)
    CompetencyFactory(staff=person, device_type=None, device_model=pump.device_models.first())
    CompetencyFactory(device_type=pump, level="assisted")
    CompetencyFactory(device_type=pump, granted_on=TODAY + dt.timedelta(days=1))
    CompetencyFactory(device_type=pump, withdrawn_on=TODAY, withdrawn_reason="x")
    CompetencyFactory(device_type=pump, staff=StaffFactory(leaves_on=TODAY))
    assert cover(pump, actor_of(ada)).numbers.now == 1


def test_a_facility_counts_its_own_people_and_devices(ada, north, pump, chen):
    south_type = DeviceFactory(facility=staff_of(chen).facility).device_type
    CompetencyFactory(staff=staff_of(chen), device_type=pump)
    here = {one.type_id: one for one in coverage(scope=scope_of(actor_of(ada), facility_id=north.pk), on=TODAY)}
    assert here[pump.pk].numbers.now == 0
    assert south_type.pk not in here


def test_the_plan_is_accepted_as_a_whole_done_and_given_up(ada, maria, north, pump):
    actor = actor_of(ada)
    TrainingOffer.objects.create(
        title="Service course", category="", basis="vendor_school", cost_cents=250_000, minutes=960, valid_months=24
    )
    CoverageTarget.objects.create(risk="other", wanted=2, horizon_days=180)
    for one in (staff_of(maria), StaffFactory(facility=north)):
        StaffHours.objects.create(staff=one, weekly_min=1000, effective_from=LAST_YEAR)
    scope = scope_of(actor, facility_id=north.pk)
    found = proposals(actor=actor, scope=scope, on=TODAY)
    pairs = {(one.staff_id, one.type_id) for one in found.plan.proposals}
    assert (len(pairs), found.plan.cost_cents) == (2, 500_000)
    with pytest.raises(PlanMovedOn):
        accept_proposals(actor=actor, scope=scope, chosen=pairs | {(10**6, pump.pk)})
    assert PlannedTraining.objects.count() == 0
    assert accept_proposals(actor=actor, scope=scope, chosen=pairs, due_on=TODAY + dt.timedelta(days=60)) == 2
    assert not proposals(actor=actor, scope=scope, on=TODAY).plan.proposals
    first, second = PlannedTraining.objects.order_by("pk")
    made = finish_training(actor=actor, uid=first.uid, done_on=TODAY, certificate="C-1")
    assert (made.level, made.basis, (made.valid_until - TODAY).days > 700) == ("independent", "vendor_school", True)
    with pytest.raises(Conflict):
        finish_training(actor=actor, uid=first.uid, done_on=TODAY)
    give_up_training(actor=actor, uid=second.uid, reason="Moved away")
    assert len(proposals(actor=actor, scope=scope, on=TODAY).plan.proposals) == 1


def test_targets_and_offers_refuse_what_makes_no_sense(ada):
    actor = actor_of(ada)
    with pytest.raises(Invalid):
        set_coverage_target(actor=actor, risk="some", wanted=1, horizon_days=1)
    with pytest.raises(Invalid, match="1 to 50"):
        set_coverage_target(actor=actor, risk="other", wanted=99, horizon_days=1)
    with pytest.raises(Invalid, match="below zero"):
        set_offer(actor=actor, title="Course", cost_cents=-1)
    set_offer(actor=actor, title="Course")
    with pytest.raises((Invalid, Conflict), match="already an offer"):
        set_offer(actor=actor, title="Another")
