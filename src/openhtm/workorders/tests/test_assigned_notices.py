"""Whoever gets work is told once, and nobody of what they did themselves."""

from datetime import UTC, datetime

import pytest

from openhtm.notices.models import Notice
from openhtm.workforce.models import Team, TeamMember
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.services.assigning import assign_orders
from openhtm.workorders.tests.factories import WorkOrderFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 20, 17, tzinfo=UTC)


def test_one_order_names_itself_and_many_are_one_message(north, omar, maria):
    orders = [WorkOrderFactory(facility=north) for _ in range(3)]
    assign_orders(actor=omar, numbers=[orders[0].number], user_id=maria.user_id, now=NOW)
    assign_orders(actor=omar, numbers=[one.number for one in orders[1:]], user_id=maria.user_id, now=NOW)
    one, many = Notice.objects.filter(user_id=maria.user_id).order_by("pk")
    assert one.url == f"/work/{orders[0].number}"
    assert (many.subject, many.url) == ("2 orders are yours", "/work")


def test_taking_work_oneself_tells_nobody(north, maria):
    assign_orders(actor=maria, numbers=[WorkOrderFactory(facility=north).number], user_id=maria.user_id, now=NOW)
    assert not Notice.objects.exists()


def test_a_team_is_told_member_by_member_but_for_whoever_assigns(north, omar, maria):
    team = Team.objects.create(facility=north, name="Day shift")
    for actor in (omar, maria):
        TeamMember.objects.create(team=team, staff=staff_of(actor))
    assign_orders(actor=omar, numbers=[WorkOrderFactory(facility=north).number], team_id=team.pk, now=NOW)
    assert list(Notice.objects.values_list("user_id", flat=True)) == [maria.user_id]
