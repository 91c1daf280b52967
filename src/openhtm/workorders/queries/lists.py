"""What lists of orders read: plain values, no records."""

from __future__ import annotations

LIST_VALUES = (
    "number", "kind", "status", "priority", "title", "origin", "opened_at", "updated_at", "opens_on", "due_on", "on_time_until", "grace_until",
    "planned_on", "response_due_at", "completion_due_at", "responded_at", "started_at", "completed_at", "closed_at", "hold_until", "incident",
    "facility__code", "device__control_number", "device__device_type__name", "location_id", "location__full_name", "department_id",
    "department__name", "assigned_user_id", "assigned_user__full_name", "assigned_team_id", "assigned_team__name", "assigned_provider_id",
    "assigned_provider__name", "hold_reason__code", "est_min", "labour_min",
)  # fmt: skip
ORDER = ("-number",)
"""Newest first; numbers are unique, so pages need no other column."""
