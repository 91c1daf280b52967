"""Open orders with a checklist for the bench, and print their uids as JSON: ``python -m bench.seed_results COUNT``."""

from __future__ import annotations

import json
import os
import sys
import uuid

import django
from django.db import transaction

LIMIT = {"nominal": 200, "percent": 15, "absolute": 3, "source": "IEC 60601-2-4", "edition": "3.1", "confidence": "S"}


def steps(count: int = 14) -> list[dict[str, object]]:
    """Steps as a defibrillator has them: half looked at, half measured."""
    looked: list[dict[str, object]] = [{"key": f"look-{n}", "kind": "pass_fail", "title": f"Look at part {n}"} for n in range(count // 2)]
    measured: list[dict[str, object]] = [
        {"key": f"energy-{n}", "kind": "number", "title": f"Delivered energy {n}", "number": {"unit": "J", "limit": LIMIT}}
        for n in range(count - len(looked))
    ]
    return [*looked, *measured]


@transaction.atomic
def main(count: int) -> None:
    from django.utils import timezone

    from openhtm.identity.actor import Actor
    from openhtm.inventory.models import Device
    from openhtm.procedures.models import Procedure, ProcedureVersion
    from openhtm.procedures.rules.content import content_hash, dump, parse
    from openhtm.workorders.models import Checklist
    from openhtm.workorders.rules.kinds import Kind
    from openhtm.workorders.rules.wanted import NewOrder
    from openhtm.workorders.services.opening import open_many

    name = f"bench-{uuid.uuid4().hex[:12]}"
    content = parse({"format": 1, "purpose": "Bench", "steps": steps()})
    procedure = Procedure.objects.create(code=name, name=name)
    version = ProcedureVersion.objects.create(
        procedure=procedure,
        number=1,
        status="released",
        released_at=timezone.now(),
        content=dump(content),
        content_hash=content_hash(content),
    )
    devices = Device.objects.in_inventory().order_by("pk").values_list("pk", "facility_id")[:count]
    wanted = [
        NewOrder(title="Bench", kind=Kind.SAFETY_TEST, device_id=device, facility_id=facility, version_ids=(version.pk,))
        for device, facility in devices
    ]
    orders = open_many(actor=Actor.system("bench"), wanted=wanted)
    made = Checklist.objects.filter(work_order__in=orders).values_list("work_order__number", "uid")
    print(json.dumps([[number, str(uid)] for number, uid in made]))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    django.setup()
    main(int(sys.argv[1]))
