"""Which maker a written name means: the shipped list of manufacturers, and one pure function that resolves and says why.

An exact name, an equal company key and a listed alias are certain. A similar name is only a proposal: ``Baxter`` and
``Baxa`` are two letters and two companies apart.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from openhtm.core.text import company_key

DATA = Path(__file__).resolve().parent.parent / "data" / "manufacturers.yaml"
CANDIDATES = 5
_ENOUGH_ALIKE = 0.5
_NOT_A_NAME = frozenset(["", "ni", "n a", "na", "nt", "none", "unknown", "desconocido", "no aplica", "pendiente", "tbd", "generic"])


class ManufacturerFileError(ValueError):
    """The list of manufacturers is broken; ``problems`` names each one."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The manufacturers cannot be read: " + " ".join(self.problems))


@dataclass(frozen=True)
class KnownManufacturer:
    """A maker with its other spellings. ``merged_into`` names who answers for it now, ``since`` the year of closing."""

    name: str
    country: str = ""
    aliases: tuple[str, ...] = ()
    merged_into: str | None = None
    since: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A proposal: likeness from 0 to 1, and the known spelling that resembles the text."""

    manufacturer: str
    likeness: float
    resembles: str


@dataclass(frozen=True)
class Resolution:
    """What a written name means. ``manufacturer`` is empty unless certain; ``current`` follows its mergers to the end."""

    method: str  # exact | alias | key | similar | none
    manufacturer: str | None
    current: str | None
    evidence: str
    candidates: tuple[Candidate, ...] = ()


class KnownManufacturers:
    """The manufacturers to resolve against, indexed once: about 600 spellings shipped, plus those of the site."""

    def __init__(self, manufacturers: Iterable[KnownManufacturer]) -> None:
        """Raises ManufacturerFileError if two manufacturers answer to one key, or a merger leads nowhere or in a circle."""
        self.by_name = {one.name: one for one in manufacturers}
        self.names: dict[str, str] = {}
        self.aliases: dict[str, tuple[str, str]] = {}
        problems = [text for one in self.by_name.values() for text in self._index(one)]
        problems += [text for one in self.by_name.values() for text in self._merger_problems(one)]
        if problems:
            raise ManufacturerFileError(problems)
        self._grams = {key: _grams(key) for key in (*self.names, *self.aliases)}

    def _index(self, one: KnownManufacturer) -> Iterator[str]:
        for spelling in (one.name, *one.aliases):
            key = company_key(spelling)
            holder = self.holder(key)
            if not key:
                yield f"{one.name} has a spelling without letters or digits."
            elif holder not in (None, one.name):
                yield f"{one.name} and {holder} both answer to {key!r}."
            elif spelling == one.name:
                self.names[key] = one.name
            elif key not in self.names:
                self.aliases[key] = (one.name, spelling)

    def _merger_problems(self, one: KnownManufacturer) -> Iterator[str]:
        seen = {one.name}
        while one.merged_into is not None:
            if one.merged_into not in self.by_name:
                yield f"{one.name} is merged into {one.merged_into}, which is not listed."
                return
            one = self.by_name[one.merged_into]
            if one.name in seen:
                yield f"{one.name} is merged into itself by a circle."
                return
            seen.add(one.name)

    def holder(self, key: str) -> str | None:
        """Return the manufacturer that answers to a company key."""
        if key in self.names:
            return self.names[key]
        return self.aliases[key][0] if key in self.aliases else None

    def current(self, name: str) -> str:
        """Return who answers for ``name`` today: itself, or the end of its mergers."""
        one = self.by_name[name]
        while one.merged_into is not None:
            one = self.by_name[one.merged_into]
        return one.name

    def alike(self, key: str) -> tuple[Candidate, ...]:
        """Return the most similar manufacturers, best first, each once, by shared letter triples or leading words."""
        mine = _grams(key)
        found: dict[str, Candidate] = {}
        for other, theirs in self._grams.items():
            likeness = _likeness(key, other, mine, theirs)
            holder = self.holder(other) or ""
            if likeness >= _ENOUGH_ALIKE and (holder not in found or likeness > found[holder].likeness):
                found[holder] = Candidate(holder, likeness, other)
        ranked = sorted(found.values(), key=lambda one: (-one.likeness, one.manufacturer))
        return tuple(ranked[:CANDIDATES])


def resolve(name: str, *, known: KnownManufacturers) -> Resolution:
    """Say which known manufacturer ``name`` means, how that was found, and what else it resembles if it was not."""
    if name in known.by_name:
        return _certain("exact", name, known, f"written as {name!r}")
    key = company_key(name)
    if key in _NOT_A_NAME:
        return Resolution("none", None, None, "not a name")
    if key in known.names:
        return _certain("key", known.names[key], known, f"same company key {key!r}")
    if key in known.aliases:
        holder, spelling = known.aliases[key]
        return _certain("alias", holder, known, f"listed alias {spelling!r}")
    candidates = known.alike(key)
    if candidates:
        best = candidates[0]
        return Resolution("similar", None, None, f"{key!r} resembles {best.resembles!r}", candidates)
    return Resolution("none", None, None, f"nothing known resembles {key!r}")


def _certain(method: str, name: str, known: KnownManufacturers, evidence: str) -> Resolution:
    current = known.current(name)
    if current != name:
        evidence += f"; {name} is now {current}"
    return Resolution(method, name, current, evidence)


def _grams(key: str) -> frozenset[str]:
    padded = f"  {key} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _likeness(key: str, other: str, mine: frozenset[str], theirs: frozenset[str]) -> float:
    """Return the share of common letter triples; a whole name that begins the other counts at least 0.7."""
    shared = len(mine & theirs)
    likeness = shared / (len(mine) + len(theirs) - shared)
    shorter, longer = sorted((key, other), key=len)
    if len(shorter) > 2 and longer.startswith(shorter + " "):
        likeness = max(likeness, 0.7)
    if min(len(key), len(other)) > 4 and _one_slip(key, other):
        likeness = max(likeness, 0.9)
    return round(likeness, 3)


def _one_slip(left: str, right: str) -> bool:
    """True if one letter changed, missing, added or swapped with its neighbour turns one text into the other."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return left == right
    start = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    swapped = len(a) > 1 and len(a) == len(b) and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


def read_manufacturers(*, path: Path = DATA) -> tuple[KnownManufacturer, ...]:
    """Read the shipped manufacturers, predecessors as records of their own. Raises ManufacturerFileError."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("manufacturers"), list):
        raise ManufacturerFileError([f"{path.name} needs a list named manufacturers."])
    try:
        found = [one for entry in document["manufacturers"] for one in _flatten(entry)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ManufacturerFileError([f"{path.name} has a field missing or of the wrong kind: {error!r}."]) from error
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ManufacturerFileError([f"{name} is listed twice." for name in twice])
    KnownManufacturers(found)
    return tuple(found)


def _flatten(entry: Mapping[str, Any]) -> Iterator[KnownManufacturer]:
    yield _maker(entry, merged_into=entry.get("merged_into"))
    for old in entry.get("predecessors", ()):
        yield _maker(old, merged_into=entry["name"])


def _maker(entry: Mapping[str, Any], *, merged_into: str | None) -> KnownManufacturer:
    return KnownManufacturer(
        name=str(entry["name"]),
        country=entry.get("country", ""),
        aliases=tuple(map(str, entry.get("aliases", ()))),
        merged_into=merged_into,
        since=entry.get("since"),
    )
