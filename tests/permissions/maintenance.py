"""Who may do what with schedules and visits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from openhtm.catalog.models import DeviceType
from openhtm.catalog.tests.factories import DeviceTypeFactory
from openhtm.identity.rules.permissions import Permission as P
from openhtm.identity.rules.permissions import Role
from openhtm.maintenance.models import Attempt, LevellingProposal, NoMaintenanceDecision, PlanLine, Replan, Schedule, Visit, VisitExclusion
from openhtm.maintenance.tests.factories import PlanLineFactory, ScheduleFactory
from openhtm.sites.models import Department
from openhtm.sites.tests.factories import DepartmentFactory
from tests.permissions.rows import Row
from tests.permissions.world import World


def _visit(world: World) -> Visit:
    found = Visit.objects.filter(device=world.device, is_open=True).first()
    if found:
        return found
    schedule = Schedule.objects.filter(device=world.device).first() or ScheduleFactory(device=world.device)
    today, later = timezone.localdate(), timezone.localdate() + timedelta(days=20)
    return Visit.objects.create(
        schedule=schedule, device=world.device, due_on=later, opens_on=today, on_time_until=later, grace_until=later, state="in_window"
    )


def visit(world: World) -> dict[str, Any]:
    return {"visit_id": _visit(world).pk}


def schedule(world: World) -> dict[str, Any]:
    return {"schedule_id": _visit(world).schedule_id}


def _attempt(world: World) -> Attempt:
    now, record = timezone.now(), _visit(world)
    return Attempt.objects.create(visit=record, device=world.device, outcome="in_use", attempted_at=now, attempted_on=now.date())


def _exclusion(world: World) -> VisitExclusion:
    record = _visit(world)
    proposer = world.people[Role.MANAGER]
    open_one = VisitExclusion.objects.filter(visit=record, confirmed__isnull=True).first()
    return open_one or VisitExclusion.objects.create(
        visit=record, code="other", reason="Twice", proposed_by=proposer, proposed_by_name="North"
    )


def attempt_page(world: World) -> dict[str, Any]:
    return {"attempt_uid": _attempt(world).uid}


def attempt(world: World) -> dict[str, Any]:
    return {"uid": _attempt(world).uid}


def exclusion_page(world: World) -> dict[str, Any]:
    return {"exclusion_uid": _exclusion(world).uid}


def exclusion(world: World) -> dict[str, Any]:
    return {"uid": _exclusion(world).uid}


def line(world: World) -> dict[str, Any]:
    found = PlanLine.objects.filter(device=world.device, ended_on__isnull=True).first()
    return {"line_id": (found or PlanLineFactory(device=world.device, reason="Own", effective_from=date(2026, 1, 1))).pk}


def device(world: World) -> dict[str, Any]:
    return {"control_number": world.device.control_number}


def kind(world: World) -> dict[str, Any]:
    return {"type_id": (DeviceType.objects.first() or DeviceTypeFactory()).pk}


def profile(world: World) -> dict[str, Any]:
    return {"profile_id": _visit(world).schedule.window_step.profile_id}


def decision(world: World) -> dict[str, Any]:
    """A decision about the device of North, so that South finds nothing."""
    found = NoMaintenanceDecision.objects.filter(device=world.device, withdrawn_at__isnull=True).first()
    return {"decision_id": (found or NoMaintenanceDecision.objects.create(device=world.device, reason="Spare")).pk}


def facility(world: World) -> dict[str, Any]:
    return {"facility_code": world.north.code}


def levelling(world: World) -> dict[str, Any]:
    scope = {"from": "2026-02-01", "looked_at": 0, "fixed": 0}
    return {"uid": LevellingProposal.objects.create(facility=world.north, title="Level", scope=scope, before=[0] * 12, after=[0] * 12).uid}


def accepted(world: World) -> dict[str, Any]:
    found = levelling(world)
    LevellingProposal.objects.filter(uid=found["uid"]).update(status="accepted", decided_at=timezone.now())
    return found


def replan(world: World) -> dict[str, Any]:
    return {"uid": Replan.objects.create(facility=world.north, kind="replan", title="Week 6", wish={}).uid}


def applied(world: World) -> dict[str, Any]:
    found = replan(world)
    Replan.objects.filter(uid=found["uid"]).update(status="applied", applied_at=timezone.now())
    return found


def department(world: World) -> dict[str, Any]:
    found = Department.objects.filter(facility=world.north).first() or DepartmentFactory(facility=world.north)
    return {"department_id": found.pk}


def a_visit_of_north(world: World) -> dict[str, Any]:
    return {"facility": "NORTH", "visits": [_visit(world).pk]}


PAGES = [
    Row("maintenance:visit-filter", needs=P.VIEW_SCHEDULES),
    Row("maintenance:visit-share", needs=P.VIEW_SCHEDULES),
    Row("maintenance:visit-export", needs=P.VIEW_SCHEDULES),
    Row("maintenance:visit-sticker", needs=P.PRINT_LABELS, kwargs=visit, scoped=True),
    Row("maintenance:schedule-end", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:schedule-end", "POST", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:schedule-as-others", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:schedule-as-others", "POST", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:device-missing", needs=P.SIGN_MISSING, kwargs=device, scoped=True),
    Row("maintenance:device-missing", "POST", needs=P.SIGN_MISSING, kwargs=device, scoped=True),
    Row("maintenance:device-reading", needs=P.RECORD_ATTEMPTS, kwargs=device, scoped=True),
    Row("maintenance:device-reading", "POST", needs=P.RECORD_ATTEMPTS, kwargs=device, scoped=True),
    Row("maintenance:programme-findings", needs=P.VIEW_SCHEDULES),
    Row("maintenance:programme-type", needs=P.VIEW_SCHEDULES, kwargs=kind),
    Row("maintenance:decide-none", needs=P.EDIT_SCHEDULES, kwargs=kind),
    Row("maintenance:decide-none", "POST", needs=P.EDIT_SCHEDULES, kwargs=kind),
    Row("maintenance:decide-none-device", needs=P.EDIT_SCHEDULES, kwargs=device, scoped=True),
    Row("maintenance:decide-none-device", "POST", needs=P.EDIT_SCHEDULES, kwargs=device, scoped=True),
    Row("maintenance:decision-withdraw", "POST", needs=P.EDIT_SCHEDULES, kwargs=decision, scoped=True),
    Row("maintenance:policies", needs=P.VIEW_SCHEDULES),
    Row("maintenance:window-add", needs=P.EDIT_SCHEDULES, everywhere=True),
    Row("maintenance:window-add", "POST", needs=P.EDIT_SCHEDULES, everywhere=True),
    Row("maintenance:window", needs=P.EDIT_SCHEDULES, kwargs=profile, everywhere=True),
    Row("maintenance:window", "POST", needs=P.EDIT_SCHEDULES, kwargs=profile, everywhere=True),
    Row("maintenance:miss-policy", needs=P.EDIT_SCHEDULES, everywhere=True),
    Row("maintenance:miss-policy", "POST", needs=P.EDIT_SCHEDULES, everywhere=True),
    Row("maintenance:miss-policy-facility", needs=P.EDIT_SCHEDULES, kwargs=facility, scoped=True),
    Row("maintenance:miss-policy-facility", "POST", needs=P.EDIT_SCHEDULES, kwargs=facility, scoped=True),
    Row("maintenance:visit-list", needs=P.VIEW_SCHEDULES),
    Row("maintenance:visit", needs=P.VIEW_SCHEDULES, kwargs=visit, scoped=True),
    Row("maintenance:visit-attempt", needs=P.RECORD_ATTEMPTS, kwargs=visit, scoped=True),
    Row("maintenance:visit-attempt", "POST", needs=P.RECORD_ATTEMPTS, kwargs=visit, scoped=True),
    Row("maintenance:visit-exclude", needs=P.EXCLUDE_VISITS, kwargs=visit, scoped=True),
    Row("maintenance:visit-exclude", "POST", needs=P.EXCLUDE_VISITS, kwargs=visit, scoped=True),
    Row("maintenance:attempt-take-back", needs=P.RECORD_ATTEMPTS, kwargs=attempt_page, scoped=True),
    Row("maintenance:attempt-take-back", "POST", needs=P.RECORD_ATTEMPTS, kwargs=attempt_page, scoped=True),
    Row("maintenance:exclusion", needs=P.EXCLUDE_VISITS, kwargs=exclusion_page, scoped=True),
    Row("maintenance:exclusion", "POST", needs=P.EXCLUDE_VISITS, kwargs=exclusion_page, scoped=True),
    Row("maintenance:schedule", needs=P.VIEW_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:schedule-override", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:schedule-override", "POST", needs=P.EDIT_SCHEDULES, kwargs=schedule, scoped=True),
    Row("maintenance:programme", needs=P.VIEW_SCHEDULES),
    Row("maintenance:line-add", needs=P.EDIT_SCHEDULES),
    Row("maintenance:line-add", "POST", needs=P.EDIT_SCHEDULES),
    Row("maintenance:line-end", needs=P.EDIT_SCHEDULES, kwargs=line, scoped=True),
    Row("maintenance:line-end", "POST", needs=P.EDIT_SCHEDULES, kwargs=line, scoped=True),
    Row("maintenance:planning", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:planning-visits", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:planning-orders", needs=P.PLAN_MAINTENANCE, query={"by": "person"}),
    Row("maintenance:calendar", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:calendar-day", needs=P.PLAN_MAINTENANCE, query={"day": f"{timezone.localdate():%Y-%m-%d}"}),
    Row("maintenance:batches", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:batch", needs=P.PLAN_MAINTENANCE, query={"batch": "1.0."}, ok=(302,)),
    Row("maintenance:batch", "POST", needs=P.PLAN_MAINTENANCE, query={"batch": "1.0."}, ok=(302,)),
    Row("maintenance:replan-list", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:replan-new", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:replan-new", "POST", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:replan", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True),
    Row("maintenance:replan-apply", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True),
    Row("maintenance:replan-apply", "POST", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True),
    Row("maintenance:replan-undo", "POST", needs=P.PLAN_MAINTENANCE, kwargs=applied, scoped=True),
    Row("maintenance:base-months", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:base-month", needs=P.PLAN_MAINTENANCE, kwargs=department, scoped=True),
    Row("maintenance:base-month", "POST", needs=P.PLAN_MAINTENANCE, kwargs=department, scoped=True),
    Row("maintenance:levelling-list", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:levelling-new", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:levelling-new", "POST", needs=P.PLAN_MAINTENANCE),
    Row("maintenance:levelling", needs=P.PLAN_MAINTENANCE, kwargs=levelling, scoped=True),
    Row("maintenance:levelling-accept", needs=P.PLAN_MAINTENANCE, kwargs=levelling, scoped=True),
    Row("maintenance:levelling-accept", "POST", needs=P.PLAN_MAINTENANCE, kwargs=levelling, scoped=True),
    Row("maintenance:levelling-undo", "POST", needs=P.PLAN_MAINTENANCE, kwargs=accepted, scoped=True),
]
THIS_MONTH = {"facility": "NORTH", "month": f"{timezone.localdate():%Y-%m}"}
REASON = {"reason": "A mistake"}
API = [
    Row("api:sign_missing", "POST", needs=P.SIGN_MISSING, kwargs=device, scoped=True, data=lambda w: REASON, ok=(200, 409, 422)),
    Row("api:set_plan_line", "PUT", needs=P.EDIT_SCHEDULES, data=lambda w: {"procedure": "none"}),
    Row("api:decide_none_needed", "POST", needs=P.EDIT_SCHEDULES, data=lambda w: {"device": "none"} | REASON),
    Row("api:withdraw_decision", "POST", needs=P.EDIT_SCHEDULES, kwargs=decision, scoped=True),
    Row("api:list_undecided_devices", needs=P.VIEW_SCHEDULES),
    Row("api:list_windows", needs=P.VIEW_SCHEDULES),
    Row("api:list_miss_policies", needs=P.VIEW_SCHEDULES),
    Row(
        "api:set_miss_policy",
        "PUT",
        needs=P.EDIT_SCHEDULES,
        data=lambda w: {"facility": "NORTH", "search_after_days": 3} | REASON,
    ),
    Row("api:list_meter_readings", needs=P.VIEW_SCHEDULES, query={"device": "BME-00001"}),
    Row("api:record_meter_reading", "POST", needs=P.RECORD_ATTEMPTS, data=lambda w: {"device": "BME-00001", "meter": "hours", "value": 1}),
    Row("api:list_visits", needs=P.VIEW_SCHEDULES),
    Row("api:count_visits", needs=P.VIEW_SCHEDULES),
    Row("api:get_visit", needs=P.VIEW_SCHEDULES, kwargs=visit, scoped=True),
    Row("api:list_attempts", needs=P.VIEW_SCHEDULES, kwargs=visit, scoped=True),
    Row("api:record_attempt", "POST", needs=P.RECORD_ATTEMPTS, kwargs=visit, scoped=True, data=lambda w: {"outcome": "in_use"}),
    Row("api:take_back_attempt", "POST", needs=P.RECORD_ATTEMPTS, kwargs=attempt, scoped=True, data=lambda w: REASON),
    Row(
        "api:propose_exclusion",
        "POST",
        needs=P.EXCLUDE_VISITS,
        kwargs=visit,
        scoped=True,
        data=lambda w: {"code": "other"} | REASON,
        ok=(201, 409),
    ),
    Row("api:decide_exclusion", "POST", needs=P.EXCLUDE_VISITS, kwargs=exclusion, scoped=True, data=lambda w: {"confirmed": False}),
    Row("api:list_schedules", needs=P.VIEW_SCHEDULES),
    Row("api:get_schedule", needs=P.VIEW_SCHEDULES, kwargs=schedule, scoped=True),
    Row("api:list_plan_lines", needs=P.VIEW_SCHEDULES),
    Row("api:end_plan_line", "POST", needs=P.EDIT_SCHEDULES, kwargs=line, scoped=True, data=lambda w: REASON, ok=(200, 422)),
    Row("api:get_workload", needs=P.PLAN_MAINTENANCE, query={"facility": "NORTH"}, scoped=True),
    Row("api:propose_levelling", "POST", needs=P.PLAN_MAINTENANCE, scoped=True, data=lambda w: {"facility": "NORTH"}),
    Row("api:get_levelling", needs=P.PLAN_MAINTENANCE, kwargs=levelling, scoped=True),
    Row("api:accept_levelling", "POST", needs=P.PLAN_MAINTENANCE, kwargs=levelling, scoped=True, data=lambda w: REASON),
    Row("api:undo_levelling", "POST", needs=P.PLAN_MAINTENANCE, kwargs=accepted, scoped=True),
    Row("api:get_workload_by", needs=P.PLAN_MAINTENANCE, kwargs=lambda w: {"by": "skill"}, query={"facility": "NORTH"}, scoped=True),
    Row("api:get_workload_of_people", needs=P.PLAN_MAINTENANCE, kwargs=lambda w: {"by": "team"}, query={"facility": "NORTH"}, scoped=True),
    Row("api:get_visit_calendar", needs=P.PLAN_MAINTENANCE, query=THIS_MONTH, scoped=True),
    Row(
        "api:list_visits_on_day",
        needs=P.PLAN_MAINTENANCE,
        kwargs=lambda w: {"day": timezone.localdate()},
        query={"facility": "NORTH"},
        scoped=True,
    ),
    Row("api:list_batches", needs=P.PLAN_MAINTENANCE, query=THIS_MONTH, scoped=True),
    Row(
        "api:accept_batch",
        "POST",
        needs=P.PLAN_MAINTENANCE,
        scoped=True,
        data=lambda w: a_visit_of_north(w) | {"planned_on": "2020-01-01"},
        ok=(422,),
    ),
    Row(
        "api:propose_replan",
        "POST",
        needs=P.PLAN_MAINTENANCE,
        scoped=True,
        data=lambda w: a_visit_of_north(w) | {"mode": "shift", "shift_days": 1},
    ),
    Row("api:get_replan", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True),
    Row("api:list_replan_visits", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True),
    Row("api:apply_replan", "POST", needs=P.PLAN_MAINTENANCE, kwargs=replan, scoped=True, data=lambda w: REASON),
    Row("api:undo_replan", "POST", needs=P.PLAN_MAINTENANCE, kwargs=applied, scoped=True),
    Row("api:list_base_months", needs=P.PLAN_MAINTENANCE, query={"facility": "NORTH"}, scoped=True),
    Row("api:propose_base_month", "POST", needs=P.PLAN_MAINTENANCE, scoped=True, data=lambda w: department(w) | {"month": 3}),
    Row("api:list_planned_visits", needs=P.PLAN_MAINTENANCE, query={"facility": "NORTH", "month": "owed"}, scoped=True),
]
ROWS: list[Row] = [*PAGES, *API]
