from copy import deepcopy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from openhtm.testers.rules.files.mapping_check import DATA, MAX_TEXT, MappingRefused, mapping_from, mapping_from_text, shipped_mappings

XML_TEXT = (DATA / "nordlys-safecheck-5.yaml").read_text(encoding="utf-8")
XML = yaml.safe_load(XML_TEXT)
CSV = yaml.safe_load((DATA / "pelora-lt200.yaml").read_text(encoding="utf-8"))
KNOWN = {"test": {"visual"}, "polarity": {"N", "R"}}
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), inner, max_size=3)),
    max_leaves=8,
)


def problems_of(document: object, **more: object) -> tuple[str, ...]:
    with pytest.raises(MappingRefused) as refusal:
        mapping_from(document=document, **more)
    return refusal.value.problems


def changed(document: dict, where: str, value: object) -> dict:
    """A copy with one place set, or removed if the value is ``...``."""
    copy = deepcopy(document)
    *steps, last = where.split(".")
    inner = copy
    for step in steps:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return copy


def test_shipped_mappings_are_read_and_named_as_examples():
    assert [(one.code, one.format, one.confidence) for one in shipped_mappings()] == [
        ("nordlys-safecheck-5", "xml", "example"),
        ("pelora-lt200", "csv", "example"),
    ]


@pytest.mark.parametrize(
    ("document", "where", "value", "words"),
    [
        (XML, "code", "My Tester", "code: use small letters"),
        (XML, "code", 7, "code: give a text"),
        (XML, "title", ..., "title: give a text"),
        (XML, "effective_from", "soon", "effective_from: give a day"),
        (XML, "format", "pdf", "format: say xml or csv"),
        (XML, "encoding", "morse", "encoding: use one of"),
        (XML, "decimal_mark", ";", "decimal_mark: use"),
        (XML, "colour", "red", "colour: no such field"),
        (XML, "levels", [], "levels: list up to six levels"),
        (XML, "levels", [{"name": "file", "path": "A"}], "levels, 1: give a name of its own"),
        (XML, "levels", [{"name": "a", "path": "//A"}], "levels, 1: the path must be"),
        (XML, "levels", [{"name": "a", "path": "A[position()>1]"}], "levels, 1: the path must be"),
        (XML, "time", ..., "time: give format and zone, because"),
        (XML, "time.format", "%Y", "time.format: write it as in"),
        (XML, "time.format", "%d %d %Q", "time.format: write it as in"),
        (XML, "time.format", "%d.%m.%Y %H:%M %d", "time.format: write it as in"),
        (XML, "time.zone", "Mars/Olympus", "time.zone: give the zone"),
        (XML, "time.zone", "../etc/passwd", "time.zone: give the zone"),
        (XML, "fields.value", ..., "fields.value: say where"),
        (XML, "fields.smell", {"path": "A"}, "fields.smell: no such field"),
        (XML, "fields.value", {"column": "A"}, "fields.value: column is not for xml files"),
        (XML, "fields.value", {"path": "A", "constant": "B"}, "fields.value: say exactly one"),
        (XML, "fields.value", {"path": "../A"}, "fields.value: the path must be"),
        (XML, "fields.value", {"path": "A", "from": "moon"}, "fields.value: from must name a level"),
        (XML, "fields.value", {"path": "A", "from": ["record"]}, "fields.value: from must name a level"),
        (XML, "fields.value", {"path": "A", "spin": 1}, "fields.value: spin is not known"),
        (XML, "fields.value", {"in_value": True}, "in_value: true is for the unit only"),
        (XML, "conditions.polarity", {"path": "@p", "values": {"a": 1}}, "conditions.polarity: values must translate"),
        (XML, "conditions.person", {"path": "@p"}, "conditions.person: this is a field"),
        (XML, "tests", {}, "tests: say what each test"),
        (XML, "tests", {"PE": {"test": "visual"}, "pe": None}, "tests: pe is given twice"),
        (XML, "tests", {"PE": "visual"}, "tests.PE: give test"),
        (XML, "tests", {7: None}, "tests: '7' is no name of a test"),
        (XML, "units", {"uA": "microamps"}, "units.uA: microamps is no unit"),
        (XML, "units", ..., "units: translate each unit"),
        (XML, "results", {"maybe": ["x"]}, "results: list the words"),
        (XML, "results", {"pass": ["OK"], "fail": ["ok"]}, "results: the same word"),
        (XML, "no_value", "x", "no_value: list the words"),
        (CSV, "csv", ..., "csv: give delimiter"),
        (CSV, "csv.delimiter", "x", "csv.delimiter: use a comma"),
        (CSV, "csv.header_has", [], "csv.header_has: list the column names"),
        (CSV, "csv.blank_line_ends", "maybe", "csv.blank_line_ends: say true"),
        (CSV, "fields.value", {"path": "A"}, "fields.value: path is not for csv files"),
    ],
)
def test_a_broken_mapping_is_refused_in_words(document, where, value, words):
    problems = problems_of(changed(document, where, value))
    assert any(text.startswith(words) or words in text for text in problems), problems
    assert all(text.endswith(".") for text in problems)


def test_all_problems_are_listed_at_once():
    broken = changed(changed(changed(XML, "code", ""), "time.zone", "Mars"), "units", {})
    assert [text.split(":")[0] for text in problems_of(broken)] == ["code", "time.zone", "units"]


def test_a_mapping_that_names_no_device_is_refused():
    broken = changed(changed(XML, "fields.asset_number", ...), "fields.serial_number", ...)
    assert "nobody can tell which device was tested" in problems_of(broken)[0]


def test_codes_are_checked_against_those_that_exist():
    problems = problems_of(XML, known=KNOWN)
    assert "tests.PE: protective_earth is no test. There are visual." in problems
    assert "tests.PE: configuration is no condition. There are polarity." in problems
    assert "conditions.earth: earth is no condition. There are polarity." in problems
    assert not any(text.startswith("conditions.polarity") for text in problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("a: &x [1]\nb: *x", "anchor"),
        ("[" * 5000, "nested deeper"),
        ("a: " + "x" * MAX_TEXT, "longer than 64 kB"),
        ("- 1", "set of named fields"),
        ("", "set of named fields"),
        ("a: !!python/object/apply:os.system [ls]", "not YAML"),
        ("a: 2026-99-99", "not YAML"),
        ("\x00", "not YAML"),
    ],
)
def test_a_text_that_is_no_mapping_is_refused(text, words):
    with pytest.raises(MappingRefused, match=words):
        mapping_from_text(text=text)


def test_the_hash_follows_the_content_not_its_order():
    one = mapping_from(document=XML)
    assert mapping_from(document=dict(reversed(XML.items()))).sha256 == one.sha256
    assert mapping_from(document=changed(XML, "title", "Other")).sha256 != one.sha256


@settings(max_examples=200, deadline=None)
@given(
    where=st.sampled_from(
        [*XML, "time.zone", "time.format", "fields.value", "fields.test", "conditions.polarity", "tests.PE", "units.uA", "results.pass"]
    ),
    value=anything,
)
def test_any_value_anywhere_is_read_or_refused(where, value):
    for known in (None, KNOWN):
        try:
            assert mapping_from(document=changed(XML, where, value), known=known).sha256
        except MappingRefused as refusal:
            assert refusal.problems


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80),
        st.tuples(st.integers(0, len(XML_TEXT)), st.text(max_size=6)).map(lambda cut: XML_TEXT[: cut[0]] + cut[1] + XML_TEXT[cut[0] :]),
    )
)
def test_any_text_is_a_mapping_or_refused(text):
    try:
        assert mapping_from_text(text=text).code
    except MappingRefused as refusal:
        assert refusal.problems
