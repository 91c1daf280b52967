"""What the site has set for itself: risk profiles, custom fields and saved views; and the doubtful pairs that follow from the devices."""

from __future__ import annotations

from typing import Any

from openhtm.demo.parts.demo import Demo
from openhtm.inventory.models import CustomField, SavedView
from openhtm.inventory.services.figures import refresh_figures
from openhtm.inventory.services.quality import refresh_duplicates
from openhtm.inventory.services.reference import load_risk_profiles

FIELDS: tuple[dict[str, Any], ...] = (
    {
        "key": "funding_source",
        "label": "Funding source",
        "kind": "choice",
        "choices": ["Capital budget", "Operating budget", "Donation", "Grant"],
    },
    {"key": "emergency_power", "label": "On emergency power", "kind": "yes_no", "help_text": "Plugged into a red outlet."},
    {"key": "cleaning_class", "label": "Cleaning class", "kind": "choice", "choices": ["A", "B", "C"]},
)
VIEWS = (
    ("manager", "High-risk without serial", "status=in_inventory&high_risk=true&missing=serial", True),
    ("manager", "No location", "status=in_inventory&missing=location", True),
    ("technician", "My repairs", "facility=MAIN&status=in_repair", False),
    ("analyst", "Unknown version", "status=in_inventory&missing=version", False),
    ("engineer", "Missing at Valley", "facility=VALLEY&status=missing", False),
)


def build(demo: Demo) -> None:
    """Add the settings, find the doubtful pairs and count the figures. About a dozen statements."""
    load_risk_profiles()
    CustomField.objects.bulk_create(CustomField(position=10 * number, **values) for number, values in enumerate(FIELDS, start=1))
    main = demo.facilities[0].pk
    SavedView.objects.bulk_create(
        SavedView(owner_id=demo.users[owner][0], name=name, query=query, shared_with_id=main if shared else None, position=10 * number)
        for number, (owner, name, query, shared) in enumerate(VIEWS, start=1)
    )
    demo.counts["duplicate candidates"] = refresh_duplicates(now=demo.now).found
    refresh_figures(now=demo.now)
