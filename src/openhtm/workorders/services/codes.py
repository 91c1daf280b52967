"""Coded lists of work: the shipped ones, and what a site makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.workorders.models import CodeList, ServiceTarget, WorkCode, WorkTemplate
from openhtm.workorders.rules.codes import Entry, Shipped, Template, read_shipped

SHIPPED = "starter"
LOCAL = "local"
_FIELDS = ("label", "meaning", "group", "for_corrective", "for_scheduled", "stops_clock", "productive", "position")
_EDITABLE = frozenset(_FIELDS) | {"active"}


@dataclass(slots=True)
class CodesSummary:
    """What loading did; ``kept`` were changed here and left alone."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0


@transaction.atomic
def load_work_codes(*, actor: Actor, only_if_new: bool = False) -> CodesSummary:
    """Add the shipped codes, targets and templates, bring older editions up to date, leave alone what was changed here.

    Running it again changes nothing. About eight statements; ``only_if_new`` answers with one if this edition is there.
    Raises NotAllowed, CodeFileError.
    """
    require_everywhere(actor, Permission.MANAGE_WORK_LISTS)
    shipped, summary = read_shipped(), CodesSummary()
    if only_if_new and WorkCode.objects.filter(edition=shipped.edition).exclude(source=LOCAL).exists():
        return summary
    _load_entries(shipped, summary)
    _load_targets(shipped, summary)
    _load_templates(shipped, summary)
    return summary


def _load_entries(shipped: Shipped, summary: CodesSummary) -> None:
    stored = {(entry.list, entry.code): entry for entry in WorkCode.objects.all()}
    added, changed = [], []
    for one in shipped.entries:
        summary.read += 1
        values = _values(one) | {"source": shipped.sources[one.list], "edition": shipped.edition, "confidence": shipped.confidence}
        known = stored.get((one.list, one.code))
        if known is None:
            added.append(WorkCode(list=one.list, code=one.code, **values))
        elif known.source == LOCAL:
            summary.kept += 1
        elif any(getattr(known, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(known, name, value)
            changed.append(known)
        else:
            summary.unchanged += 1
    WorkCode.objects.bulk_create(added)
    WorkCode.objects.bulk_update(changed, [*_FIELDS, "source", "edition", "confidence"])
    summary.created += len(added)
    summary.updated += len(changed)


def _values(one: Entry) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _FIELDS}


def _load_targets(shipped: Shipped, summary: CodesSummary) -> None:
    there = set(ServiceTarget.objects.filter(facility__isnull=True).values_list("priority", flat=True))
    fresh = [
        ServiceTarget(priority=one.priority, response_min=one.response_min, completion_min=one.completion_min, source=SHIPPED)
        for one in shipped.targets
        if one.priority not in there
    ]
    ServiceTarget.objects.bulk_create(fresh)
    _count(summary, len(shipped.targets), len(fresh))


def _load_templates(shipped: Shipped, summary: CodesSummary) -> None:
    there = set(WorkTemplate.objects.values_list("name", flat=True))
    fresh = [_template(one) for one in shipped.templates if one.name not in there]
    WorkTemplate.objects.bulk_create(fresh)
    _count(summary, len(shipped.templates), len(fresh))


def _template(one: Template) -> WorkTemplate:
    return WorkTemplate(
        name=one.name, kind=one.kind.value, title=one.title, description=one.description, priority=one.priority, est_min=one.est_min,
        skill=one.skill, requires_return_test=one.return_test, source=SHIPPED,
    )  # fmt: skip


def _count(summary: CodesSummary, read: int, created: int) -> None:
    summary.read += read
    summary.created += created
    summary.unchanged += read - created


@transaction.atomic
def save_code(*, actor: Actor, list: str, code: str, values: Mapping[str, Any]) -> WorkCode:
    """Add an entry to a coded list, or change it; from then on it is the site's own. ``active`` False retires it.

    Raises NotAllowed, Invalid.
    """
    require_everywhere(actor, Permission.MANAGE_WORK_LISTS)
    if list not in CodeList.values:
        raise Invalid({"list": [f"Choose one of: {', '.join(CodeList.values)}."]})
    entry = WorkCode.objects.select_for_update().filter(list=list, code=code).first() or WorkCode(list=list, code=code)
    for name in _EDITABLE & set(values):
        setattr(entry, name, values[name])
    entry.source, entry.edition = LOCAL, ""
    if not entry.label.strip() or not code.replace("_", "").replace("-", "").isalnum() or not code.isascii():
        raise Invalid({"code": ["Give a code of letters, digits, - and _, and a label."]})
    refuse_unclean(entry)
    with refuse_readably():
        entry.save()
    return entry
