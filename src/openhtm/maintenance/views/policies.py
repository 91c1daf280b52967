"""Window profiles and the miss policy, to be changed by those who may."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.core.pagination import Page, keyset_page
from openhtm.identity.actor import require, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.forms import MissPolicyForm, WindowForm, WindowSteps
from openhtm.maintenance.models import MissPolicy, WindowProfile
from openhtm.maintenance.services import policies
from openhtm.maintenance.views.visits import who
from openhtm.sites.models import Facility
from openhtm.ui.editing import edit_page
from openhtm.ui.parts import Pager
from openhtm.ui.rules import formats

EARLIER_ROWS = 50


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """Every window profile with its steps, and what follows a miss, now and before. Four statements."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    facilities = list(Facility.objects.visible_to(actor).filter(active=True).order_by("name"))
    visible = MissPolicy.objects.visible_to(actor).select_related("facility")
    stored = {policy.facility_id: policy for policy in visible.filter(effective_to__isnull=True)}
    before = visible.filter(effective_to__isnull=False)
    page = keyset_page(before, order=("-effective_to", "-pk"), cursor=request.GET.get("cursor"), limit=EARLIER_ROWS)
    context = {
        "profiles": WindowProfile.objects.filter(active=True).prefetch_related("steps"),
        "general": stored.get(None),
        "facilities": [(facility, stored.get(facility.pk)) for facility in facilities],
        "earlier": page.rows,
        "pager": _pager(page),
        "may_edit": actor.may_everywhere(Permission.EDIT_SCHEDULES),
        "may_edit_at": actor.facilities_for(Permission.EDIT_SCHEDULES),
    }
    return render(request, "maintenance/policies.html", context)


def _pager(page: Page[MissPolicy]) -> Pager:
    return Pager(
        shown=str(len(page.rows)) if page.rows else "",
        label="Pages",
        first_url="?" if page.previous_cursor else "",
        previous_url=f"?cursor={page.previous_cursor}" if page.previous_cursor else "",
        next_url=f"?cursor={page.next_cursor}" if page.next_cursor else "",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def window(request: HttpRequest, profile_id: int | None = None) -> HttpResponse:
    """Add or change a window profile with its steps."""
    actor = who(request)
    require_everywhere(actor, Permission.EDIT_SCHEDULES)
    profile = get_object_or_404(WindowProfile, pk=profile_id) if profile_id else None
    steps = list(profile.steps.values("from_interval_days", *policies.STEP_FIELDS)) if profile else [{"from_interval_days": 0}]
    initial = {name: getattr(profile, name) for name in ("name", "description", "is_default")} if profile else {}
    form, rows = WindowForm(request.POST or None, initial=initial), WindowSteps(request.POST or None, initial=steps, prefix="steps")

    def save(values: dict[str, Any]) -> str:
        sent = [row for row in rows.cleaned_data if row.get("from_interval_days") is not None]
        policies.save_window(actor=actor, steps=sent, profile_id=profile_id, **values)
        messages.success(request, "Saved. Visits that go by it follow with the next run.")
        return reverse("maintenance:policies")

    if request.method == "POST" and form.is_valid() and not rows.is_valid():
        form.add_error(None, "Look at the steps: something there cannot be.")
    title = f"Window: {profile}" if profile else "New window profile"
    context = {"title": title, "rows": rows, "back": reverse("maintenance:policies")}
    return edit_page(request, form=form, save=save, template="maintenance/window.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def miss_policy(request: HttpRequest, facility_code: str | None = None) -> HttpResponse:
    """Set what follows when a visit does not happen: everywhere, or at one facility."""
    actor = who(request)
    require(actor, Permission.VIEW_SCHEDULES)
    facility = get_object_or_404(Facility.objects.visible_to(actor), code=facility_code) if facility_code else None
    if facility:
        require(actor, Permission.EDIT_SCHEDULES, at=facility.pk, place=facility.name)
    else:
        require_everywhere(actor, Permission.EDIT_SCHEDULES)
    key = facility.pk if facility else None
    open_ended = MissPolicy.objects.filter(effective_to__isnull=True)
    own = open_ended.filter(facility=facility).first() if facility else None
    stored = own or open_ended.filter(facility__isnull=True).first() or MissPolicy()
    back = reverse("maintenance:policies")

    def save(values: dict[str, Any]) -> str:
        reason = values.pop("reason")
        saved = policies.save_miss_policy(actor=actor, values=values, reason=reason, facility_id=key)
        since = f" It holds from {formats.day(saved.effective_from)} on." if saved.effective_from else ""
        messages.success(request, f"Saved.{since} What was tried before stays judged by the policy of its day.")
        return back

    form = MissPolicyForm(request.POST or None, initial={name: getattr(stored, name) for name in MissPolicyForm.NAMES})
    detail = str(facility) if facility else "Everywhere a facility says nothing else."
    context = {
        "title": "When a visit does not happen",
        "lead": "The change holds from today on. Visits that were tried or missed before stay judged by the policy of their day.",
        "button": "Save",
        "detail": detail,
        "back": back,
        "trail": [("Windows and misses", back), (detail, "")],
    }
    return edit_page(request, form=form, save=save, template="maintenance/form.html", context=context)


urlpatterns: list[URLPattern] = [
    path("programme/policies", policy_list, name="policies"),
    path("programme/windows/add", window, name="window-add"),
    path("programme/windows/<int:profile_id>", window, name="window"),
    path("programme/misses", miss_policy, name="miss-policy"),
    path("programme/misses/<facility:facility_code>", miss_policy, name="miss-policy-facility"),
]
