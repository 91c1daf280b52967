"""The maintenance programme: what is due how often, where that differs, what needs none, and the schedules that follow from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from openhtm.catalog.models import DeviceType
from openhtm.demo.parts.demo import Demo
from openhtm.inventory.models import Device
from openhtm.maintenance.models import DepartmentMonth, MissPolicy, NoMaintenanceDecision, PlanLine, Schedule, WindowProfile, WindowStep
from openhtm.maintenance.models.programme import ProgrammeSource
from openhtm.maintenance.rules.calendar import first_grid_on_or_after
from openhtm.maintenance.rules.first_due import first_due
from openhtm.maintenance.services.inherit import refresh_schedules
from openhtm.maintenance.services.reference import load_maintenance_policies
from openhtm.procedures.models import Procedure
from openhtm.sites.models import Department

PROFILE = "month-end-grace-30"
FIRST_DEPARTMENT = "Intensive care"
NONE_NEEDED = 24  # device types
OWN_GRID = 3
"""Every third type counts from the acceptance of each device, the others from the base month of its department."""
OF_A_MODEL = 5
OF_A_DEVICE = 8
_REASONS = (
    "Used day and night in one room",
    "Failed twice between two visits",
    "Loaned out; the lender asks for it",
    "Found dirty at every visit",
)
_NONE = "Has no part that wears and nothing to measure; looked at by its users before each use"


def build(demo: Demo) -> None:
    """Add the programme and the schedules of every device. About forty statements for any number of devices."""
    load_maintenance_policies(actor=demo.actor)
    WindowProfile.objects.filter(is_default=True).update(is_default=False)
    WindowProfile.objects.filter(code=PROFILE).update(is_default=True)
    _months(demo)
    lines = _type_lines(demo)
    _model_lines(demo, lines)
    _device_lines(demo, lines)
    _miss_policy(demo)
    _decisions(demo, {line.device_type_id for line in lines if line.device_type_id})
    past = _past_schedules(demo)
    made = refresh_schedules(
        actor=demo.actor, now=demo.now - dt.timedelta(days=1), as_of=demo.as_of, reason="Programme of the demo hospital"
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE maintenance_schedule")
    demo.counts |= {"plan lines": PlanLine.objects.count(), "schedules": made.created + past}


def _months(demo: Demo) -> None:
    """Spread the departments of each facility over the year, beginning with this month, so that every month has its work."""
    months: list[DepartmentMonth] = []
    for facility in demo.facilities:
        names = list(Department.objects.filter(facility=facility.pk).values_list("name", "pk"))
        names.sort(key=lambda one: (one[0] != FIRST_DEPARTMENT, one[0]))
        months += [
            DepartmentMonth(department_id=pk, month=(demo.as_of.month - 1 + 5 * place) % 12 + 1) for place, (_, pk) in enumerate(names)
        ]
    DepartmentMonth.objects.bulk_create(months)


def _miss_policy(demo: Demo) -> None:
    """Let the general policy have changed once: it escalated a search later before. The days for a follow-up stayed."""
    changed_on = demo.as_of - dt.timedelta(days=400)
    set_by_id, set_by_name = demo.users["engineer"]
    general = MissPolicy.objects.get(facility__isnull=True)
    general.effective_from, general.source = changed_on, "local"
    general.reason = "Two devices were lost for a quarter before anybody asked"
    general.set_by_id, general.set_by_name = set_by_id, set_by_name
    general.set_at = demo.now - dt.timedelta(days=400)
    general.save()
    MissPolicy.objects.create(
        effective_to=changed_on, escalate_after_attempts=general.escalate_after_attempts + 1, source="local",
        reason="Three searches before the manager is asked, as it was on paper",
    )  # fmt: skip


def _line(demo: Demo, procedure: int, months: int, **more: object) -> PlanLine:
    values = {"source": ProgrammeSource.STARTER, "effective_from": demo.horizon, "decided_by_id": demo.users["engineer"][0]}
    return PlanLine(
        procedure_id=procedure, every_n=months, every_unit="month", changed_at=demo.now - dt.timedelta(days=1), **{**values, **more}
    )


def _type_lines(demo: Demo) -> list[PlanLine]:
    """One line for each type a maintenance procedure is for, at the interval it suggests."""
    links = (
        Procedure.objects.filter(kind="maintenance", suggested_interval_months__isnull=False, device_types__isnull=False)
        .order_by("code", "device_types__code")
        .values_list("pk", "suggested_interval_months", "interval_source", "device_types")
    )
    lines = [
        _line(demo, pk, months or 12, device_type_id=kind, source_text=source[:300], join_base_month=number % OWN_GRID != 0)
        for number, (pk, months, source, kind) in enumerate(links)
    ]
    return PlanLine.objects.bulk_create(lines)


def _model_lines(demo: Demo, lines: Sequence[PlanLine]) -> None:
    """For some models the interval was lengthened by an alternate maintenance decision."""
    chance, by_type = demo.chance("programme"), {line.device_type_id: line for line in lines}
    models = [
        model for code in sorted(demo.models) for model in demo.models[code][:1] if model.type_pk in by_type and not model.aem_ineligible
    ]
    chosen = chance.sample([model for model in models if not model.high_risk], min(OF_A_MODEL, len(models) // 4))
    PlanLine.objects.bulk_create(
        _line(
            demo, by_type[model.type_pk].procedure_id, by_type[model.type_pk].every_n * 2, device_model_id=model.pk,
            join_base_month=by_type[model.type_pk].join_base_month,
            source=ProgrammeSource.AEM, source_text=f"Decision AEM-{number:03d} (synthetic)",
        )
        for number, model in enumerate(chosen, start=1)
    )  # fmt: skip


def _device_lines(demo: Demo, lines: Sequence[PlanLine]) -> None:
    """A few devices differ, each for a reason; one needs none of it."""
    chance, by_type = demo.chance("overrides"), {line.device_type_id: line for line in lines if line.every_n >= 12}
    devices = list(
        Device.objects.filter(device_type__in=by_type, status="in_service")
        .order_by("control_number")
        .values_list("pk", "device_type_id")[:2000]
    )
    chosen = chance.sample(devices, min(OF_A_DEVICE, len(devices) // 10))
    PlanLine.objects.bulk_create(
        _line(
            demo, by_type[kind].procedure_id, 6, device_id=pk, source=ProgrammeSource.POLICY, needed=number > 0,
            reason="Training unit; never used on patients" if number == 0 else chance.pick(_REASONS),
        )
        for number, (pk, kind) in enumerate(chosen)
    )  # fmt: skip


def _decisions(demo: Demo, planned: set[int]) -> None:
    """Somebody decided that some types need nothing; for the others without a line that is still open, which is a finding."""
    who = demo.users["engineer"]
    used = {model.type_pk for models in demo.models.values() for model in models}
    kinds = list(
        DeviceType.objects.filter(pk__in=used, high_risk=False).exclude(pk__in=planned).order_by("code").values_list("pk", flat=True)
    )
    chosen = demo.chance("none needed").sample(kinds, min(NONE_NEEDED, len(kinds)))
    NoMaintenanceDecision.objects.bulk_create(
        NoMaintenanceDecision(device_type_id=pk, reason=_NONE, decided_by_id=who[0], decided_by_name=who[1], decided_at=demo.now)
        for pk in sorted(chosen)
    )


def _past_schedules(demo: Demo) -> int:
    """Add the schedules that devices had before they were retired; no line is carried out for those any more. Three statements."""
    lines = {line.device_type_id: line for line in PlanLine.objects.filter(device_type__isnull=False).order_by("-pk")}
    months = dict(DepartmentMonth.objects.values_list("department_id", "month"))
    steps = list(WindowStep.objects.filter(profile__is_default=True).order_by("from_interval_days"))
    gone = Device.objects.filter(status__in=("retired", "disposed"), device_type__in=lines, retired_on__isnull=False).order_by("pk")
    rows = gone.values_list("pk", "device_type_id", "department_id", "accepted_on", "in_service_on", "acquired_on", "retired_on")
    found = []
    for pk, kind, department, *days, retired_on in rows.iterator(chunk_size=2000):
        line, accepted_on = lines[kind], next((day for day in days if day), None)
        if accepted_on is None or retired_on is None or retired_on <= demo.horizon:
            continue
        first = first_due(
            accepted_on=accepted_on,
            every_n=line.every_n,
            every_unit="month",
            department_base_month=months.get(department) if line.join_base_month else None,
        )
        starts_on = max(first.due_on, first_grid_on_or_after(first.anchor_on, line.every_n, "month", demo.horizon))
        step = [one for one in steps if one.from_interval_days <= line.every_n * 1461 // 48][-1]
        found.append(
            Schedule(
                device_id=pk, procedure_id=line.procedure_id, plan_line=line, inherited="type", cycle="fixed", every_n=line.every_n,
                every_unit="month", window_step=step, anchor_on=first.anchor_on, starts_on=starts_on, ends_on=retired_on,
                first_due_rule=str(first.joined), live=False, changed_at=demo.now - dt.timedelta(days=1),
            )
        )  # fmt: skip
    Schedule.objects.bulk_create(found, batch_size=5000)
    return len(found)
