"""The fields and saved profiles for inventory files that come with OpenHTM."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from openhtm.exchange.rules.mapping import Profile, TargetField, load_fields

FIELDS_OF = {
    "device_model": "model", "udi_carrier": "udi", "acquisition_cost_cents": "acquisition_cost", "high_risk_override": "high_risk",
    "high_risk_reason": "high_risk", "manufacturer+serial_number": "serial_number",
}  # fmt: skip
"""The field that fills a column or key of another name."""


@cache
def device_fields() -> tuple[TargetField, ...]:
    """Return the fields of a device in the order they are shown. Read from ``inventory/data/import_fields.yaml``."""
    return load_fields(_data().joinpath("import_fields.yaml").read_text(encoding="utf-8"))


@cache
def shipped_profiles() -> dict[str, Profile]:
    """Return the profiles of ``inventory/data/import_profiles`` by name."""
    folder = _data().joinpath("import_profiles")
    profiles = [Profile.from_json(one.read_text(encoding="utf-8")) for one in folder.iterdir() if one.name.endswith(".json")]
    return {profile.name: profile for profile in sorted(profiles, key=lambda profile: profile.name)}


def _data() -> Traversable:
    return files("openhtm.inventory").joinpath("data")
