"""Pages of unknown tags: what waits, and saying what one is."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.errors import Invalid
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.rounds.forms import TagForm
from openhtm.rounds.models import UnknownTag
from openhtm.rounds.queries import rounds as queries
from openhtm.rounds.services.tags import settle_tag
from openhtm.rounds.views.common import who
from openhtm.rounds.views.rounds import round_tabs
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

DECISION_WORDS = {"device": "A device of ours", "new_device": "A device that was added", "not_ours": "Not ours"}


@require_safe
def tag_list(request: HttpRequest) -> HttpResponse:
    actor, settled = who(request), request.GET.get("show") == "settled"
    require(actor, Permission.DO_ROUNDS)
    found = queries.tags(actor, settled=settled)
    page = keyset_page(found, order=("-seen_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    facts = {
        "rows": [(tag, DECISION_WORDS.get(tag.decision, "")) for tag in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="tags"),
        "tabs": round_tabs(request, "rounds:tag-list"),
        "settled": settled,
    }
    return render(request, "rounds/tag_list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def tag_settle(request: HttpRequest, tag_id: int) -> HttpResponse:
    """Say what one tag is."""
    actor = who(request)
    visible = queries.tags(actor) | queries.tags(actor, settled=True)
    tag = get_object_or_404(visible, pk=tag_id)
    require(actor, Permission.DO_ROUNDS, at=tag.facility_id, place=tag.facility.name)

    def save(values: dict) -> str:
        try:
            done = settle_tag(actor=actor, tag_id=tag_id, now=timezone.now(), **values)
        except Device.DoesNotExist:
            raise Invalid({"control_number": ["There is no such device that you can see."]}) from None
        messages.success(request, f"{done.text[:60]}: {DECISION_WORDS[done.decision].lower()}{f', {done.device}' if done.device else ''}.")
        return reverse("rounds:tag-list")

    context = {
        "tag": tag,
        "add_url": f"{reverse('inventory:device-add')}?{urlencode(_prefill(tag))}" if actor.may(Permission.ADD_DEVICES) else "",
        "trail": [("Rounds", reverse("rounds:round-list")), ("Unknown tags", reverse("rounds:tag-list"))],
    }
    return edit_page(request, form=TagForm(request.POST or None), save=save, template="rounds/tag_settle.html", context=context)


def _prefill(tag: UnknownTag) -> dict[str, str]:
    """A short tag may be the control number of the device to add."""
    return {"facility": tag.facility.code} | ({"control_number": tag.text} if len(tag.text) <= 20 and tag.text.isalnum() else {})


urlpatterns = [
    path("rounds/tags", tag_list, name="tag-list"),
    path("rounds/tags/<key:tag_id>", tag_settle, name="tag-settle"),
]
