"""Records of maintenance: the programme, schedules, visits and attempts, decisions, readings, runs, plans."""

from openhtm.maintenance.models.planning import ComingWork, Replan, ReplanItem, WorkloadSum
from openhtm.maintenance.models.programme import (
    DepartmentMonth,
    MissPolicy,
    NoMaintenanceDecision,
    PlanLine,
    WindowProfile,
    WindowStep,
)
from openhtm.maintenance.models.records import Escalation, LevellingItem, LevellingProposal, MeterReading, ReconcileRun
from openhtm.maintenance.models.schedule import Schedule, ScheduleChange, ScheduleSource
from openhtm.maintenance.models.visit import Attempt, Visit, VisitExclusion, VisitState

__all__ = [
    "Attempt", "ComingWork", "DepartmentMonth", "Escalation", "LevellingItem", "LevellingProposal", "MeterReading", "MissPolicy",
    "NoMaintenanceDecision", "PlanLine", "ReconcileRun", "Replan", "ReplanItem", "Schedule", "ScheduleChange", "ScheduleSource", "Visit",
    "VisitExclusion", "VisitState", "WindowProfile", "WindowStep", "WorkloadSum",
]  # fmt: skip
