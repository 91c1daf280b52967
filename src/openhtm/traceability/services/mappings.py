"""Mappings of tester files: those that are shipped, and the organisation's own in versions. All facilities read by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from openhtm.core.errors import Conflict, Invalid, NotFound
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.testers.rules.files.mapping import TesterMapping
from openhtm.testers.rules.files.mapping_check import DATA, MappingRefused, mapping_from_text, shipped_mappings
from openhtm.traceability.models import FileMapping

SHIPPED, OWN = "shipped", "own"


@dataclass(frozen=True, slots=True)
class Choice:
    """A mapping as it is offered. ``version`` is 0 for a shipped one."""

    mapping: TesterMapping
    origin: str
    version: int
    text: str


def choices() -> list[Choice]:
    """Return every mapping in use by title: the newest version of each own one, and those that are shipped. One statement."""
    newest: dict[str, FileMapping] = {}
    for one in FileMapping.objects.filter(retired_at__isnull=True).order_by("code", "-number"):
        newest.setdefault(one.code, one)
    own = [Choice(mapping_from_text(text=one.text), OWN, one.number, one.text) for one in newest.values()]
    return sorted([*own, *_shipped()], key=lambda one: (one.origin, one.mapping.title))


def _shipped() -> list[Choice]:
    return [Choice(one, SHIPPED, 0, (DATA / f"{one.code}.yaml").read_text(encoding="utf-8")) for one in shipped_mappings()]


def find_mapping(code: str) -> Choice:
    """Return the mapping in use under ``code``. At most one statement. Raises NotFound."""
    for one in _shipped():
        if one.mapping.code == code:
            return one
    found = FileMapping.objects.filter(code=code[:200].replace("\0", ""), retired_at__isnull=True).order_by("-number").first()
    if found is None:
        raise NotFound(kind="mapping", name=code[:80])
    return Choice(mapping_from_text(text=found.text), OWN, found.number, found.text)


def read_text(text: str) -> TesterMapping:
    """Read a mapping and check it against the words there are. Raises Invalid with every problem."""
    try:
        return mapping_from_text(text=text, known=vocabulary().choices())
    except MappingRefused as refused:
        raise Invalid({"text": list(refused.problems)}) from None


@transaction.atomic
def save_mapping(*, actor: Actor, text: str, code: str | None = None, now: datetime | None = None) -> FileMapping:
    """Add a mapping, or the next version of one. ``code``: the one that is being changed. The same content adds nothing.

    About four statements. Raises NotAllowed, Invalid (all problems at once), Conflict (the code is taken).
    """
    require_everywhere(actor, Permission.MANAGE_TESTERS)
    mapping = read_text(text)
    if any(mapping.code == one.code for one in shipped_mappings()):
        raise Invalid({"text": [f"code: {mapping.code} is an example that is shipped. Give yours another code."]})
    if code is not None and mapping.code != code:
        raise Invalid({"text": [f"code: leave it as {code}; another code is another mapping."]})
    last = FileMapping.objects.filter(code=mapping.code).order_by("-number").first()
    if last is not None and last.retired_at is None and last.sha256 == mapping.sha256:
        return last
    if last is not None and last.retired_at is None and code is None:
        raise Conflict(what=f"There is a mapping {mapping.code} already. It")
    number = (FileMapping.objects.filter(code=mapping.code).aggregate(last=Max("number"))["last"] or 0) + 1
    with refuse_readably():
        return FileMapping.objects.create(
            code=mapping.code, number=number, title=mapping.title, format=mapping.format, text=text, sha256=mapping.sha256,
            added_by_id=actor.user_id, added_by_name=actor.name[:120], added_at=now or timezone.now(),
        )  # fmt: skip


@transaction.atomic
def retire_mapping(*, actor: Actor, code: str, now: datetime | None = None) -> int:
    """Offer a mapping no longer; files read with it stay as they are. Two statements. Raises NotAllowed, NotFound."""
    require_everywhere(actor, Permission.MANAGE_TESTERS)
    found = FileMapping.objects.filter(code=code[:200].replace("\0", ""), retired_at__isnull=True)
    retired = found.update(retired_at=now or timezone.now(), retired_by_name=actor.name[:120] or "system")
    if not retired:
        raise NotFound(kind="mapping of your own", name=code[:80])
    return retired
