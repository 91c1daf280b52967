"""The stored figures of large instances: their only writer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from openhtm.inventory.models import Device, InventoryFigure
from openhtm.inventory.queries.figures import count_live


@transaction.atomic
def refresh_figures(*, now: datetime | None = None) -> int:
    """Count every figure of every facility again. Three statements. Returns how many figures there are."""
    now = now or timezone.now()
    found = count_live(Device.objects.all(), today=now.date())
    rows = [
        InventoryFigure(facility_id=facility_id, code=code, number=number, counted_at=now)
        for facility_id, numbers in found.by_facility.items()
        for code, number in numbers.items()
    ]
    InventoryFigure.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["facility", "code"], update_fields=["number", "counted_at"], batch_size=2000
    )
    InventoryFigure.objects.filter(counted_at__lt=now).delete()
    return len(rows)
