"""Parts, service reports and other costs of an order."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.documents.rules.file_names import clean_file_name
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import ServiceProvider
from openhtm.workorders.models import OtherCost, PartUsed, ReportVerdict, VendorReport, WorkAttachment, WorkOrder
from openhtm.workorders.services.costs import refresh_costs
from openhtm.workorders.services.shared import clean_words, lock_order, log, refuse_settled, today_at

MAX_CENTS = 10**12


class ReportAlreadySettled(Conflict):
    """Somebody else already reviewed this service report (409)."""

    code = "report-already-settled"
    message = "This service report was already {verdict}. Load the order again."


@transaction.atomic
def add_part(
    *, actor: Actor, number: int, description: str, quantity: Decimal | int = 1, part_number: str = "", unit_cost_cents: int | None = None,
    serial_or_lot: str = "", expires_on: date | None = None, now: datetime | None = None,
) -> PartUsed:  # fmt: skip
    """Record a part put into the device. Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, Invalid."""
    order = _open(actor, number)
    _refuse_money(unit_cost_cents=unit_cost_cents)
    amount = Decimal(quantity)
    if not amount.is_finite() or not 0 < amount <= 1_000_000:
        raise Invalid({"quantity": ["Give a quantity above zero."]})
    part = PartUsed(
        work_order=order, description=clean_words(description, field="description", limit=200, required=True),
        part_number=part_number.strip(), quantity=amount.quantize(Decimal("0.01")), unit_cost_cents=unit_cost_cents,
        serial_or_lot=serial_or_lot.strip(), expires_on=expires_on, added_by_id=actor.user_id, added_at=now or timezone.now(),
    )  # fmt: skip
    _store(part)
    return part


@transaction.atomic
def add_cost(*, actor: Actor, number: int, description: str, cost_cents: int, now: datetime | None = None) -> OtherCost:
    """Record a cost that is neither labour, part nor service report. Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, Invalid."""
    order = _open(actor, number)
    _refuse_money(cost_cents=cost_cents)
    words = clean_words(description, field="description", limit=200, required=True)
    cost = OtherCost(work_order=order, description=words, cost_cents=cost_cents, added_by_id=actor.user_id, added_at=now or timezone.now())
    _store(cost)
    return cost


@transaction.atomic
def remove_part(*, actor: Actor, uid: uuid.UUID, reason: str, now: datetime | None = None) -> PartUsed:
    """Take a part off its order; the history keeps it. Raises PartUsed.DoesNotExist, NotAllowed, OrderSettled, Invalid."""
    return _remove(PartUsed, {"uid": uid}, "part_removed", actor=actor, reason=reason, now=now or timezone.now())


@transaction.atomic
def remove_cost(*, actor: Actor, cost_id: int, reason: str, now: datetime | None = None) -> OtherCost:
    """Take a cost off its order; the history keeps it. Raises OtherCost.DoesNotExist, NotAllowed, OrderSettled, Invalid."""
    return _remove(OtherCost, {"pk": cost_id}, "cost_removed", actor=actor, reason=reason, now=now or timezone.now())


def _remove(model: Any, key: dict[str, Any], kind: str, *, actor: Actor, reason: str, now: datetime) -> Any:
    visible = model.objects.filter(work_order__in=WorkOrder.objects.visible_to(actor), removed_at__isnull=True)
    record = visible.select_related("work_order").get(**key)
    order = _open(actor, record.work_order.number)
    words = clean_words(reason, field="reason", limit=200, required=True)
    record.removed_at = now
    record.save(update_fields=["removed_at"])
    log(order, kind, actor=actor, now=now, before=record.description, text=words)
    refresh_costs([order.pk])
    return record


@transaction.atomic
def receive_report(
    *, actor: Actor, number: int, provider_id: int, performed_on: date, report_number: str = "", performed_by: str = "", summary: str = "",
    labour_min: int | None = None, cost_cents: int | None = None, content: BinaryIO | bytes | None = None, file_name: str = "",
    attachment: WorkAttachment | None = None, now: datetime | None = None,
) -> VendorReport:  # fmt: skip
    """Keep a service report of a company until one of us has reviewed it. Vendor technicians report for their own company.

    Its file comes as ``content``, or is one that hangs on the order already (``attachment``).

    Raises WorkOrder.DoesNotExist, NotAllowed, OrderSettled, FileTooLarge, FileRefused, Invalid.
    """
    now = now or timezone.now()
    order = _open(actor, number)
    _refuse_report(actor, order, provider_id=provider_id, performed_on=performed_on, labour_min=labour_min, now=now)
    _refuse_money(cost_cents=cost_cents)
    stored = (
        store_file(content=content, file_name=file_name, actor=actor) if content is not None else attachment.file if attachment else None
    )
    name = clean_file_name(file_name) if content is not None else attachment.file_name if attachment else ""
    report = VendorReport(
        work_order=order, provider_id=provider_id, report_number=report_number.strip(), performed_on=performed_on,
        performed_by=performed_by.strip(), summary=summary.strip(), labour_min=labour_min, cost_cents=cost_cents, received_by_id=actor.user_id,
        received_at=now, file=stored, file_name=name[:200],
    )  # fmt: skip
    _store(report)
    log(order, "report_received", actor=actor, now=now, after=report.report_number or str(performed_on))
    return report


def _refuse_report(actor: Actor, order: WorkOrder, *, provider_id: int, performed_on: date, labour_min: int | None, now: datetime) -> None:
    errors: dict[str, list[str]] = {}
    own = {provider for provider, _ in actor.reach().provider_facilities}
    foreign = own and not actor.may(Permission.REVIEW_WORK, at=order.facility_id) and provider_id not in own
    if foreign or not ServiceProvider.objects.filter(pk=provider_id).exists():
        errors["provider"] = ["Choose a service provider from the list."]
    if not date(1970, 1, 1) <= performed_on <= today_at(order.facility, now) + timedelta(days=1):
        errors["performed_on"] = ["Give the day on which the work was done, not one to come."]
    if labour_min is not None and not 0 <= labour_min <= 100_000:
        errors["labour_min"] = ["Give 0 to 100,000 minutes."]
    if errors:
        raise Invalid(errors)


@transaction.atomic
def settle_report(*, actor: Actor, uid: uuid.UUID, accept: bool, note: str = "", now: datetime | None = None) -> VendorReport:
    """Accept a service report, or send it back with a reason. Its cost counts once it is accepted.

    Raises VendorReport.DoesNotExist, NotAllowed, ReportAlreadySettled, Invalid.
    """
    now = now or timezone.now()
    visible = VendorReport.objects.filter(work_order__in=WorkOrder.objects.visible_to(actor))
    report = visible.select_related("work_order__facility").select_for_update(of=("self",)).get(uid=uid)
    order = report.work_order
    require(actor, Permission.REVIEW_WORK, at=order.facility_id, place=order.facility.name)
    if report.verdict != ReportVerdict.RECEIVED:
        raise ReportAlreadySettled(verdict=report.get_verdict_display().lower())
    words = clean_words(note, field="note", limit=400, required=not accept)
    report.verdict = ReportVerdict.ACCEPTED if accept else ReportVerdict.REJECTED
    report.reviewed_by_id, report.reviewed_at, report.review_note = actor.user_id, now, words
    report.save(update_fields=["verdict", "reviewed_by", "reviewed_at", "review_note"])
    log(order, "report_settled", actor=actor, now=now, after=report.verdict, text=words)
    refresh_costs([order.pk])
    return report


def _open(actor: Actor, number: int) -> WorkOrder:
    order = lock_order(actor=actor, number=number, permission=Permission.DO_WORK)
    refuse_settled(order)
    return order


def _store(record: Any) -> None:
    refuse_unclean(record)
    with refuse_readably():
        record.save(force_insert=True)
    refresh_costs([record.work_order_id])


def _refuse_money(**amounts: int | None) -> None:
    for field, cents in amounts.items():
        if cents is not None and not 0 <= cents <= MAX_CENTS:
            raise Invalid({field: ["Give an amount from zero up, in cents."]})
