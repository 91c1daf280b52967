"""People for tests, and the actor behind each."""

import datetime as dt

import factory
from django.utils import timezone

from openhtm.identity import queries
from openhtm.identity.actor import Actor
from openhtm.identity.models import RoleAssignment, User
from openhtm.identity.rules.permissions import Role

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    full_name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def with_role(cls, role: Role, facility=None, **more) -> User:
        """A person who holds ``role`` at ``facility`` (None: everywhere)."""
        narrowing = {key: more.pop(key) for key in ("department", "provider") if key in more}
        user = cls(**more)
        until = timezone.now() + dt.timedelta(days=30) if role == Role.SURVEYOR else None
        RoleAssignment.objects.create(user=user, role=role, facility=facility, valid_until=until, **narrowing)
        return user


def actor_of(user: User) -> Actor:
    person = queries.person_with_roles(user_id=user.pk)
    assert person is not None
    return person.actor
