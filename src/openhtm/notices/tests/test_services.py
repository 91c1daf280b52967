import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from openhtm.core.errors import NotFound
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.notices import queries, services
from openhtm.notices.models import Notice
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


def told(**more):
    return services.tell(**({"key": "k1", "kind": "visit-late", "subject": "A visit is late"} | more))


def test_the_same_thing_is_told_once(north):
    assert told(role=Role.MANAGER, facility_id=north.pk) is True
    assert told(role=Role.MANAGER, facility_id=north.pk) is False
    assert Notice.objects.count() == 1


def test_a_role_at_a_facility_is_everybody_in_it_and_nobody_else(north):
    told(role=Role.MANAGER, facility_id=north.pk)
    omar = UserFactory.with_role(Role.MANAGER, north)
    maria = UserFactory.with_role(Role.TECHNICIAN, north)
    chen = UserFactory.with_role(Role.MANAGER, FacilityFactory())
    director = UserFactory.with_role(Role.MANAGER, None)
    assert [queries.mine(actor_of(user)).count() for user in (omar, maria, chen, director)] == [1, 0, 0, 1]


def test_a_department_is_told_through_its_requesters(north):
    icu, er = DepartmentFactory(facility=north), DepartmentFactory(facility=north)
    told(department_id=icu.pk)
    nurse = UserFactory.with_role(Role.REQUESTER, north, department=icu)
    other = UserFactory.with_role(Role.REQUESTER, north, department=er)
    assert [queries.mine(actor_of(user)).count() for user in (nurse, other)] == [1, 0]


def test_a_message_without_an_address_is_refused_by_the_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        told()


def test_reading_is_each_persons_own(north):
    told(role=Role.MANAGER, facility_id=north.pk)
    omar, olga = (actor_of(UserFactory.with_role(Role.MANAGER, north)) for _ in range(2))
    assert services.mark_read(actor=omar, uids=None) == 1
    assert services.mark_read(actor=omar, uids=None) == 0
    assert [queries.mine(actor, unread=True).count() for actor in (omar, olga)] == [0, 1]


def test_the_message_of_somebody_else_is_not_there(north):
    told(role=Role.MANAGER, facility_id=north.pk)
    maria = actor_of(UserFactory.with_role(Role.TECHNICIAN, north))
    with pytest.raises(NotFound):
        services.mark_read(actor=maria, uids=[str(Notice.objects.get().uid)])


def test_what_is_withdrawn_is_kept_and_not_shown(north):
    told(role=Role.MANAGER, facility_id=north.pk)
    assert services.withdraw(keys=["k1"], now=timezone.now()) == 1
    omar = actor_of(UserFactory.with_role(Role.MANAGER, north))
    assert queries.mine(omar).count() == 0
    assert Notice.objects.count() == 1


def test_the_page_costs_the_same_for_one_message_and_for_thirty(north, django_assert_max_num_queries):
    omar = UserFactory.with_role(Role.MANAGER, north)
    browser = Client()
    browser.force_login(omar)
    services.tell_many([services.Message(key=f"m{n}", kind="k", subject=f"Message {n}", user_id=omar.pk) for n in range(30)])
    with django_assert_max_num_queries(6):
        page = browser.get(reverse("notices:notice-list"))
    assert page.content.count(b"Mark as read: Message") == 30
    browser.post(reverse("notices:notice-read"))
    assert b"Nothing unread" in browser.get(reverse("notices:notice-list")).content
