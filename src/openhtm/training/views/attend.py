"""The page behind a session's code: somebody writes their name and employee number, no log-in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openhtm.core.errors import Conflict, DomainError
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor
from openhtm.identity.addresses import client_address
from openhtm.training.forms import AttendForm
from openhtm.training.models import Attendance, Clinician, TrainingSession
from openhtm.training.services.attendance import SessionCodeUnknown, SignInClosed, open_window, session_by_code, sign_in
from openhtm.training.services.throttling import note_try
from openhtm.training.views.common import at_facility
from openhtm.ui.editing import add_refusal
from openhtm.ui.redirects import SeeOther

MOST_NAMES = 300


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attend(request: HttpRequest, code: str) -> HttpResponse:
    """Sign in at a session. Whoever is not known is told that the trainer will look; nobody is told who else is there."""
    session = _found(request, code)
    opens, closes = open_window(session)
    is_open = opens <= timezone.now() < closes
    form, status = AttendForm(request.POST if request.method == "POST" else None, initial=_initial(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                written = _sign(request, session, form.cleaned_data)
            except DomainError as refusal:
                form = _with_new_id(form) if isinstance(refusal, Conflict) else form
                add_refusal(form, refusal)
                status = refusal.status if refusal.status in (409, 429) else 422
                is_open = is_open and not isinstance(refusal, SignInClosed)
            else:
                done = "in" if written.clinician_id else "kept"
                return SeeOther(f"{reverse('training:attend', args=[session.code])}?done={done}")
    context = {
        "session": session, "form": form, "is_open": is_open, "opens": opens, "closes": closes, "early": timezone.now() < opens,
        "done": request.GET.get("done") if request.GET.get("done") in ("in", "kept") else "", "names": _names(session) if is_open else [],
    }  # fmt: skip
    with at_facility(session.facility):
        return render(request, "training/attend.html", context, status=status)


def _with_new_id(form: AttendForm) -> AttendForm:
    """The same form under an id of its own: a device that was passed on had sent this one for somebody else."""
    again = AttendForm({**form.cleaned_data, "uid": uuid7()})
    again.full_clean()
    return again


def _found(request: HttpRequest, code: str) -> TrainingSession:
    """The session of a code. A code nobody knows is counted, so that codes are not guessed. Raises TooManySignIns."""
    try:
        return session_by_code(code)
    except SessionCodeUnknown:
        note_try(session_id=None, address=client_address(request), now=timezone.now())
        raise


def _sign(request: HttpRequest, session: TrainingSession, values: dict[str, Any]) -> Attendance:
    now = timezone.now()
    note_try(session_id=session.pk, address=client_address(request), now=now)
    return sign_in(
        session=session, name=values["name"], employee_number=values["employee_number"], unit=values["unit"], uid=values["uid"], now=now
    )


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Somebody who is logged in finds their own name and number filled in."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    known = Clinician.objects.filter(user_id=actor.user_id).first() if actor is not None and actor.user_id is not None else None
    mine = {"name": known.full_name, "employee_number": known.employee_number} if known else {}
    return {"uid": uuid7(), **mine}


def _names(session: TrainingSession) -> list[str]:
    """Names to pick from: of the session's unit, while it is held. Never numbers."""
    if session.department_id is None:
        return []
    there = Clinician.objects.filter(department_id=session.department_id, left_on__isnull=True)
    return list(there.order_by("full_name").values_list("full_name", flat=True)[:MOST_NAMES])


urlpatterns = [path("attend/<place:code>", attend, name="attend")]
