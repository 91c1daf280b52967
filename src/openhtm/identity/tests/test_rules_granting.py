"""Nobody hands out, or lays hands on, more than they hold."""

from hypothesis import given
from hypothesis import strategies as st

from openhtm.identity.actor import Actor, Grant
from openhtm.identity.rules.granting import covers, may_give, needs, rights_at
from openhtm.identity.rules.permissions import GRANTS, Permission, Role
from openhtm.sites.scope import Right

facilities = st.one_of(st.none(), st.integers(1, 3))
grants = st.builds(Grant, st.sampled_from(list(Role)), facilities)
held = st.lists(grants, max_size=4)


@given(held=held, role=st.sampled_from(list(Role)), facility_id=facilities)
def test_what_is_given_adds_nothing_that_the_giver_does_not_hold(held, role, facility_id):
    if may_give(held, role=role, facility_id=facility_id):
        before = Actor(1, "giver", tuple(held))
        for permission in GRANTS[role]:
            assert before.may_everywhere(permission) if facility_id is None else before.may(permission, at=facility_id)
        assert rights_at(held, facility_id) == rights_at([*held, Grant(role, facility_id)], facility_id)


@given(held=held, role=st.sampled_from(list(Role)), facility_id=facilities)
def test_only_who_manages_people_there_gives_roles(held, role, facility_id):
    if not any(grant.role == Role.ADMINISTRATOR and grant.facility_id in (None, facility_id) for grant in held):
        assert not may_give(held, role=role, facility_id=facility_id)


@given(held=held, others=held)
def test_entering_an_account_one_covers_opens_no_new_door(held, others):
    if covers(held, others):
        for facility_id in (1, 2, 3):
            assert rights_at(others, facility_id) <= rights_at(held, facility_id)


def test_an_administrator_of_one_facility_stays_there():
    north = [Grant(Role.ADMINISTRATOR, 1)]
    assert may_give(north, role=Role.MANAGER, facility_id=1)
    assert not may_give(north, role=Role.REQUESTER, facility_id=2)
    assert not may_give(north, role=Role.REQUESTER, facility_id=None)
    assert not covers(north, [Grant(Role.TECHNICIAN, 1), Grant(Role.TECHNICIAN, 2)])


def test_what_each_role_needs():
    nothing = {"facility_id": 1, "department_id": None, "provider_id": None, "ends": False}
    assert needs(Role.TECHNICIAN, **nothing) == {}
    assert needs(Role.VENDOR_TECHNICIAN, **nothing) == {"provider": "provider-needed"}
    assert needs(Role.SURVEYOR, **nothing) == {"valid_until": "end-needed"}
    assert needs(Role.TECHNICIAN, **nothing | {"provider_id": 1}) == {"provider": "provider-not-here"}
    assert needs(Role.MANAGER, **nothing | {"department_id": 1}) == {"department": "department-not-here"}
    assert needs(Role.REQUESTER, **nothing | {"department_id": 1}) == {}


def test_the_rights_that_the_room_sites_names_are_permissions():
    assert {right.name: right.value for right in Right}.items() <= {p.name: p.value for p in Permission}.items()
