"""Rounds as their list, the scan page and the report need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from openhtm.identity.actor import Actor
from openhtm.inventory.models import Device, DeviceMove
from openhtm.rounds.models import Round, RoundExpectation, RoundScan, ScanVerdict, UnknownTag
from openhtm.rounds.rules.scans import REASON_TONES, REASON_WORDS, in_order
from openhtm.sites.models import Location

SHOWN = 200
"""So many devices a scan page lists; the rest is counted."""
RECENT = 20
_DEVICE = ("device__device_type", "device__device_model__manufacturer", "device__location", "device__department")


@dataclass(frozen=True, slots=True)
class Tally:
    """What a round came to so far."""

    expected: int = 0
    found: int = 0
    unexpected: int = 0
    unknown: int = 0

    @property
    def missing(self) -> int:
        return self.expected - self.found

    @property
    def share(self) -> int:
        return 100 * self.found // self.expected if self.expected else 100


@dataclass(frozen=True, slots=True)
class Expected:
    """A device of a round as a row shows it."""

    device: Device
    reasons: tuple[tuple[str, str], ...]
    owed: bool


def rounds(actor: Actor, *, facility: str = "", running: bool | None = None) -> QuerySet[Round]:
    """Rounds the actor may see, the newest first."""
    found: QuerySet[Round] = Round.objects.visible_to(actor).select_related("location", "facility")
    if facility:
        found = found.filter(facility__code__iexact=facility)
    return found if running is None else found.filter(ended_at__isnull=running)


def tallies(ids: Iterable[int]) -> dict[int, Tally]:
    """Return what each round came to. Two statements for any number of rounds."""
    wanted = list(ids)
    expected = RoundExpectation.objects.filter(round__in=wanted).order_by().values("round_id")
    counted = expected.annotate(all=Count("pk"), found=Count("pk", filter=Q(found_at__isnull=False)))
    scans = RoundScan.objects.filter(round__in=wanted).order_by().values("round_id")
    others = scans.annotate(
        unexpected=Count("pk", filter=Q(verdict=ScanVerdict.UNEXPECTED)), unknown=Count("pk", filter=Q(verdict=ScanVerdict.UNKNOWN))
    )
    scanned = {row["round_id"]: (row["unexpected"], row["unknown"]) for row in others}
    known = {row["round_id"]: (row["all"], row["found"]) for row in counted}
    return {pk: Tally(*known.get(pk, (0, 0)), *scanned.get(pk, (0, 0))) for pk in wanted}


def expectations(this: Round, *, found: bool | None = None) -> QuerySet[RoundExpectation]:
    """What was expected, what matters most first."""
    rank = Case(
        *(When(reasons__contains=[code], then=Value(place)) for place, code in enumerate(REASON_WORDS)),
        default=Value(len(REASON_WORDS)),
        output_field=IntegerField(),
    )
    listed = (
        RoundExpectation.objects.filter(round=this).select_related(*_DEVICE).annotate(rank=rank).order_by("rank", "device__control_number")
    )
    return listed if found is None else listed.filter(found_at__isnull=not found)


def shown(listed: Iterable[RoundExpectation]) -> list[Expected]:
    """Rows for a page."""
    return [
        Expected(
            one.device,
            tuple((REASON_TONES[code], REASON_WORDS[code]) for code in in_order(one.reasons)),
            bool({"due", "late"} & set(one.reasons)),
        )
        for one in listed
    ]


def recent_scans(this: Round, *, limit: int = RECENT) -> list[RoundScan]:
    """The newest scans, each with ``may_undo``: it moved the device and nothing moved it since. One statement."""
    later = DeviceMove.objects.filter(device=OuterRef("device"), pk__gt=OuterRef("move"))
    found = RoundScan.objects.filter(round=this).select_related("device__device_type", "move__from_location")
    annotated = found.annotate(may_undo=Case(When(move__isnull=True, then=Value(False)), default=~Exists(later)))
    return list(annotated.order_by("-scanned_at", "-pk")[:limit])


def not_found_rows(this: Round) -> list[list[Any]]:
    """The rows of the not-found list as a table. One statement."""
    return [
        [
            one.device.control_number,
            one.device.device_type.name if one.device.device_type else "",
            str(one.device.device_model),
            one.device.serial_number,
            one.device.department.name if one.device.department else "",
            one.device.location.full_name if one.device.location else "",
            ", ".join(REASON_WORDS[code] for code in in_order(one.reasons)),
            one.device.last_seen_at,
        ]
        for one in expectations(this, found=False)
    ]


NOT_FOUND_COLUMNS = ("Control number", "Device type", "Model", "Serial number", "Department", "Place", "Why it matters", "Last seen")


def tags(actor: Actor, *, settled: bool = False) -> QuerySet[UnknownTag]:
    """Unknown tags of the facilities the actor sees as a whole."""
    reach = actor.reach()
    found = UnknownTag.objects.select_related("facility", "location", "device", "settled_by", "scan__round")
    found = found if reach.everywhere else found.filter(facility_id__in=reach.facility_ids)
    return found.filter(settled_at__isnull=not settled)


def places(actor: Actor, *, q: str = "", inside: Location | None = None) -> QuerySet[Location]:
    """Places to choose from: those that match, or the children of one, or the tops of all facilities; with ``device_count`` recorded in them."""
    found = Location.objects.visible_to(actor).filter(active=True).select_related("facility")
    matching = Q(full_name__icontains=q) | Q(code__iexact=q) | Q(public_code__iexact=q)
    found = found.filter(matching) if q else found.filter(parent=inside)
    below = (
        Device.objects.visible_to(actor)
        .filter(location__path__within=OuterRef("path"), facility_id=OuterRef("facility_id"))
        .order_by()
        .values("facility_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return found.annotate(device_count=Coalesce(below, 0)).order_by("facility__name", "full_name", "pk")


def reason_counts(devices: QuerySet[Device]) -> dict[str, int]:
    """How many of ``devices`` (of ``services.rounds.expected_at``) there are, and for each reason. One statement."""
    flags = {"late": "is_late", "due": "is_due", "recalled": "is_recalled", "missing": "is_missing", "open_repair": "in_repair"}
    counts = devices.aggregate(all=Count("pk"), **{code: Count("pk", filter=Q(**{flag: True})) for code, flag in flags.items()})
    return {code: int(number) for code, number in counts.items()}


def last_round(place: Location) -> Round | None:
    return Round.objects.filter(location=place).order_by("-started_at").first()


def choices(devices: Sequence[Device]) -> list[tuple[str, str]]:
    """Number and words of devices to choose from."""
    return [(one.control_number, f"{one.device_type or one.device_model}, {one.location or 'not located'}") for one in devices]
