"""Certification programmes read as data: who may apply, what renewal asks for, when to remind. Pure.

File: ``workforce/data/programmes.yaml``. What each field means: docs/reference/credentials.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "programmes.yaml"
WEAK = "GK-low"
NOT_RETRIEVED = "not-retrieved"
DEGREES = ("none", "certificate", "associate", "bachelor", "master", "doctorate")
FIELDS = ("biomedical", "electronics", "engineering", "other")
ROLES = ("bmet", "imaging", "laboratory", "engineer", "supervisor", "manager", "other")
TIERS = ("candidate", "full", "retired", "emeritus")
CONFIDENCES = ("S", "S2", "GK-high", "GK-med", WEAK)
NEEDS = ("degree", "military", "certification", "experience", "share", "diploma", "unrecorded", "any")


@dataclass(frozen=True, slots=True)
class Experience:
    """Roles whose time counts as one kind of experience. ``unclear`` roles may count: nobody has said.

    ``part_time`` is "not_counted" where the body asks for full-time work and "unclear" where it is silent.
    """

    code: str
    words: str
    counts: frozenset[str]
    unclear: frozenset[str]
    part_time: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Share:
    """At least ``percent`` of the last ``months``."""

    percent: int
    months: int


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a path asks for. Which fields are set depends on ``kind``, one of NEEDS.

    ``confidence`` is set where it differs from that of the path. A weak need is neither met nor missing by itself.
    """

    kind: str
    words: str = ""
    least: str = ""
    fields: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    experience: Experience | None = None
    months: int = 0
    within_months: int | None = None
    any_of: tuple[Share, ...] = ()
    of: tuple["Need", ...] = ()
    confidence: str = ""

    @property
    def weak(self) -> bool:
        return self.confidence == WEAK


@dataclass(frozen=True, slots=True)
class Way:
    """One way to be eligible: every need must be met. A weak path never answers yes or no by itself."""

    code: str
    words: str
    confidence: str
    needs: tuple[Need, ...]

    @property
    def weak(self) -> bool:
        return self.confidence == WEAK


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of activity in the renewal journal; at most ``most`` units of it count in one cycle, None if no cap is known."""

    code: str
    name: str
    most: int | None
    each: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """What keeps a certification alive: ``units`` in ``years``. ``period_ends`` is a day of the year such as "12-31", or empty."""

    code: str
    years: int
    units: int
    unit: str
    period_ends: str
    source: str
    confidence: str
    categories: tuple[Category, ...]

    def category(self, code: str) -> Category | None:
        return next((one for one in self.categories if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Programme:
    """A certification. After ``closed_on`` nobody new is taken; those who hold it keep it."""

    code: str
    name: str
    body: str
    body_name: str
    tiers: tuple[str, ...]
    valid_years: int
    renewal: Renewal | None
    source: str
    note: str
    closed_on: date | None
    paths: tuple[Way, ...]
    candidate: tuple[Way, ...]
    candidate_years: int | None

    def paths_for(self, tier: str) -> tuple[Way, ...]:
        return self.candidate if tier == "candidate" else self.paths


@dataclass(frozen=True, slots=True)
class EmeritusRule:
    years_certified_plus_experience: int
    years_continuous: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything of the file. ``edition`` and ``source`` say which one judged; ``effort_months`` only ranks unmet paths."""

    source: str
    edition: str
    effective_from: date
    programmes: Mapping[str, Programme]
    experience: Mapping[str, Experience]
    emeritus: EmeritusRule
    remind_days_before: tuple[int, ...]
    effort_months: Mapping[str, int]

    def programme(self, code: str) -> Programme | None:
        """Return the programme of a code, written in any case, or None."""
        return self.programmes.get(code.strip().upper())


@cache
def reference() -> Reference:
    """Return the shipped file. Raises ValueError naming the entry that makes no sense."""
    return read_reference(yaml.safe_load(DATA.read_text(encoding="utf-8")))


def read_reference(raw: Mapping[str, Any]) -> Reference:
    """Read a file of programmes. Raises ValueError naming the entry that makes no sense, KeyError for a missing field."""
    bodies = {line["code"]: line["name"] for line in raw["bodies"]}
    experience = {line["code"]: _experience(line) for line in raw["experience"]}
    renewals = {line["code"]: _renewal(line) for line in raw["renewals"]}
    programmes = [_programme(line, bodies, renewals, experience) for line in raw["programmes"]]
    days = tuple(sorted(raw["reminders"]["days_before"], reverse=True))
    if not days or days[-1] < 1:
        raise ValueError("reminders: days_before counts from 1")
    return Reference(
        source=raw["source"],
        edition=raw["edition"],
        effective_from=raw["effective_from"],
        programmes={one.code: one for one in programmes},
        experience=experience,
        emeritus=EmeritusRule(**raw["emeritus"]),
        remind_days_before=days,
        effort_months=raw["effort_months"],
    )


def _experience(line: Mapping[str, Any]) -> Experience:
    counts, unclear = frozenset(line["counts"]), frozenset(line.get("unclear", ()))
    if not counts or (counts | unclear) - set(ROLES) or counts & unclear or line["part_time"] not in ("not_counted", "unclear"):
        raise ValueError(f"experience {line['code']}: unknown or contradicting roles")
    return Experience(line["code"], line["words"], counts, unclear, line["part_time"], line["source"], line["confidence"])


def _renewal(line: Mapping[str, Any]) -> Renewal:
    categories = tuple(Category(**one) for one in line["categories"])
    if min(line["years"], line["units"]) < 1 or not categories or any(one.most is not None and one.most < 1 for one in categories):
        raise ValueError(f"renewal {line['code']}: years, units and caps count from 1, and a journal has categories")
    return Renewal(
        line["code"], line["years"], line["units"], line["unit"], line["period_ends"] or "",
        line["source"], line["confidence"], categories,
    )  # fmt: skip


def _programme(
    line: Mapping[str, Any], bodies: Mapping[str, str], renewals: Mapping[str, Renewal], experience: Mapping[str, Experience]
) -> Programme:
    if unknown := set(line["tiers"]) - set(TIERS):
        raise ValueError(f"programme {line['code']}: unknown tiers {sorted(unknown)}")
    return Programme(
        code=line["code"],
        name=line["name"],
        body=line["body"],
        body_name=bodies[line["body"]],
        tiers=tuple(line["tiers"]),
        valid_years=line["valid_years"],
        renewal=renewals[line["renewal"]] if line["renewal"] else None,
        source=line["source"],
        note=line.get("note", ""),
        closed_on=line.get("closed_on"),
        paths=_paths(line["paths"], line.get("also", ()), experience),
        candidate=_paths(line.get("candidate", ()), (), experience),
        candidate_years=line.get("candidate_years"),
    )


def _paths(lines: Sequence[Mapping[str, Any]], also: Sequence[Mapping[str, Any]], experience: Mapping[str, Experience]) -> tuple[Way, ...]:
    more = tuple(read_need(one, experience) for one in also)
    return tuple(
        Way(line["path"], line["words"], line["confidence"], (*(read_need(one, experience) for one in line["needs"]), *more))
        for line in lines
    )


def read_need(line: Mapping[str, Any], experience: Mapping[str, Experience]) -> Need:
    """Read one need. Raises ValueError for what is not known."""
    kind = line["kind"]
    if kind not in NEEDS:
        raise ValueError(f"{kind} is not a kind of need")
    if line.get("least", DEGREES[0]) not in DEGREES or set(line.get("fields", ())) - set(FIELDS):
        raise ValueError(f"{kind}: unknown degree or field")
    if (confidence := line.get("confidence", "")) and confidence not in CONFIDENCES:
        raise ValueError(f"{kind}: {confidence} is not a confidence")
    inner = line.get("of", ())
    return Need(
        kind=kind,
        words=line.get("words", ""),
        least=line.get("least", ""),
        fields=frozenset(line.get("fields", ())),
        codes=tuple(line.get("codes", ())),
        experience=experience[inner] if isinstance(inner, str) else None,
        months=line.get("months", 0),
        within_months=line.get("within_months"),
        any_of=tuple(Share(**one) for one in line.get("any_of", ())),
        of=() if isinstance(inner, str) else tuple(read_need(one, experience) for one in inner),
        confidence=confidence,
    )
