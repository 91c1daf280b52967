"""Which known person somebody means who gave a name and an employee number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from openhtm.core.text import fold, number_key

_NOT_WORD = re.compile(r"[^0-9a-z]+")
MOST_SUGGESTIONS = 5


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody on the list of people."""

    key: int
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Match:
    """``key`` is the person, or None where nobody may be taken for them; ``method`` says why; ``suggestions`` are looked at by a person."""

    key: int | None
    method: str
    suggestions: tuple[int, ...] = ()


def name_key(name: str) -> str:
    """Reduce a name to its words in order of the alphabet: ``"Lindqvist, Rosa"`` and ``"rosa lindqvist"`` are the same."""
    return " ".join(sorted(_NOT_WORD.sub(" ", fold(name)).split()))


def names_agree(one: str, other: str) -> bool:
    """True where the words are the same, or two or more of them are and the rest is left out: ``"Rosa M. Lindqvist"``."""
    first, second = set(name_key(one).split()), set(name_key(other).split())
    if not first or not second:
        return False
    return first == second or (len(first & second) >= 2 and (first <= second or second <= first))


def match(*, name: str, number: str, known: Iterable[Known]) -> Match:
    """Say who somebody is. A number that is another's name, or a name that several have, decides nothing: both are suggested."""
    people = list(known)
    wanted = number_key(number)
    same_number = [one for one in people if wanted and number_key(one.number) == wanted]
    same_name = [one for one in people if names_agree(one.name, name)]
    both = [one for one in same_number if one in same_name]
    if len(both) == 1:
        return Match(both[0].key, "number and name")
    if not wanted and len(same_name) == 1 and name_key(same_name[0].name) == name_key(name):
        return Match(same_name[0].key, "name")
    found = dict.fromkeys(one.key for one in [*same_number, *same_name])
    return Match(None, "nobody" if not found else "not sure", tuple(found)[:MOST_SUGGESTIONS])
