"""The words of electrical safety testing, read from ``procedures/data/safety/vocabulary.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parents[2] / "data" / "safety"
LOOK, NUMBER = "look", "number"


@dataclass(frozen=True)
class TestKind:
    """What a test is. ``unit`` is that of its limits; None when a person looks instead of an instrument."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    code: str
    label: str
    kind: str
    unit: str | None


@dataclass(frozen=True)
class Condition:
    """One circumstance of a measurement, with the words for each of its values."""

    code: str
    label: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class ReportField:
    """One thing a report must hold. Source: see ``Vocabulary.report_source``."""

    code: str
    label: str
    may_be_empty: bool


@dataclass(frozen=True)
class Vocabulary:
    """All words. ``near_share`` is the share of a limit from which a value is watched."""

    tests: Mapping[str, TestKind]
    conditions: Mapping[str, Condition]
    near_share: Decimal
    near_source: str
    report_fields: tuple[ReportField, ...]
    report_source: str

    def choices(self) -> dict[str, frozenset[str]]:
        """Return the allowed values of ``test`` and of every condition, as mappings of tester files are checked against."""
        return {"test": frozenset(self.tests)} | {code: frozenset(one.values) for code, one in self.conditions.items()}

    def said(self, *, conditions: Mapping[str, str]) -> str:
        """Return conditions in words, in the order of the vocabulary: ``Earth open, Normal``."""
        known = [code for code in self.conditions if code in conditions]
        return ", ".join(self.conditions[code].values[conditions[code]] for code in known)


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that is shipped. The file is part of the program; a test reads it."""
    document = yaml.safe_load((DATA / "vocabulary.yaml").read_text(encoding="utf-8"))
    return vocabulary_from(document=document)


def vocabulary_from(*, document: Mapping[str, Any]) -> Vocabulary:
    """Build the vocabulary from its document. Raises KeyError, TypeError or ValueError if it is broken."""
    report = document["report_fields"]
    return Vocabulary(
        tests={one["code"]: TestKind(one["code"], one["label"], one["kind"], one.get("unit")) for one in document["tests"]},
        conditions={one["code"]: Condition(one["code"], one["label"], dict(one["values"])) for one in document["conditions"]},
        near_share=Decimal(str(document["near_limit"]["share"])),
        near_source=document["near_limit"]["source"],
        report_fields=tuple(ReportField(one["code"], one["label"], bool(one.get("may_be_empty"))) for one in report["fields"]),
        report_source=report["source"],
    )
