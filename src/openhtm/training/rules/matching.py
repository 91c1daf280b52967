"""Which known person somebody means who gave a name and an employee number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from openhtm.core.text import fold, number_key

_NOT_WORD = re.compile(r"[^0-9a-z]+")
MOST_SUGGESTIONS = 5
LONGEST_KEY, LONGEST_NUMBER = 120, 40


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
    return " ".join(sorted(_NOT_WORD.sub(" ", fold(name)).split()))[:LONGEST_KEY].strip()


def written_key(name: str, number: str) -> tuple[str, str]:
    """What tells two names on a list apart: the words of the name, the letters and digits of the number."""
    return name_key(name), number_key(number)[:LONGEST_NUMBER]


def names_agree(one: str, other: str) -> bool:
    """True where the words are the same, or two or more of them are and the rest is left out: ``"Rosa M. Lindqvist"``."""
    first, second = set(name_key(one).split()), set(name_key(other).split())
    if not first or not second:
        return False
    return first == second or (len(first & second) >= 2 and (first <= second or second <= first))


def match(*, name: str, number: str, known: Iterable[Known]) -> Match:
    """Say who somebody is; see ``Roster.match``."""
    return Roster(known).match(name=name, number=number)


class Roster:
    """People to find by name and number, indexed once for a whole list."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._known: list[Known] = list(known)
        self._keys = [name_key(one.name) for one in self._known]
        self._by_number: dict[str, list[int]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(self._known):
            if number := number_key(one.number):
                self._by_number[number].append(place)
            for word in set(self._keys[place].split()):
                self._by_word[word].append(place)

    def match(self, *, name: str, number: str) -> Match:
        """A number that is another's name, or a name that several have, decides nothing: all of them are suggested."""
        wanted, key = number_key(number), name_key(name)
        same_number = self._by_number.get(wanted, []) if wanted else []
        alike = sorted({place for word in set(key.split()) for place in self._by_word.get(word, ())})
        same_name = [place for place in alike if names_agree(self._keys[place], key)]
        both = [place for place in same_number if place in same_name]
        if len(both) == 1:
            return Match(self._known[both[0]].key, "number and name")
        if not wanted and len(same_name) == 1 and self._keys[same_name[0]] == key:
            return Match(self._known[same_name[0]].key, "name")
        found = dict.fromkeys(self._known[place].key for place in [*same_number, *same_name])
        return Match(None, "not sure" if found else "nobody", tuple(found)[:MOST_SUGGESTIONS])
