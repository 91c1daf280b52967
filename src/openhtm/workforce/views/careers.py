"""Pages of certifications: all that are held, what each programme asks for, eligibility of a person, the career map."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import lists, parts
from openhtm.workforce.queries import credentials as queries
from openhtm.workforce.rules.career import career_map
from openhtm.workforce.rules.eligibility import Answer, WayVerdict, judge
from openhtm.workforce.rules.programmes import Programme, reference
from openhtm.workforce.services.access import require_record
from openhtm.workforce.views.common import address, person_of, trail, who
from openhtm.workforce.views.shown import state_of

ANSWERS = {True: ("ok", "Eligible"), False: ("hold", "Not yet"), None: ("unknown", "Not known")}
HOW_SURE = {
    "S": "seen in the body's own publication", "S2": "second-hand", "GK-high": "believed exact", "GK-med": "may be off",
    "GK-low": "weakly known",
}  # fmt: skip
MET = {True: ("ok", "Met"), False: ("hold", "Not met"), None: ("unknown", "Not known")}


@require_safe
def credential_list(request: HttpRequest) -> HttpResponse:
    """Certifications of all people, by state. Flat in their number."""
    actor, today = who(request), timezone.localdate()
    require(actor, Permission.VIEW_STAFF)
    state, programme, q = (lists.text_of(request, name) for name in ("state", "programme", "q"))
    found = queries.credentials(actor, on=today, state=state, programme=programme, q=q)
    page = keyset_page(found, order=("pk",), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    here = reverse("workforce:credential-list")
    every = parts.Tab(label="All", url=here, current=not state)
    facts = {
        "rows": [(one, *state_of(one, today), address(one.staff)) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="certifications"),
        "tabs": [
            every,
            *(parts.Tab(label=words, url=f"{here}?state={code}", current=state == code) for code, words in queries.STATES.items()),
        ],
        "chosen": {"state": state, "programme": programme, "q": q},
        "programmes": reference().programmes,
    }
    return render(request, "workforce/credential_list.html", facts)


@require_safe
def programme_list(request: HttpRequest) -> HttpResponse:
    """What each certification asks for, with source and confidence, and the career map without a person."""
    require(who(request), Permission.VIEW_STAFF)
    ref = reference()
    names = {one.code: one.name for one in career_map()}
    facts = {
        "programmes": [(one, _asks(one)) for one in ref.programmes.values()],
        "targets": [(one, [names[code] for code in one.leads_to]) for one in career_map()],
        "edition": ref.edition,
        "source": ref.source,
    }
    return render(request, "workforce/programme_list.html", facts)


@require_safe
def eligibility(request: HttpRequest, staff_id: int, code: str) -> HttpResponse:
    """May this person apply for that certification: the answer, each path, the evidence used."""
    record, today = person_of(request, staff_id), timezone.localdate()
    require_record(who(request), record)
    programme = reference().programme(code)
    if programme is None:
        raise Http404
    career = queries.career_of(record.pk, as_of=today)
    answers = [judge(programme, career, tier=tier) for tier in ("full", "candidate") if programme.paths_for(tier)]
    facts = {
        "member": record,
        "programme": programme,
        "answers": [_shown(one) for one in answers],
        "trail": trail(request, record, (programme.code, "")),
        "today": today,
        "others": [parts.Tab(label=one, url=reverse("workforce:eligibility", args=[record.pk, one]), current=one == programme.code)
                   for one in reference().programmes],
        "edition": reference().edition,
        "emeritus": queries.emeritus_of(record, programme.code, career) if "emeritus" in programme.tiers else None,
        "emeritus_source": reference().emeritus.source,
    }  # fmt: skip
    return render(request, "workforce/eligibility.html", facts)


def _asks(programme: Programme) -> list[tuple[str, str, str]]:
    """Each path: its letter, what it asks for, how sure that is."""
    full = [(f"({one.code})", one.words, HOW_SURE[one.confidence]) for one in programme.paths]
    return full + [(f"Candidate ({one.code})", one.words, HOW_SURE[one.confidence]) for one in programme.candidate]


def _shown(answer: Answer) -> dict[str, object]:
    tone, words = ANSWERS[answer.eligible]
    return {
        "tier": answer.tier, "tone": tone, "state": words, "sentence": answer.sentence(), "missing": answer.missing, "notes": answer.notes,
        "ways": [_way(one) for one in answer.verdicts],
    }  # fmt: skip


def _way(verdict: WayVerdict) -> dict[str, object]:
    tone, words = MET[verdict.met]
    return {
        "code": verdict.way.code, "words": verdict.way.words, "confidence": HOW_SURE[verdict.way.confidence], "tone": tone, "state": words,
        "evidence": verdict.evidence, "missing": verdict.missing,
    }  # fmt: skip


urlpatterns = [
    path("certifications", credential_list, name="credential-list"),
    path("certifications/programmes", programme_list, name="programme-list"),
    path("staff/<int:staff_id>/eligibility/<str:code>", eligibility, name="eligibility"),
]
