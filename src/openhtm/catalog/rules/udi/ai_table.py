"""The GS1 application identifiers: lengths, characters, content checks and companions, read from ``catalog/data``."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from openhtm.catalog.rules.udi import checks
from openhtm.catalog.rules.udi.checks import Check, Finding

_CHARACTERS = {"N": "0-9", "X": re.escape(checks.CSET82), "Y": "-#/0-9A-Z", "Z": "-_0-9A-Za-z="}
_CHARSET_CHECKS: dict[str, Check] = {
    "N": checks.csetnumeric,
    "X": checks.cset82,
    "Y": checks.cset39,
    "Z": checks.cset64,
}
_NOT_CHECKED = frozenset({"gcppos1", "gcppos2", "iso4217", "packagetype", "couponcode", "couponposoffer"})
_COMPONENT = re.compile(r"(\[?)([NXYZ])(\.\.)?(\d+)\]?((?:,[a-z0-9]+)*)")


@dataclass(frozen=True, slots=True)
class Component:
    """A run of characters inside a value: its set, shortest and longest length, and content checks."""

    charset: str
    shortest: int
    longest: int
    optional: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One application identifier. ``fixed`` is the predefined length, or 0 where a separator ends the value."""

    ai: str
    title: str
    fixed: int
    pattern: re.Pattern[str]
    components: tuple[Component, ...]
    only_date: bool
    only_gtin: bool
    plain: bool
    attribute: bool
    requires: tuple[tuple[str, ...], ...]
    excludes: tuple[str, ...]
    path: tuple[tuple[str, ...], ...] | None

    @property
    def name(self) -> str:
        return f"({self.ai}) {self.title}"

    @property
    def length_in_words(self) -> str:
        shortest = sum(part.shortest for part in self.components if not part.optional)
        longest = sum(part.longest for part in self.components)
        if shortest == longest:
            return f"it must have exactly {longest} characters"
        if len(self.components) > 1 and all(part.shortest == part.longest for part in self.components):
            steps = [sum(part.longest for part in self.components[:count]) for count in range(1, len(self.components) + 1)]
            return f"it must have {' or '.join(str(step) for step in steps if step >= shortest)} characters"
        return f"it must have {shortest} to {longest} characters"


def _load() -> dict[str, Any]:
    source = files("openhtm.catalog").joinpath("data/gs1_application_identifiers.json")
    found: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


_DATA = _load()
COUNTRIES_NUMERIC = frozenset(_DATA["countries_numeric"].split())
COUNTRIES_ALPHA2 = frozenset(_DATA["countries_alpha2"].split())


def iso3166(text: str) -> Finding | None:
    return None if text in COUNTRIES_NUMERIC else ("not-iso3166", 0, len(text))


def iso3166999(text: str) -> Finding | None:
    return None if text == "999" or text in COUNTRIES_NUMERIC else ("not-iso3166-or-999", 0, len(text))


def iso3166alpha2(text: str) -> Finding | None:
    return None if text in COUNTRIES_ALPHA2 else ("not-iso3166-alpha2", 0, len(text))


_COUNTRY_CHECKS: dict[str, Check] = {
    "iso3166": iso3166,
    "iso3166999": iso3166999,
    "iso3166alpha2": iso3166alpha2,
}


def check_named(name: str) -> Check:
    """Return the content check with GS1's ``name``, such as ``csum``. Raises AttributeError for one we do not have."""
    return _COUNTRY_CHECKS.get(name) or getattr(checks, name)


def _components(spec: str) -> tuple[Component, ...]:
    parts = []
    for optional, charset, up_to, size, names in _COMPONENT.findall(spec):
        found = tuple(check_named(name) for name in names.split(",") if name and name not in _NOT_CHECKED)
        parts.append(Component(charset, 1 if up_to else int(size), int(size), bool(optional), found))
    return tuple(parts)


def _pattern(components: Iterable[Component]) -> re.Pattern[str]:
    text = close = ""
    for part in components:
        run = f"[{_CHARACTERS[part.charset]}]{{{part.shortest},{part.longest}}}"
        if part.optional:
            text, close = f"{text}(?:{run}", ")?" + close
        else:
            text += run
    return re.compile(text + close)


def _numbers(ai: str) -> list[str]:
    first, _, last = ai.partition("-")
    return [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]


def _build(row: dict[str, Any]) -> list[ApplicationIdentifier]:
    parts = _components(row["spec"])
    pattern = _pattern(parts)
    path = row.get("path")
    return [
        ApplicationIdentifier(
            ai=ai,
            title=row["title"],
            fixed=sum(part.longest for part in parts) if row.get("predefined") else 0,
            pattern=pattern,
            components=parts,
            only_date=len(parts) == 1 and parts[0].checks == (checks.yymmd0,),
            only_gtin=len(parts) == 1 and parts[0].checks == (checks.csum,),
            plain=not any(part.checks for part in parts) and all(part.charset != "Z" for part in parts),
            attribute=bool(row.get("attribute")),
            requires=tuple(tuple(group) for group in row.get("requires", [])),
            excludes=tuple(row.get("excludes", [])),
            path=None if path is None else tuple(tuple(sequence) for sequence in path),
        )
        for ai in _numbers(row["ai"])
    ]


IDENTIFIERS: dict[str, ApplicationIdentifier] = {identifier.ai: identifier for row in _DATA["identifiers"] for identifier in _build(row)}
WIDTHS: dict[str, int] = {ai[:2]: len(ai) for ai in IDENTIFIERS}  # the first two digits settle the length


def diagnose(identifier: ApplicationIdentifier, value: str) -> Finding | None:
    """Say what is wrong with ``value``: its length and characters first, then the content of each part."""
    at = 0
    for part in identifier.components:
        run = value[at : at + part.longest]
        if not run and part.optional:
            break
        if found := _CHARSET_CHECKS[part.charset](run):
            return found[0], at + found[1], found[2]
        if len(run) < part.shortest:
            return "value-too-short", at + len(run), 0
        at += len(run)
    return ("value-too-long", at, len(value) - at) if at < len(value) else _content(identifier, value)


def _content(identifier: ApplicationIdentifier, value: str) -> Finding | None:
    at = 0
    for part in identifier.components:
        run = value[at : at + part.longest]
        if not run:
            break
        for check in part.checks:
            if found := check(run):
                return found[0], at + found[1], found[2]
        at += len(run)
    return None


@lru_cache(maxsize=4096)
def companions(ais: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return what is odd about identifiers standing together: (code, identifier, the other one or the wanted ones)."""
    present = frozenset(ais)
    found = []
    for ai in dict.fromkeys(ais):
        identifier = IDENTIFIERS[ai]
        for pattern in identifier.excludes:
            other = next((other for other in ais if other != ai and _fits(other, pattern)), None)
            if other is not None:
                found.append(("ai-excludes-other", ai, other))
        found.extend(
            ("ai-requires-other", ai, " or ".join(_in_brackets(wanted) for wanted in group))
            for group in identifier.requires
            if not any(_all_present(wanted, present) for wanted in group)
        )
    return tuple(found)


def _in_brackets(wanted: str) -> str:
    return " and ".join(f"({ai})" for ai in wanted.split("+"))


def _all_present(wanted: str, present: frozenset[str]) -> bool:
    return all(any(_fits(ai, pattern) for ai in present) for pattern in wanted.split("+"))


def _fits(ai: str, pattern: str) -> bool:
    return len(ai) == len(pattern) and ai.startswith(pattern.rstrip("n"))
