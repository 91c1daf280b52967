"""The windows and the miss policy that are shipped."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from openhtm.catalog.models import ReferenceLoad
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.maintenance.models import MissPolicy, WindowProfile, WindowStep
from openhtm.maintenance.rules.missing import DATA as MISS_POLICY_FILE
from openhtm.maintenance.rules.missing import read_miss_policy

WINDOWS = Path(__file__).resolve().parent.parent / "data" / "windows.yaml"
SYSTEM = "maintenance-policies"
_POLICY_FIELDS = ("search_after_days", "missing_after_misses", "missing_after_months", "high_risk_steps_earlier")


@dataclass(slots=True)
class PolicySummary:
    """What loading did with window profiles and the general miss policy; ``kept``: changed here, so left alone."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0


@transaction.atomic
def load_maintenance_policies(*, actor: Actor, only_if_new: bool = False) -> PolicySummary:
    """Add the shipped window profiles and the general miss policy; bring older editions up to date, keep what was changed here.

    Running it again changes nothing. ``only_if_new`` answers with one statement if these very files were loaded before.
    Raises NotAllowed.
    """
    require_everywhere(actor, Permission.EDIT_SCHEDULES)
    summary, digest = PolicySummary(), _digest()
    if only_if_new and ReferenceLoad.objects.filter(system=SYSTEM, sha256=digest).exists():
        return summary
    document = yaml.safe_load(WINDOWS.read_text(encoding="utf-8"))
    about = {key: str(document[key]) for key in ("source", "edition", "confidence")} | {"effective_from": document["effective_from"]}
    stored = {profile.code: profile for profile in WindowProfile.objects.select_for_update().order_by("pk")}
    has_default = any(profile.is_default for profile in stored.values())
    for entry in document["profiles"]:
        _load_profile(entry, about, stored.get(entry["code"]), has_default=has_default, summary=summary)
    _load_policy(summary)
    ReferenceLoad.objects.create(system=SYSTEM, edition=about["edition"], file_name=WINDOWS.name, sha256=digest, counts=asdict(summary))
    return summary


def _digest() -> str:
    found = hashlib.sha256()
    for path in (WINDOWS, MISS_POLICY_FILE):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _load_profile(
    entry: dict[str, Any], about: dict[str, Any], stored: WindowProfile | None, *, has_default: bool, summary: PolicySummary
) -> None:
    """A profile whose source was changed here is kept as it is; steps are changed in place, since schedules point to them."""
    summary.read += 1
    if stored is not None and stored.source != about["source"]:
        summary.kept += 1
        return
    if stored is not None and stored.edition == about["edition"]:
        summary.unchanged += 1
        return
    plain = {key: entry[key] for key in ("name", "description")} | about
    profile = stored or WindowProfile(code=entry["code"], is_default=entry.get("is_default", False) and not has_default)
    for name, value in plain.items():
        setattr(profile, name, value)
    profile.save()
    WindowStep.objects.bulk_create(
        [WindowStep(profile=profile, **step) for step in entry["steps"]],
        update_conflicts=True,
        unique_fields=["profile", "from_interval_days"],
        update_fields=["before_n", "before_unit", "after_n", "after_unit", "snap_to_month", "grace_days"],
    )
    if stored:
        summary.updated += 1
    else:
        summary.created += 1


def _load_policy(summary: PolicySummary) -> None:
    shipped = read_miss_policy()
    values = {name: getattr(shipped, name) for name in _POLICY_FIELDS if hasattr(shipped, name)}
    summary.read += 1
    if MissPolicy.objects.filter(facility__isnull=True).exists():
        summary.unchanged += 1
        return
    MissPolicy.objects.create(**values, source="starter", confidence="GK-med")
    summary.created += 1
