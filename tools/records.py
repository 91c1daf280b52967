"""Write docs/reference/records-of-work.md: every column of the rooms around maintenance, from the models themselves.

Run it after a change of those models: ``.venv/bin/python tools/records.py``. A test compares the page with what this writes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "records-of-work.md"
ROOMS = {
    "notices": "Messages",
    "workforce": "Staff, teams and hours",
    "testers": "Testers",
    "procedures": "Procedures",
    "training": "Training of clinical staff",
    "pulse": "Staff survey",
    "competence": "Competence and training",
    "workorders": "Work orders",
    "traceability": "Files of testers, and testers in doubt",
    "maintenance": "Schedules and visits",
    "rounds": "Rounds and readiness checks",
    "staffing": "Staffing forecast",
}
HEAD = """# Records of work

Every column of the records of maintenance, written by `tools/records.py` from the models. For the device see
[The device record](device.md); for all other records [Other records](records.md). `id` is an internal key and never shown.
Records marked *history* have a second table, named with `Event` at its end, with the record as it was after each change;
its columns are described in [Other records](records.md). Records marked *appended only* refuse every change: a correction is a
further record.
"""
USUAL = {
    "id": "Internal key.",
    "uid": "Its key in addresses and the API (UUIDv7).",
    "recorded_at": "When it was written.",
    "actor": "Who did it; empty: the system.",
    "actor_name": "Their name as it was then.",
    "career_role": "What this person works as: one of the roles that paths to certification count.",
    "specialty": "What the team knows best.",
    "act": "What it is about: getting work, closing it, or deciding on alternate maintenance.",
    "needs": "What is asked for: a competency, a credential, either or both.",
    "mode": "What follows without it: nothing, a warning or a refusal.",
    "least_level": "The lowest level that suffices.",
    "active": "No: kept in all records, no longer offered.",
    "source": "Where it comes from.",
    "edition": "Edition of the source.",
    "confidence": "How sure the source is: S, S2, GK-high, GK-med, GK-low or C.",
}


def page() -> str:
    """The whole page. Needs Django to be set up."""
    from django.apps import apps

    lines = [HEAD]
    for room, title in ROOMS.items():
        lines.append(f"\n## {title}\n")
        for model in sorted(apps.get_app_config(room).get_models(), key=lambda model: model.__name__):
            if not any(field.name == "pgh_id" for field in model._meta.fields):
                lines += _record(model)
    return "\n".join(lines) + "\n"


def _record(model) -> Iterator[str]:  # type: ignore[no-untyped-def]
    yield f"### {model.__name__}\n"
    yield f"{(model.__doc__ or '').strip().splitlines()[0]}{_marks(model)}\n"
    yield "| Column | Meaning |\n|---|---|"
    for field in model._meta.fields:
        yield f"| `{field.name}` | {_meaning(field)} |"
    yield ""


def _marks(model) -> str:  # type: ignore[no-untyped-def]
    names = {trigger.name for trigger in getattr(model._meta, "triggers", [])}
    if "append_only" in names:
        return " *Appended only.*"
    return " *History.*" if any(name.startswith(("insert_", "update_")) for name in names) else ""


def _meaning(field) -> str:  # type: ignore[no-untyped-def]
    text = str(field.help_text) or USUAL.get(field.name, "")
    if not text and field.choices:
        text = "One of: " + ", ".join(f"`{code}`" for code, _ in field.choices if code != "") + "."
    if not text and field.is_relation:
        text = f"The {field.related_model._meta.verbose_name} it points to."
    if not text:
        text = f"{str(field.verbose_name)[:1].upper()}{str(field.verbose_name)[1:]}."
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    sys.path.insert(0, str(ROOT / "src"))
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
