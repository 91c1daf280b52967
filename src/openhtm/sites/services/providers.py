"""Service providers, shared by all facilities: anybody who edits places may add one; changing one needs the right everywhere."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.db import transaction

from openhtm.sites.models import ServiceProvider
from openhtm.sites.scope import Right, Scoped, require, require_everywhere
from openhtm.sites.services import guards
from openhtm.sites.services.records import change, insert, tidy


class ProviderFields(TypedDict, total=False):
    name: str
    kind: str
    phone: str
    email: str


@transaction.atomic
def add_provider(*, actor: Scoped, **fields: Unpack[ProviderFields]) -> ServiceProvider:
    """Add a service provider. Raises NotAllowed, Invalid."""
    require(actor, Right.EDIT_SITES)
    provider = ServiceProvider(**tidy(fields))
    insert(provider)
    return provider


@transaction.atomic
def update_provider(*, actor: Scoped, provider_id: int, **changes: Unpack[ProviderFields]) -> ServiceProvider:
    """Change a service provider. Raises ServiceProvider.DoesNotExist, NotAllowed, Invalid."""
    provider = _locked(actor, provider_id)
    change(provider, tidy(changes))
    return provider


@transaction.atomic
def set_provider_active(*, actor: Scoped, provider_id: int, active: bool) -> ServiceProvider:
    """Close or reopen a service provider. Raises as above."""
    provider = _locked(actor, provider_id)
    if provider.active and not active:
        guards.refuse_closing(provider)
    change(provider, {"active": active})
    return provider


def _locked(actor: Scoped, provider_id: int) -> ServiceProvider:
    require_everywhere(actor, Right.EDIT_SITES)
    return ServiceProvider.objects.select_for_update().get(pk=provider_id)
