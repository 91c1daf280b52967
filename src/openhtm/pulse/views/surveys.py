"""Pages of the staff survey: answering it, holding it, and what came out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, NotAllowed
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.pulse import queries
from openhtm.pulse.forms import AnswerForm, SurveyForm
from openhtm.pulse.models import Survey
from openhtm.pulse.queries import PHASE_WORDS, Phase
from openhtm.pulse.rules.partition import Block
from openhtm.pulse.rules.questions import editions, rules, topics
from openhtm.pulse.rules.results import Result, points
from openhtm.pulse.services import answering, surveys
from openhtm.sites.models import Facility
from openhtm.ui import lists
from openhtm.ui.editing import add_refusal, edit_page
from openhtm.ui.redirects import SeeOther
from openhtm.workforce.models import Specialty

TONES = ("ok", "info", "hold", "due", "late")
"""From the most favourable answer to the least, for scales of five."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What asks the person who looks; and all surveys for who holds them."""
    actor, now = _who(request), timezone.now()
    manages = actor.may(Permission.MANAGE_SURVEYS)
    found = Survey.objects.managed_by(actor).select_related("facility") if manages else Survey.objects.none()
    page = keyset_page(found, order=("-closes_on", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    context = {
        "waiting": queries.to_answer(actor, now=now),
        "rows": [(one, *PHASE_WORDS[queries.phase(one, queries.day_of(one, now))]) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="surveys"),
        "manages": manages,
    }
    return render(request, "pulse/home.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The questions. The request is logged without who sent it."""
    request.logged_without_person = True  # type: ignore[attr-defined]
    actor = _who(request)
    invitation = answering.invitation_of(actor, uid)
    survey = invitation.survey
    today = _today(survey)
    form, status = AnswerForm(request.POST if request.method == "POST" else None, questions=queries.questions_of(survey)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                answering.answer(actor=actor, uid=uid, answers=form.cleaned_data, today=today)
            except DomainError as refusal:
                add_refusal(form, refusal)
                status = refusal.status if refusal.status == 409 else 422
            else:
                return SeeOther(f"{reverse('pulse:answer', args=[uid])}?done=1")
    context = {
        "survey": survey, "form": form, "groups": form.by_topic(dict(topics())), "answered": invitation.answered,
        "is_open": queries.phase(survey, today) is Phase.OPEN, "last": survey.last_on, "done": request.GET.get("done") == "1",
        "rules": rules(),
    }  # fmt: skip
    return render(request, "pulse/answer.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def survey_new(request: HttpRequest) -> HttpResponse:
    actor, today = _who(request), timezone.localdate()
    require(actor, Permission.MANAGE_SURVEYS)

    def save(values: dict[str, Any]) -> str:
        facility = values["facility"]
        made = surveys.plan_survey(
            actor=actor, title=values["title"], facility_id=facility.pk if facility else None, opens_on=values["opens_on"],
            closes_on=values["closes_on"], today=today,
        )  # fmt: skip
        return reverse("pulse:survey", args=[made.uid])

    form = SurveyForm(
        request.POST or None, facilities=Facility.objects.visible_to(actor).filter(active=True),
        everywhere=actor.may_everywhere(Permission.MANAGE_SURVEYS),
        initial={"title": f"Staff survey {today.year}", "opens_on": today, "closes_on": today + timedelta(days=21)},
    )  # fmt: skip
    context = {"title": "New survey", "trail": [("Survey", reverse("pulse:home"))], "back": reverse("pulse:home"), "rules": rules()}
    return edit_page(request, form=form, save=save, template="pulse/form.html", context=context)


@require_safe
def survey(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A survey for who holds it: whom it would ask, how many answered, or what came out."""
    found = _managed(request, uid)
    now = queries.phase(found, _today(found))
    context: dict[str, Any] = {
        "survey": found, "phase": now.value, "state": PHASE_WORDS[now], "rules": rules(), "edition": editions()[found.question_edition],
        "last": found.last_on, "trail": [("Survey", reverse("pulse:home"))],
    }  # fmt: skip
    if now is Phase.ENDED:
        return render(request, "pulse/results.html", context | _results(request, found))
    if now is Phase.DRAFT:
        context |= _draft(found)
    context |= {"answered": queries.answered_of(found), "topics": _asked(found)}
    return render(request, "pulse/survey.html", context)


@require_POST
def survey_open(request: HttpRequest, uid: UUID) -> HttpResponse:
    today = _today(_managed(request, uid))
    return _do(request, uid, lambda: surveys.open_survey(actor=_who(request), uid=uid, today=today, now=timezone.now()))


@require_POST
def survey_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    today = _today(_managed(request, uid))
    return _do(request, uid, lambda: surveys.end_survey(actor=_who(request), uid=uid, today=today))


def _do(request: HttpRequest, uid: UUID, act: Any) -> HttpResponse:
    """Do it; a refusal is told on the page of the survey."""
    try:
        act()
    except NotAllowed:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    return SeeOther(reverse("pulse:survey", args=[uid]))


def _results(request: HttpRequest, found: Survey) -> dict[str, Any]:
    today = _today(found)
    shown = queries.shown([found])[found.pk]
    places, skills = queries.filters(shown)
    facility, specialty = request.GET.get("facility", ""), request.GET.get("specialty", "")
    facility, specialty = facility if facility in places else "", specialty if specialty in skills else ""
    outcome = queries.outcome(found, facility=facility, specialty=specialty, today=today)
    rows = queries.trend(queries.same_audience(found, today=today), facility=facility, specialty=specialty, today=today)
    told = {one.question.code: one for one in outcome.results} if outcome else {}
    return {
        "outcome": outcome,
        "too_few": not shown,
        "blocks": [_block_words(one.block) for one in outcome.shown] if outcome else [],
        "groups": [(name, [_row(one, rows.get(one.question.code, [])) for one in told.values() if one.question.topic == topic]) for topic, name in topics().items()],
        "places": places,
        "skills": [(code, Specialty(code).label if code in Specialty.values else code) for code in skills],
        "facility": facility,
        "specialty": specialty,
    }  # fmt: skip


def _row(one: Result, line: list[queries.Point]) -> dict[str, Any]:
    """A question with its bar, its counts in words, and its line through the surveys up to this one."""
    before = line[-2].share if len(line) > 1 else None
    parts = [
        (TONES[place] if place < len(TONES) else "hold", count, words)
        for place, (count, words) in enumerate(zip(one.counts, one.question.answers, strict=True))
    ]
    return {
        "result": one,
        "parts": parts,
        "share": None if one.favourable is None else round(100 * one.favourable),
        "change": points(before, one.favourable),
        "trend": [(point.survey, None if point.share is None else round(100 * point.share)) for point in line],
        "context": [(known, round(100 * known.share)) for known in queries.context_for(one.question.code)],
    }


def _draft(found: Survey) -> dict[str, Any]:
    """Whom it would ask, and which groups are merged because they are too small."""
    asked, without = queries.audience(found.facility_id, today=_today(found))
    sizes = queries.group_sizes(asked)
    blocks = queries.invited_blocks(found, asked)
    words = {block: "with everybody else" if len(blocks) == 1 else _block_words(block) for block in blocks}
    merged = {leaf: words[block] for block in blocks if len(block.leaves) > 1 for leaf in block.leaves}
    return {
        "asked": len(asked),
        "without": without,
        "sizes": [(_leaf_words(leaf), count, merged.get(leaf, "")) for leaf, count in sorted(sizes.items())],
        "too_few": len(asked) < found.least_group,
    }


def _asked(found: Survey) -> list[tuple[str, list[str]]]:
    asked = queries.questions_of(found)
    return [(name, [one.text for one in asked if one.topic == topic]) for topic, name in topics().items()]


def _block_words(block: Block) -> str:
    """A group in words; of merged ones all parts, since all of them are what is told."""
    return " with ".join(_leaf_words(leaf) for leaf in sorted(block.leaves))


def _leaf_words(leaf: tuple[str, ...]) -> str:
    place, skill = leaf[0], leaf[1] if len(leaf) > 1 else ""
    name = Specialty(skill).label if skill in Specialty.values else skill
    return f"{name}, {'all facilities' if place == queries.EVERYWHERE else place}".strip(", ")


def _today(found: Survey) -> date:
    return queries.day_of(found, timezone.now())


def _managed(request: HttpRequest, uid: UUID) -> Survey:
    actor = _who(request)
    require(actor, Permission.MANAGE_SURVEYS)
    return get_object_or_404(Survey.objects.managed_by(actor).select_related("facility"), uid=uid)


def _who(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


urlpatterns = [
    path("surveys", home, name="home"),
    path("surveys/new", survey_new, name="survey-new"),
    path("surveys/<uuid:uid>", survey, name="survey"),
    path("surveys/<uuid:uid>/open", survey_open, name="survey-open"),
    path("surveys/<uuid:uid>/end", survey_end, name="survey-end"),
    path("surveys/<uuid:uid>/answer", answer, name="answer"),
]
