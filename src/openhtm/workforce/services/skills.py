"""The shipped list of skills."""

from __future__ import annotations

from pathlib import Path

import yaml
from django.db import transaction

from openhtm.workforce.models import Skill

DATA = Path(__file__).resolve().parent.parent / "data" / "skills.yaml"


@transaction.atomic
def load_skills() -> int:
    """Add the skills that are missing; what a site renamed or retired stays as it is. Returns how many were added. Two statements."""
    shipped = yaml.safe_load(DATA.read_text(encoding="utf-8"))["skills"]
    before = Skill.objects.count()
    Skill.objects.bulk_create([Skill(code=line["code"], name=line["name"], source="starter") for line in shipped], ignore_conflicts=True)
    return Skill.objects.count() - before
