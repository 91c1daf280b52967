"""The policies, targets and training offers that are shipped."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from openhtm.catalog.models import ReferenceLoad
from openhtm.competence.models import CoverageTarget, QualificationPolicy, TrainingOffer
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission

DATA = Path(__file__).resolve().parent.parent / "data"
FILES = (DATA / "policies.yaml", DATA / "training_offers.yaml")
SYSTEM = "competence-policies"


@dataclass(slots=True)
class Loaded:
    """What was added; whatever a site has of its own is left alone."""

    policies: int = 0
    targets: int = 0
    offers: int = 0


@transaction.atomic
def load_competence_reference(*, actor: Actor, only_if_new: bool = False) -> Loaded:
    """Add shipped policies, targets and offers where there are none of the same kind. About eight statements; one if loaded before.

    A policy of a site is never overruled: a shipped line is added only where no line for its act and class of risk ever was.
    Raises NotAllowed.
    """
    require_everywhere(actor, Permission.MANAGE_STAFF)
    digest = _digest()
    if only_if_new and ReferenceLoad.objects.filter(system=SYSTEM, sha256=digest).exists():
        return Loaded()
    policies, offers = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES)
    loaded = Loaded(_policies(policies), _targets(policies), _offers(offers))
    ReferenceLoad.objects.create(system=SYSTEM, edition=policies["edition"], file_name=FILES[0].name, sha256=digest, counts=asdict(loaded))
    return loaded


def _digest() -> str:
    found = hashlib.sha256()
    for path in FILES:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _about(document: dict[str, Any]) -> dict[str, str]:
    return {key: str(document[key]) for key in ("source", "edition", "confidence")}


def _policies(document: dict[str, Any]) -> int:
    known = set(QualificationPolicy.objects.values_list("act", "risk"))
    rows = [
        QualificationPolicy(**line, **_about(document), effective_from=document["effective_from"])
        for line in document["policies"]
        if (line["act"], line["risk"]) not in known
    ]
    return len(QualificationPolicy.objects.bulk_create(rows))


def _targets(document: dict[str, Any]) -> int:
    known = set(CoverageTarget.objects.values_list("risk", flat=True))
    rows = [CoverageTarget(**line, **_about(document)) for line in document["coverage"] if line["risk"] not in known]
    return len(CoverageTarget.objects.bulk_create(rows))


def _offers(document: dict[str, Any]) -> int:
    known = set(TrainingOffer.objects.filter(device_type__isnull=True).values_list("category", flat=True))
    rows = [TrainingOffer(**line, **_about(document)) for line in document["offers"] if line["category"] not in known]
    return len(TrainingOffer.objects.bulk_create(rows))
