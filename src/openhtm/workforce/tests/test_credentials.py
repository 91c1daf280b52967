"""Certifications, journals and histories: who may enter what, what is refused, and which hold on a day."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError

from openhtm.core.errors import Conflict, Invalid, NotAllowed
from openhtm.documents.tests.samples import PDF
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.tests.factories import FacilityFactory, ServiceProviderFactory
from openhtm.workforce import queries
from openhtm.workforce.models import Credential, EducationFact, EmploymentFact, StaffMember
from openhtm.workforce.queries.credentials import career_of, emeritus_of, journals
from openhtm.workforce.rules.eligibility import judge, overlaps_of
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.services import availability, credentials, history, journal, staff
from openhtm.workforce.tests.factories import StaffFactory, staff_of

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def omar(north):
    return actor_of(UserFactory.with_role(Role.MANAGER, north, full_name="Omar"))


@pytest.fixture
def maria(north):
    return actor_of(UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria"))


@pytest.fixture
def chen():
    return actor_of(UserFactory.with_role(Role.MANAGER, FacilityFactory(code="SOUTH"), full_name="Chen"))


def cbet(actor, person, **values):
    facts = {"programme": "cbet", "issued_on": dt.date(2022, 5, 10), "expires_on": dt.date(2026, 12, 31), "now": NOW} | values
    return credentials.add_credential(actor=actor, staff_id=person.pk, **facts)


def test_somebody_keeps_their_own_certification_and_a_colleague_verifies_it(maria, omar):
    person = staff_of(maria)
    made = cbet(maria, person, evidence=("cbet.pdf", PDF))
    assert (made.programme, made.verified_at, made.evidence_name) == ("CBET", None, "cbet.pdf")
    with pytest.raises(NotAllowed):
        credentials.verify_credential(actor=maria, staff_id=person.pk, credential_id=made.pk)
    assert credentials.verify_credential(actor=omar, staff_id=person.pk, credential_id=made.pk, now=NOW).verified_at == NOW
    changed = credentials.update_credential(actor=maria, staff_id=person.pk, credential_id=made.pk, number="B-17", now=NOW)
    assert (changed.number, changed.verified_at) == ("B-17", None)


def test_nobody_verifies_their_own(omar):
    person = staff_of(omar)
    made = cbet(omar, person)
    with pytest.raises(credentials.OwnSignature):
        credentials.verify_credential(actor=omar, staff_id=person.pk, credential_id=made.pk)


def test_strangers_and_colleagues_without_the_right_enter_nothing(maria, omar, chen):
    with pytest.raises(NotAllowed):
        cbet(maria, staff_of(omar))
    with pytest.raises(StaffMember.DoesNotExist):
        cbet(chen, staff_of(maria))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"expires_on": dt.date(2022, 5, 9)}, "expires_on"),
        ({"expires_on": dt.date(2126, 5, 9)}, "expires_on"),
        ({"issued_on": dt.date(2027, 5, 9), "expires_on": None}, "issued_on"),
        ({"cycle_started_on": dt.date(2021, 1, 1)}, "cycle_started_on"),
        ({"cycle_started_on": dt.date(9999, 1, 1), "expires_on": None}, "cycle_started_on"),
        ({"issued_on": dt.date(1, 1, 1)}, "issued_on"),
        ({"expires_on": None}, "expires_on"),
        ({"programme": "XYZ"}, "programme"),
        ({"tier": "candidate", "programme": "CHTM"}, "tier"),
        ({"number": "x" * 61}, "number"),
    ],
)
def test_what_contradicts_itself_is_refused_by_the_name_of_the_field(maria, values, field):
    with pytest.raises(Invalid) as refused:
        cbet(maria, staff_of(maria), **values)
    assert list(refused.value.errors) == [field]


def test_without_a_last_day_the_programme_gives_it_and_nothing_is_held_for_ever(maria):
    person = staff_of(maria)
    assert cbet(maria, person, issued_on=dt.date(2024, 5, 10), expires_on=None).expires_on == dt.date(2027, 12, 31)
    renewed = cbet(maria, person, programme="CRES", expires_on=None, cycle_started_on=dt.date(2026, 1, 1))
    assert renewed.expires_on == dt.date(2029, 12, 31)
    assert cbet(maria, person, programme="CHTM", tier="retired", expires_on=None).expires_on is None
    with pytest.raises(Invalid, match=r"it ended on 31 Dec 2025. Enter the last valid day"):
        cbet(maria, person, programme="CLES", expires_on=None)


def test_who_takes_their_own_suspension_back_waits_for_somebody_else_to_verify_it(maria, omar):
    person = staff_of(maria)
    made = cbet(maria, person)
    one = {"staff_id": person.pk, "credential_id": made.pk}
    for status in ("withdrawn", "suspended"):
        credentials.verify_credential(actor=omar, **one, now=NOW)
        stopped = credentials.set_credential_status(actor=omar, **one, status=status, reason="Complaint", since=TODAY)
        assert stopped.verified_at == NOW
        again = credentials.set_credential_status(actor=maria, **one, status="active")
        assert (again.status, again.verified_at, again.verified_by_id) == ("active", None, None)


def test_who_moves_the_day_of_their_own_suspension_waits_as_well(maria, omar):
    person = staff_of(maria)
    one = {"staff_id": person.pk, "credential_id": cbet(maria, person).pk}
    credentials.verify_credential(actor=omar, **one, now=NOW)
    credentials.set_credential_status(actor=omar, **one, status="suspended", reason="Complaint", since=TODAY)
    moved = credentials.set_credential_status(
        actor=maria, **one, status="suspended", reason="Complaint", since=TODAY + dt.timedelta(days=365)
    )
    assert moved.verified_at is None
    with pytest.raises(Invalid, match="since"):
        credentials.set_credential_status(actor=maria, **one, status="suspended", reason="Complaint", since=dt.date(9999, 1, 1))


def test_a_manager_who_takes_a_suspension_back_keeps_what_was_verified(maria, omar):
    person = staff_of(maria)
    one = {"staff_id": person.pk, "credential_id": cbet(maria, person).pk}
    credentials.verify_credential(actor=omar, **one, now=NOW)
    credentials.set_credential_status(actor=omar, **one, status="suspended", reason="Complaint", since=TODAY)
    assert credentials.set_credential_status(actor=omar, **one, status="active").verified_at == NOW


def test_the_same_certification_twice_is_refused_until_the_first_is_withdrawn(maria):
    person = staff_of(maria)
    first = cbet(maria, person)
    with pytest.raises(Invalid, match="has this certification already"):
        cbet(maria, person)
    withdraw = {"actor": maria, "staff_id": person.pk, "credential_id": first.pk, "status": "withdrawn"}
    with pytest.raises(Invalid, match="reason"):
        credentials.set_credential_status(**withdraw)
    credentials.set_credential_status(**withdraw, reason="Entered twice", since=TODAY)
    assert cbet(maria, person).pk != first.pk


def test_the_database_refuses_an_end_before_the_start(maria):
    made = cbet(maria, staff_of(maria))
    with pytest.raises(Exception, match="credential_expires_after_issue"):
        Credential.objects.filter(pk=made.pk).update(expires_on=dt.date(2020, 1, 1))


def test_which_certifications_hold_on_a_day(maria, omar, django_assert_num_queries):
    person, other = staff_of(maria), staff_of(omar)
    cbet(maria, person)
    suspended = cbet(maria, person, programme="CRES")
    cbet(omar, other, programme="CHTM", tier="retired")
    credentials.set_credential_status(
        actor=maria,
        staff_id=person.pk,
        credential_id=suspended.pk,
        status="suspended",
        reason="Military service",
        since=dt.date(2026, 6, 1),
    )

    def held(day: dt.date) -> list[str]:
        return [one.programme for one in queries.credentials_on([person.pk, other.pk], day)[person.pk]]

    with django_assert_num_queries(1):
        assert queries.credentials_on([person.pk, other.pk], TODAY)[other.pk] == []
    assert held(dt.date(2026, 5, 31)) == ["CBET", "CRES"]
    assert held(dt.date(2026, 12, 31)) == ["CBET"]
    assert held(dt.date(2027, 1, 1)) == held(dt.date(2022, 5, 9)) == []
    credentials.set_credential_status(actor=maria, staff_id=person.pk, credential_id=suspended.pk, status="active")
    assert held(TODAY) == ["CBET", "CRES"]


def test_the_database_refuses_a_reporting_period_that_no_page_can_count(maria):
    made = cbet(maria, staff_of(maria))
    with pytest.raises(IntegrityError, match="credential_cycle_in_time"):
        Credential.objects.filter(pk=made.pk).update(cycle_started_on=dt.date(9999, 1, 1), expires_on=None)


@pytest.mark.parametrize(
    ("service", "values", "field"),
    [
        (history.add_education, {"degree": "associate", "completed_on": dt.date(9999, 1, 1)}, "completed_on"),
        (history.add_education, {"degree": "associate", "completed_on": dt.date(1, 1, 1)}, "completed_on"),
        (history.add_employment, {"role": "bmet", "employer": "X", "started_on": dt.date(9999, 1, 1)}, "started_on"),
        (
            history.add_employment,
            {"role": "bmet", "employer": "X", "started_on": dt.date(2020, 1, 1), "ended_on": dt.date(9999, 1, 1)},
            "ended_on",
        ),
        (staff.update_staff, {"started_on": dt.date(9999, 1, 1)}, "started_on"),
        (staff.update_staff, {"leaves_on": dt.date(9999, 1, 1)}, "leaves_on"),
        (availability.add_absence, {"kind": "leave", "from_on": dt.date(9999, 1, 1), "until_on": dt.date(9999, 1, 2)}, "from_on"),
    ],
)
def test_a_mistyped_year_is_refused_by_the_name_of_its_field(omar, maria, service, values, field):
    with pytest.raises(Invalid) as refused:
        service(actor=omar, staff_id=staff_of(maria).pk, **values)
    assert field in refused.value.errors
    assert refused.value.errors[field][0].startswith("Give a day between 1 Jan 1930 and ")


def entry(actor, person, credential, **values):
    facts = {
        "category": "courses",
        "units": Decimal("4"),
        "done_on": dt.date(2025, 3, 1),
        "title": "Ventilator school",
        "now": NOW,
    } | values
    return journal.add_ceu(actor=actor, staff_id=person.pk, credential_id=credential.pk, **facts)


def test_units_above_a_cap_are_kept_flagged_and_count_only_to_the_cap(maria):
    person = staff_of(maria)
    made = cbet(maria, person, cycle_started_on=dt.date(2024, 1, 1))
    for _ in range(2):
        entry(maria, person, made, category="leadership", units=Decimal("9.5"))
    found = journals([made], on=TODAY)[0]
    assert found.progress is not None
    leadership = next(one for one in found.progress.totals if one.category.code == "leadership")
    assert (leadership.entered, leadership.counted, leadership.over) == (1900, 1500, 400)
    assert found.progress.cycle.ends_on == dt.date(2027, 1, 1)


def test_an_entry_is_approved_by_somebody_else_and_taken_back_with_a_reason(maria, omar):
    person = staff_of(maria)
    made = entry(maria, person, cbet(maria, person))
    with pytest.raises(NotAllowed):
        journal.approve_ceu(actor=maria, staff_id=person.pk, entry_id=made.pk)
    assert journal.approve_ceu(actor=omar, staff_id=person.pk, entry_id=made.pk, now=NOW).approved_at == NOW
    with pytest.raises(Invalid, match="reason"):
        journal.withdraw_ceu(actor=maria, staff_id=person.pk, entry_id=made.pk, reason=" ")
    journal.withdraw_ceu(actor=maria, staff_id=person.pk, entry_id=made.pk, reason="Wrong year", now=NOW)
    with pytest.raises(Conflict):
        journal.withdraw_ceu(actor=maria, staff_id=person.pk, entry_id=made.pk, reason="Again", now=NOW)
    progress = journals([made.credential], on=TODAY)[0].progress
    assert progress is not None
    assert progress.counted == 0


def test_who_entered_it_does_not_approve_it(maria, omar):
    made = entry(omar, staff_of(maria), cbet(maria, staff_of(maria)))
    with pytest.raises(credentials.OwnSignature):
        journal.approve_ceu(actor=omar, staff_id=staff_of(maria).pk, entry_id=made.pk)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"category": "luck"}, "category"),
        ({"units": Decimal("0")}, "units"),
        ({"units": Decimal("201")}, "units"),
        ({"units": Decimal("1.005")}, "units"),
        ({"units": Decimal("NaN")}, "units"),
        ({"done_on": dt.date(2027, 1, 1)}, "done_on"),
        ({"done_on": dt.date(2022, 5, 9)}, "done_on"),
        ({"title": " "}, "title"),
    ],
)
def test_an_entry_that_cannot_count_is_refused(maria, values, field):
    person = staff_of(maria)
    made = cbet(maria, person)
    with pytest.raises(Invalid) as refused:
        entry(maria, person, made, **values)
    assert list(refused.value.errors) == [field]


def test_a_certification_without_units_has_no_journal(maria):
    person = staff_of(maria)
    with pytest.raises(Invalid, match="no journal"):
        entry(maria, person, cbet(maria, person, programme="CABT"))


def test_a_career_is_what_was_recorded_and_judged_with_its_evidence(maria, django_assert_num_queries):
    person = staff_of(maria)
    history.add_education(actor=maria, staff_id=person.pk, degree="associate", field="biomedical", completed_on=dt.date(2018, 5, 1))
    history.add_employment(actor=maria, staff_id=person.pk, role="bmet", employer="North Campus", started_on=dt.date(2024, 7, 22))
    cbet(maria, person)
    with django_assert_num_queries(3):
        career = career_of(person.pk, as_of=TODAY)
    found = judge(reference().programmes["CBET"], career)
    assert (found.eligible, found.path) == (True, "a")
    assert found.used is not None
    assert "BMET at North Campus from 22 Jul 2024 on" in found.used.evidence
    assert [one.code for one in career.certifications] == ["CBET"]


def test_the_military_programme_counts_once_it_is_completed(maria):
    person = staff_of(maria)
    history.add_education(actor=maria, staff_id=person.pk, kind="military", completed_on=dt.date(2026, 11, 23))
    assert not career_of(person.pk, as_of=TODAY).military_bmet
    assert career_of(person.pk, as_of=dt.date(2026, 11, 23)).military_bmet


def test_overlapping_full_time_jobs_are_kept_and_flagged(maria):
    person = staff_of(maria)
    for started_on in (dt.date(2020, 1, 1), dt.date(2022, 1, 1)):
        history.add_employment(actor=maria, staff_id=person.pk, role="bmet", employer="North", started_on=started_on)
    assert "Counted once" in overlaps_of(career_of(person.pk, as_of=TODAY))[0]


def test_a_job_ends_after_it_began_and_a_wrong_one_is_taken_back(maria, omar):
    person = staff_of(maria)
    with pytest.raises(Invalid, match="must come after"):
        history.add_employment(
            actor=maria,
            staff_id=person.pk,
            role="bmet",
            employer="X",
            started_on=TODAY - dt.timedelta(days=9),
            ended_on=dt.date(2020, 1, 1),
        )
    job = history.add_employment(actor=omar, staff_id=person.pk, role="bmet", employer="X", started_on=dt.date(2020, 1, 1))
    with pytest.raises(Invalid, match="must come after"):
        history.end_employment(actor=maria, staff_id=person.pk, fact_id=job.pk, ended_on=dt.date(2020, 1, 1))
    history.end_employment(actor=maria, staff_id=person.pk, fact_id=job.pk, ended_on=dt.date(2021, 1, 1))
    history.remove_fact(actor=maria, staff_id=person.pk, kind="employment", fact_id=job.pk, reason="Never worked there")
    assert not EmploymentFact.objects.exists()


def test_a_degree_needs_its_name(maria):
    with pytest.raises(Invalid, match="Choose the degree"):
        history.add_education(actor=maria, staff_id=staff_of(maria).pk)
    assert not EducationFact.objects.exists()


def test_a_manager_adds_somebody_without_an_account_and_says_when_they_leave(omar, north):
    made = staff.add_staff(actor=omar, full_name=" Sam  Lee ", kind="student", facility_id=north.pk, career_role="bmet")
    assert (made.full_name, made.user_id) == ("Sam Lee", None)
    changed = staff.update_staff(actor=omar, staff_id=made.pk, leaves_on=dt.date(2027, 6, 1), leave_reason="Internship ends")
    assert changed.leaves_on == dt.date(2027, 6, 1)


def test_what_contradicts_itself_about_a_person_is_refused(omar, north, chen):
    with pytest.raises(Invalid, match="need the provider"):
        staff.add_staff(actor=omar, full_name="Viktor", kind="vendor", facility_id=north.pk)
    with pytest.raises(Invalid, match="only they have one"):
        staff.add_staff(actor=omar, full_name="Sam", facility_id=north.pk, provider_id=ServiceProviderFactory().pk)
    with pytest.raises(Invalid, match="no such account"):
        staff.add_staff(actor=omar, full_name="Chen", facility_id=north.pk, user_id=chen.user_id)
    with pytest.raises(Invalid, match="full_name"):
        staff.add_staff(actor=omar, full_name=" ", facility_id=north.pk)


def test_who_manages_one_facility_adds_nobody_for_all_of_them(omar, maria):
    with pytest.raises(NotAllowed):
        staff.add_staff(actor=omar, full_name="Everywhere")
    with pytest.raises(NotAllowed):
        staff.update_staff(actor=maria, staff_id=staff_of(maria).pk, job_title="Director")


def test_an_account_belongs_to_one_person(omar, north, maria):
    staff_of(maria)
    with pytest.raises(Conflict):
        staff.update_staff(actor=omar, staff_id=StaffFactory(facility=north).pk, user_id=maria.user_id)


def test_nobody_takes_the_account_off_their_own_record_to_verify_it(omar):
    person = staff_of(omar)
    cbet(omar, person)
    with pytest.raises(Invalid, match="ask a colleague who manages staff"):
        staff.update_staff(actor=omar, staff_id=person.pk, user_id=None)


def test_what_the_owner_of_an_account_confirmed_counts_no_more_once_the_record_is_theirs(omar, maria, north):
    record = StaffFactory(facility=north)
    rosa = actor_of(UserFactory.with_role(Role.MANAGER, north, full_name="Rosa"))
    StaffMember.objects.filter(user_id__in=[omar.user_id, rosa.user_id]).delete()
    mine, hers = (cbet(rosa, record, programme=code) for code in ("CBET", "CRES"))
    credentials.verify_credential(actor=omar, staff_id=record.pk, credential_id=mine.pk, now=NOW)
    credentials.verify_credential(actor=rosa, staff_id=record.pk, credential_id=hers.pk, now=NOW)
    units = journal.approve_ceu(actor=omar, staff_id=record.pk, entry_id=entry(rosa, record, mine).pk, now=NOW)
    staff.update_staff(actor=omar, staff_id=record.pk, user_id=omar.user_id)
    assert {one.programme: one.verified_at for one in Credential.objects.all()} == {"CBET": None, "CRES": NOW}
    units.refresh_from_db()
    assert units.approved_at is None


def test_years_certified_and_years_of_work_lead_to_emeritus(maria):
    person = staff_of(maria)
    career = career_of(person.pk, as_of=TODAY)
    assert emeritus_of(person, "CBET", career) is None
    cbet(maria, person, issued_on=dt.date(2014, 1, 1))
    history.add_employment(actor=maria, staff_id=person.pk, role="bmet", employer="North", started_on=dt.date(2010, 1, 1))
    found = emeritus_of(person, "CBET", career_of(person.pk, as_of=TODAY))
    assert found is not None
    assert (found.eligible, found.years_certified, found.years_experience) == (False, 12, 16)
    assert "short of 30" in found.reason
    history.add_employment(
        actor=maria, staff_id=person.pk, role="imaging", employer="South", started_on=dt.date(2006, 1, 1), ended_on=dt.date(2010, 1, 1)
    )
    found = emeritus_of(person, "CBET", career_of(person.pk, as_of=TODAY))
    assert found is not None
    assert found.eligible
