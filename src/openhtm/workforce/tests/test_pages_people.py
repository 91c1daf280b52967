"""Pages of people: what colleagues see, what is personal, flat lists, files, reminders, the packet."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.documents.tests.samples import PDF
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.notices.models import Notice
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.models import Credential, StaffMember
from openhtm.workforce.services import credentials, history, journal, reminders
from openhtm.workforce.services.packet import application_packet, packet_data
from openhtm.workforce.tests.factories import StaffFactory, staff_of

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
DAY = NOW.date()


@pytest.fixture(autouse=True)
def _a_fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def omar(north):
    return UserFactory.with_role(Role.MANAGER, north, full_name="Omar")


@pytest.fixture
def maria(north):
    user = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria")
    person, actor = staff_of(user), actor_of(user)
    held = credentials.add_credential(
        actor=actor, staff_id=person.pk, programme="CBET", issued_on=dt.date(2020, 1, 1), expires_on=dt.date(2026, 12, 31),
        cycle_started_on=dt.date(2024, 1, 1), evidence=("cbet.pdf", PDF),
    )  # fmt: skip
    journal.add_ceu(
        actor=actor, staff_id=person.pk, credential_id=held.pk, category="leadership", units=Decimal("18"), done_on=dt.date(2025, 3, 1),
        title="Chair of the committee", evidence=("chair.pdf", PDF + b"1"),
    )  # fmt: skip
    history.add_education(actor=actor, staff_id=person.pk, degree="associate", field="biomedical", completed_on=dt.date(2018, 5, 1))
    history.add_employment(actor=actor, staff_id=person.pk, role="bmet", employer="Secret Hospital", started_on=dt.date(2024, 7, 22))
    return user


def page(user, route, *args, query="", follow=False):
    client = Client()
    client.force_login(user)
    return client.get(reverse(route, args=args) + query, follow=follow)


def text(answer) -> str:
    return answer.content.decode()


def test_colleagues_see_the_certification_and_nothing_personal(maria, north):
    ana = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Ana")
    answer = text(page(ana, "workforce:person", staff_of(maria).pk))
    assert "CBET" in answer
    for tab in ("overview", "certifications", "history", "next"):
        shown = text(page(ana, "workforce:person", staff_of(maria).pk, query=f"?tab={tab}"))
        assert "Secret Hospital" not in shown
        assert "Chair of the committee" not in shown
        assert "Associate" not in shown


@pytest.mark.parametrize(
    ("route", "more"), [("workforce:eligibility", ["CBET"]), ("workforce:credential-packet", None), ("workforce:staff-evidence", None)]
)
def test_a_colleague_is_refused_what_the_person_and_the_manager_open(maria, omar, north, route, more):
    ana = UserFactory.with_role(Role.TECHNICIAN, north)
    held = Credential.objects.get()
    args = more or (["certificate", held.pk] if route.endswith("evidence") else [held.pk])
    answers = [page(user, route, staff_of(maria).pk, *args).status_code for user in (ana, maria, omar)]
    assert answers == [403, 200, 200]


def test_outside_their_facility_nobody_exists(maria):
    chen = UserFactory.with_role(Role.MANAGER, FacilityFactory(code="SOUTH"))
    assert page(chen, "workforce:person", staff_of(maria).pk).status_code == 404
    assert "Maria" not in text(page(chen, "workforce:staff-list"))
    assert "Maria" not in text(page(chen, "workforce:credential-list"))
    assert "Maria" not in text(page(chen, "workforce:staff-export"))


def test_one_sees_ones_own_journal_gaps_and_what_comes_next(maria):
    overview = text(page(maria, "workforce:me"))
    assert "CBET: ends in 39 days" in overview
    assert "At this pace you miss" in overview
    assert "36 months of supervisory or management experience" in overview
    held = text(page(maria, "workforce:me", query="?tab=certifications"))
    assert "15 of 30 CEU" in held
    assert "above the cap" in held
    assert "Secret Hospital" in text(page(maria, "workforce:me", query="?tab=history"))


def test_who_has_no_record_is_told_and_a_technician_may_start_one(north):
    nurse, ana = UserFactory.with_role(Role.REQUESTER, north), UserFactory.with_role(Role.TECHNICIAN, north)
    assert "You have no staff record" in text(page(nurse, "workforce:me"))
    client = Client()
    client.force_login(nurse)
    assert client.post(reverse("workforce:me")).status_code == 403
    client.force_login(ana)
    assert client.post(reverse("workforce:me")).status_code == 302
    assert StaffMember.objects.filter(user=ana).exists()


def test_the_eligibility_page_names_path_evidence_and_what_is_missing(maria):
    answer = text(page(maria, "workforce:eligibility", staff_of(maria).pk, "chtm"))
    assert "Missing: 36 months of supervisory or management experience." in answer
    assert "Associate degree in biomedical technology, completed 1 May 2018" in answer
    answer = text(page(maria, "workforce:eligibility", staff_of(maria).pk, "CBET"))
    assert "Eligible by path (a)." in answer
    assert "BMET at Secret Hospital from 22 Jul 2024 on" in answer
    assert page(maria, "workforce:eligibility", staff_of(maria).pk, "XYZ").status_code == 404


def statements(user, route) -> int:
    client = Client()
    client.force_login(user)
    client.get(reverse(route))
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(reverse(route)).status_code == 200
    return len(found)


@pytest.mark.parametrize("route", ["workforce:staff-list", "workforce:staff-export", "workforce:credential-list"])
def test_lists_cost_the_same_for_one_and_for_thirty(maria, omar, north, route):
    alone = statements(omar, route)
    people = StaffFactory.create_batch(30, facility=north)
    Credential.objects.bulk_create([Credential(staff=one, programme="CBET", issued_on=dt.date(2020, 1, 1)) for one in people])
    assert statements(omar, route) == alone


def test_the_list_is_narrowed_by_certification_state_and_name(maria, omar, north):
    StaffFactory(full_name="Lee", facility=north, leaves_on=dt.date(2027, 3, 1), career_role="imaging")
    StaffFactory(full_name="Gone", facility=north, leaves_on=dt.date(2026, 3, 1))

    def names(query: str) -> list[str]:
        shown = text(page(omar, "workforce:staff-list", query=query))
        return [name for name in ("Maria", "Lee", "Gone") if f">{name}<" in shown]

    assert names("") == ["Maria", "Lee"]
    assert names("?programme=CBET") == ["Maria"]
    assert names("?state=leaving") == ["Lee"]
    assert names("?state=left") == ["Gone"]
    assert names("?role=imaging") == ["Lee"]
    assert names("?q=mar") == ["Maria"]
    assert names("?team=99999999999999999999&kind=x&facility=%00") == ["Maria", "Lee"]


def test_the_export_holds_what_the_list_holds_and_nothing_personal(maria, omar):
    answer = page(omar, "workforce:staff-export", query="?format=csv")
    assert "Maria,In-house,,NORTH" in text(answer)
    assert "CBET full until 2026-12-31" in text(answer)
    assert "Secret Hospital" not in text(answer)
    workbook = page(omar, "workforce:staff-export", query="?format=xlsx")
    assert b"".join(workbook.streaming_content)[:2] == b"PK"
    assert page(omar, "workforce:staff-export", query="?format=pdf").status_code == 422


def test_the_export_gives_log_in_names_to_those_who_may_read_personal_records(maria, omar, north):
    ana = UserFactory.with_role(Role.TECHNICIAN, north, full_name="Ana", username="ana.login")
    staff_of(ana)
    rows = {user: text(page(user, "workforce:staff-export", query="?format=csv")) for user in (ana, omar)}
    assert maria.username not in rows[ana]
    assert "ana.login" in rows[ana]  # one's own
    assert {maria.username, "ana.login"} <= set(rows[omar].replace("\r\n", ",").split(","))


def test_a_certification_without_a_last_day_is_something_to_see_to(maria):
    Credential.objects.update(expires_on=None)
    assert "Last day not known" in text(page(maria, "workforce:me", query="?tab=certifications"))
    answer = text(page(maria, "workforce:me"))
    assert "last day not known" in answer
    assert "Enter the last day from the certificate" in answer


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_mistyped_year_is_refused_in_the_form(maria, year):
    client, person = Client(), staff_of(maria).pk
    client.force_login(maria)
    sent = {"programme": "CRES", "tier": "full", "issued_on": "2025-01-01", "cycle_started_on": f"{year}-01-01"}
    answer = client.post(reverse("workforce:credential-add", args=[person]), sent)
    assert answer.status_code == 422
    assert "Give a day between 1 Jan 1930 and" in text(answer)


def test_a_manager_adds_a_person_and_gets_refusals_at_the_field(omar, north):
    client = Client()
    client.force_login(omar)
    facts = {"full_name": "Sam Lee", "kind": "in_house", "career_role": "bmet", "facility": north.pk}
    wrong = client.post(reverse("workforce:staff-add"), facts | {"started_on": "2026-01-01", "leaves_on": "2025-01-01"})
    assert wrong.status_code == 422
    assert "The day of leaving must come after the start." in text(wrong)
    assert client.post(reverse("workforce:staff-add"), facts).status_code == 302
    sam = StaffMember.objects.get(full_name="Sam Lee")
    answer = client.post(reverse("workforce:staff-edit", args=[sam.pk]), facts | {"job_title": "Imaging engineer"})
    assert answer.status_code == 302
    assert StaffMember.objects.get(pk=sam.pk).job_title == "Imaging engineer"


def test_the_forms_of_a_record_keep_what_is_sent(maria, omar):
    client = Client()
    client.force_login(maria)
    person, held = staff_of(maria).pk, Credential.objects.get().pk
    sent = {
        ("workforce:credential-add", person): {
            "programme": "CRES", "tier": "full", "issued_on": "2025-01-01", "expires_on": "2029-12-31", "evidence": SimpleUploadedFile("c.pdf", PDF),
        },
        ("workforce:credential-edit", person, held): {"programme": "CBET", "tier": "full", "issued_on": "2020-01-01", "expires_on": "2029-12-31"},
        ("workforce:ceu-add", person, held): {"category": "courses", "units": "2.5", "done_on": "2026-01-01", "title": "School"},
        ("workforce:education-add", person): {"kind": "military", "completed_on": "2015-01-01"},
        ("workforce:employment-add", person): {"role": "bmet", "employer": "Elsewhere", "started_on": "2015-01-01", "ended_on": "2016-01-01"},
        ("workforce:credential-status", person, held): {"status": "suspended", "since": "2026-10-01", "reason": "Military service"},
    }  # fmt: skip
    for (route, *args), data in sent.items():
        assert client.get(reverse(route, args=args)).status_code == 200
        assert client.post(reverse(route, args=args), data).status_code == 302, route
        assert client.post(reverse(route, args=args), {}).status_code == 422, route
    answer = text(client.get(reverse("workforce:me") + "?tab=certifications"))
    assert "Suspended since 1 Oct 2026" in answer
    assert "Military service" in answer
    client.force_login(omar)
    assert client.post(reverse("workforce:credential-verify", args=[person, held])).status_code == 302
    answer = text(client.get(reverse("workforce:person", args=[person]) + "?tab=certifications"))
    assert "Certificate seen on" in answer


def test_the_packet_lists_every_proof_with_its_hash_and_is_the_same_twice(maria, omar):
    person, held = staff_of(maria), Credential.objects.get()
    data = packet_data(actor=actor_of(omar), staff=person, credential=held, now=NOW)
    files = next(section for section in data["sections"] if section["title"] == "Evidence files")
    assert {row[0] for row in files["rows"]} == {"cbet.pdf", "chair.pdf"}
    assert all(len(row[2]) == 64 for row in files["rows"])
    once, twice = (application_packet(actor=actor_of(omar), staff=person, credential=held, now=NOW) for _ in range(2))
    assert once == twice
    assert once.startswith(b"%PDF")


def test_nobody_is_surprised_by_the_end_of_a_certification(maria, omar, north):
    assert reminders.remind(today=DAY) == 2  # 39 days before: the occasion of 90 days, to Maria and to the managers
    assert reminders.remind(today=DAY) == 0
    mine = Notice.objects.addressed_to(actor_of(maria)).get()
    assert mine.subject == "Your CBET ends on 31 Dec 2026"
    assert "At this pace you miss" in mine.text
    assert Notice.objects.addressed_to(actor_of(omar)).get().subject == "CBET of Maria ends on 31 Dec 2026"
    assert reminders.remind(today=dt.date(2026, 12, 27)) == 2
    assert reminders.remind(today=dt.date(2027, 1, 5)) == 2
    assert Notice.objects.filter(subject="Your CBET lapsed on 31 Dec 2026", urgent=True).exists()


def test_who_has_left_is_not_reminded(maria):
    StaffMember.objects.filter(pk=staff_of(maria).pk).update(leaves_on=DAY)
    assert reminders.remind(today=DAY) == 0


def test_reminding_costs_the_same_for_one_and_for_thirty(maria, north):
    with CaptureQueriesContext(connection) as alone:
        reminders.remind(today=DAY)
    people = StaffFactory.create_batch(30, facility=north)
    Credential.objects.bulk_create(
        [Credential(staff=one, programme="CBET", issued_on=dt.date(2020, 1, 1), expires_on=dt.date(2026, 12, 1)) for one in people]
    )
    with CaptureQueriesContext(connection) as many:
        reminders.remind(today=DAY)
    assert len(many) == len(alone)


def test_the_home_page_counts_what_ends_and_opens_to_it(maria, omar):
    answer = text(page(omar, "home"))
    assert "Certifications of staff" in answer
    assert f"{reverse('workforce:credential-list')}?state=soon" in answer
    assert "Maria" in text(page(omar, "workforce:credential-list", query="?state=soon"))
    assert "Maria" not in text(page(omar, "workforce:credential-list", query="?state=lapsed"))


def test_programmes_are_shown_with_source_and_how_sure(omar):
    answer = text(page(omar, "workforce:programme-list"))
    assert "Takes nobody new" in answer
    assert "weakly known" in answer
