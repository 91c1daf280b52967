"""A person's page in finished values: what is public to colleagues, and what only they and keepers of records see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import panels, parts
from openhtm.ui.rules import formats
from openhtm.workforce.models import Credential, CredentialStatus, StaffMember, TeamMember
from openhtm.workforce.queries.credentials import IN_PRACTICE, SOON_DAYS, CredentialStanding, Journal, career_of, credentials_on, journals
from openhtm.workforce.rules.career import Step, steps
from openhtm.workforce.rules.eligibility import overlaps_of
from openhtm.workforce.rules.programmes import NOT_RETRIEVED, reference
from openhtm.workforce.rules.renewal import Pace, units
from openhtm.workforce.services.access import is_oneself, may_at_staff, may_keep_record, may_read_record
from openhtm.workforce.views.common import address, trail, who

PACE_TONES = {Pace.ENOUGH: "ok", Pace.ON_COURSE: "info", Pace.BEHIND: "due", Pace.OVER: "late"}
PACE_WORDS = {Pace.ENOUGH: "Complete", Pace.ON_COURSE: "On course", Pace.BEHIND: "Behind", Pace.OVER: "Not reached"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A certification in a list: its code with tone and words."""

    tone: str
    words: str


def badges(held: Sequence[CredentialStanding], today: date) -> list[Badge]:
    return [Badge(*_standing(one, today)) for one in held]


def _standing(one: CredentialStanding, today: date) -> tuple[str, str]:
    name = one.programme + (" candidate" if one.tier == "candidate" else "")
    if one.expires_on is not None and one.expires_on <= today + timedelta(days=SOON_DAYS):
        return "due", f"{name} until {formats.day(one.expires_on)}"
    return "ok", name


def state_of(credential: Credential, today: date) -> tuple[str, str]:
    """Tone and words of a certification on a day."""
    if credential.status != CredentialStatus.ACTIVE:
        return "hold", f"{credential.get_status_display()} since {formats.day(credential.status_since or today)}"
    if credential.tier not in IN_PRACTICE:
        return "info", credential.get_tier_display()
    if credential.expires_on is None:
        return "due", "Last day not known"
    left = (credential.expires_on - today).days
    if left < 0:
        return "late", f"Lapsed on {formats.day(credential.expires_on)}"
    return ("due", f"Ends in {left} days" if left != 1 else "Ends tomorrow") if left <= SOON_DAYS else ("ok", "Current")


def person_context(request: HttpRequest, record: StaffMember, *, own: bool) -> dict[str, Any]:
    """Everything a person's page shows to whoever asks. About a dozen statements, and those of the panels."""
    actor, today = who(request), timezone.localdate()
    reads, keeps = own or may_read_record(actor, record), own or may_keep_record(actor, record)
    more = panels.collect("staff.tabs", request=request, subject=record)
    tab = request.GET.get("tab", "overview")
    held = credentials_on([record.pk], today)[record.pk]
    facts: dict[str, Any] = {
        "member": record, "own": own, "tab": tab, "reads": reads, "keeps": keeps, "badges": badges(held, today),
        "may_edit": may_at_staff(actor, Permission.MANAGE_STAFF, record), "trail": [] if own else trail(request, record)[:-1],
        "facts": _facts(record, reads), "teams": _teams(record), "today": today,
        "tabs": _tabs(request, more, tab, reads), "panels": [one for one in more if one.key == tab], "credentials": held,
    }  # fmt: skip
    if reads:
        facts |= _personal(request, record, today, tab, own=own)
    if own:
        facts["mine"] = panels.collect("staff.me", request=request, subject=record)
    return facts


def _tabs(request: HttpRequest, more: Sequence[panels.Panel], current: str, reads: bool) -> list[parts.Tab]:
    named: list[tuple[str, str, int | None]] = [("overview", "Overview", None)]
    if reads:
        named += [("certifications", "Certifications", None), ("history", "Education and work", None), ("next", "Career", None)]
    named += [(one.key, one.title, one.count) for one in more]
    return [parts.Tab(label=label, url=f"{request.path}?tab={key}", current=key == current, count=count) for key, label, count in named]


def _facts(record: StaffMember, reads: bool) -> list[parts.Fact]:
    found = [
        parts.Fact(label="Works as", value=record.get_career_role_display()),
        parts.Fact(label="Kind", value=record.get_kind_display()),
        parts.Fact(label="Facility", value=record.facility.name if record.facility else "Works everywhere"),
    ]
    if record.provider:
        found.append(parts.Fact(label="Sent by", value=record.provider.name))
    found.append(parts.Fact(label="Here since", value=formats.day(record.started_on) if record.started_on else None, absent="not recorded"))
    if record.leaves_on:
        found.append(parts.Fact(label="Leaves on", value=formats.day(record.leaves_on)))
        if record.leave_reason and reads:
            found.append(parts.Fact(label="Because", value=record.leave_reason))
    found += [parts.Fact(label=label, value=value) for label, value in (("E-mail", record.email), ("Telephone", record.phone)) if value]
    if reads:
        found.append(parts.Fact(label="Account", value=record.user.username if record.user else None, mono=True, absent="none"))
    return found


def _teams(record: StaffMember) -> list[tuple[str, str]]:
    found = TeamMember.objects.filter(staff=record, team__active=True).order_by("team__name").values_list("team__name", "team_id")
    return [(name, reverse("workforce:team", args=[pk])) for name, pk in found]


def _personal(request: HttpRequest, record: StaffMember, today: date, tab: str, *, own: bool) -> dict[str, Any]:
    held = list(record.credentials.select_related("evidence", "verified_by"))
    found = journals(held, on=today)
    career = career_of(record.pk, as_of=today)
    facts: dict[str, Any] = {
        "attention": _attention(address(record, tab="certifications", own=own), found, today),
        "journals": [_journal(one, who(request), record, today) for one in found],
    }
    if tab in ("overview", "next"):
        facts["steps"] = [step_of(one, record) for one in steps(career, role=record.career_role)]
    if tab == "history":
        facts |= {"education": list(record.education.all()), "employment": list(record.employment.all())}
        facts["overlaps"] = overlaps_of(career)
    return facts


def _attention(where: str, found: Sequence[Journal], today: date) -> list[parts.Notice]:
    """What the person should do about their certifications, the most urgent first."""
    notices = []
    for one in found:
        tone, words = state_of(one.credential, today)
        if tone in ("late", "due"):
            detail = "Renew it, then enter its new last day." if tone == "due" else "It no longer counts. Renew it or withdraw it."
            if one.credential.expires_on is None:
                detail = "Enter the last day from the certificate: without it nobody is told when it lapses."
            title = f"{one.credential.programme}: {words[0].lower()}{words[1:]}"
            notices.append(parts.Notice(title=title, detail=detail, tone=tone, icon="award", action_label="Open", action_url=where))
        if one.progress and one.progress.pace in (Pace.BEHIND, Pace.OVER) and one.credential.status == CredentialStatus.ACTIVE:
            notices.append(
                parts.Notice(
                    title=f"{one.credential.programme}: {one.progress.sentence()}",
                    detail=f"{units(one.progress.counted)} of {units(one.progress.needed)} {one.progress.unit} count so far.",
                    tone=PACE_TONES[one.progress.pace], icon="trending-down", action_label="Open", action_url=where,
                )
            )  # fmt: skip
    return sorted(notices, key=lambda notice: notice.tone != "late")


def _journal(one: Journal, actor: Actor, record: StaffMember, today: date) -> dict[str, Any]:
    """A certification with its journal, as the page shows it."""
    credential, programme = one.credential, reference().programme(one.credential.programme)
    tone, words = state_of(credential, today)
    approves = may_at_staff(actor, Permission.MANAGE_STAFF, record) and not is_oneself(actor, record)
    return {
        "credential": credential,
        "programme": programme,
        "tone": tone,
        "state": words,
        "progress": one.progress,
        "pace": (PACE_TONES[one.progress.pace], PACE_WORDS[one.progress.pace]) if one.progress else None,
        "share": min(one.progress.counted * 100 // one.progress.needed, 100) if one.progress else None,
        "counted": units(one.progress.counted) if one.progress else "",
        "needed": units(one.progress.needed) if one.progress else "",
        "totals": [_total(total) for total in one.progress.totals] if one.progress else [],
        "entries": [(entry, approves and entry.approved_at is None and entry.recorded_by_id != actor.user_id) for entry in one.entries],
        "may_verify": approves and credential.verified_at is None and credential.status == CredentialStatus.ACTIVE,
    }


def _total(total: Any) -> dict[str, Any]:
    known = total.category.confidence != NOT_RETRIEVED
    return {
        "name": total.category.name,
        "counted": units(total.counted),
        "over": units(total.over) if total.over else "",
        "cap": f"at most {total.category.most}" if total.category.most else ("no cap" if known else "cap not known"),
    }


def step_of(step: Step, record: StaffMember) -> dict[str, Any]:
    """A place on the career map with how far this person is from it."""
    answer = step.answer
    if step.held:
        tone, words = "ok", "Yours"
    elif answer.eligible:
        tone, words = "info", f"Eligible by path ({answer.path})" if step.target.certified else "Within reach"
    else:
        tone, words = ("unknown", "Not known") if answer.eligible is None else ("hold", "Missing")
    url = reverse("workforce:eligibility", args=[record.pk, step.target.programme.code]) if step.target.certified else ""
    return {
        "name": step.target.name, "code": step.target.programme.code if step.target.certified else "", "summary": step.target.summary,
        "tone": tone, "state": words, "missing": () if step.held else answer.missing, "url": url,
    }  # fmt: skip
