"""What a tester out of tolerance puts in doubt: its findings, and the results and devices judged by it, the worst first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import BigIntegerField, Case, Count, F, IntegerField, Min, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device
from openhtm.testers.models import Calibration, CalibrationVerdict, Tester
from openhtm.testers.rules.calibration import Calibrated, doubt
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.rules.doubts import FARTHEST_PPM, UNKNOWN_PPM, Rank
from openhtm.workorders.models import Result, WorkOrder
from openhtm.workorders.rules.kinds import Status

DONE = (Status.COMPLETED.value, Status.CLOSED.value)
UNSAID = ("na", "skipped")
"""Verdicts without a reading: nothing of them was judged by the tester."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A calibration that found its tester out of tolerance, with the period in doubt as days and as instants of its facility."""

    calibration: Calibration
    tester: Tester
    since_on: date | None
    until_on: date
    since: datetime | None
    until: datetime

    @property
    def error_percent(self) -> float | None:
        return self.calibration.error_percent


def findings_of(tester: Tester) -> list[Finding]:
    """Return the findings of a tester that stand, newest first. One statement; ``tester`` comes with its device and facility."""
    standing = list(tester.calibrations.filter(superseded_by__isnull=True).order_by("-performed_on", "-pk"))
    known = [Calibrated(one.performed_on, one.verdict == CalibrationVerdict.IN_TOLERANCE) for one in standing]
    return [_finding(tester, one, known) for one in standing if one.verdict != CalibrationVerdict.IN_TOLERANCE]


def finding_of(actor: Actor, uid: uuid.UUID) -> Finding:
    """Return one finding the actor may see. Two statements. Raises Calibration.DoesNotExist."""
    visible = Calibration.objects.filter(tester__in=Tester.objects.visible_to(actor), superseded_by__isnull=True)
    found = (
        visible.exclude(verdict=CalibrationVerdict.IN_TOLERANCE)
        .select_related("tester__device__facility", "tester__device__device_model__manufacturer")
        .get(uid=uid)
    )
    return next(one for one in findings_of(found.tester) if one.calibration.pk == found.pk)


def _finding(tester: Tester, calibration: Calibration, known: Sequence[Calibrated]) -> Finding:
    period = doubt(calibrations=known, found_on=calibration.performed_on)
    zone = ZoneInfo(tester.device.facility.time_zone)
    since = datetime.combine(period.since, time(), tzinfo=zone) if period.since else None
    return Finding(calibration, tester, period.since, period.until, since, datetime.combine(period.until, time(), tzinfo=zone))


_NUMBER, _LIMIT = '"workorders_result"."number"::numeric', '"workorders_result"."limit"'
_SHARE = '"workorders_result"."share_of_limit"::numeric'
_MARGIN = f"""
CASE
  WHEN {_NUMBER} IS NOT NULL AND ({_LIMIT} ? 'low' OR {_LIMIT} ? 'high') AND {_NUMBER} = 0 THEN {FARTHEST_PPM}
  WHEN {_NUMBER} IS NOT NULL AND ({_LIMIT} ? 'low' OR {_LIMIT} ? 'high') THEN LEAST(round(LEAST(
    abs({_NUMBER} - ({_LIMIT} ->> 'low')::numeric), abs({_NUMBER} - ({_LIMIT} ->> 'high')::numeric)
  ) / abs({_NUMBER}) * 1000000), {FARTHEST_PPM})
  WHEN {_SHARE} IS NULL THEN {UNKNOWN_PPM}
  ELSE LEAST(round(abs(1 - {_SHARE}) / GREATEST({_SHARE}, 1) * 1000000), {FARTHEST_PPM})
END::bigint
"""  # the rule ``rules.doubts.margin_ppm``, in numeric because floats may overflow; a test holds the two together


def results_in_doubt(actor: Actor, finding: Finding, *, error_percent: float | None = None) -> QuerySet[Any]:
    """Results judged by the tester in the period, on orders the actor may see, with ``margin`` and ``rank``.

    ``error_percent`` overrules the error of the finding. Corrected results and those without a reading are left out.
    """
    found = Result.objects.filter(
        tester=finding.tester, measured_at__lt=finding.until, superseded_by__isnull=True, work_order__in=WorkOrder.objects.visible_to(actor)
    ).exclude(verdict__in=UNSAID)
    if finding.since is not None:
        found = found.filter(measured_at__gte=finding.since)
    error = finding.error_percent if error_percent is None else error_percent
    return found.annotate(margin=RawSQL(_MARGIN, [], output_field=BigIntegerField())).annotate(rank=_rank(error))  # noqa: S611 - a constant


def _rank(error_percent: float | None) -> Case:
    """The rule ``rules.doubts.rank`` as an expression."""
    risky = Q(device__high_risk=True)
    close = Q(margin__lte=round(error_percent * 10_000)) if error_percent is not None else Q(pk__isnull=True)
    unknown = Q(margin=UNKNOWN_PPM) if error_percent is not None else Q(margin__isnull=False)
    order = [
        (risky & unknown, Rank.HIGH_RISK_UNKNOWN), (unknown, Rank.UNKNOWN), (risky & close, Rank.HIGH_RISK_CLOSE), (close, Rank.CLOSE),
        (risky, Rank.HIGH_RISK_FAR),
    ]  # fmt: skip
    return Case(
        *(When(condition, then=Value(int(rank))) for condition, rank in order), default=Value(int(Rank.FAR)), output_field=IntegerField()
    )


def shown_results(found: QuerySet[Any]) -> QuerySet[Any]:
    """With what a list of results shows."""
    related = ("work_order", "device__device_model__manufacturer", "device__facility", "checklist__version__procedure")
    return found.select_related(*related).defer("checklist__version__content", "qualification")


WORK: dict[str, Q] = {
    "none": Q(pk__isnull=True),
    "open": Q(order__under_way=True) & ~Q(order__status=Status.COMPLETED.value),
    "done": Q(order__status__in=DONE),
    "dropped": Q(order__status__in=(Status.CANCELLED.value, Status.MERGED.value)),
}
"""How the work that follows from a finding stands, by its order; ``none``: there is none yet."""


def devices_in_doubt(found: QuerySet[Any], finding: Finding, *, work: str = "", close: bool = False) -> QuerySet[Any]:
    """One row for each device of ``found``: ``device``, its worst ``worst`` rank and ``nearest`` margin, and ``results``."""
    known = DoubtOrder.objects.filter(calibration=finding.calibration)
    if work == "none":
        found = found.exclude(device__in=known.values("device"))
    elif work in WORK:
        found = found.filter(device__in=known.filter(WORK[work]).values("device"))
    grouped = (
        found.filter(device__isnull=False)
        .order_by()
        .values("device")
        .annotate(worst=Min("rank"), nearest=Min("margin"), results=Count("pk"), key=F("device"))
    )
    return grouped.filter(worst__lte=int(Rank.CLOSE)) if close else grouped


def figures(found: QuerySet[Any], finding: Finding) -> dict[str, int]:
    """Return counts of results and devices in doubt, of those that could be otherwise, and of the work. Two statements."""
    by_rank = Q(rank__lte=int(Rank.CLOSE))
    counts = found.aggregate(
        results=Count("pk"),
        devices=Count("device", distinct=True),
        close=Count("device", distinct=True, filter=by_rank),
        high_risk=Count("device", distinct=True, filter=Q(device__high_risk=True)),
    )
    work = {name: Count("pk", filter=condition) for name, condition in WORK.items() if name != "none"}
    devices = found.filter(device__isnull=False).values("device")
    orders = DoubtOrder.objects.filter(calibration=finding.calibration, device__in=devices).aggregate(orders=Count("pk"), **work)
    return counts | orders | {"without": counts["devices"] - orders["orders"]}


def worst_results(found: QuerySet[Any], device_ids: Sequence[int]) -> dict[int, Result]:
    """Return the result most in doubt of each device. One statement."""
    ranked = shown_results(found.filter(device__in=device_ids)).order_by("device_id", "rank", "margin", "uid").distinct("device_id")
    return {one.device_id or 0: one for one in ranked}


def orders_of(finding: Finding, device_ids: Sequence[int]) -> dict[int, DoubtOrder]:
    """Return the work there is already, by device. One statement."""
    found = DoubtOrder.objects.filter(calibration=finding.calibration, device__in=device_ids).select_related("order")
    return {one.device_id: one for one in found}


_AGAIN = """
SELECT DISTINCT ON (w.device) w.device, r.measured_at, o.number
FROM unnest(%s::bigint[], %s::text[]) AS w (device, step)
JOIN workorders_result r ON r.device_id = w.device AND r.step_key = w.step
JOIN workorders_workorder o ON o.id = r.work_order_id
WHERE r.measured_at >= %s AND r.tester_id IS DISTINCT FROM %s AND r.verdict = 'pass'
  AND NOT EXISTS (SELECT FROM workorders_result later WHERE later.supersedes_id = r.uid)
ORDER BY w.device, r.measured_at
"""


def passed_since(finding: Finding, worst: dict[int, Result]) -> dict[int, tuple[datetime, int]]:
    """Return by device when its step passed again with another tester after the period, and on which order. One statement."""
    if not worst:
        return {}
    devices = sorted(worst)
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, [devices, [worst[one].step_key for one in devices], finding.until, finding.tester.pk])
        return {device: (at, number) for device, at, number in cursor.fetchall()}


def devices_by_key(actor: Actor, keys: Sequence[int]) -> dict[int, Device]:
    """Return devices with what lists show of them, as far as the actor sees them. One statement."""
    return Device.objects.visible_to(actor).select_related("device_model__manufacturer", "location", "facility").in_bulk(keys)


def doubt_counts(findings: Sequence[Finding]) -> dict[int, int]:
    """Return how many orders each finding has made, by its calibration. One statement."""
    rows = DoubtOrder.objects.filter(calibration__in=[one.calibration.pk for one in findings]).order_by().values("calibration")
    return {row["calibration"]: row["count"] for row in rows.annotate(count=Coalesce(Count("pk"), 0))}


def numbers_of(order_ids: Sequence[int]) -> dict[int, int]:
    """Return the numbers of orders by their keys. One statement."""
    return dict(WorkOrder.objects.filter(pk__in=order_ids).values_list("pk", "number"))
