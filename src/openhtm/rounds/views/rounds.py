"""Pages of rounds: choose a place, scan, end, and what was not found."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from openhtm.core.errors import DomainError, Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.core.pagination import count_of_page, keyset_page
from openhtm.exchange.rules.export import write_csv
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.services.scanning import resolve
from openhtm.rounds.models import Round, RoundScan
from openhtm.rounds.queries import rounds as queries
from openhtm.rounds.rules.scans import REASON_TONES, REASON_WORDS
from openhtm.rounds.services.rounds import end_round, expected_at, start_round
from openhtm.rounds.services.scanning import Scanned, scan_in_round, sentence_of, undo_move
from openhtm.rounds.views.common import at_facility, tab, text_of, who
from openhtm.sites import queries as sites
from openhtm.sites.models import Location
from openhtm.ui import lists

TONES = {"found": "ok", "unexpected": "due", "unknown": "unknown", "again": "info", "choose": "info", "place": "info", "refused": "late"}
WORDS = {
    "found": "Found",
    "unexpected": "Not expected here",
    "unknown": "Unknown tag",
    "again": "Already scanned",
    "choose": "Which one?",
    "place": "A place",
    "refused": "Not taken",
}
ICONS = {
    "found": "check",
    "unexpected": "move-right",
    "unknown": "circle-question-mark",
    "again": "repeat-2",
    "choose": "list",
    "place": "map-pin",
    "refused": "triangle-alert",
}


@require_safe
def round_list(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.DO_ROUNDS)
    found = queries.rounds(actor)
    page = keyset_page(found, order=("-started_at", "-pk"), cursor=request.GET.get("cursor"), limit=lists.limit_of(request))
    tallies = queries.tallies(one.pk for one in page.rows)
    facts = {
        "rows": [(one, tallies[one.pk]) for one in page.rows],
        "pager": lists.pager(request, page, count=count_of_page(page, found), noun="rounds"),
        "tabs": round_tabs(request, "rounds:round-list"),
    }
    return render(request, "rounds/round_list.html", facts)


def round_tabs(request: HttpRequest, current: str) -> list[Any]:
    waiting = queries.tags(who(request)).count()
    return [
        tab("Rounds", reverse("rounds:round-list"), current=current == "rounds:round-list"),
        tab("Unknown tags", reverse("rounds:tag-list"), current=current == "rounds:tag-list", count=waiting),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def round_start(request: HttpRequest) -> HttpResponse:
    """Choose a place by tree, search or its label; see what is expected there; begin."""
    actor = who(request)
    require(actor, Permission.DO_ROUNDS)
    if request.method == "POST":
        begun = start_round(
            actor=actor,
            location_code=text_of(request, "place", limit=20),
            uid=uid_of(text_of(request, "uid", limit=40)),
            now=timezone.now(),
        )
        return redirect("rounds:round", begun.uid)
    code = lists.text_of(request, "code")
    scanned = resolve(code, actor).location if code else None
    if scanned is not None:
        return redirect(f"{reverse('rounds:round-start')}?place={scanned.public_code}")
    chosen = lists.text_of(request, "place", max_length=12)
    place = get_object_or_404(Location.objects.visible_to(actor).select_related("facility"), public_code=chosen.upper()) if chosen else None
    facts = place_choice(request, place, said="This is the label of no place that you can see. Choose below." if code else "")
    if place is not None:
        counts = queries.reason_counts(expected_at(place, actor=actor))
        facts |= {
            "expected": counts.pop("all"),
            "reasons": [(number, REASON_WORDS[name], REASON_TONES[name]) for name, number in counts.items() if number],
            "last": queries.last_round(place),
            "may_start": actor.may(Permission.DO_ROUNDS, at=place.facility_id),
            "uid": uuid7(),
        }
    return render(request, "rounds/round_start.html", facts)


def place_choice(request: HttpRequest, place: Location | None, *, said: str = "") -> dict[str, Any]:
    """What the choice of a place shows: those that match, or the next level of the tree."""
    q = lists.text_of(request, "q")
    places = list(queries.places(who(request), q=q, inside=place)[:101])
    around = sites.ancestors(place) if place else []
    return {
        "place": place,
        "around": [*around, place] if place else [],
        "q": q,
        "places": places[:100],
        "more_places": len(places) > 100,
        "said": said,
        "here": request.path,
    }


@never_cache
@require_safe
def round_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    """An open round to scan in, or what an ended one came to."""
    this = _found(request, uid)
    if this.ended_at is not None:
        return _ended_page(request, this)
    known = uid_of(lists.text_of(request, "last", max_length=40))
    scan = RoundScan.objects.filter(round=this, uid=known).select_related("device__device_type").first() if known else None
    answer = Scanned(scan.verdict, sentence_of(scan, this), scan=scan, device=scan.device) if scan else None  # type: ignore[arg-type]
    with at_facility(this.facility):
        return render(request, "rounds/round.html", _state(this, answer) | {"uid": uuid7()})


def _state(this: Round, answer: Scanned | None, *, refused: str = "") -> dict[str, Any]:
    """What changes with each scan. Five statements."""
    missing = list(queries.expectations(this, found=False)[: queries.SHOWN])
    tally = queries.tallies([this.pk])[this.pk]
    scans = queries.recent_scans(this)
    kind = "refused" if refused else answer.answer if answer else ""
    undo = next((one for one in scans if answer and answer.scan and one.pk == answer.scan.pk and one.may_undo), None)  # type: ignore[attr-defined]
    return {
        "round": this,
        "tally": tally,
        "missing": queries.shown(missing),
        "more_missing": tally.missing - len(missing),
        "scans": [(one, TONES[one.verdict], WORDS[one.verdict]) for one in scans],
        "answer": kind,
        "tone": TONES.get(kind, ""),
        "word": WORDS.get(kind, ""),
        "mark": ICONS.get(kind, ""),
        "sentence": refused or (answer.sentence if answer else ""),
        "undo": undo,
        "choices": queries.choices(answer.choices) if answer else [],
        "other_place": answer.place if answer else None,
    }


@never_cache
@require_POST
def round_scan(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take one scan. The page's own script asks for the part that changes; a plain form is led back to the page."""
    this = _found(request, uid)
    part = request.headers.get("X-Part") == "state"
    code = request.POST.get("code", "")
    try:
        answer = scan_in_round(
            actor=who(request), round_uid=uid, text=code, uid=uid_of(text_of(request, "uid", limit=40)), scanned_at=_instant(request),
            control_number=text_of(request, "control_number", limit=60), now=timezone.now(),
        )  # fmt: skip
    except NotAllowed:
        raise
    except DomainError as refusal:
        said = " ".join(text for texts in refusal.errors.values() for text in texts) if isinstance(refusal, Invalid) else refusal.sentence
        return _answer_page(request, this, _state(this, None, refused=said), part=part, status=refusal.status)
    if not part and answer.scan is not None:
        return HttpResponseRedirect(f"{reverse('rounds:round', args=[uid])}?last={answer.scan.uid}")
    return _answer_page(request, this, _state(this, answer) | {"code": code[:400]}, part=part)


def _answer_page(request: HttpRequest, this: Round, facts: dict[str, Any], *, part: bool, status: int = 200) -> HttpResponse:
    template = "rounds/round.html#state" if part else "rounds/round.html"
    with at_facility(this.facility):
        return render(request, template, facts | {"uid": uuid7()}, status=status)


@require_POST
def round_undo(request: HttpRequest, uid: UUID) -> HttpResponse:
    scan = uid_of(text_of(request, "scan", limit=40))
    if scan is None:
        raise Invalid({"scan": ["Choose the scan to undo."]})
    device = undo_move(actor=who(request), round_uid=uid, scan_uid=scan, now=timezone.now())
    messages.success(request, f"{device.control_number} was put back: {device.location or 'place unknown'}.")
    return redirect("rounds:round", uid)


@require_http_methods(["GET", "HEAD", "POST"])
def round_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask what to record of the due devices that were not found, then end."""
    this = _found(request, uid)
    require(who(request), Permission.DO_ROUNDS, at=this.facility_id, place=this.facility.name)
    if request.method == "POST":
        numbers = [number.replace("\0", "")[:60] for number in request.POST.getlist("device")]
        done = end_round(
            actor=who(request), round_uid=uid, not_located=numbers, note=text_of(request, "note", limit=400), now=timezone.now()
        )
        recorded = f" {done.attempts} recorded as could not locate." if done.attempts else ""
        messages.success(request, f"The round ended. {done.not_found} not found.{recorded}")
        return redirect("rounds:round", uid)
    if this.ended_at is not None:
        return redirect("rounds:round", uid)
    missing = queries.shown(queries.expectations(this, found=False)[: queries.SHOWN])
    facts = {
        "round": this,
        "tally": queries.tallies([this.pk])[this.pk],
        "owed": [one for one in missing if one.owed],
        "others": [one for one in missing if not one.owed],
    }
    return render(request, "rounds/round_end.html", facts)


def _ended_page(request: HttpRequest, this: Round) -> HttpResponse:
    tally = queries.tallies([this.pk])[this.pk]
    with at_facility(this.facility):
        facts = {
            "round": this,
            "tally": tally,
            "missing": queries.shown(queries.expectations(this, found=False)[:1000]),
            "scans": [(one, TONES[one.verdict], WORDS[one.verdict]) for one in queries.recent_scans(this, limit=500)],
        }
        return render(request, "rounds/round_ended.html", facts)


@require_safe
def round_not_found_csv(request: HttpRequest, uid: UUID) -> HttpResponse:
    this = _found(request, uid)
    stream = io.StringIO(newline="")
    write_csv(stream, columns=queries.NOT_FOUND_COLUMNS, rows=queries.not_found_rows(this), bom=True)
    answer = HttpResponse(stream.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="not-found-{this.location.public_code}-{this.started_at:%Y-%m-%d}.csv"'
    return answer


def _found(request: HttpRequest, uid: UUID) -> Round:
    require(who(request), Permission.DO_ROUNDS)
    return get_object_or_404(queries.rounds(who(request)), uid=uid)


def uid_of(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _instant(request: HttpRequest) -> dt.datetime | None:
    try:
        found = parse_datetime(text_of(request, "scanned_at", limit=40))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


urlpatterns = [
    path("rounds", round_list, name="round-list"),
    path("rounds/start", round_start, name="round-start"),
    path("rounds/<uuid:uid>", round_page, name="round"),
    path("rounds/<uuid:uid>/scan", round_scan, name="round-scan"),
    path("rounds/<uuid:uid>/undo", round_undo, name="round-undo"),
    path("rounds/<uuid:uid>/end", round_end, name="round-end"),
    path("rounds/<uuid:uid>/not-found.csv", round_not_found_csv, name="round-not-found"),
]
