"""The career map: what a person still needs for each certification and role, judged like eligibility. Pure.

File: ``workforce/data/career_map.yaml``. A role without a certification is judged by its own needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from openhtm.workforce.rules.eligibility import Answer, Career, judge
from openhtm.workforce.rules.programmes import Programme, Reference, Way, read_need, reference

DATA = Path(__file__).resolve().parent.parent / "data" / "career_map.yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """A place on the map. ``programme`` judges it: a certification, or a role's own needs."""

    code: str
    name: str
    summary: str
    programme: Programme
    certified: bool
    leads_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A target with the answer for one person. ``held`` says that the certification is current, or the role is theirs."""

    target: Target
    answer: Answer
    held: bool


@cache
def career_map() -> tuple[Target, ...]:
    """Return the shipped map in its order. Raises ValueError for a target that leads nowhere known."""
    return read_map(yaml.safe_load(DATA.read_text(encoding="utf-8")), reference())


def read_map(raw: Mapping[str, Any], ref: Reference) -> tuple[Target, ...]:
    """Read a map. Raises ValueError naming the target that makes no sense."""
    targets = tuple(_target(line, raw["source"], ref) for line in raw["targets"])
    known = {one.code for one in targets}
    for one in targets:
        if unknown := set(one.leads_to) - known:
            raise ValueError(f"career map {one.code}: leads to unknown {sorted(unknown)}")
    return targets


def _target(line: Mapping[str, Any], source: str, ref: Reference) -> Target:
    certified = line["programme"] is not None
    programme = ref.programme(line["programme"]) if certified else _role(line, source, ref)
    if programme is None:
        raise ValueError(f"career map {line['code']}: no programme {line['programme']}")
    return Target(line["code"], line["name"], line["summary"], programme, certified, tuple(line["leads_to"]))


def _role(line: Mapping[str, Any], source: str, ref: Reference) -> Programme:
    way = Way("a", line["summary"], line["confidence"], tuple(read_need(one, ref.experience) for one in line["needs"]))
    return Programme(
        code=line["code"].upper(), name=line["name"], body="", body_name="", tiers=("full",), valid_years=0, renewal=None,
        source=source, note="", closed_on=None, paths=(way,), candidate=(), candidate_years=None,
    )  # fmt: skip


def steps(career: Career, *, role: str) -> tuple[Step, ...]:
    """Judge every target for a person whose present role is ``role``."""
    return tuple(Step(target, judge(target.programme, career), _held(target, career, role)) for target in career_map())


def _held(target: Target, career: Career, role: str) -> bool:
    if not target.certified:
        return target.code == role
    return any(
        one.code == target.programme.code and one.valid_until is not None and one.valid_until >= career.as_of
        for one in career.certifications
    )
