"""Mappings of tester files: read from YAML or a dictionary, with every problem found at once."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from openhtm.core.text import fold
from openhtm.testers.rules.files.mapping import (
    CSV,
    ENCODINGS,
    FIELDS,
    FILE_LEVEL,
    UNITS,
    XML,
    CsvShape,
    Level,
    Meaning,
    Source,
    TesterMapping,
    TimeShape,
)

DATA = Path(__file__).resolve().parents[2] / "data" / "mappings"
MAX_TEXT = 64 * 1024
_MAX_DEPTH = 12
_MAX_ENTRIES = 500
_MAX_WORD = 200
_KEYS = frozenset(
    "code title source edition effective_from confidence format encoding decimal_mark levels csv time fields conditions tests "
    "units results no_value".split()
)
_TEXTS = ("code", "title", "source", "edition", "effective_from", "confidence")
_KINDS = ("path", "column", "preamble", "constant", "in_value")
_NAME = r"(?:[A-Za-z_][\w.-]*|\*)"
_STEP = rf"{_NAME}(?:\[\d{{1,6}}\]|\[@[A-Za-z_][\w.-]*='[^'\"\]]*'\])?"
_PATH = re.compile(rf"{_STEP}(?:/{_STEP})*")
_FIELD_PATH = re.compile(rf"(?:(?P<path>\.|{_STEP}(?:/{_STEP})*)(?:/@(?P<below>[A-Za-z_][\w.-]*))?|@(?P<own>[A-Za-z_][\w.-]*))")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_MOMENT = datetime(2026, 3, 31, 13, 45, 59, tzinfo=UTC)  # every part differs from its default, to try a format with
Known = Mapping[str, Collection[str]]


class MappingRefused(ValueError):
    """A mapping is broken; ``problems`` names each place with a sentence."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The mapping cannot be used: " + " ".join(self.problems))


@cache
def shipped_mappings() -> tuple[TesterMapping, ...]:
    """Return the example mappings that come with OpenHTM, in the order of their codes."""
    return tuple(mapping_from_text(text=path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.yaml")))


def mapping_from_text(*, text: str, known: Known | None = None) -> TesterMapping:
    """Read a mapping from YAML. Refuses anchors, deep nesting and long texts. Raises MappingRefused with all problems."""
    if len(text) > MAX_TEXT:
        raise MappingRefused([f"The mapping is longer than {MAX_TEXT // 1024} kB. A mapping has a few kB."])
    try:
        if problem := _unsafe(text):
            raise MappingRefused([problem])
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, MappingRefused):
            raise
        raise MappingRefused([f"This is not YAML: {' '.join(str(error).split())[:200]}."]) from None
    return mapping_from(document=document, known=known)


def mapping_from(*, document: object, known: Known | None = None) -> TesterMapping:
    """Check a mapping and return it. Raises MappingRefused with all problems.

    ``known`` maps ``test`` and each condition to the codes that exist (``Vocabulary.choices()`` of the room procedures); a
    mapping that names another is refused. Without it only the shape is checked.
    """
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise MappingRefused(["A mapping is a set of named fields, as in code: my-tester."])
    problems = list(_problems(document, known))
    if problems:
        raise MappingRefused(problems)
    return _built(document)


def _unsafe(text: str) -> str | None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            return "The mapping uses an anchor (*). Write the part out instead."
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            return f"The mapping is nested deeper than {_MAX_DEPTH} levels."
    return None


def _problems(document: Mapping[str, Any], known: Known | None) -> Iterator[str]:
    for key in sorted(set(document) - _KEYS):
        yield f"{key[:40]}: no such field. Remove it or correct its name."
    for key in _TEXTS:
        value = document.get(key)
        if not (isinstance(value, date) if key == "effective_from" else _is_word(value)):
            yield f"{key}: {'give a day' if key == 'effective_from' else f'give a text of up to {_MAX_WORD} characters'}."
    if _is_word(document.get("code")) and not _SLUG.fullmatch(document["code"]):
        yield "code: use small letters, digits and hyphens."
    if document.get("format") not in (XML, CSV):
        yield "format: say xml or csv."
    if document.get("encoding", "auto") not in ENCODINGS:
        yield f"encoding: use one of {', '.join(ENCODINGS)}."
    if document.get("decimal_mark", ".") not in (".", ","):
        yield 'decimal_mark: use "." or ",".'
    yield from _shape_problems(document)
    yield from _time_problems(document)
    yield from _field_problems(document)
    yield from _meaning_problems(document, known)
    yield from _word_problems(document)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _MAX_WORD and "\x00" not in value


def _shape_problems(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("format") == XML:
        yield from _level_problems(document.get("levels"))
    if document.get("format") == CSV:
        shape = document.get("csv")
        if not isinstance(shape, dict) or set(shape) - {"delimiter", "header_has", "blank_line_ends"}:
            yield "csv: give delimiter, header_has and, if wanted, blank_line_ends."
            return
        if shape.get("delimiter") not in (",", ";", "\t", "|"):
            yield "csv.delimiter: use a comma, a semicolon, a tab or a bar."
        heads = shape.get("header_has")
        if not isinstance(heads, list) or not 0 < len(heads) <= 50 or not all(_is_word(head) for head in heads):
            yield "csv.header_has: list the column names by which the row of headings is recognised."
        if not isinstance(shape.get("blank_line_ends", False), bool):
            yield "csv.blank_line_ends: say true or false."


def _level_problems(levels: object) -> Iterator[str]:
    if not isinstance(levels, list) or not 0 < len(levels) <= 6 or not all(isinstance(one, dict) for one in levels):
        yield "levels: list up to six levels, each with name and path; the last one holds the measurements."
        return
    names = [one.get("name") for one in levels]
    for number, one in enumerate(levels, start=1):
        if not _is_word(one.get("name")) or one["name"] == FILE_LEVEL or names.count(one["name"]) > 1:
            yield f"levels, {number}: give a name of its own; {FILE_LEVEL} is taken."
        if not _is_word(one.get("path")) or not _PATH.fullmatch(one["path"]):
            yield f"levels, {number}: the path must be element names with slashes, as in Results/Result, below the outermost element."


def _time_problems(document: Mapping[str, Any]) -> Iterator[str]:
    time = document.get("time")
    fields = document.get("fields")
    if time is None:
        if isinstance(fields, dict) and "measured_at" in fields:
            yield "time: give format and zone, because measured_at is read."
        return
    if not isinstance(time, dict) or set(time) != {"format", "zone"}:
        yield "time: give format and zone, nothing else."
        return
    if not _is_word(time["format"]) or len(time["format"]) > 60 or not _reads_back(time["format"]):
        yield 'time.format: write it as in "%Y-%m-%d %H:%M:%S", with day, month, year, hour and minute.'
    if not isinstance(time["zone"], str) or time["zone"] not in available_timezones():
        yield "time.zone: give the zone of the tester's clock, as in America/Chicago or UTC."


def _reads_back(shape: str) -> bool:
    try:
        found = datetime.strptime(_MOMENT.strftime(shape), shape).replace(second=0, tzinfo=UTC)
    except (ValueError, re.error):
        return False
    return found == _MOMENT.replace(second=0)


def _field_problems(document: Mapping[str, Any]) -> Iterator[str]:
    fields = document.get("fields")
    if not isinstance(fields, dict) or len(fields) > _MAX_ENTRIES:
        yield f"fields: say where each of these is found: {', '.join(FIELDS)}."
        return
    for name in sorted(set(map(str, fields)) - set(FIELDS)):
        yield f"fields.{name[:40]}: no such field. There are {', '.join(FIELDS)}."
    for name in ("test", "value", "unit"):
        if name not in fields:
            yield f"fields.{name}: say where it is found."
    if not {"asset_number", "serial_number", "udi"} & set(fields):
        yield "fields: say where asset_number, serial_number or udi is found, or nobody can tell which device was tested."
    conditions = document.get("conditions", {})
    if not isinstance(conditions, dict) or len(conditions) > _MAX_ENTRIES:
        yield "conditions: name each condition and say where it is found."
        conditions = {}
    for name in sorted({name for name in conditions if name in FIELDS}):
        yield f"conditions.{name}: this is a field, not a condition. Move it to fields."
    for where, given in (("fields", fields), ("conditions", conditions)):
        for name, source in given.items():
            yield from (f"{where}.{str(name)[:40]}: {text}" for text in _source_problems(source, document, may_be_in_value=name == "unit"))


def _source_problems(source: object, document: Mapping[str, Any], *, may_be_in_value: bool) -> Iterator[str]:
    if not isinstance(source, dict) or len(given := [kind for kind in _KINDS if kind in source]) != 1:
        yield "say exactly one of path, column, preamble, constant (or in_value for the unit)."
        return
    kind = given[0]
    fitting = {XML: ("path", "constant"), CSV: ("column", "preamble", "constant")}.get(str(document.get("format")), _KINDS)
    if kind not in (*fitting, "in_value"):
        yield f"{kind} is not for {document.get('format')} files."
    if kind == "in_value" and not (may_be_in_value and source[kind] is True):
        yield "in_value: true is for the unit only."
    if kind != "in_value" and not _is_word(source[kind]):
        yield f"{kind} must be a text of up to {_MAX_WORD} characters."
    elif kind == "path" and not _FIELD_PATH.fullmatch(source[kind]):
        yield "the path must be element names with slashes and perhaps an attribute last, as in Device/Serial or Value/@unit."
    levels = document.get("levels")
    names = {FILE_LEVEL, *(one.get("name") for one in levels if isinstance(one, dict))} if isinstance(levels, list) else {FILE_LEVEL}
    if "from" in source and (kind != "path" or not isinstance(source["from"], str) or source["from"] not in names):
        yield "from must name a level."
    if unknown := set(map(str, source)) - {*_KINDS, "from", "values"}:
        yield f"{sorted(unknown)[0][:40]} is not known."
    if "values" in source and not _is_dictionary(source["values"]):
        yield "values must translate texts to codes, as in {Reverse: R}."


def _is_dictionary(given: object) -> bool:
    return isinstance(given, dict) and len(given) <= _MAX_ENTRIES and all(_is_word(key) and _is_word(value) for key, value in given.items())


def _meaning_problems(document: Mapping[str, Any], known: Known | None) -> Iterator[str]:
    tests = document.get("tests")
    if not isinstance(tests, dict) or not 0 < len(tests) <= _MAX_ENTRIES:
        yield "tests: say what each test of the tester is called here."
        return
    yield from _doubled("tests", tests)
    for name, meaning in tests.items():
        if not _is_word(name):
            yield f"tests: {str(name)[:40]!r} is no name of a test. Put numbers in quotation marks."
        elif meaning is not None:
            yield from (f"tests.{name[:40]}: {text}" for text in _one_meaning(meaning, known))
    conditions = document.get("conditions")
    for name, source in conditions.items() if isinstance(conditions, dict) else ():
        if not isinstance(source, dict):
            continue
        codes = (
            [source["constant"]]
            if "constant" in source
            else list(source["values"].values())
            if _is_dictionary(source.get("values"))
            else []
        )
        yield from (f"conditions.{str(name)[:40]}: {text}" for code in codes or [None] for text in _unknown(str(name), code, known))


def _one_meaning(meaning: object, known: Known | None) -> Iterator[str]:
    if not isinstance(meaning, dict) or set(meaning) - {"test", "conditions", "look"} or not _is_word(meaning.get("test")):
        yield "give test, and if wanted conditions and look; or null to leave it out."
        return
    if not isinstance(meaning.get("look", False), bool):
        yield "look: say true or false."
    yield from _unknown("test", meaning["test"], known)
    conditions = meaning.get("conditions", {})
    if not _is_dictionary(conditions):
        yield "conditions must be names with codes, as in {polarity: N}."
        return
    for name, code in conditions.items():
        yield from _unknown(name, code, known)


def _unknown(name: str, code: object, known: Known | None) -> Iterator[str]:
    if known is None:
        if not _SLUG.fullmatch(name):
            yield f"{name[:40]!r} is no name of a condition."
    elif name not in known:
        yield f"{name[:40]} is no condition. There are {', '.join(sorted(set(known) - {'test'}))}."
    elif code is not None and code not in known[name]:
        yield f"{str(code)[:40]} is no {name}. There are {', '.join(sorted(known[name]))}."


def _doubled(where: str, given: Mapping[Any, Any]) -> Iterator[str]:
    folded = [fold(str(key)) for key in given]
    for key in sorted({key for key in folded if folded.count(key) > 1}):
        yield f"{where}: {key[:40]} is given twice, because capitals do not count."


def _word_problems(document: Mapping[str, Any]) -> Iterator[str]:
    units = document.get("units")
    if not _is_dictionary(units) or not units:
        yield 'units: translate each unit the tester writes, as in {"µA": uA}.'
    else:
        for said, code in units.items():
            if code not in UNITS:
                yield f"units.{said[:20]}: {code[:20]} is no unit. There are {', '.join(UNITS)}."
    results = document.get("results", {})
    if not isinstance(results, dict) or set(map(str, results)) - {"pass", "fail"} or not all(_is_words(one) for one in results.values()):
        yield "results: list the words for pass and for fail."
    elif set(map(fold, results.get("pass", []))) & set(map(fold, results.get("fail", []))):
        yield "results: the same word stands for pass and for fail."
    if not _is_words(document.get("no_value", [])):
        yield "no_value: list the words that stand where nothing was measured."


def _is_words(given: object) -> bool:
    return isinstance(given, list) and len(given) <= _MAX_ENTRIES and all(_is_word(word) for word in given)


def _built(document: Mapping[str, Any]) -> TesterMapping:
    levels = tuple(Level(one["name"], one["path"]) for one in document.get("levels", ())) if document["format"] == XML else ()
    last = levels[-1].name if levels else None
    shape = document.get("csv") if document["format"] == CSV else None
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    return TesterMapping(
        **{key: str(document[key]) for key in _TEXTS},
        format=document["format"],
        encoding=document.get("encoding", "auto"),
        decimal_mark=document.get("decimal_mark", "."),
        levels=levels,
        csv=CsvShape(shape["delimiter"], tuple(map(fold, shape["header_has"])), shape.get("blank_line_ends", False)) if shape else None,
        time=TimeShape(document["time"]["format"], document["time"]["zone"]) if document.get("time") else None,
        fields={name: _source(one, last) for name, one in document["fields"].items()},
        conditions={name: _source(one, last) for name, one in document.get("conditions", {}).items()},
        tests={fold(name): _meaning(one) for name, one in document["tests"].items()},
        units={said.strip(): code for said, code in document["units"].items()},
        results={fold(word): verdict for verdict, words in document.get("results", {}).items() for word in words},
        no_value=frozenset(fold(word) for word in document.get("no_value", ())),
        sha256=hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _source(entry: Mapping[str, Any], last: str | None) -> Source:
    values = {fold(said): code for said, code in entry["values"].items()} if "values" in entry else None
    if "path" not in entry:
        column, preamble = (fold(entry[kind]) if kind in entry else None for kind in ("column", "preamble"))
        return Source(
            column=column, preamble=preamble, constant=entry.get("constant"), in_value=entry.get("in_value", False), values=values
        )
    match = _FIELD_PATH.fullmatch(entry["path"])
    if match is None:
        raise MappingRefused([f"the path {entry['path']!r} cannot be read."])
    return Source(path=match["path"] or ".", attribute=match["below"] or match["own"], level=entry.get("from", last), values=values)


def _meaning(entry: Mapping[str, Any] | None) -> Meaning | None:
    return None if entry is None else Meaning(entry["test"], dict(entry.get("conditions", {})), entry.get("look", False))
