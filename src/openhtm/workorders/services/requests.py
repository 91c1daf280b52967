"""Faults reported by whoever stands before the device: without log-in through its printed code, or as a known person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.db.models import QuerySet

from openhtm.audit.context import acting
from openhtm.core.errors import DomainError, Invalid
from openhtm.core.text import control_number_key
from openhtm.documents.rules.file_names import clean_file_name, extension
from openhtm.documents.rules.media import BY_TYPE, HEIC, JPEG, PNG, WEBP
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.sites.models import Facility, Location
from openhtm.workorders.models import CodeList, DeviceCode, Origin, WorkAttachment, WorkCode, WorkComment, WorkOrder
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, WORKABLE, Kind, Priority
from openhtm.workorders.rules.reports import DUPLICATE_WITHIN
from openhtm.workorders.services.opening import open_order
from openhtm.workorders.services.shared import clean_words, event, refuse_settled

PHOTO_TYPES = {media.media_type for media in (PNG, JPEG, WEBP, HEIC)}
PHOTO_MAX_BYTES = 15 * 1024 * 1024
MAX_DUPLICATES = 3
VISITOR = Actor.system("Report without log-in")
"""Acts for people without log-in, on the one device or place whose code they hold."""


class ReportCodeUnknown(DomainError):
    """The code in a report address belongs to nothing here (404)."""

    code = "report-code-unknown"
    status = 404
    message = "This code is not known here. Check the label, or call clinical engineering."


@dataclass(frozen=True, slots=True)
class Target:
    """What a report is about, and as much of it as anybody may see who stands before it."""

    key: str
    facility: Facility
    device: Device | None
    location: Location | None

    @property
    def title(self) -> str:
        """ "Infusion pump" or the name of the place."""
        if self.device is not None:
            return self.device.device_type.name if self.device.device_type else "Device"
        return self.location.name if self.location else ""

    @property
    def model(self) -> str:
        return str(self.device.device_model) if self.device else ""

    @property
    def tag(self) -> str:
        return self.device.control_number if self.device else ""

    @property
    def place(self) -> str:
        where = self.device.location if self.device else self.location
        return where.full_name if where else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the reporter says. ``problem_code`` or ``words`` must say something."""

    problem_code: str = ""
    words: str = ""
    name: str = ""
    contact: str = ""
    call_back: bool = False
    patient_involved: bool | None = None
    set_aside: bool | None = None
    photo: BinaryIO | bytes | None = None
    photo_name: str = ""


def target_of_device(code: str) -> Target:
    """Return the device whose report code this is. Up to two statements. Raises ReportCodeUnknown."""
    known = DeviceCode.objects.filter(code=code.upper()[:12]).values_list("device_id", "device__merged_into_id").first()
    if known is None:
        raise ReportCodeUnknown
    device = _devices().get(pk=known[1] or known[0])
    return Target(f"device:{device.pk}", device.facility, device, device.location)


def target_of_place(public_code: str) -> Target:
    """Return the place whose public code this is. One statement. Raises ReportCodeUnknown."""
    found = Location.objects.select_related("facility").filter(public_code=public_code.upper()[:12], active=True).first()
    if found is None:
        raise ReportCodeUnknown
    return Target(f"place:{found.pk}", found.facility, None, found)


def target_of_tag(tag: str) -> str:
    """Return the report code of the device with this tag, for somebody who scanned its label. Two or three statements.

    Raises ReportCodeUnknown.
    """
    device = Device.objects.filter(control_number=control_number_key(tag)[:60]).only("pk", "merged_into_id").first()
    if device is None:
        raise ReportCodeUnknown
    return report_codes([device.merged_into_id or device.pk])[device.merged_into_id or device.pk]


def report_codes(device_ids: Sequence[int]) -> dict[int, str]:
    """Return the report code of each device, made where there was none. One to three statements."""
    known = dict(DeviceCode.objects.filter(device_id__in=device_ids).values_list("device_id", "code"))
    if missing := [pk for pk in dict.fromkeys(device_ids) if pk not in known]:
        DeviceCode.objects.bulk_create([DeviceCode(device_id=pk) for pk in missing], ignore_conflicts=True)
        known |= dict(DeviceCode.objects.filter(device_id__in=missing).values_list("device_id", "code"))
    return known


def possible_duplicates(*, target: Target, now: datetime) -> list[WorkOrder]:
    """Return open reports that may be of the same fault, newest first. One statement."""
    return list(_open_reports(target, now).select_related("problem").order_by("-opened_at", "-number")[:MAX_DUPLICATES])


@transaction.atomic
def report_fault(*, target: Target, report: Report, actor: Actor | None = None, now: datetime) -> WorkOrder:
    """Open a request about ``target``, by ``actor`` or by somebody without log-in.

    A patient involved makes it an incident of the highest priority. About fifteen statements.
    Raises Device.DoesNotExist, NotAllowed, Invalid, FileTooLarge, FileRefused.
    """
    who = actor or VISITOR
    require(who, Permission.REPORT_FAULTS, at=target.facility.pk, place=target.facility.name)
    problem = _problem(report.problem_code)
    words = clean_words(report.words, field="words", limit=4000)
    if problem is None and not words:
        raise Invalid({"words": ["Say what is wrong, in a few words or by choosing from the list."]})
    with acting(who, reason="Reported fault"):
        order = open_order(
            actor=who,
            title=_title(problem, words),
            kind=Kind.CORRECTIVE,
            device=target.tag or None,
            facility_id=target.facility.pk,
            location_id=target.location.pk if target.location else None,
            description=words,
            priority=Priority.EMERGENCY if report.patient_involved else Priority.NORMAL,
            origin=Origin.REQUEST,
            reporter_name=_line(report.name, field="name") or (actor.name[:120] if actor else ""),
            reporter_contact=_line(report.contact, field="contact"),
            call_back=report.call_back,
            patient_involved=report.patient_involved,
            set_aside=report.set_aside,
            problem_code=report.problem_code,
            now=now,
        )
        _keep_photo(order, report, who, now)
    return order


@transaction.atomic
def add_to_report(*, target: Target, number: int, report: Report, actor: Actor | None = None, now: datetime) -> WorkOrder:
    """Add what somebody else saw of the same fault to the open report. Raises WorkOrder.DoesNotExist, Invalid, FileRefused."""
    order = _open_reports(target, now).select_for_update(of=("self",)).get(number=number)
    who = actor or VISITOR
    words = clean_words(report.words, field="words", limit=4000) or "The same fault was seen again."
    with acting(who, reason="Added to a report"):
        _remark(order, words, name=_line(report.name, field="name"), contact=report.contact, actor=actor, now=now)
        if report.patient_involved and not order.incident:
            order.patient_involved, order.incident, order.priority, order.updated_at = True, True, Priority.EMERGENCY, now
            order.save(update_fields=["patient_involved", "incident", "priority", "updated_at"])
        _keep_photo(order, report, who, now)
    return order


@transaction.atomic
def add_remark(*, status_code: str, words: str, name: str = "", actor: Actor | None = None, now: datetime) -> WorkOrder:
    """Let the reporter say more, by the status address. Raises ReportCodeUnknown, OrderSettled, Invalid."""
    order = by_status_code(status_code)
    refuse_settled(order)
    text = clean_words(words, field="words", limit=4000, required=True)
    with acting(actor or VISITOR, reason="Remark of the reporter"):
        _remark(order, text, name=_line(name, field="name"), contact="", actor=actor, now=now)
    return order


def by_status_code(status_code: str) -> WorkOrder:
    """Return the order of a status address; of a merged one, the order that stands. One or two statements. Raises ReportCodeUnknown."""
    related = ("facility", "device__device_type", "device__device_model__manufacturer", "device__location", "location")
    orders = WorkOrder.objects.select_related(*related)
    found = orders.filter(status_code=status_code.upper()[:24]).first()
    if found is None:
        raise ReportCodeUnknown
    return orders.get(pk=found.merged_into_id) if found.merged_into_id else found


def problems() -> list[tuple[str, str]]:
    """Return the coded problems a reporter chooses from. One statement."""
    return list(WorkCode.objects.filter(list=CodeList.PROBLEM, active=True, for_corrective=True).values_list("code", "label"))


def _devices() -> QuerySet[Device]:
    return Device.objects.select_related("facility", "location", "device_type", "device_model__manufacturer")


def _open_reports(target: Target, now: datetime) -> QuerySet[WorkOrder]:
    about = {"device": target.device} if target.device else {"device__isnull": True, "location": target.location}
    kinds = [kind.value for kind in CORRECTIVE_CODES]
    return WorkOrder.objects.under_way().filter(status__in=sorted(WORKABLE), kind__in=kinds, opened_at__gt=now - DUPLICATE_WITHIN, **about)


def _problem(code: str) -> WorkCode | None:
    if not code:
        return None
    found = WorkCode.objects.filter(list=CodeList.PROBLEM, code=code[:40].replace("\0", ""), active=True).first()
    if found is None:
        raise Invalid({"problem_code": ["Choose from the list, or say it in words."]})
    return found


def _title(problem: WorkCode | None, words: str) -> str:
    first = " ".join(words.split())
    short = first if len(first) <= 80 else f"{first[:79].rsplit(' ', 1)[0]}…"
    if problem is None:
        return _printable(short)
    return problem.label if not short else _printable(f"{problem.label}: {short}")[:200]


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable()) or "Fault reported"


def _line(text: str, *, field: str) -> str:
    return " ".join(clean_words(text, field=field, limit=120).split())


def _remark(order: WorkOrder, text: str, *, name: str, contact: str, actor: Actor | None, now: datetime) -> None:
    """Append a public comment of the reporter. How to call back goes into the timeline, which they do not share."""
    author = (actor.name if actor else name or "Reporter")[:120]
    WorkComment.objects.create(
        work_order=order, text=text, public=True, author_id=actor.user_id if actor else None, author_name=author, recorded_at=now
    )
    how = _line(contact, field="contact")
    said = f"{name or 'Somebody'} can be reached: {how}" if how else ""
    event(order.pk, "reported_again", actor=actor or VISITOR, now=now, text=said).save(force_insert=True)


def _keep_photo(order: WorkOrder, report: Report, actor: Actor, now: datetime) -> None:
    if report.photo is None:
        return
    stored = store_file(content=report.photo, file_name=report.photo_name, actor=actor, allowed=PHOTO_TYPES, max_bytes=PHOTO_MAX_BYTES)
    name = clean_file_name(report.photo_name)
    if not extension(name):
        name = f"{name}.{BY_TYPE[stored.media_type].extensions[0]}"
    WorkAttachment.objects.create(
        work_order=order,
        file=stored,
        file_name=name[:200],
        public=True,
        added_by_id=actor.user_id,
        added_by_name=actor.name[:120],
        added_at=now,
    )
