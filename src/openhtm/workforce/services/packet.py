"""The application packet: a certification's journal with a list of its evidence, each file named by its hash."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.documents.pdf import render_pdf
from openhtm.identity.actor import Actor
from openhtm.sites.models import Organisation
from openhtm.ui.rules import formats
from openhtm.workforce.models import Credential, EducationFact, EmploymentFact, StaffMember
from openhtm.workforce.queries.credentials import Journal, journals
from openhtm.workforce.rules.programmes import reference
from openhtm.workforce.rules.renewal import units
from openhtm.workforce.services.access import require_record

TEMPLATE = "workforce/packet.typ"


def application_packet(*, actor: Actor, staff: StaffMember, credential: Credential, now: dt.datetime) -> bytes:
    """Return the packet as PDF. The same records and ``now`` give the same bytes. Five statements. Raises NotAllowed."""
    require_record(actor, staff)
    return render_pdf(TEMPLATE, packet_data(actor=actor, staff=staff, credential=credential, now=now), created_at=now)


def packet_data(*, actor: Actor, staff: StaffMember, credential: Credential, now: dt.datetime) -> dict[str, Any]:
    """What the packet shows, as plain values."""
    programme, organisation = reference().programme(credential.programme), Organisation.objects.first()
    found = journals([credential], on=now.date())[0]
    sections = [
        _facts("Certification", _certification(credential)),
        *_cycle(found),
        _rows("Journal", ("Done", "Category", "What", "Units", "Approved", "Evidence"), _journal(found)),
        _rows("Education", ("Completed", "What", "Where", "Evidence"), _education(staff)),
        _rows("Employment", ("From", "To", "Worked as", "Employer", "Time", "Evidence"), _employment(staff)),
        _rows("Evidence files", ("File", "Size", "SHA-256"), _files(staff, credential, found), mono=[2]),
    ]
    return {
        "title": f"{credential.programme}: {programme.name if programme else credential.programme}",
        "number": credential.number,
        "person": staff.full_name,
        "job": staff.job_title or staff.get_career_role_display(),
        "organisation": organisation.name if organisation else "",
        "synthetic": bool(organisation and organisation.synthetic),
        "sections": [one for one in sections if one.get("facts") or one.get("rows")],
        "source": programme.renewal.source if programme and programme.renewal else "",
        "printed": f"{formats.instant(now, zone=dt.UTC)} UTC by {actor.name}",
    }


def _certification(one: Credential) -> list[tuple[str, str]]:
    seen = f"{formats.day(one.verified_at.date())} by {one.verified_by}" if one.verified_at and one.verified_by else "not yet verified"
    return [
        ("Number", one.number), ("Tier", one.get_tier_display()), ("Issued on", formats.day(one.issued_on)),
        ("Valid until", formats.day(one.expires_on) if one.expires_on else "without end"), ("State", one.get_status_display()),
        ("Certificate seen", seen),
    ]  # fmt: skip


def _cycle(found: Journal) -> list[dict[str, Any]]:
    progress = found.progress
    if progress is None:
        return []
    last_on = progress.cycle.ends_on - dt.timedelta(days=1)
    facts = [
        ("Reporting period", f"{formats.day(progress.cycle.starts_on)} to {formats.day(last_on)}"),
        (f"{progress.unit} that count", f"{units(progress.counted)} of {units(progress.needed)}"),
        ("Standing", progress.sentence()),
    ]
    rows = [
        [
            total.category.name,
            units(total.entered),
            units(total.counted),
            f"at most {total.category.most}" if total.category.most else "cap not known" if not total.cap_known else "no cap",
        ]
        for total in progress.totals
    ]
    return [_facts("Reporting period", facts), _rows("By category", ("Category", "Entered", "Counted", "Cap"), rows)]


def _journal(found: Journal) -> list[list[str]]:
    programme = reference().programme(found.credential.programme)
    renewal = programme.renewal if programme else None
    names = {one.code: one.name for one in renewal.categories} if renewal else {}
    return [
        [
            formats.day(one.done_on), names.get(one.category, one.category), one.title, f"{one.units:f}".rstrip("0").rstrip("."),
            formats.day(one.approved_at.date()) if one.approved_at else "", one.evidence.sha256[:12] if one.evidence else "",
        ]
        for one in found.entries if one.withdrawn_at is None
    ]  # fmt: skip


def _education(staff: StaffMember) -> list[list[str]]:
    return [
        [
            formats.day(one.completed_on) if one.completed_on else "",
            one.get_kind_display() if one.kind == "military" else f"{one.get_degree_display()}, {one.get_field_display().lower()}",
            one.institution, one.evidence.sha256[:12] if one.evidence else "",
        ]
        for one in EducationFact.objects.filter(staff=staff).select_related("evidence")
    ]  # fmt: skip


def _employment(staff: StaffMember) -> list[list[str]]:
    return [
        [
            formats.day(one.started_on), formats.day(one.ended_on) if one.ended_on else "today", one.get_role_display(), one.employer,
            "full-time" if one.full_time else "part-time", one.evidence.sha256[:12] if one.evidence else "",
        ]
        for one in EmploymentFact.objects.filter(staff=staff).select_related("evidence")
    ]  # fmt: skip


def _files(staff: StaffMember, credential: Credential, found: Journal) -> list[list[str]]:
    facts: list[Any] = [credential, *(one for one in found.entries if one.withdrawn_at is None)]
    facts += [*EducationFact.objects.filter(staff=staff).select_related("evidence")]
    facts += [*EmploymentFact.objects.filter(staff=staff).select_related("evidence")]
    return [
        [one.evidence_name or "evidence", f"{one.evidence.size_bytes:,} bytes", one.evidence.sha256]
        for one in facts
        if one.evidence is not None
    ]


def _facts(title: str, items: list[tuple[str, str]]) -> dict[str, Any]:
    return {"title": title, "facts": items}


def _rows(title: str, heads: tuple[str, ...], rows: list[list[str]], *, mono: list[int] | None = None) -> dict[str, Any]:
    return {"title": title, "heads": heads, "rows": rows, "mono": mono or []}
