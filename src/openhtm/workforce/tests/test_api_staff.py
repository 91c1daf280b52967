"""The API of people: the same services, the same refusals."""

import datetime as dt
import json

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import UserFactory
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workforce.tests.factories import staff_of

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _a_fixed_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


@pytest.fixture
def maria(north):
    return UserFactory.with_role(Role.TECHNICIAN, north, full_name="Maria")


@pytest.fixture
def omar(north):
    return UserFactory.with_role(Role.MANAGER, north, full_name="Omar")


def call(user, method, path, body=None):
    _, secret = insert_token(user=user, wish=TokenWish(name="test"), now=timezone.now())
    header = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    sent = "" if body is None else json.dumps(body)
    return Client().generic(method, f"/api/v1/{path}", sent, content_type="application/json", **header)


def test_a_career_entered_by_api_is_judged_with_its_evidence(maria):
    person = staff_of(maria).pk
    base = f"staff/{person}"
    job = {"role": "bmet", "employer": "North Campus", "started_on": "2024-07-22"}
    assert call(maria, "POST", f"{base}/employment", job).status_code == 201
    degree = {"degree": "associate", "field": "electronics", "completed_on": "2018-05-01"}
    assert call(maria, "POST", f"{base}/education", degree).status_code == 201
    found = call(maria, "GET", f"{base}/eligibility/cbet").json()
    assert (found["programme"], found["eligible"], found["path"]) == ("CBET", False, None)
    assert found["missing"] == ["8 months of full-time BMET experience"]
    assert "Associate degree in electronics, completed 1 May 2018" in found["paths"][1]["evidence"]
    steps = {one["code"]: one for one in call(maria, "GET", f"{base}/career-map").json()}
    assert steps["manager"]["missing"] == ["36 months of supervisory or management experience"]


def test_a_journal_by_api_tells_the_forecast(maria):
    base = f"staff/{staff_of(maria).pk}/credentials"
    held = {"programme": "CBET", "issued_on": "2020-01-01", "expires_on": "2026-12-31", "cycle_started_on": "2024-01-01"}
    made = call(maria, "POST", base, held).json()
    entry = {"category": "leadership", "units": "18", "done_on": "2025-03-01", "title": "Chair of the committee"}
    assert call(maria, "POST", f"{base}/{made['id']}/journal", entry).status_code == 201
    found = call(maria, "GET", base).json()[0]
    assert (float(found["counted_units"]), float(found["needed_units"])) == (15.0, 30.0)
    assert found["forecast"].startswith("At this pace you miss")
    assert [one["title"] for one in call(maria, "GET", f"{base}/{made['id']}/journal").json()] == ["Chair of the committee"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("credentials", {"programme": "CBET", "issued_on": "2026-01-01", "expires_on": "2025-01-01"}, "expires_on"),
        ("credentials", {"programme": "CBET", "issued_on": "2026-01-01", "cycle_started_on": "9999-01-01"}, "cycle_started_on"),
        ("credentials", {"programme": "CBET", "issued_on": "2020-01-01", "cycle_started_on": "2190-01-01"}, "cycle_started_on"),
        ("education", {"degree": "associate", "completed_on": "9999-01-01"}, "completed_on"),
        ("credentials", {"programme": "NOPE", "issued_on": "2026-01-01"}, "programme"),
        ("employment", {"role": "bmet", "employer": "X", "started_on": "2026-01-01", "ended_on": "2025-01-01"}, "ended_on"),
        ("education", {"degree": "phd"}, "degree"),
    ],
)
def test_what_contradicts_itself_is_refused_by_field(maria, path, body, field):
    answer = call(maria, "POST", f"staff/{staff_of(maria).pk}/{path}", body)
    assert answer.status_code == 422
    assert field in answer.content.decode()


def test_explicit_nulls_are_refused_not_failed_on(omar, north):
    made = call(omar, "POST", "staff", {"full_name": "Sam Lee", "facility": "NORTH"}).json()
    nothing = dict.fromkeys(("full_name", "kind", "career_role", "job_title", "email", "phone", "leave_reason"))
    assert call(omar, "PATCH", f"staff/{made['id']}", nothing).status_code == 422
    assert call(omar, "PATCH", f"staff/{made['id']}", {"job_title": None, "leaves_on": "2027-01-01"}).json()["leaves_on"] == "2027-01-01"
    assert call(omar, "PATCH", f"staff/{made['id']}", {"facility": None}).status_code == 403


def test_colleagues_read_the_badge_and_not_the_record(maria, north):
    person = staff_of(maria).pk
    held = {"programme": "CBET", "issued_on": "2020-01-01", "expires_on": "2026-12-31"}
    call(maria, "POST", f"staff/{person}/credentials", held)
    ana = UserFactory.with_role(Role.TECHNICIAN, north)
    shown = call(ana, "GET", f"staff/{person}").json()
    assert shown["credentials"] == [{"programme": "CBET", "tier": "full", "expires_on": "2026-12-31"}]
    for path in ("credentials", "history", "eligibility/CBET", "career-map"):
        assert call(ana, "GET", f"staff/{person}/{path}").status_code == 403
    assert call(ana, "GET", "programmes").json()[1]["code"] == "CBET"
