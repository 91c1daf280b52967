"""What a complete dump holds: every table of every room but those that mean nothing elsewhere."""

from __future__ import annotations

from django.apps import apps
from django.db import models

from openhtm.documents.models import StoredFile
from openhtm.identity.models import User
from openhtm.inventory.models import Device
from openhtm.sites.models import Organisation

EXCLUDED_APPS = frozenset({"auth", "contenttypes", "sessions", "procrastinate"})
EXCLUDED = frozenset({"identity.LogInAttempt"})
SEQUENCES = ("inventory_control_number", "workorders_number")
MUST_BE_EMPTY: tuple[type[models.Model], ...] = (User, Organisation, Device, StoredFile)


def dumped_models() -> list[type[models.Model]]:
    """Every table of the dump by name, history tables and their contexts included."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.app_label not in EXCLUDED_APPS
        and model._meta.label not in EXCLUDED
    ]
    return sorted(found, key=lambda model: model._meta.db_table)
