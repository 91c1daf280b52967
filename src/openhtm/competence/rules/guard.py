"""Whether somebody may get, close or decide a piece of work on a day, by the policy in force, and why not.

A policy is data. Without one in force for an act and a class of risk the guard says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from openhtm.competence.rules.levels import RANKS, Certified, Held, Level, reaches


class Act(StrEnum):
    ASSIGN = "assign"
    CLOSE = "close"
    AEM_DECISION = "aem_decision"


ACT_LABELS: dict[Act, str] = {
    Act.ASSIGN: "Getting work",
    Act.CLOSE: "Closing work",
    Act.AEM_DECISION: "Deciding on alternate maintenance (AEM)",
}


class RiskClass(StrEnum):
    HIGH_RISK = "high_risk"
    OTHER = "other"


RISK_LABELS: dict[RiskClass, str] = {RiskClass.HIGH_RISK: "High-risk devices", RiskClass.OTHER: "Other devices"}


class Needs(StrEnum):
    COMPETENCY = "competency"
    CREDENTIAL = "credential"
    EITHER = "either"
    BOTH = "both"


NEEDS_LABELS: dict[Needs, str] = {
    Needs.COMPETENCY: "A competency for the work",
    Needs.CREDENTIAL: "A credential",
    Needs.EITHER: "A competency or a credential",
    Needs.BOTH: "A competency and a credential",
}


class Mode(StrEnum):
    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


MODE_LABELS: dict[Mode, str] = {Mode.OFF: "Says nothing", Mode.WARN: "Warns", Mode.BLOCK: "Refuses"}


class JudgedOn(StrEnum):
    """Which day counts when work is closed: the one on which it was completed, or the one on which it is closed."""

    WORK_DAY = "work_day"
    ACT_DAY = "act_day"


@dataclass(frozen=True, slots=True)
class Policy:
    """What an act asks for. ``programmes`` empty: any credential does. ``roles`` suffice in place of what is needed.

    In force from ``effective_from`` up to, not including, ``effective_to``.
    """

    act: Act
    risk: RiskClass
    needs: Needs
    mode: Mode
    least_level: Level = Level.INDEPENDENT
    programmes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    judged_on: JudgedOn = JudgedOn.WORK_DAY
    effective_from: date = date.min
    effective_to: date | None = None
    key: int | None = None

    def in_force(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one person for one piece of work. ``known`` is False without a record of the person."""

    held: tuple[Held, ...] = ()
    certified: tuple[Certified, ...] = ()
    roles: frozenset[str] = frozenset()
    leaves_on: date | None = None
    known: bool = True


class Outcome(StrEnum):
    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


class ReasonCode(StrEnum):
    NO_RECORD = "no_record"
    GONE = "gone"
    NO_COMPETENCY = "no_competency"
    LEVEL_TOO_LOW = "level_too_low"
    COMPETENCY_LAPSED = "competency_lapsed"
    NO_CREDENTIAL = "no_credential"
    CREDENTIAL_LAPSED = "credential_lapsed"
    CREDENTIAL_UNVERIFIED = "credential_unverified"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is missing. ``on`` is the day it ran out or the person left, ``what`` a level or programme."""

    code: ReasonCode
    on: date | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says. ``by`` and ``with_credential`` are what it went by; ``lapses_on`` the last day on which that still holds."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    by: Held | None = None
    with_credential: Certified | None = None
    by_role: str = ""
    lapses_on: date | None = None

    @property
    def fits(self) -> bool:
        """True if nothing is missing, whatever the policy would do about it."""
        return not self.reasons


def policy_for(policies: Iterable[Policy], *, act: Act, risk: RiskClass, on: date) -> Policy | None:
    """Return the newest policy in force on a day, or None."""
    fitting = [one for one in policies if one.act == act and one.risk == risk and one.in_force(on)]
    return max(fitting, key=lambda one: (one.effective_from, one.key or 0), default=None)


def judge(policy: Policy | None, standing: Standing, *, on: date) -> Verdict:
    """Return what the policy says about a person on a day; ok where no policy is in force or it is switched off."""
    if policy is None or policy.mode == Mode.OFF:
        return Verdict(Outcome.OK)
    if not standing.known:
        return _missing(policy, (Reason(ReasonCode.NO_RECORD),))
    if standing.leaves_on is not None and standing.leaves_on <= on:
        return _missing(policy, (Reason(ReasonCode.GONE, standing.leaves_on),))
    if sufficing := sorted(policy.roles & standing.roles):
        return Verdict(Outcome.OK, by_role=sufficing[0], lapses_on=_day_before_leaving(standing))
    best, credential = best_held(standing.held, least=policy.least_level, on=on), best_credential(standing.certified, policy.programmes, on)
    reasons = _reasons(policy, standing, best, credential, on)
    if reasons:
        return _missing(policy, reasons)
    used_held, used_credential = _used(policy.needs, best, credential)
    return Verdict(Outcome.OK, (), used_held, used_credential, "", _lapses(standing, used_held, used_credential))


def best_held(held: Sequence[Held], *, least: Level, on: date) -> Held | None:
    """Return what holds on the day at ``least`` or above: the one that lasts longest, then the highest."""
    fitting = [one for one in held if one.holds_on(on) and reaches(one.level, least)]
    return max(fitting, key=lambda one: (one.last_on or date.max, RANKS[one.level], one.key or 0), default=None)


def best_credential(certified: Sequence[Certified], programmes: frozenset[str], on: date) -> Certified | None:
    """Return the credential of these programmes (none: any) that lasts longest from the day on."""
    fitting = [one for one in certified if one.holds_on(on) and (not programmes or one.programme in programmes)]
    return max(fitting, key=lambda one: (one.last_on or date.max, one.programme), default=None)


def _reasons(policy: Policy, standing: Standing, best: Held | None, credential: Certified | None, on: date) -> tuple[Reason, ...]:
    competency_gap = () if best else (_why_no_competency(standing.held, policy.least_level, on),)
    credential_gap = () if credential else (_why_no_credential(standing.certified, policy.programmes, on),)
    match policy.needs:
        case Needs.COMPETENCY:
            return competency_gap
        case Needs.CREDENTIAL:
            return credential_gap
        case Needs.EITHER:
            return () if best or credential else (*competency_gap, *credential_gap)
        case _:
            return (*competency_gap, *credential_gap)


def _why_no_competency(held: Sequence[Held], least: Level, on: date) -> Reason:
    """Say which of the nearer things it is: ran out, too low, or nothing."""
    lapsed = [one for one in held if one.lapsed_on(on) and reaches(one.level, least)]
    if lapsed:
        last = max(lapsed, key=lambda one: one.valid_until or date.min)
        return Reason(ReasonCode.COMPETENCY_LAPSED, last.valid_until, last.level.value)
    holding = [one for one in held if one.holds_on(on)]
    if holding:
        return Reason(ReasonCode.LEVEL_TOO_LOW, None, max(holding, key=lambda one: RANKS[one.level]).level.value)
    return Reason(ReasonCode.NO_COMPETENCY)


def _why_no_credential(certified: Sequence[Certified], programmes: frozenset[str], on: date) -> Reason:
    """Say which of the nearer things it is: nobody looked at it yet, it ran out, or nothing."""
    asked = [one for one in certified if not programmes or one.programme in programmes]
    if claimed := sorted({one.programme for one in asked if one.claimed_on(on)}):
        return Reason(ReasonCode.CREDENTIAL_UNVERIFIED, None, ", ".join(claimed))
    lapsed = [one for one in asked if one.lapsed_on(on)]
    if lapsed:
        last = max(lapsed, key=lambda one: one.expires_on or date.min)
        return Reason(ReasonCode.CREDENTIAL_LAPSED, last.expires_on, last.programme)
    return Reason(ReasonCode.NO_CREDENTIAL, None, ", ".join(sorted(programmes)))


def _missing(policy: Policy, reasons: tuple[Reason, ...]) -> Verdict:
    return Verdict(Outcome.BLOCK if policy.mode == Mode.BLOCK else Outcome.WARN, reasons)


def _used(needs: Needs, best: Held | None, credential: Certified | None) -> tuple[Held | None, Certified | None]:
    """What the verdict rests on; of two that each suffice, the one that lasts longer."""
    if needs == Needs.COMPETENCY:
        return best, None
    if needs == Needs.CREDENTIAL:
        return None, credential
    if needs == Needs.BOTH or best is None or credential is None:
        return best, credential
    return (best, None) if (best.last_on or date.max) >= (credential.last_on or date.max) else (None, credential)


def _lapses(standing: Standing, best: Held | None, credential: Certified | None) -> date | None:
    days = [best.last_on if best else None, credential.last_on if credential else None, _day_before_leaving(standing)]
    return min((day for day in days if day is not None), default=None)


def _day_before_leaving(standing: Standing) -> date | None:
    return date.fromordinal(standing.leaves_on.toordinal() - 1) if standing.leaves_on and standing.leaves_on > date.min else None
