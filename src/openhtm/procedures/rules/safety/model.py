"""Limits of electrical safety as values: a limit, the set of one edition, and a test that a block of a checklist holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

RECURRENT, TYPE_TEST, HISTORICAL = "recurrent", "type_test", "historical"
PURPOSES = (RECURRENT, TYPE_TEST, HISTORICAL)
COMPARATORS = {"<=": "at most", "<": "less than", ">=": "at least", ">": "more than"}


@dataclass(frozen=True)
class Limit:
    """One limit with the circumstances it holds under. ``when`` maps a condition to its allowed values; others do not matter.

    ``normalised`` says that a measured value is brought to the nominal mains voltage before it is judged.
    """

    standard: str
    edition: str
    purpose: str
    test: str
    when: Mapping[str, frozenset[str]]
    comparator: str
    value: Decimal
    unit: str
    source: str
    confidence: str
    clause: str = ""
    note: str = ""
    normalised: bool = False

    def holds(self, value: Decimal) -> bool:
        """Tell whether ``value``, in the limit's own unit, keeps the limit."""
        if self.comparator == "<=":
            return value <= self.value
        if self.comparator == "<":
            return value < self.value
        return value >= self.value if self.comparator == ">=" else value > self.value

    @property
    def is_upper(self) -> bool:
        return self.comparator in ("<=", "<")

    def as_json(self) -> dict[str, str]:
        """Return what is stored beside a result, so that it can be read again after the data changed."""
        return {
            "standard": self.standard,
            "edition": self.edition,
            "purpose": self.purpose,
            "test": self.test,
            "comparator": self.comparator,
            "value": format(self.value, "f"),
            "unit": self.unit,
            "source": self.source,
            "confidence": self.confidence,
            "clause": self.clause,
        }


@dataclass(frozen=True)
class NoLimit:
    """No limit can be named, and why. ``needed`` lists conditions that would have to be said.

    Codes: ``unknown-edition``, ``unknown-test``, ``unknown-condition``, ``contradiction``, ``say-more``, ``none``.
    """

    code: str
    why: str
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One line of a set's sequence, before it is spread over methods, applied parts and conditions."""

    test: str
    only: Mapping[str, tuple[str, ...]]
    fixed: Mapping[str, str]
    each: Mapping[str, tuple[str, ...]]
    methods: tuple[str, ...]
    once: bool
    required: bool


@dataclass(frozen=True)
class LimitSet:
    """Everything one edition of a standard says, in force on ``[effective_from, effective_to)``."""

    standard: str
    edition: str
    title: str
    jurisdiction: str
    effective_from: date
    effective_to: date | None
    purpose: str
    source: str
    confidence: str
    note: str
    assumes: Mapping[str, str]
    limits: tuple[Limit, ...]
    sequence: tuple[Entry, ...]

    def in_force(self, *, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class SafetyTest:
    """One test of a block. ``limit`` is a NoLimit where none can be named, and None where a person looks.

    ``assumed`` are the conditions nobody stated and the set's own words filled in; they are shown, never hidden.
    """

    key: str
    test: str
    title: str
    kind: str
    conditions: Mapping[str, str]
    assumed: tuple[str, ...]
    limit: Limit | NoLimit | None
    unit: str | None
    required: bool
