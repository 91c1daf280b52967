"""How well somebody can do a kind of work, where that comes from, and on which days it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Level(StrEnum):
    OBSERVED = "observed"
    ASSISTED = "assisted"
    INDEPENDENT = "independent"
    INSTRUCTOR = "instructor"


LEVEL_LABELS: dict[Level, str] = {
    Level.OBSERVED: "Has watched it",
    Level.ASSISTED: "Does it with help",
    Level.INDEPENDENT: "Does it alone",
    Level.INSTRUCTOR: "Teaches it",
}
RANKS: dict[Level, int] = {level: number for number, level in enumerate(Level, start=1)}
"""From watching to teaching; a higher level includes the lower ones."""


class Basis(StrEnum):
    VENDOR_SCHOOL = "vendor_school"
    ON_THE_JOB = "on_the_job"
    CERTIFICATION = "certification"
    EXPERIENCE = "experience"


BASIS_LABELS: dict[Basis, str] = {
    Basis.VENDOR_SCHOOL: "Vendor school",
    Basis.ON_THE_JOB: "On-the-job sign-off",
    Basis.CERTIFICATION: "Certification",
    Basis.EXPERIENCE: "Experience before records began",
}


class Subject(StrEnum):
    """What a competency is for. One for a type covers every model of it; one for a procedure only orders that carry it."""

    MODEL = "model"
    TYPE = "type"
    PROCEDURE = "procedure"


def reaches(level: Level, least: Level) -> bool:
    return RANKS[level] >= RANKS[least]


def _last(end: date | None, stopped_on: date | None) -> date | None:
    before = stopped_on - timedelta(days=1) if stopped_on and stopped_on > date.min else stopped_on
    return min((day for day in (end, before) if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class Held:
    """One competency as far as a decision needs it. ``valid_until`` is the last day on which it holds; None: no end."""

    subject: Subject
    level: Level
    basis: Basis
    granted_on: date
    valid_until: date | None = None
    withdrawn_on: date | None = None
    key: int | None = None

    @property
    def last_on(self) -> date | None:
        """The last day on which it holds, by its end or the day before it was withdrawn; None: no end."""
        return _last(self.valid_until, self.withdrawn_on)

    def holds_on(self, day: date) -> bool:
        """From the day it was granted to its last day; never from the day it was withdrawn on."""
        begun = self.granted_on <= day
        lasts = self.valid_until is None or day <= self.valid_until
        return begun and lasts and (self.withdrawn_on is None or day < self.withdrawn_on)

    def lapsed_on(self, day: date) -> bool:
        """True if it ran out before ``day``, as against never having held or having been taken away."""
        withdrawn = self.withdrawn_on is not None and self.withdrawn_on <= day
        return not withdrawn and self.valid_until is not None and self.valid_until < day


@dataclass(frozen=True, slots=True)
class Certified:
    """A credential as far as a decision needs it: held from ``issued_on`` to ``expires_on``, its last day; None: no end.

    ``stopped_on`` is the first day of a suspension or withdrawal.
    One that nobody ``verified`` is a claim of its holder and counts for nothing. Seeing the certificate later proves the days before too.
    """

    programme: str
    number: str = ""
    issued_on: date = date.min
    expires_on: date | None = None
    stopped_on: date | None = None
    tier: str = "full"
    verified: bool = False
    key: int | None = None

    @property
    def last_on(self) -> date | None:
        """The last day on which it holds, by its expiry or the day before it is stopped; None: no end."""
        return _last(self.expires_on, self.stopped_on)

    def holds_on(self, day: date) -> bool:
        return self.verified and self.claimed_on(day)

    def claimed_on(self, day: date) -> bool:
        """True if it holds by what its holder says, verified or not."""
        lasts = self.expires_on is None or day <= self.expires_on
        return self.issued_on <= day and self.tier == "full" and lasts and (self.stopped_on is None or day < self.stopped_on)

    def lapsed_on(self, day: date) -> bool:
        """True if it ran out before ``day``, as against never having been given or having been taken away before."""
        if self.expires_on is None or self.expires_on >= day:
            return False
        return self.tier == "full" and (self.stopped_on is None or self.stopped_on > self.expires_on)
