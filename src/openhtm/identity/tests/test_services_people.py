"""Accounts, roles and tokens: nobody raises themselves, nobody is locked out for ever."""

import datetime as dt
import threading
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.identity import queries
from openhtm.identity.models import ApiToken, RoleAssignment, User
from openhtm.identity.rules.permissions import Permission, Role
from openhtm.identity.services import accounts, passwords, people, tokens
from openhtm.identity.services.people import RoleGift
from openhtm.identity.services.tokens import TokenWish
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.sites.models import Facility
from openhtm.sites.tests.factories import DepartmentFactory, FacilityFactory, ServiceProviderFactory

pytestmark = pytest.mark.django_db
NEW = {"username": "new.person", "full_name": "New Person"}


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH")


@pytest.fixture
def ada():
    return UserFactory.with_role(Role.ADMINISTRATOR, None, username="ada")


@pytest.fixture
def nadia(north):
    """Administrator of North only."""
    return UserFactory.with_role(Role.ADMINISTRATOR, north, username="nadia")


@pytest.fixture
def maria(north):
    return UserFactory.with_role(Role.TECHNICIAN, north, username="maria")


def gift(role=Role.TECHNICIAN, facility=None, **more):
    return RoleGift(role=role, facility_id=facility.pk if facility else None, **more)


def test_a_new_person_gets_a_one_time_password_and_must_change_it(nadia, north):
    user, password = people.add_person(actor=actor_of(nadia), gift=gift(facility=north), **NEW)
    assert user.check_password(password) and user.must_change_password
    assert user.password.startswith("argon2$argon2id$")
    assert user.role_assignments.get().granted_by == nadia


def test_an_administrator_of_one_facility_gives_roles_there_only(nadia, north, maria):
    south = FacilityFactory()
    people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.MANAGER, north))
    with pytest.raises(NotAllowed):
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.REQUESTER, None))
    with pytest.raises(Facility.DoesNotExist):
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.REQUESTER, south))
    with pytest.raises(NotAllowed):
        people.assign_role(actor=actor_of(nadia), user_id=nadia.pk, gift=gift(Role.ADMINISTRATOR, None))


def test_a_technician_gives_nothing(maria, north):
    with pytest.raises(NotAllowed):
        people.assign_role(actor=actor_of(maria), user_id=maria.pk, gift=gift(Role.MANAGER, north))
    with pytest.raises(NotAllowed):
        people.add_person(actor=actor_of(maria), gift=gift(facility=north), **NEW)


def test_who_reaches_further_cannot_be_entered_through_a_password_reset(nadia, ada, north):
    RoleAssignment.objects.create(user=ada, role=Role.TECHNICIAN, facility=north)  # so that Nadia sees her
    for deed in (
        lambda: passwords.reset_password(actor=actor_of(nadia), user_id=ada.pk),
        lambda: accounts.update_account(actor=actor_of(nadia), user_id=ada.pk, email="nadia@example.org"),
        lambda: accounts.set_account_active(actor=actor_of(nadia), user_id=ada.pk, active=False),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_people_of_other_facilities_are_not_there(nadia):
    chen = UserFactory.with_role(Role.TECHNICIAN, FacilityFactory())
    with pytest.raises(User.DoesNotExist):
        passwords.reset_password(actor=actor_of(nadia), user_id=chen.pk)
    with pytest.raises(RoleAssignment.DoesNotExist):
        people.revoke_role(actor=actor_of(nadia), assignment_id=chen.role_assignments.get().pk)


def test_the_last_administrator_of_everything_stays(ada):
    second = UserFactory.with_role(Role.ADMINISTRATOR, None)
    people.revoke_role(actor=actor_of(ada), assignment_id=second.role_assignments.get().pk)
    with pytest.raises(accounts.LastAdministrator):
        people.revoke_role(actor=actor_of(ada), assignment_id=ada.role_assignments.get().pk)
    keeper = actor_of(UserFactory.with_role(Role.ADMINISTRATOR, None, is_service_account=True))
    with pytest.raises(accounts.LastAdministrator):
        accounts.set_account_active(actor=keeper, user_id=ada.pk, active=False)


def test_nobody_closes_their_own_account(ada):
    UserFactory.with_role(Role.ADMINISTRATOR, None)
    with pytest.raises(Invalid, match="cannot close your own"):
        accounts.set_account_active(actor=actor_of(ada), user_id=ada.pk, active=False)


def take_role(actor, other):
    people.revoke_role(actor=actor, assignment_id=other.role_assignments.get().pk)


def close(actor, other):
    accounts.set_account_active(actor=actor, user_id=other.pk, active=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", [take_role, close])
def test_two_administrators_cannot_remove_each_other_at_the_same_moment(deed):
    """Each thread stops at the question whether the other is the last one, until both stand there."""
    pair = [UserFactory.with_role(Role.ADMINISTRATOR, None) for _ in range(2)]
    both_there, outcomes = threading.Barrier(2, timeout=20), []
    ask = accounts.refuse_last_administrator

    def ask_together(**about):
        both_there.wait()
        ask(**about)

    def remove(me, other):
        try:
            deed(actor_of(me), other)
            outcomes.append("removed")
        except accounts.LastAdministrator:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=order) for order in (pair, pair[::-1])]
    name = "refuse_last_administrator"
    with mock.patch.object(accounts, name, ask_together), mock.patch.object(people, name, ask_together):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(outcomes) == ["refused", "removed"]


@pytest.mark.parametrize(
    ("role", "more", "field"),
    [(Role.SURVEYOR, {}, "valid_until"), (Role.VENDOR_TECHNICIAN, {}, "provider"), (Role.TECHNICIAN, {"provider_id": 10**9}, "provider")],
)
def test_what_a_role_lacks_is_named(nadia, north, maria, role, more, field):
    with pytest.raises(Invalid) as refusal:
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(role, north, **more))
    assert field in refusal.value.errors


def test_a_requester_is_narrowed_to_a_department_of_that_facility(nadia, north, maria):
    here, elsewhere = DepartmentFactory(facility=north), DepartmentFactory()
    people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.REQUESTER, north, department_id=here.pk))
    with pytest.raises(Invalid, match="not at that facility"):
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.REQUESTER, north, department_id=elsewhere.pk))
    with pytest.raises(Invalid, match="already has that role"):
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.REQUESTER, north, department_id=here.pk))


def test_a_vendor_names_its_provider_and_a_surveyor_an_end_in_the_future(nadia, north, maria):
    provider, soon = ServiceProviderFactory(), timezone.now() + dt.timedelta(days=3)
    people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.VENDOR_TECHNICIAN, north, provider_id=provider.pk))
    people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.SURVEYOR, north, valid_until=soon))
    with pytest.raises(Invalid, match="in the future"):
        people.assign_role(actor=actor_of(nadia), user_id=maria.pk, gift=gift(Role.MANAGER, north, valid_until=timezone.now()))
    assert actor_of(maria).roles == {Role.TECHNICIAN, Role.VENDOR_TECHNICIAN, Role.SURVEYOR}
    later = queries.person_with_roles(user_id=maria.pk, now=soon + dt.timedelta(seconds=1))
    assert Role.SURVEYOR not in later.actor.roles


@pytest.mark.parametrize("username", ["", "a b", "<b>x</b>", "a\x00", "x" * 61])
def test_user_names_that_could_not_be_typed_are_refused(nadia, north, username):
    with pytest.raises(Invalid) as refusal:
        people.add_person(actor=actor_of(nadia), gift=gift(facility=north), username=username, full_name="X")
    assert "username" in refusal.value.errors


def test_user_names_are_taken_whatever_their_case(nadia, north, maria):
    with pytest.raises(Invalid, match="already has this user name"):
        people.add_person(actor=actor_of(nadia), gift=gift(facility=north), username="MARIA", full_name="X")


def test_a_token_is_stored_as_a_digest_and_works(maria):
    token, secret = tokens.create_own_token(actor=actor_of(maria), wish=TokenWish(name="export"), now=timezone.now())
    assert secret.startswith("oht_") and len(secret) == 47
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert token.expires_at - token.created_at == dt.timedelta(days=90)
    assert queries.holder_of_token(secret=secret).actor.user_id == maria.pk
    assert queries.holder_of_token(secret=secret, now=token.expires_at) is None


def test_a_token_holds_no_more_than_its_owner(maria, north):
    south = FacilityFactory()
    for wish in (TokenWish(name="x", role=Role.MANAGER), TokenWish(name="x", facility_id=south.pk), TokenWish(name="x", days=366)):
        with pytest.raises(Invalid):
            tokens.create_own_token(actor=actor_of(maria), wish=wish, now=timezone.now())


def test_a_token_makes_none_that_is_wider_or_lives_longer(ada, north):
    now = timezone.now()
    own, secret = tokens.create_own_token(
        actor=actor_of(ada), wish=TokenWish(name="n", role=Role.ADMINISTRATOR, facility_id=north.pk, days=10), now=now
    )
    holder = queries.holder_of_token(secret=secret).actor
    assert not holder.may_everywhere(Permission.MANAGE_PEOPLE)
    same = {"name": "x", "role": Role.ADMINISTRATOR, "facility_id": north.pk, "days": 10}
    for wider in ({"role": None}, {"facility_id": None}):
        with pytest.raises(Invalid):
            tokens.create_own_token(actor=holder, wish=TokenWish(**same | wider), now=now)
    made, _ = tokens.create_own_token(actor=holder, wish=TokenWish(**same | {"days": 365}), now=now)
    assert made.expires_at == own.expires_at


def test_others_make_tokens_for_service_accounts_only(nadia, north, maria):
    robot = UserFactory.with_role(Role.TECHNICIAN, north, is_service_account=True)
    actor, now = actor_of(nadia), timezone.now()
    token, _ = tokens.create_service_token(actor=actor, user_id=robot.pk, wish=TokenWish(name="x"), now=now)
    assert token.user == robot
    with pytest.raises(Invalid):
        tokens.create_service_token(actor=actor, user_id=maria.pk, wish=TokenWish(name="x"), now=now)


def test_a_revoked_token_stops_at_once(maria, nadia):
    token, secret = tokens.create_own_token(actor=actor_of(maria), wish=TokenWish(name="x"), now=timezone.now())
    tokens.revoke_token(actor=actor_of(nadia), token_id=token.pk, now=timezone.now())
    assert queries.holder_of_token(secret=secret) is None


def test_closing_an_account_ends_its_sessions_and_tokens(nadia, maria):
    _, secret = tokens.create_own_token(actor=actor_of(maria), wish=TokenWish(name="x"), now=timezone.now())
    accounts.set_account_active(actor=actor_of(nadia), user_id=maria.pk, active=False)
    assert queries.holder_of_token(secret=secret) is None
    assert queries.person_with_roles(user_id=maria.pk) is None
