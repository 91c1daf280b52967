"""The policies of qualification and coverage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from openhtm.competence.models import CoverageTarget, QualificationPolicy
from openhtm.competence.rules.guard import Act, JudgedOn, Mode, Needs, Policy, RiskClass
from openhtm.competence.rules.levels import Level

WITHOUT_TARGET = (1, 180)
"""Wanted people and days ahead where a site keeps no target: one person, and what the coming half year brings."""


def policies_of(act: Act | None = None) -> list[Policy]:
    """Return every policy there ever was, of one act or all: a handful of lines. One statement."""
    found = QualificationPolicy.objects.all() if act is None else QualificationPolicy.objects.filter(act=act.value)
    return [as_rule(one) for one in found]


def as_rule(row: QualificationPolicy) -> Policy:
    return Policy(
        act=Act(row.act),
        risk=RiskClass(row.risk),
        needs=Needs(row.needs),
        mode=Mode(row.mode),
        least_level=Level(row.least_level),
        programmes=frozenset(row.programmes),
        roles=frozenset(row.roles),
        judged_on=JudgedOn(row.judged_on),
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        key=row.pk,
    )


def in_force(on: date) -> QuerySet[QualificationPolicy]:
    return QualificationPolicy.objects.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=on), effective_from__lte=on)


@dataclass(frozen=True, slots=True)
class Targets:
    """People wanted and days to look ahead, by class of risk."""

    high_risk: tuple[int, int] = WITHOUT_TARGET
    other: tuple[int, int] = WITHOUT_TARGET

    def of(self, high_risk: bool) -> tuple[int, int]:
        return self.high_risk if high_risk else self.other


def coverage_targets() -> Targets:
    """One statement."""
    rows = {one.risk: (one.wanted, one.horizon_days) for one in CoverageTarget.objects.all()}
    return Targets(rows.get("high_risk", WITHOUT_TARGET), rows.get("other", WITHOUT_TARGET))
