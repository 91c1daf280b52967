"""The miss policy is versioned: what was tried stays judged by the policy of its day, whoever changes it later."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.maintenance.models import Attempt, Escalation, MissPolicy, Visit
from openhtm.maintenance.queries import due_sql
from openhtm.maintenance.rules.policy_periods import days_given, in_force
from openhtm.maintenance.services import attempts, settle_sql
from openhtm.maintenance.services import policies as service
from openhtm.maintenance.services.reconcile import reconcile
from openhtm.maintenance.services.settling import IN_POLICY, settle
from openhtm.maintenance.tests.conftest import NOW
from openhtm.maintenance.tests.factories import ScheduleFactory
from openhtm.maintenance.tests.test_pages import logged_in
from openhtm.sites.tests.factories import FacilityFactory

pytestmark = pytest.mark.django_db
WHY = "The wards ask us to come sooner"


@pytest.fixture
def ada(db):
    return actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada", full_name="Ada"))


def after(days):
    return NOW + timedelta(days=days)


def tried_in_time_and_done_late(pump, maria):
    """A visit credited by policy alone: in use on 20 January, followed up after twelve days, past the window."""
    visit = Visit.objects.get()
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="in_use", now=NOW)
    attempts.record_attempt(actor=maria, visit_id=visit.pk, outcome="pass", now=after(12))
    visit.refresh_from_db()
    return visit


def test_a_change_judges_nothing_of_yesterday(pump, omar, maria, system):
    service.save_miss_policy(actor=omar, values={"in_use_retry_days": 12}, reason=WHY, facility_id=pump.facility_id, now=NOW)
    visit = tried_in_time_and_done_late(pump, maria)
    assert (visit.timing, visit.policy_compliant) == ("late", True)
    service.save_miss_policy(actor=omar, values={"in_use_retry_days": 1}, reason=WHY, facility_id=pump.facility_id, now=after(13))
    settle(device_ids=[pump.pk], now=after(13))
    reconcile(actor=system, now=after(14))
    visit.refresh_from_db()
    assert visit.policy_compliant is True
    assert list(MissPolicy.objects.filter(facility=pump.facility_id).order_by("pk").values_list("effective_from", "effective_to")) == [
        (date(2026, 1, 20), date(2026, 2, 2)),
        (date(2026, 2, 2), None),
    ]


def test_a_change_holds_for_what_was_tried_earlier_on_its_day(pump, omar, maria):
    visit = tried_in_time_and_done_late(pump, maria)
    assert visit.policy_compliant is False
    service.save_miss_policy(actor=omar, values={"in_use_retry_days": 12}, reason=WHY, facility_id=pump.facility_id, now=NOW)
    visit.refresh_from_db()
    assert visit.policy_compliant is True


def test_a_search_in_vain_makes_no_second_task_when_the_policy_changes(pump, omar, maria, system):
    attempts.record_attempt(actor=maria, visit_id=Visit.objects.get().pk, outcome="not_located", now=NOW)
    service.save_miss_policy(actor=omar, values={"search_after_days": 2}, reason=WHY, facility_id=pump.facility_id, now=after(1))
    reconcile(actor=system, now=after(1))
    assert list(Escalation.objects.filter(step="search").values_list("due_on", flat=True)) == [date(2026, 1, 27)]
    attempts.record_attempt(actor=maria, visit_id=Visit.objects.get().pk, outcome="not_located", now=after(2))
    assert Escalation.objects.filter(step="search").latest("due_on").due_on == date(2026, 1, 27)
    assert Escalation.objects.filter(step="search", due_on=date(2026, 1, 24)).exists()


@pytest.mark.parametrize("seed", range(4))
def test_sql_and_the_rule_choose_the_same_days(pump, maria, seed):
    """Every day of two months, every outcome with a follow-up, a facility with versions of its own and one without."""
    dice = random.Random(seed)
    elsewhere = DeviceFactory(facility=FacilityFactory(code="WEST"))
    visits = [Visit.objects.get(), Visit.objects.get()]
    visits[1].pk, visits[1].device, visits[1].schedule = None, elsewhere, ScheduleFactory(device=elsewhere)
    visits[1].save()
    Visit.objects.update(state="missed", timing="late")
    first = date(2026, 1, 1)
    MissPolicy.objects.all().delete()
    for facility_id in (None, pump.facility_id):
        changes = sorted(dice.sample([first + timedelta(days=n) for n in range(60)], 4))
        bounds = list(zip([None, *changes], [*changes, None], strict=True))
        MissPolicy.objects.bulk_create(
            MissPolicy(
                facility_id=facility_id, effective_from=begin, effective_to=end, reason=WHY,
                search_after_days=dice.randint(0, 30), in_use_retry_days=dice.randint(0, 30),
            )
            for begin, end in bounds[dice.randint(0, 1) : 4 + dice.randint(0, 1)]
        )  # fmt: skip
    made = [
        Attempt(visit=visit, device=visit.device, outcome=outcome, attempted_on=day, attempted_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        for visit in visits
        for outcome in IN_POLICY
        for day in (first + timedelta(days=n) for n in range(60))
    ]  # fmt: skip
    Attempt.objects.bulk_create(made)
    with connection.cursor() as cursor:
        cursor.execute(due_sql.TABLES)
        cursor.execute(
            "INSERT INTO due_fact SELECT id, schedule_id, device_id, due_on, state, 0, outcome, performed_on, false FROM maintenance_visit"
        )
        cursor.execute(settle_sql.POLICY_TRIES, [IN_POLICY])
        by_sql = sorted((row[0], row[7], row[8], -1 if row[10] is None else row[10]) for row in cursor.fetchall())
    versions = list(MissPolicy.objects.all())
    by_rule = [
        days_given(versions, outcome=one.outcome, on=one.attempted_on, facility_id=one.device.facility_id) for one in made
    ]  # fmt: skip
    told = [(one.visit_id, one.outcome, one.attempted_on, -1 if n is None else n) for one, n in zip(made, by_rule, strict=True)]
    assert by_sql == sorted(told)


# saving


def test_a_second_change_on_one_day_replaces_the_first_and_the_same_again_changes_nothing(pump, omar):
    def save(days):
        return service.save_miss_policy(
            actor=omar, values={"search_after_days": days}, reason=f"{days} days", facility_id=pump.facility_id, now=NOW
        )

    first, second = save(3), save(4)
    again = service.save_miss_policy(actor=omar, values={"search_after_days": 4}, reason="x", facility_id=pump.facility_id, now=after(9))
    assert first.pk == second.pk == again.pk
    assert (again.reason, again.set_by_name, again.set_at, again.effective_to) == ("4 days", "Omar Haddad", NOW, None)
    assert (again.in_use_retry_days, again.escalate_after_attempts) == (5, 2)  # as everywhere else


def test_everywhere_else_changes_with_the_clock_that_is_furthest_ahead(ada, policies, north):
    FacilityFactory(code="EAST", time_zone="Pacific/Auckland")
    saved = service.save_miss_policy(actor=ada, values={"search_after_days": 4}, reason=WHY, now=NOW)
    assert saved.effective_from == date(2026, 1, 21)
    assert in_force(MissPolicy.objects.all(), on=date(2026, 1, 20), facility_id=north.pk).search_after_days == 7


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ({"search_after_days": 4}, "  ", "reason"),
        ({"search_after_days": 4}, "x" * 401, "reason"),
        ({"search_after_days": 1001}, WHY, "search_after_days"),
        ({"missing_after_misses": 0}, WHY, "missing_after_misses"),
    ],
)
def test_what_cannot_be_saved_is_said_by_field(ada, policies, values, reason, field):
    with pytest.raises(Invalid) as refused:
        service.save_miss_policy(actor=ada, values=values, reason=reason, now=NOW)
    assert list(refused.value.errors) == [field]


def test_only_who_may_everywhere_changes_everywhere_else(omar, policies):
    with pytest.raises(NotAllowed):
        service.save_miss_policy(actor=omar, values={"search_after_days": 4}, reason=WHY, now=NOW)


@pytest.mark.parametrize(
    "row",
    [
        {"effective_from": date(2026, 1, 1), "reason": WHY},
        {"effective_to": date(2020, 1, 1)},
        {"facility": None, "effective_from": date(2026, 1, 2), "effective_to": date(2026, 1, 2), "reason": WHY},
    ],
)
def test_the_database_refuses_overlaps_and_empty_periods(policies, row):
    with pytest.raises(IntegrityError), transaction.atomic():
        MissPolicy.objects.create(**row)


def test_the_database_asks_for_a_reason(policies, north):
    with pytest.raises(IntegrityError), transaction.atomic():
        MissPolicy.objects.create(facility=north, effective_from=date(2026, 1, 1))


# page and API


def test_the_page_shows_earlier_policies_with_who_and_why(client, pump, ada, omar, chen):
    service.save_miss_policy(actor=ada, values={"search_after_days": 4}, reason="First & last", now=NOW)
    service.save_miss_policy(actor=omar, values={"search_after_days": 2}, reason="Only here", facility_id=pump.facility_id, now=NOW)
    service.save_miss_policy(actor=omar, values={"search_after_days": 1}, reason="And sooner", facility_id=pump.facility_id, now=after(5))
    page = logged_in(client, omar).get(reverse("maintenance:policies")).content.decode()
    now, _, earlier = page.partition("Earlier policies")
    assert "Ada: First &amp; last" in now and "Omar Haddad: And sooner" in now
    assert "Omar Haddad: Only here" in earlier and "the beginning" in earlier
    assert "Only here" not in logged_in(client, chen).get(reverse("maintenance:policies")).content.decode()


def test_earlier_policies_cost_the_same_for_one_and_for_thirty(client, pump, ada):
    page = reverse("maintenance:policies")
    service.save_miss_policy(actor=ada, values={"search_after_days": 3}, reason=WHY, now=after(-1))
    service.save_miss_policy(actor=ada, values={"search_after_days": 4}, reason=WHY, now=NOW)
    logged_in(client, ada).get(page)

    def statements():
        with CaptureQueriesContext(connection) as captured:
            client.get(page)
        return len(captured)

    alone = statements()
    for day in range(1, 30):
        service.save_miss_policy(actor=ada, values={"search_after_days": 4 + day}, reason=WHY, now=after(day))
    assert statements() == alone


def test_the_api_lists_versions_and_changes_them(client, pump, omar):
    _, secret = insert_token(user=User.objects.get(pk=omar.user_id), wish=TokenWish(name="test"), now=NOW)
    said = {"content_type": "application/json", "headers": {"authorization": f"Bearer {secret}"}}
    url, sent = "/api/v1/miss-policies", {"facility": "NORTH", "search_after_days": 2, "reason": WHY}
    answers = [client.put(url, sent, **said) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200] and answers[0].json() == answers[1].json()
    assert answers[0].json()["set_by"] == "Omar Haddad · test" and answers[0].json()["effective_from"] == "2026-01-20"
    items = client.get(url, **said).json()["items"]
    assert [(one["facility"], one["search_after_days"]) for one in items] == [("NORTH", 2), (None, 7)]
    assert [one["facility"] for one in client.get(f"{url}?on=2026-01-19", **said).json()["items"]] == [None]
    assert client.put(url, sent | {"reason": ""}, **said).status_code == 422
    assert client.put(url, sent | {"facility": None}, **said).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_policies_there_were_hold_from_the_beginning():
    north = FacilityFactory(code="NORTH")
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    state = MigrationExecutor(connection).migrate([("maintenance", "0006_visit_list_indexes")])
    old = state.apps.get_model("maintenance", "MissPolicy")
    old.objects.create(facility_id=None, search_after_days=6)
    old.objects.create(facility_id=north.pk, search_after_days=4)
    MigrationExecutor(connection).migrate(newest)
    versions = list(MissPolicy.objects.all())
    assert [in_force(versions, on=date(1990, 1, 1), facility_id=key).search_after_days for key in (None, north.pk)] == [6, 4]
    assert {(one.effective_from, one.effective_to, one.set_at, one.reason) for one in versions} == {(None, None, None, "")}
