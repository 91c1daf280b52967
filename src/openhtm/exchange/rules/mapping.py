"""Which column means which field: fields as data, suggestions with their evidence, and saved profiles."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import yaml

from openhtm.core.errors import DomainError
from openhtm.core.text import fold
from openhtm.exchange.rules.dates import DateRule
from openhtm.exchange.rules.headers import Column, Header
from openhtm.exchange.rules.tables import Cell, is_blank
from openhtm.exchange.rules.values import READERS, Problem, ReadOptions, column_reader, missing_words, plain_text

IGNORE = "ignore"
CUSTOM = "custom:"
_CLOSE = 0.86
_MINIMUM = 0.5
_SAMPLE = 200
_TELLING_KINDS = frozenset(("date", "mac", "ip", "number", "integer", "money", "years", "boolean", "choice"))
Check = Callable[[str], bool]


class BadProfile(DomainError):
    code = "bad-import-profile"
    message = "The import profile cannot be used: {reason}."


@dataclass(frozen=True, slots=True)
class TargetField:
    """A field a column can be mapped to. ``kind`` is one of ``values.READERS``; ``choices`` maps code to its words."""

    code: str
    label: str
    kind: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    help: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def choice_words(self) -> dict[str, str]:
        """Folded word to code; the code itself, with spaces for underlines too, is always a word."""
        words: dict[str, str] = {}
        for code, synonyms in self.choices.items():
            for word in (code, code.replace("_", " "), *synonyms):
                words.setdefault(fold(word), code)
        return words


class Suggestion(NamedTuple):
    """``column`` is the index of the column in the header, ``score`` from 0 to 1, ``evidence`` a sentence."""

    column: int
    field: str
    score: float
    evidence: str


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """One column read into one field. A column may feed several fields, with another date rule each."""

    column: str
    field: str
    prefer: tuple[str, ...] = ()
    pick: str = "first"
    only_labelled: bool = False
    split_codes: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A saved way to read one kind of file. Every part has a harmless default."""

    name: str
    label: str = ""
    mapping: tuple[ColumnMap, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    missing_words: tuple[str, ...] = ()
    kept_words: tuple[str, ...] = ()
    date_order: str | None = None  # dmy, mdy; None: by the evidence of each column, day first if there is none
    decimal_mark: str | None = None
    currency: str | None = None
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str | None = None
    header_row: int | None = None
    key_order: tuple[str, ...] = ("control_number", "manufacturer+serial_number", "udi")
    on_new_model: str = "create"  # create, refuse
    on_missing: str = "create"  # departments, places, service providers and site fields: create, warn (leave empty), refuse
    source: str = ""
    edition: str = ""
    confidence: str = ""
    effective_from: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Profile":
        """Raises BadProfile with the reason, whatever the text."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadProfile(reason=f"it is not JSON ({error})") from error
        if not isinstance(data, dict):
            raise BadProfile(reason="it is not an object")
        return _profile(data)


def _profile(data: dict[str, Any]) -> Profile:
    unknown = set(data) - set(Profile.__dataclass_fields__)
    if unknown:
        raise BadProfile(reason=f"unknown parts: {', '.join(sorted(unknown))}")
    parts = dict(data)
    for name in ("missing_words", "kept_words", "key_order"):
        if name in parts:
            parts[name] = _texts(parts[name], name)
    if "mapping" in parts:
        parts["mapping"] = tuple(_column_map(one) for one in _list(parts["mapping"], "mapping"))
    for name in ("constants", "translations"):
        if not isinstance(parts.get(name, {}), dict):
            raise BadProfile(reason=f"{name} is not an object")
    _require_values(parts)
    return Profile(**parts)


def _require_values(parts: dict[str, Any]) -> None:
    if not isinstance(parts.get("name"), str) or not parts["name"]:
        raise BadProfile(reason="it has no name")
    allowed = {"date_order": (None, "dmy", "mdy"), "decimal_mark": (None, ",", "."), "on_new_model": ("create", "refuse")}
    allowed["on_missing"] = ("create", "warn", "refuse")
    for name, values in allowed.items():
        if name in parts and parts[name] not in values:
            raise BadProfile(reason=f"{name} must be one of {', '.join(map(str, values))}")
    if not isinstance(parts.get("header_row"), int | None) or isinstance(parts.get("header_row"), bool):
        raise BadProfile(reason="header_row is not a whole number")
    for name in ("label", "source", "edition", "confidence", "effective_from", "currency", "sheet"):
        if not isinstance(parts.get(name), str | None):
            raise BadProfile(reason=f"{name} is not a text")
    if not all(isinstance(value, str) for value in parts.get("constants", {}).values()):
        raise BadProfile(reason="constants are not texts")
    for words in parts.get("translations", {}).values():
        if not isinstance(words, dict) or not all(isinstance(value, str) for value in words.values()):
            raise BadProfile(reason="translations are not texts by field and word")


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadProfile(reason=f"{name} is not a list")
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if not all(isinstance(one, str) for one in _list(value, name)):
        raise BadProfile(reason=f"{name} is not a list of texts")
    return tuple(value)


def _column_map(data: Any) -> ColumnMap:
    if not isinstance(data, dict) or set(data) - set(ColumnMap.__dataclass_fields__):
        raise BadProfile(reason=f"mapping holds something unknown: {data!r:.80}")
    parts = dict(data)
    if not isinstance(parts.get("column"), str) or not isinstance(parts.get("field"), str):
        raise BadProfile(reason="each mapping needs a column and a field")
    parts["prefer"] = _texts(parts.get("prefer", []), "prefer")
    if parts.get("pick", "first") not in ("first", "last"):
        raise BadProfile(reason="pick must be first or last")
    if not all(isinstance(parts.get(name, False), bool) for name in ("only_labelled", "split_codes")):
        raise BadProfile(reason="only_labelled and split_codes must be true or false")
    return ColumnMap(**parts)


def load_fields(text: str) -> tuple[TargetField, ...]:
    """Read a registry of fields from YAML. Raises KeyError or ValueError for a registry that is wrong: it is ours."""
    fields = []
    for row in yaml.safe_load(text)["fields"]:
        choices = {code: tuple(words) for code, words in row.pop("choices", {}).items()}
        target = TargetField(**{**row, "synonyms": tuple(row.get("synonyms", ())), "choices": choices})
        if target.kind not in READERS:
            raise ValueError(f"{target.code}: unknown kind {target.kind}")
        fields.append(target)
    return tuple(fields)


def known_names(fields: Iterable[TargetField], profiles: Iterable[Profile] = ()) -> Check:
    """Return a test for header names: true for the code, label or a synonym of a field, or a column of a profile."""
    words = {word for target in fields for word in _names(target)}
    words |= {_name_key(one.column) for profile in profiles for one in profile.mapping}
    return lambda text: _name_key(text) in words


def suggest(
    columns: Sequence[Column],
    samples: Sequence[Sequence[Cell]],
    fields: Sequence[TargetField],
    *,
    checks: Mapping[str, Check] | None = None,
) -> list[Suggestion]:
    """Propose at most one field for each column and one column for each field, best first.

    ``samples`` holds the cells of each column, in the order of ``columns``. ``checks`` maps a field code to a test of one
    text (a UDI parser, say): contents that pass it speak for that field, also under an unknown name.
    """
    candidates: list[Suggestion] = []
    for position, column in enumerate(columns):
        cells = [cell for cell in samples[position] if not is_blank(cell)][:_SAMPLE]
        for target in fields:
            candidate = _candidate(position, column, cells, target, (checks or {}).get(target.code))
            if candidate.score >= _MINIMUM:
                candidates.append(candidate)
    return _one_to_one(candidates)


def _one_to_one(candidates: list[Suggestion]) -> list[Suggestion]:
    chosen: list[Suggestion] = []
    columns: set[int] = set()
    taken: set[str] = set()
    for one in sorted(candidates, key=lambda one: (-one.score, one.column)):
        if one.column not in columns and one.field not in taken:
            chosen.append(one)
            columns.add(one.column)
            taken.add(one.field)
    return sorted(chosen, key=lambda one: one.column)


def _candidate(position: int, column: Column, cells: Sequence[Cell], target: TargetField, check: Check | None) -> Suggestion:
    name_score, why = max(_name_score(column.title, target), _name_score(column.name, target))
    if name_score == 0 and check is None:
        return Suggestion(position, target.code, 0.0, "")
    share = _share(cells, target, check)
    if share is None:
        return Suggestion(position, target.code, round(name_score, 3), why)
    said = f"{share:.0%} of the values fit"
    if check is not None and share >= 0.8:
        return Suggestion(position, target.code, round(max(name_score, 0.75) * 0.9 + share * 0.1, 3), f"{why}; {said}".lstrip("; "))
    score = name_score * (0.6 + 0.4 * share)
    return Suggestion(position, target.code, round(score, 3), f"{why}; {said}")


def _share(cells: Sequence[Cell], target: TargetField, check: Check | None) -> float | None:
    """Share of the values that fit the field; None where any value would."""
    if not cells or (check is None and target.kind not in _TELLING_KINDS):
        return None
    if check is not None:
        return sum(1 for cell in cells if check(plain_text(cell).strip())) / len(cells)
    read = column_reader(target.kind, ReadOptions(missing=missing_words(("ni", "nt")), choices=target.choice_words()))
    return sum(1 for cell in cells if not isinstance(read(cell), Problem)) / len(cells)


def _name_score(name: str, target: TargetField) -> tuple[float, str]:
    key = _name_key(name)
    if not key:
        return 0.0, ""
    best, why = 0.0, ""
    for word in _names(target):
        score = _similarity(key, word)
        if score > best:
            best, why = score, f"“{name}” is like “{word}”" if score < 1 else f"“{name}” is a name of {target.label}"
    return best, why


def _similarity(key: str, word: str) -> float:
    if key == word:
        return 1.0
    key_words, words = key.split(), word.split()
    if set(words) <= set(key_words) and len(word) > 3:
        return (0.5 if len(words) > 1 else 0.3) + 0.45 * len(word) / len(key)
    if abs(len(key) - len(word)) > 3 or min(len(key), len(word)) < 4:
        return 0.0
    ratio = SequenceMatcher(None, key, word).ratio()
    return ratio * 0.9 if ratio >= _CLOSE else 0.0


def _names(target: TargetField) -> set[str]:
    return {_name_key(name) for name in (target.code, target.label, *target.synonyms)} - {""}


def _name_key(name: str) -> str:
    """``Serial No.`` and ``SERIAL_NO`` are the same name."""
    return " ".join("".join(char if char.isalnum() else " " for char in fold(name)).split())


def matched_columns(profile: Profile, header: Header) -> dict[ColumnMap, int]:
    """Return for each mapping of the profile the position of its column; by whole name first, then by title alone."""
    by_name: dict[str, int] = {}
    for name_of in (lambda column: column.name, lambda column: column.title):
        for position, column in enumerate(header.columns):
            by_name.setdefault(_name_key(name_of(column)), position)
    return {one: by_name[key] for one in profile.mapping if (key := _name_key(one.column)) in by_name}


def profile_fit(profile: Profile, header: Header) -> float:
    """Return the share of the profile's columns that the header has, from 0 to 1."""
    return len(matched_columns(profile, header)) / len(profile.mapping) if profile.mapping else 0.0


def best_profile(profiles: Iterable[Profile], header: Header, *, at_least: float = 0.8) -> Profile | None:
    """Return the profile that fits the header best; among equals the one that reads more columns."""
    scored = [(profile_fit(one, header), len(one.mapping), one) for one in profiles]
    fitting = [row for row in scored if row[0] >= at_least]
    return max(fitting, key=lambda row: row[:2])[2] if fitting else None


def profile_from(suggestions: Sequence[Suggestion], columns: Sequence[Column], *, name: str, base: Profile | None = None) -> Profile:
    """Return a profile that reads the suggested columns and ignores the others; ``base`` gives everything else."""
    fields = {one.column: one.field for one in suggestions}
    mapping = tuple(ColumnMap(column=column.name, field=fields.get(position, IGNORE)) for position, column in enumerate(columns))
    parts = {key: getattr(base or Profile(name=name), key) for key in Profile.__dataclass_fields__}
    return Profile(**{**parts, "name": name, "mapping": mapping})


def date_rule(one: ColumnMap, order: str) -> DateRule:
    return DateRule(order=order, prefer=one.prefer, pick=one.pick, only_labelled=one.only_labelled)
