"""Fill an empty instance for the clients, and print as JSON what they need. Run as a program with DATABASE_URL set."""

from __future__ import annotations

import datetime as dt
import json
import os

import django
from django.db import transaction

CHECKLISTS = 12


@transaction.atomic
def main() -> None:
    from django.utils import timezone

    from openhtm.identity.rules.permissions import Role
    from openhtm.identity.tests.factories import UserFactory
    from openhtm.inventory.tests.factories import DeviceFactory
    from openhtm.sites.tests.factories import FacilityFactory
    from openhtm.workorders.tests.evidence import ChecklistFactory, VersionFactory, calibrated
    from openhtm.workorders.tests.factories import WorkOrderFactory
    from tests.permissions.client import bearer

    north = FacilityFactory(code="NORTH", name="North Campus")
    person = UserFactory.with_role(Role.MANAGER, north, username="dora", full_name="Dora Lind")
    today = timezone.localdate()
    calibrated("QA-45", north, performed_on=today - dt.timedelta(days=30), due_on=today + dt.timedelta(days=330))
    version = VersionFactory(name="Defibrillator check", code="defibrillator-check")
    lists = [ChecklistFactory(work_order__device=DeviceFactory(facility=north), version=version) for _ in range(CHECKLISTS)]
    projects = [WorkOrderFactory(device=DeviceFactory(facility=north), kind="project", title="Move").number for _ in range(400)]
    print(
        json.dumps(
            {
                "authorization": bearer(person)["HTTP_AUTHORIZATION"],
                "checklists": [str(one.uid) for one in lists],
                "orders_to_close": projects,
            }
        )
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    django.setup()
    main()
