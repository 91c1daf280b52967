"""The coded lists, targets and templates that are shipped: read from one file, checked, and never written in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from openhtm.workorders.rules.kinds import Kind, Priority

DATA = Path(__file__).resolve().parent.parent / "data" / "codes.yaml"
LISTS = ("failure", "problem", "cause", "resolution", "hold", "labour", "cancel")
GROUPS = frozenset({"direct", "indirect", "none"})


class CodeFileError(ValueError):
    """The file of coded lists is broken; the message names the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a coded list."""

    list: str
    code: str
    label: str
    meaning: str = ""
    group: str = ""
    for_corrective: bool = True
    for_scheduled: bool = True
    stops_clock: bool = False
    productive: bool = True
    position: int = 100


@dataclass(frozen=True, slots=True)
class Target:
    """Minutes until somebody answers and until work of a priority is done."""

    priority: int
    response_min: int
    completion_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A prepared order of a kind."""

    name: str
    kind: Kind
    title: str
    description: str = ""
    priority: int = 3
    est_min: int | None = None
    skill: str = ""
    return_test: bool = False


@dataclass(frozen=True, slots=True)
class Shipped:
    """Everything in the file. ``sources`` maps a list to where its entries come from."""

    edition: str
    confidence: str
    sources: Mapping[str, str]
    entries: tuple[Entry, ...]
    targets: tuple[Target, ...]
    templates: tuple[Template, ...]


def read_shipped(path: Path = DATA) -> Shipped:
    """Read and check the file. Raises CodeFileError, OSError."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        shipped = _shipped(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise CodeFileError(f"{path.name}: {error}") from error
    _refuse_doubles("code", [(entry.list, entry.code) for entry in shipped.entries])
    _refuse_doubles("target", [target.priority for target in shipped.targets])
    _refuse_doubles("template", [template.name for template in shipped.templates])
    return shipped


def _shipped(document: Mapping[str, Any]) -> Shipped:
    lists = document["lists"]
    if set(lists) != set(LISTS):
        raise CodeFileError(f"The lists must be: {', '.join(LISTS)}.")
    return Shipped(
        str(document["edition"]),
        document["confidence"],
        {name: lists[name].get("source", document["source"]) for name in LISTS},
        tuple(_entry(name, raw, place) for name in LISTS for place, raw in enumerate(lists[name]["codes"], start=1)),
        tuple(Target(**raw) for raw in document["targets"]["lines"]),
        tuple(_template(raw) for raw in document["templates"]),
    )


def _entry(name: str, raw: Mapping[str, Any], place: int) -> Entry:
    entry = Entry(
        list=name, code=raw["code"], label=raw["label"], meaning=raw.get("meaning", ""), group=raw.get("group", ""),
        for_corrective=raw.get("corrective", True), for_scheduled=raw.get("scheduled", True), stops_clock=raw.get("stops_clock", False),
        productive=raw.get("productive", True), position=raw.get("position", place * 10),
    )  # fmt: skip
    if name == "failure" and entry.group not in GROUPS:
        raise CodeFileError(f"failure {entry.code}: group must be one of {', '.join(sorted(GROUPS))}")
    if not entry.label or len(entry.label) > 120 or len(entry.meaning) > 400 or len(entry.code) > 40:
        raise CodeFileError(f"{name} {entry.code}: a text is missing or too long")
    return entry


def _template(raw: Mapping[str, Any]) -> Template:
    if raw["kind"] not in set(Kind) or raw.get("priority", 3) not in set(Priority):
        raise CodeFileError(f"template {raw['name']}: unknown kind or priority")
    return Template(**{**raw, "kind": Kind(raw["kind"])})


def _refuse_doubles(what: str, keys: list[Any]) -> None:
    doubles = {key for key in keys if keys.count(key) > 1}
    if doubles:
        raise CodeFileError(f"{what} given twice: {min(doubles)}")
