"""Pages of the policy and of courses."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.core.text import fold
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.training.forms import CourseForm, EndPolicyForm, NewCourseForm, PolicyForm
from openhtm.training.models import Course, TrainingPolicy
from openhtm.training.queries import sessions as queries
from openhtm.training.services.policies import add_policy, end_policy
from openhtm.training.services.sessions import save_course
from openhtm.training.views.common import tabs, who
from openhtm.ui import lists
from openhtm.ui.editing import edit_page

_NOT_CODE = re.compile(r"[^a-z0-9]+")


@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    today, ended = timezone.localdate(), request.GET.get("show") == "ended"
    found = TrainingPolicy.objects.visible_to(actor).select_related("device_type", "device_model__manufacturer", "facility")
    found = found.filter(effective_to__lte=today) if ended else found.exclude(effective_to__lte=today)
    page = keyset_page(found, order=("name", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "rows": [
            (
                one,
                actor.may(Permission.MANAGE_TRAINING, at=one.facility_id)
                if one.facility_id
                else actor.may_everywhere(Permission.MANAGE_TRAINING),
            )
            for one in page.rows
        ],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="lines"),
        "ended": ended,
        "today": today,
        "tabs": tabs(request, "training:policy-list"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/policy_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_new(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)

    def save(values: dict[str, Any]) -> str:
        kind, model, facility = values["device_type"], values["device_model"], values["facility"]
        target = values["target"]
        add_policy(
            actor=actor, code=_NOT_CODE.sub("-", fold(values["name"])).strip("-")[:60] or "line", name=values["name"], source=values["source"],
            effective_from=values["effective_from"], facility_id=facility.pk if facility else None,
            device_type_code=kind.code if kind and target == "type" else "", device_model_id=model.pk if model and target == "model" else None,
            high_risk=target == "high_risk", each_model=values["each_model"], repeat_months=values["repeat_months"],
            roll_out_days=values["roll_out_days"],
        )  # fmt: skip
        return reverse("training:policy-list")

    facilities = Facility.objects.visible_to(actor).filter(active=True)
    everywhere = actor.may_everywhere(Permission.MANAGE_TRAINING)
    initial = {"target": "type", "effective_from": timezone.localdate(), "facility": None if everywhere else facilities.first()}
    form = PolicyForm(request.POST or None, types=_types(), models=_models(), facilities=facilities, initial=initial)
    context = {
        "title": "New line of the policy", "trail": _policy_trail(), "back": reverse("training:policy-list"),
        "lead": "Everybody in a unit that uses such a device should be trained on it.",
    }  # fmt: skip
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    actor = who(request)
    line = get_object_or_404(TrainingPolicy.objects.visible_to(actor), uid=uid)
    require(actor, Permission.MANAGE_TRAINING)

    def save(values: dict[str, Any]) -> str:
        end_policy(actor=actor, uid=uid, **values)
        return reverse("training:policy-list")

    context = {
        "title": f"End {line.name}", "trail": _policy_trail(), "back": reverse("training:policy-list"),
        "lead": "Earlier days keep it: coverage of the past is computed by the policy of the past.",
    }  # fmt: skip
    form = EndPolicyForm(request.POST or None, initial={"effective_to": timezone.localdate()})
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.VIEW_TRAINING)
    q = lists.text_of(request, "q")
    found = queries.courses(q=q, active=None)
    page = keyset_page(found, order=("title", "pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "rows": page.rows,
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="courses"),
        "q": q,
        "chips": lists.chips(request, [("q", "with", q)]),
        "tabs": tabs(request, "training:course-list"),
        "may_manage": actor.may(Permission.MANAGE_TRAINING),
    }
    return render(request, "training/course_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def course_new(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)

    def save(values: dict[str, Any]) -> str:
        kind, model = values.pop("device_type"), values.pop("device_model")
        save_course(actor=actor, device_type_code=kind.code if kind else "", device_model_id=model.pk if model else None, **values)
        return reverse("training:course-list")

    form = NewCourseForm(
        request.POST or None, types=_types(), models=_models(), initial={"device_type": lists.text_of(request, "type", max_length=80)}
    )
    context = {"title": "New course", "trail": _course_trail(), "back": reverse("training:course-list")}
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


@require_http_methods(["GET", "HEAD", "POST"])
def course_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.MANAGE_TRAINING)
    course = get_object_or_404(Course.objects.select_related("device_type", "device_model__manufacturer"), uid=uid)

    def save(values: dict[str, Any]) -> str:
        save_course(actor=actor, uid=uid, **values)
        return reverse("training:course-list")

    shown = ("title", "minutes", "content", "active")
    form = CourseForm(request.POST or None, initial={name: getattr(course, name) for name in shown})
    about = course.device_model or course.device_type
    context = {
        "title": f"Change {course.title}",
        "trail": _course_trail(),
        "back": reverse("training:course-list"),
        "lead": f"About {about}.",
    }
    return edit_page(request, form=form, save=save, template="training/form.html", context=context)


def _types():  # type: ignore[no-untyped-def]  # a queryset
    """Types of which there are devices: the whole catalogue would be no choice."""
    return DeviceType.objects.filter(devices__isnull=False).distinct().order_by("name")


def _models():  # type: ignore[no-untyped-def]
    return DeviceModel.objects.filter(device_type__isnull=False, devices__isnull=False).distinct().order_by("manufacturer__name", "name")


def _policy_trail() -> list[tuple[str, str]]:
    return [("Training", reverse("training:home")), ("Policy", reverse("training:policy-list"))]


def _course_trail() -> list[tuple[str, str]]:
    return [("Training", reverse("training:home")), ("Courses", reverse("training:course-list"))]


urlpatterns = [
    path("training/policy", policy_list, name="policy-list"),
    path("training/policy/new", policy_new, name="policy-new"),
    path("training/policy/<uuid:uid>/end", policy_end, name="policy-end"),
    path("training/courses", course_list, name="course-list"),
    path("training/courses/new", course_new, name="course-new"),
    path("training/courses/<uuid:uid>", course_edit, name="course-edit"),
]
