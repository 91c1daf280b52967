"""Staff for tests."""

from __future__ import annotations

from typing import Any

import factory

from openhtm.identity.models import User
from openhtm.workforce.models import StaffMember
from openhtm.workforce.services.people import staff_of_accounts


class StaffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StaffMember

    full_name = factory.Sequence(lambda n: f"Colleague {n}")


def staff_of(user: User | Any) -> StaffMember:
    """The staff record behind an account, or behind an actor."""
    user_id = user.user_id if hasattr(user, "user_id") else user.pk
    return staff_of_accounts([user_id])[user_id]
