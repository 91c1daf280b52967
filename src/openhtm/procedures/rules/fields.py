"""Reading a nested document by hand: every field is taken by name, and everything wrong is listed, not only the first thing.

Texts come out stripped and in Unicode form C, numbers as normalised decimals, so that equal documents compare equal.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
MOST_PROBLEMS = 300
LARGEST = Decimal(10) ** 12
SMALLEST = Decimal(10) ** -9
MOST_DIGITS = 12
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: where, what, and how to mend it. ``path`` is written like ``steps[2].number.unit``."""

    path: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence} {self.remedy}".strip()


class Problems:
    """The list that is being filled. Past ``MOST_PROBLEMS`` it only counts, so that a hopeless file stays readable."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._beyond = 0

    def add(self, path: str, sentence: str, remedy: str = "") -> None:
        if len(self._found) < MOST_PROBLEMS:
            self._found.append(Problem(path, sentence, remedy))
        else:
            self._beyond += 1

    def __len__(self) -> int:
        return len(self._found)

    @property
    def full(self) -> bool:
        """Tell whether further problems are only counted; looking for a remedy is then lost time."""
        return len(self._found) >= MOST_PROBLEMS

    def found(self) -> tuple[Problem, ...]:
        """Return every problem; a last one tells how many more were left out."""
        if not self._beyond:
            return tuple(self._found)
        return (*self._found, Problem("", f"{self._beyond} more problems are not listed.", "Mend these first."))


class Fields:
    """One mapping of the document, read field by field. ``done`` reports the fields nobody asked for."""

    def __init__(self, raw: object, *, path: str, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self._asked: set[str] = set()
        self._raw: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}
        if not isinstance(raw, Mapping):
            problems.add(path or "document", f"A mapping of fields is expected, not {kind_of(raw)}.", "Write the fields by name.")

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, sentence: str, remedy: str = "") -> None:
        self.problems.add(self.at(name) if name else self.path or "document", sentence, remedy)

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def take(self, name: str) -> Any:
        self._asked.add(name)
        return self._raw.get(name)

    def done(self) -> None:
        """Report fields that do not exist, with the name that was probably meant."""
        for name in self._raw:
            if name not in self._asked:
                near = [] if self.problems.full else difflib.get_close_matches(str(name)[:60], sorted(self._asked), n=1)
                remedy = f"Did you mean {near[0]}?" if near else "Remove it."
                self.wrong(_shown(name), "There is no such field here.", remedy)

    def text(self, name: str, *, most: int = 200, required: bool = False, lines: bool = False, default: str = "") -> str:
        """Return the text of a field; ``lines`` allows line breaks. Missing gives ``default``."""
        value = self.take(name)
        if value is None:
            if required:
                self.wrong(name, "It is missing.", "Write a text.")
            return default
        text = clean_text(value, most=most, lines=lines, path=self.at(name), problems=self.problems)
        if required and isinstance(value, str) and not value.strip():
            self.wrong(name, "It is empty.", "Write a text.")
        return text

    def texts(self, name: str, *, most: int = 50, longest: int = 300) -> tuple[str, ...]:
        found = (clean_text(one, most=longest, lines=False, path=path, problems=self.problems) for path, one in self.items(name, most=most))
        return tuple(text for text in found if text)

    def slug(self, name: str, *, required: bool = True, most: int = 60) -> str:
        text = self.text(name, most=most, required=required)
        if text and not SLUG.fullmatch(text):
            self.wrong(name, f"{_shown(text)} is not a code.", "Use small letters, digits and single hyphens, such as flow-rate-100.")
        return text

    def slugs(self, name: str, *, most: int = 50) -> tuple[str, ...]:
        """Return a list of codes that are not checked against anything."""
        return self._distinct(name, most, lambda one: "" if _is_slug(one) else "Use small letters, digits and single hyphens.")

    def codes(self, name: str, known: Collection[str], *, most: int = 50) -> tuple[str, ...]:
        """Return a list of codes that must all be among ``known``."""
        return self._distinct(name, most, lambda one: "" if isinstance(one, str) and one in known else self._choose(one, known))

    def _distinct(self, name: str, most: int, remedy_for: Callable[[object], str]) -> tuple[str, ...]:
        found: list[str] = []
        for path, one in self.items(name, most=most):
            if remedy := remedy_for(one):
                self.problems.add(path, f"{_shown(one)} is not a code that is known here.", remedy)
            elif one in found:
                self.problems.add(path, f"{one} is listed twice.", "Keep it once.")
            else:
                found.append(one)
        return tuple(found)

    def one_of(self, name: str, known: Collection[str], *, default: str | None = None) -> str:
        """Return the code of a field that must be one of ``known``; without a default it is required."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in known:
            return value
        sentence = "It is missing." if value is None else f"{_shown(value)} is not known."
        self.wrong(name, sentence, self._choose(value, known))
        return default if default is not None else ""

    def _choose(self, value: object, known: Collection[str]) -> str:
        near = difflib.get_close_matches(value[:60], list(known), n=1) if isinstance(value, str) and not self.problems.full else []
        if near:
            return f"Did you mean {near[0]}?"
        return f"Use one of {', '.join(known)}." if len(known) <= 12 else "See the list in the reference."

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(name, f"{_shown(value)} is neither true nor false.", "Write true or false, without quotation marks.")
            return default
        return value

    def whole(self, name: str, *, least: int, most: int, default: int) -> int:
        value = self.take(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(name, f"{_shown(value)} is not a whole number from {least} to {most}.", "Correct the number.")
            return default
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a finite number as a normalised decimal, or nothing."""
        value = self.take(name)
        if value is None:
            return None
        number = exact(value)
        if number is None:
            remedy = f"Write a plain number of at most {MOST_DIGITS} digits, smaller than {LARGEST:g}."
            self.wrong(name, f"{_shown(value)} cannot be used as a number.", remedy)
        return number

    def child(self, name: str) -> "Fields | None":
        value = self.take(name)
        return None if value is None else Fields(value, path=self.at(name), problems=self.problems)

    def children(self, name: str, *, most: int) -> Iterator["Fields"]:
        for path, one in self.items(name, most=most):
            yield Fields(one, path=path, problems=self.problems)

    def items(self, name: str, *, most: int) -> Iterator[tuple[str, Any]]:
        """Yield path and value of each entry of a list."""
        value = self.take(name)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            self.wrong(name, f"A list is expected, not {kind_of(value)}.", "Write it as a list.")
            return
        if len(value) > most:
            self.wrong(name, f"It has {len(value)} entries; at most {most} are allowed.", "Divide it.")
        for position, one in enumerate(value[:most]):
            yield f"{self.at(name)}[{position}]", one


def clean_text(value: object, *, most: int, lines: bool, path: str, problems: Problems) -> str:
    """Return ``value`` as clean text, reporting whatever is not text, too long or unprintable."""
    if not isinstance(value, str):
        problems.add(path, f"A text is expected, not {kind_of(value)}.", "Put it in quotation marks.")
        return ""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _UNPRINTABLE.search(text):
        problems.add(path, "It contains characters that cannot be printed.", "Remove them.")
        return ""
    text = unicodedata.normalize("NFC", text)
    if not lines and ("\n" in text or "\t" in text):
        problems.add(path, "It must be one line.", "Remove line breaks and tabs.")
    if len(text) > most:
        problems.add(path, f"It is {len(text)} characters long; at most {most} are allowed.", "Shorten it.")
    return text


def exact(value: object) -> Decimal | None:
    """Return a number exactly as it was written, or nothing if it is not a number or outside what is kept.

    Floats count as their shortest decimal form (0.1 is one tenth). At most 12 significant digits, so that the number
    survives JSON and the browser unchanged.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int) and abs(value) > LARGEST:
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        return None
    if not number:
        return Decimal(0)
    number = number.normalize()
    if not SMALLEST <= abs(number) <= LARGEST or len(number.as_tuple().digits) > MOST_DIGITS:
        return None
    return number


def plain(number: Decimal) -> int | float:
    """Return the JSON number of a decimal that ``exact`` gave."""
    return int(number) if number == number.to_integral_value() else float(number)


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else "something else"


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 80 and bool(SLUG.fullmatch(value))


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) > LARGEST:
        return "A number this large"
    if not isinstance(value, str | int | float | Decimal):
        return kind_of(value).capitalize()
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    return text if len(text) <= 60 else text[:59] + "…"
