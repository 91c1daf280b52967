"""Builders of constraints that several rooms need."""

from django.db.models import CheckConstraint, Q


def both_or_neither(first: str, second: str, *, table: str) -> CheckConstraint:
    """Two nullable columns that only make sense together, such as who and when."""
    return CheckConstraint(
        name=f"{table}_{first}_with_{second}",
        condition=Q(**{f"{first}__isnull": True, f"{second}__isnull": True}) | Q(**{f"{first}__isnull": False, f"{second}__isnull": False}),
        violation_error_message=f"{first} and {second} belong together: give both or neither.",
    )


def one_of(field: str, choices: list[str], *, table: str) -> CheckConstraint:
    """A column that holds one of the stable codes ``choices``."""
    return CheckConstraint(
        name=f"{table}_{field}_known",
        condition=Q(**{f"{field}__in": choices}),
        violation_error_message=f"{field} must be one of: {', '.join(choices)}.",
    )
