"""Reasons of the guard in words, for pages, the API and paper alike."""

from __future__ import annotations

from collections.abc import Sequence

from openhtm.competence.rules.guard import Reason, ReasonCode, Verdict
from openhtm.competence.rules.levels import BASIS_LABELS, LEVEL_LABELS, Held, Level
from openhtm.ui.rules import formats


def in_words(reason: Reason, *, day_words: str = "") -> str:
    """Return one reason as part of a sentence. ``day_words`` is the day of ``reason.on`` as the page writes it."""
    on = day_words or (formats.day(reason.on) if reason.on else "")
    match reason.code:
        case ReasonCode.NO_RECORD:
            return "no staff record"
        case ReasonCode.GONE:
            return f"left on {on}"
        case ReasonCode.NO_COMPETENCY:
            return "not signed off for it"
        case ReasonCode.LEVEL_TOO_LOW:
            return f"only signed off as “{LEVEL_LABELS[Level(reason.what)].lower()}”"
        case ReasonCode.COMPETENCY_LAPSED:
            return f"sign-off ran out on {on}"
        case ReasonCode.CREDENTIAL_LAPSED:
            return f"{reason.what} expired on {on}"
        case ReasonCode.CREDENTIAL_UNVERIFIED:
            return f"{reason.what} not yet verified"
        case _:
            return f"no {' or '.join(reason.what.split(', '))}" if reason.what else "no credential"


def reasons_in_words(reasons: Sequence[Reason]) -> str:
    return " and ".join(in_words(one) for one in reasons)


def held_in_words(held: Held) -> str:
    until = f", until {formats.day(held.valid_until)}" if held.valid_until else ""
    return f"{LEVEL_LABELS[held.level]}, {BASIS_LABELS[held.basis].lower()} of {formats.day(held.granted_on)}{until}"


def ground_in_words(verdict: Verdict) -> str:
    """Say what a good verdict rests on."""
    parts = [held_in_words(verdict.by)] if verdict.by else []
    if verdict.with_credential:
        one = verdict.with_credential
        parts.append(
            f"{one.programme}{f' {one.number}' if one.number else ''}{f', until {formats.day(one.expires_on)}' if one.expires_on else ''}"
        )
    if verdict.by_role:
        parts.append(f"by role ({verdict.by_role.replace('_', ' ')})")
    return "; ".join(parts)
