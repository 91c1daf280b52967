"""Reference data that the inventory ships: risk profiles. Loading again changes nothing that is already there."""

from __future__ import annotations

from django.db import transaction

from openhtm.inventory.models import RiskProfile
from openhtm.inventory.rules import risk


@transaction.atomic
def load_risk_profiles() -> int:
    """Add the shipped risk profiles that are not there yet, by code and edition; an older edition is closed. Returns how many."""
    stored = set(RiskProfile.objects.values_list("code", "edition"))
    fresh = []
    for entry in risk.read_entries():
        profile = risk.profile_from_entry(entry)
        if (profile.code, profile.edition) in stored:
            continue
        older = RiskProfile.objects.filter(code=profile.code, effective_to__isnull=True, shipped=True)
        older.update(effective_to=profile.effective_from)
        fresh.append(
            RiskProfile(
                code=profile.code,
                edition=profile.edition,
                name=profile.name,
                definition=entry,
                source=profile.source,
                confidence=profile.confidence,
                effective_from=profile.effective_from,
                effective_to=profile.effective_to,
            )
        )
    RiskProfile.objects.bulk_create(fresh)
    return len(fresh)
