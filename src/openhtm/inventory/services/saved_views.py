"""Lists of devices that somebody named."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import SavedView
from openhtm.inventory.queries.lists import COLUMNS
from openhtm.sites.models import Facility

MAX_VIEWS = 200


@transaction.atomic
def save_view(
    *, actor: Actor, name: str, query: str = "", columns: Sequence[str] = (), shared_with_id: int | None = None, page: str = "devices"
) -> tuple[SavedView, bool]:
    """Save a list under a name of the actor's own; the same name again replaces it. Returns (view, whether it is new).

    ``query`` is the list's address after the question mark; unknown columns are left out; ``shared_with_id`` is a
    facility the actor sees; ``page`` is the list it belongs to. Raises Facility.DoesNotExist, NotAllowed, Invalid.
    """
    require(actor, Permission.VIEW_DEVICES)
    name = name.strip()
    if not 1 <= len(name) <= 60 or any(ord(char) < 32 for char in name):
        raise Invalid({"name": ["Give the view a name of 1 to 60 characters."]})
    if len(query) > 1000 or "\0" in query:
        raise Invalid({"query": ["These filters are too long to be saved. Use fewer."]})
    if shared_with_id is not None:
        shared_with_id = Facility.objects.visible_to(actor).get(pk=shared_with_id).pk
    mine = SavedView.objects.filter(owner_id=actor.user_id, page=page)
    stored = mine.filter(name__iexact=name).first()
    if stored is None and mine.count() >= MAX_VIEWS:
        raise Invalid({"": [f"You have {MAX_VIEWS} views. Remove one first."]})
    view = stored or SavedView(page=page)
    view.owner_id = actor.user_id  # type: ignore[assignment]  # the system itself saves no views
    view.name, view.query, view.shared_with_id = name, query, shared_with_id
    view.columns = [key for key in dict.fromkeys(columns) if key in COLUMNS]
    with refuse_readably():
        view.save()
    return view, stored is None


def remove_view(*, actor: Actor, view_id: int) -> None:
    """Remove a view of the actor's own. Raises SavedView.DoesNotExist."""
    SavedView.objects.get(pk=view_id, owner_id=actor.user_id).delete()
