"""A work order on paper: what was asked, found, measured, used and signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openhtm.documents.pdf import render_pdf, render_pictures
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.ui import barcodes
from openhtm.ui.rules import formats
from openhtm.workorders.models import ClosingQualification, Result, WorkOrder
from openhtm.workorders.queries import detail, order_page
from openhtm.workorders.queries.qualification import closing_qualification
from openhtm.workorders.rules.kinds import KIND_LABELS, PRIORITY_LABELS, STATUS_LABELS, STATUS_TONES, Kind, Priority, Status

_TEMPLATE = "workorders/order.typ"
MOST_ROWS = 400
VERDICTS = {"pass": "Pass", "fail": "FAIL", "recorded": "Recorded", "invalid": "NOT VALID", "na": "Does not apply", "skipped": "Skipped"}
_WRONG = frozenset({"fail", "invalid"})


def order_pdf(*, order: WorkOrder, actor: Actor, now: datetime, base_url: str) -> bytes:
    """Return ``order`` (as from ``queries.detail.order_by_number``) as a PDF, times in its facility's zone.

    Costs and qualifications are left out for roles that may not see them, remarks among colleagues for those outside. About ten statements.
    Raises NotAllowed.
    """
    data, assets = order_data(order=order, actor=actor, now=now, base_url=base_url)
    return render_pdf(_TEMPLATE, data, assets=assets, created_at=now)


def order_pictures(*, order: WorkOrder, actor: Actor, now: datetime, base_url: str) -> list[bytes]:
    """Return the same pages as PNG."""
    data, assets = order_data(order=order, actor=actor, now=now, base_url=base_url)
    return render_pictures(_TEMPLATE, data, assets=assets, kind="png", pixels_per_inch=100)


def order_data(*, order: WorkOrder, actor: Actor, now: datetime, base_url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Gather what the paper shows, as plain values, and its symbol as SVG."""
    require(actor, Permission.VIEW_WORK, at=order.facility_id, place=order.facility.name)
    zone = ZoneInfo(order.facility.time_zone)
    status = Status(order.status)
    address = f"{base_url}/work/{order.number}"
    place = order.location or (order.device.location if order.device else None)
    badges = [(STATUS_TONES[status], STATUS_LABELS[status]), ("hold", KIND_LABELS[Kind(order.kind)])]
    badges += [("late", "A patient was involved")] if order.incident else []
    data = {
        "number": str(order),
        "title": order.title,
        "place": place.full_name if place else "Place unknown",
        "facility": order.facility.name,
        "organisation": order.facility.organisation.name,
        "synthetic": order.facility.organisation.synthetic,
        "badges": badges,
        "address": address,
        "sections": [section for section in _sections(order, actor, zone) if section.get("items") or section.get("rows")],
        "printed": f"{formats.instant(now, zone=zone)} {formats.zone_label(now, zone=zone)} by {actor.name}",
    }
    return data, {"qr": barcodes.svg(barcodes.qr(address))}


def _sections(order: WorkOrder, actor: Actor, zone: ZoneInfo) -> Iterable[dict[str, Any]]:
    def at(moment: datetime | None) -> str:
        return formats.instant(moment, zone=zone) if moment else ""

    costs = actor.may(Permission.VIEW_COSTS, at=order.facility_id)
    if order.device:
        yield _facts("Device", _device(order))
    yield _facts("Order", _order(order, at))
    yield _words("What was said", [order.description])
    yield _facts("Outcome", _outcome(order))
    yield _words("What was done", [order.work_done])
    yield _results(order_page.current_results(order)[:MOST_ROWS], at)
    booked = order_page.booked_on(order)
    yield _rows("Labour", (3, 2, 2, 1), ("Who", "Kind", "When", "Time"), (
        (e.user_name, e.category.label, at(e.started_at), formats.duration(e.minutes) if e.ended_at else "runs") for e in booked.labour))  # fmt: skip
    yield _rows("Parts used", (3, 2, 1, 2), ("Part", "Number", "Quantity", "Serial or lot"), (
        (p.description, p.part_number, f"{p.quantity.normalize():f}", p.serial_or_lot) for p in booked.parts))  # fmt: skip
    yield _rows("Service reports", (3, 2, 2, 2), ("Company", "Report", "Done on", "Verdict"), (
        (str(r.provider), r.report_number, formats.day(r.performed_on), r.get_verdict_display()) for r in booked.reports))  # fmt: skip
    if costs:
        yield _facts("Cost", _cost(order))
    comments = detail.comments_of(order, public_only=not detail.sees_everything(actor, order))[:MOST_ROWS]
    yield _rows("Remarks", (2, 1.4, 5), ("Who", "When", "Remark"), ((c.author_name, at(c.recorded_at), c.text) for c in comments))
    staff = actor.may(Permission.VIEW_STAFF, at=order.facility_id)
    if staff and order.status == Status.CLOSED and (stamped := closing_qualification(order)):
        yield _facts("Qualification on the day of the work", _qualification(stamped))
    yield _rows("Signatures", (3, 3, 2, 2), ("Who", "Meaning", "When", "Of content"), (
        (s.signer_name, s.get_meaning_display(), at(s.signed_at), s.content_hash[:16]) for s in order_page.signatures_of(order)))  # fmt: skip


def _facts(title: str, items: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"kind": "facts", "title": title, "items": list(items)}


def _words(title: str, paragraphs: Sequence[str]) -> dict[str, Any]:
    return {"kind": "words", "title": title, "items": [text for text in paragraphs if text]}


def _rows(title: str, widths: Sequence[float], heads: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, Any]:
    found = [{"tone": "", "cells": list(row)} for row in rows]
    return {"kind": "rows", "title": title, "widths": list(widths), "heads": list(heads), "rows": found}


def _device(order: WorkOrder) -> list[tuple[str, str]]:
    device = order.device
    assert device is not None
    return [
        ("Control number", device.control_number),
        ("Device", device.device_type.name if device.device_type else ""),
        ("Model", str(device.device_model)),
        ("Serial number", device.serial_number),
        ("Software", device.software_version),
        ("Department", order.department.name if order.department else ""),
    ]


def _order(order: WorkOrder, at: Any) -> list[tuple[str, str]]:
    given = order.assigned_user or order.assigned_team or order.assigned_provider
    facts = [
        ("Opened", f"{at(order.opened_at)} {order.opened_by_name}".strip()),
        ("Priority", PRIORITY_LABELS[Priority(order.priority)]),
        ("Assigned to", str(given) if given else "nobody"),
    ]
    if order.reporter_name:
        facts.append(("Reported by", order.reporter_name))
    if order.due_on:
        facts.append(("Due", formats.day(order.due_on)))
    done = (
        ("Started", order.started_at, ""),
        ("Completed", order.completed_at, order.completed_by),
        ("Closed", order.closed_at, order.closed_by),
    )
    return facts + [(label, f"{at(moment)} {who or ''}".strip()) for label, moment, who in done if moment]


def _outcome(order: WorkOrder) -> list[tuple[str, str]]:
    coded = (("Problem", order.problem), ("Failure code", order.failure), ("Cause", order.cause), ("Resolution", order.resolution))
    return [(label, entry.label) for label, entry in coded if entry]


def _cost(order: WorkOrder) -> list[tuple[str, str]]:
    currency = order.facility.organisation.currency
    lines = (
        ("Labour", order.labour_cents),
        ("Parts", order.parts_cents),
        ("Service reports", order.vendor_cents),
        ("Other", order.other_cents),
    )
    total = sum(amount for _, amount in lines)
    return [(label, formats.money(amount, currency=currency)) for label, amount in (*lines, ("Together", total))]


def _qualification(found: ClosingQualification) -> list[tuple[str, str]]:
    """Who did the work and what they were qualified by, as stamped at closing."""
    facts = found.facts
    held = [" ".join(filter(None, (one["programme"], one["number"]))) for one in facts.get("credentials", [])]
    lines = [
        ("Done by", found.company or found.performer_name),
        ("As of", formats.day(found.on)),
        ("Qualified by", found.words),
        ("Credentials", ", ".join(held)),
        ("Roles", ", ".join(role.replace("_", " ") for role in facts.get("roles", []))),
        ("Skills", ", ".join(facts.get("skills", []))),
    ]
    return [(label, text) for label, text in lines if text]


def _results(results: Sequence[Result], at: Any) -> dict[str, Any]:
    """Each result with the limit it was judged by; the checklist's name stands before its first step."""
    heads = ("Step", "Reading", "Limit", "Verdict", "By, when")
    section = _rows("Results", (3, 2, 2, 1.3, 2.4), heads, ())
    before = None
    for one in results:
        name = str(one.checklist.version)
        step = f"{name}: {one.step_key}" if name != before else one.step_key
        before = name
        phase = f" ({one.phase.replace('_', ' ')})" if one.phase else ""
        cells = [
            f"{step}{phase}", _reading(one), _limit(one.limit),
            VERDICTS.get(one.verdict, one.verdict), f"{one.performer_name}, {at(one.measured_at)}",
        ]  # fmt: skip
        section["rows"].append({"tone": "late" if one.verdict in _WRONG else "", "cells": cells})
    return section


def _reading(one: Result) -> str:
    if one.number is not None:
        return f"{one.number:g} {one.unit}".strip()
    return one.text or one.choice or one.entered


def _limit(limit: Any) -> str:
    """The limit as it was stored with the result: its words if it has any, else its bounds."""
    if not isinstance(limit, dict) or not limit:
        return ""
    if isinstance(limit.get("words"), str):
        return str(limit["words"])
    bounds = [
        f"{word} {limit[key]}"
        for key, word in (("low", "from"), ("min", "from"), ("high", "to"), ("max", "to"))
        if limit.get(key) is not None
    ]
    source = " ".join(str(limit[key]) for key in ("standard", "edition") if limit.get(key))
    return " ".join((*bounds, f"({source})" if source else "")).strip()
