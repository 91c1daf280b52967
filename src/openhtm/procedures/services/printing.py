"""A version of a procedure on paper: to be read, and to be filled in where there is no screen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from openhtm.documents.pdf import render_pdf
from openhtm.procedures.models import ProcedureVersion
from openhtm.procedures.rules.content import parse
from openhtm.procedures.rules.preview import StepPreview, preview
from openhtm.sites.models import Organisation
from openhtm.testers.rules.kinds import kind_name


def procedure_pdf(version: ProcedureVersion, *, now: dt.datetime) -> bytes:
    """Return the PDF of ``version``: its head, every step with limit and source, and room to write."""
    return render_pdf("procedures/procedure.typ", printed_data(version, now=now), created_at=now)


def printed_data(version: ProcedureVersion, *, now: dt.datetime) -> dict[str, Any]:
    content = parse(version.content)
    oem = content.oem
    facts = [
        ("Kind", version.procedure.get_kind_display()),
        ("Usual time", f"{content.est_minutes} min"),
        ("Skill", content.skill),
        ("Testers", ", ".join(kind_name(code) for code in content.tester_kinds)),
        ("Tools", "; ".join(content.tools)),
        ("Consumables", "; ".join(content.consumables)),
        ("Manufacturer's document", f"{oem.title} {oem.revision}".strip() if oem else ""),
        ("Released", f"{version.released_at:%d %b %Y}" if version.released_at else ""),
        ("Released by", str(version.released_by or "")),
    ]
    return {
        "title": version.procedure.name,
        "code": version.procedure.code,
        "version": str(version.number),
        "status": version.get_status_display(),
        "in_force": version.status == "released",
        "organisation": Organisation.objects.values_list("name", flat=True).first() or "OpenHTM",
        "printed": f"{now:%d %b %Y}",
        "purpose": content.purpose,
        "instructions": content.instructions,
        "notes": list(content.safety_notes),
        "facts": [list(one) for one in facts if one[1]],
        "steps": [_step(one) for one in preview(content)],
        "hash": version.content_hash[:16],
    }


def _step(one: StepPreview) -> dict[str, Any]:
    more = [one.part, f"Set to {one.target}" if one.target else "", one.standard]
    limit = f"Limit {one.limit}" + (f" ({one.source})" if one.source else "") if one.limit else ""
    return {
        "number": one.number,
        "title": one.step.title,
        "instruction": one.step.instruction,
        "optional": bool(one.number) and not one.step.required,
        "more": ". ".join(filter(None, [*more, limit])),
        "answers": [label for label, _ in one.answers] if not one.tests else [],
        "phases": list(one.phases) if one.step.kind == "number" or one.answers else [],
        "unit": one.unit,
        "measured": one.step.kind == "number",
        "tests": [list(test[:2]) for test in one.tests],
    }
