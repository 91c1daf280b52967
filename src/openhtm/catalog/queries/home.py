"""Numbers for the catalogue's front page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openhtm.catalog.models import DeviceModel, DeviceType, EmdnTerm, GmdnTerm, GudidRecord, Manufacturer, ProductCode, ReferenceLoad
from openhtm.catalog.rules.codes import FDA_UNLOADED
from openhtm.core.pagination import Count, count_up_to

SYSTEM_LABELS = {
    "fda-classification": "FDA product classification",
    "gudid": "GUDID",
    "emdn": "EMDN",
    "gmdn": "GMDN",
    "starter": "Starter catalogue",
}


def counts() -> dict[str, Count]:
    """How many of each are in use. One statement each; a large table is estimated."""
    return {
        "types": count_up_to(DeviceType.objects.filter(active=True)),
        "high_risk_types": count_up_to(DeviceType.objects.filter(active=True, high_risk=True)),
        "models": count_up_to(DeviceModel.objects.filter(active=True)),
        "manufacturers": count_up_to(Manufacturer.objects.filter(merged_into__isnull=True)),
        "product_codes": count_up_to(ProductCode.objects.exclude(edition=FDA_UNLOADED).filter(retired=False)),
        "emdn": count_up_to(EmdnTerm.objects.filter(retired=False)),
        "gmdn": count_up_to(GmdnTerm.objects.filter(retired=False), exact_up_to=100_000),
        "gudid": count_up_to(GudidRecord.objects.all()),
    }


@dataclass(frozen=True, slots=True)
class Loaded:
    label: str
    edition: str
    file_name: str
    loaded_at: datetime


def latest_loads() -> list[Loaded]:
    """The last run of each loader. One statement."""
    rows = ReferenceLoad.objects.order_by("system", "-loaded_at", "-pk").distinct("system")
    return [Loaded(SYSTEM_LABELS.get(row.system, row.system), row.edition, row.file_name, row.loaded_at) for row in rows]
