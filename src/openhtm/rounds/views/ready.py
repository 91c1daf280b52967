"""The page behind a readiness label: one tap for each question, no log-in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openhtm.core.errors import DomainError, Invalid
from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor
from openhtm.identity.addresses import client_address
from openhtm.identity.rules.permissions import Permission
from openhtm.rounds import shown
from openhtm.rounds.forms import ReadyForm
from openhtm.rounds.models import ReadinessCheck, ReadinessEntry
from openhtm.rounds.queries import readiness as queries
from openhtm.rounds.rules.slots import SlotState, slot_at
from openhtm.rounds.services.entries import ReadinessCodeUnknown, Recorded, check_by_code, proof_of, record_entry
from openhtm.rounds.services.pins import Proof, prove
from openhtm.rounds.services.throttling import note_try
from openhtm.rounds.views.common import at_facility
from openhtm.rounds.views.rounds import uid_of
from openhtm.ui.redirects import SeeOther

NAME_COOKIE = "readiness_name"
NAME_KEPT_S = 180 * 24 * 3600


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ready(request: HttpRequest, code: str) -> HttpResponse:
    """Do one check, by log-in, PIN or unit code. Its name is remembered on the phone, its PIN never."""
    check = _found(request, code)
    actor = _known(request, check)
    questions = queries.questions_of(check)
    newest = queries.newest_entries([check.pk]).get(check.pk)
    form = ReadyForm(request.POST or None, questions=questions, known=actor is not None, initial=_initial(request, questions, newest))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                done = _record(request, check, form, actor)
            except DomainError as refusal:
                _refuse(form, refusal)
                status = refusal.status if refusal.status in (409, 429) else 422
            else:
                return _thank(form, check, done)
    with at_facility(check.facility):
        return render(request, "rounds/ready.html", _facts(request, check, form, actor, newest), status=status)


def _found(request: HttpRequest, code: str) -> ReadinessCheck:
    """The check of a label. A code nobody knows is counted, so that codes are not guessed. Raises TooManyWrongPins."""
    try:
        return check_by_code(code)
    except ReadinessCodeUnknown:
        note_try(address=client_address(request), check_id=None, now=timezone.now())
        raise


def _known(request: HttpRequest, check: ReadinessCheck) -> Actor | None:
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    return actor if actor is not None and actor.user_id is not None and actor.may(Permission.DO_READINESS, at=check.facility_id) else None


def _initial(request: HttpRequest, questions: tuple[queries.Question, ...], newest: ReadinessEntry | None) -> dict[str, Any]:
    """Days are those of the last check: pads change twice a year, and are only compared."""
    days = {f"q_{one.key}": newest.answers.get(one.key) for one in questions if one.kind == "date"} if newest else {}
    return {"uid": uuid7(), "name": request.get_signed_cookie(NAME_COOKIE, default="", max_age=NAME_KEPT_S), **days}


def _record(request: HttpRequest, check: ReadinessCheck, form: ReadyForm, actor: Actor | None) -> Recorded:
    now, data = timezone.now(), form.cleaned_data
    proof = proof_of(actor, check) if actor else _prove(request, check, data, now)
    return record_entry(
        check=check, proof=proof, answers=form.answers(), problem_text=data["problem_text"].replace("\r", " ").replace("\n", " "),
        uid=data["uid"], now=now,
    )  # fmt: skip


def _prove(request: HttpRequest, check: ReadinessCheck, data: dict[str, Any], now: Any) -> Proof:
    return prove(check=check, name=data["name"], pin=data["pin"], address=client_address(request), now=now)


def _refuse(form: ReadyForm, refusal: DomainError) -> None:
    errors = refusal.errors if isinstance(refusal, Invalid) else {"": [refusal.sentence]}
    for name, texts in errors.items():
        field = f"q_{name.removeprefix('answers.')}" if name.startswith("answers.") else name
        for text in texts:
            form.add_error(field if field in form.fields else None, text)


def _thank(form: ReadyForm, check: ReadinessCheck, done: Recorded) -> HttpResponse:
    answer = SeeOther(f"{reverse('rounds:ready', args=[check.code])}?done={done.entry.uid}")
    if name := form.cleaned_data.get("name"):
        answer.set_signed_cookie(NAME_COOKIE, name, max_age=NAME_KEPT_S, httponly=True, samesite="Lax", path="/ready/")
    return answer


def _facts(
    request: HttpRequest, check: ReadinessCheck, form: ReadyForm, actor: Actor | None, newest: ReadinessEntry | None
) -> dict[str, Any]:
    now = timezone.now()
    slot = slot_at(queries.rhythm_of(check), now)
    done = queries.done_since({check.pk: slot.start})[check.pk] if slot else []
    known = uid_of(request.GET.get("done", "")[:40])
    entry = ReadinessEntry.objects.select_related("work_order").filter(check_done=check, uid=known).first() if known else None
    [line] = queries.lines([check], now=now)
    return {
        "check": check,
        "form": form,
        "known": actor,
        "slot": slot,
        "done_now": bool(done),
        "newest": newest,
        "just_done": entry,
        "row": shown.row(line, now=now),
        "is_open": line.state is SlotState.OPEN,
    }


urlpatterns = [path("ready/<place:code>", ready, name="ready")]
