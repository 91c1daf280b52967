"""Builders of constraints that several rooms need."""

from django.db.models import CheckConstraint, Q


def one_of(field: str, choices: list[str], *, table: str) -> CheckConstraint:
    """A column that holds one of the stable codes ``choices``."""
    return CheckConstraint(
        name=f"{table}_{field}_known",
        condition=Q(**{f"{field}__in": choices}),
        violation_error_message=f"{field} must be one of: {', '.join(choices)}.",
    )
