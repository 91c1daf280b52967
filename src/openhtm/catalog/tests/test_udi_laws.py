"""Laws of the UDI parser: it never raises, places lie inside the input, and what it builds it reads back."""

import string
from datetime import date

import orjson
from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.udi import (
    MAX_LENGTH,
    digital_link,
    gs1_brackets,
    gs1_element_string,
    gs1_elements,
    gs1_raw,
    gtin_check_digit,
    has_valid_gtin_check,
    hibc_string,
    hrf,
    mod43_check,
    parse,
    parse_di,
)
from openhtm.catalog.rules.udi.ai_table import IDENTIFIERS
from openhtm.catalog.rules.udi.checks import CSET43, CSET82, check_pair, csumalpha

TODAY = date(2026, 11, 22)
SEEDS = (
    "(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234",
    "]d20151022222233336111412311715070710A213B1\x1d211234",
    "0151022222233336<GS>10A213B1{GS}211234",
    "https://id.gs1.org/01/09520123456788/10/A%2FB/21/XYZ?17=201225&99=a#top",
    "*+A123BJC5D6E71/$$420280107LOT/S77DEFG45/14D20280106/16D20250102/Q500M*",
    "+$$+3280106SN 1LC",
    "=+06000=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123",
    "]E02112345678900|]e099COMPOSITE\x1d98XYZ",
    "(8003)01234567890128X(7040)1ABC(423)528528(8030)abc==(7258)1/2(8007)GB82WEST12345698765432",
)
digits = st.text(string.digits, min_size=13, max_size=13)
gtins = digits.map(lambda text: text + gtin_check_digit(text))
values = st.text(CSET82, min_size=1, max_size=20)
days = st.dates(date(1977, 1, 1), date(2076, 12, 31))
hibc_ids = st.from_regex(r"\A[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]\Z")
hibc_numbers = st.text(string.digits + string.ascii_uppercase + "-.", min_size=1, max_size=18)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A real code with a piece cut out or something put in."""
    text = draw(st.sampled_from(SEEDS))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 12)))
    return text[:start] + draw(st.text(max_size=6)) + text[end:]


def check_answer(text: str) -> None:
    found = parse(text, today=TODAY)
    answer = found.as_json_dict()
    assert found.input == text
    assert orjson.loads(orjson.dumps(answer)) == answer
    assert isinstance(hrf(found), str)
    for problem in (*found.warnings, *([found.error] if found.error else [])):
        assert 0 <= problem.position <= len(text)
        assert problem.message.endswith(".")
        assert problem.message.isprintable()
    if found.error is None:
        assert found.issuer in {"GS1", "HIBCC", "ICCBBA"}
        assert found.elements


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    check_answer(text)


@given(st.text(st.characters(categories=["Cs", "Cc", "Nd", "Zs", "Lo"])))
def test_odd_characters_have_an_answer(text: str) -> None:
    check_answer(text)


@given(st.text("()[]<>{}+*=&,$/\\%]^ \x1d\x000123456789ABDSQdeGSCQz:htps?#"))
def test_text_of_code_characters_has_an_answer(text: str) -> None:
    check_answer(text)


@given(damaged())
def test_a_damaged_code_has_an_answer(text: str) -> None:
    check_answer(text)
    parse_di(text)


@given(st.sampled_from(SEEDS), st.integers(MAX_LENGTH, 3 * MAX_LENGTH))
def test_an_endless_code_is_refused(seed: str, length: int) -> None:
    found = parse(seed.ljust(length + 1, "9"), today=TODAY)
    assert found.error is not None
    assert found.error.code == "too-long"


@given(
    di=gtins,
    lot=st.none() | values,
    serial=st.none() | values,
    expires_on=st.none() | days,
    manufactured_on=st.none() | days,
    version=st.none() | values,
)
def test_what_is_built_for_gs1_is_read_back_in_every_form(
    di: str, lot: str | None, serial: str | None, expires_on: date | None, manufactured_on: date | None, version: str | None
) -> None:
    parts = {
        "di": di,
        "lot": lot,
        "serial": serial,
        "expires_on": expires_on,
        "manufactured_on": manufactured_on,
        "software_version": version,
    }
    elements = gs1_elements(**parts)
    raw = gs1_element_string(**parts)
    for text in (gs1_brackets(elements), f"\x1d{raw}", f"]C1{raw}", f"]d2{raw}", f" ]Q3{raw}\r\n"):
        found = parse(text, today=TODAY)
        assert found.error is None
        assert not found.warnings
        assert {name: getattr(found, name) for name in parts} == parts
        assert found.elements == elements
        assert hrf(found) == gs1_brackets(elements)
        assert gs1_raw(found.elements) == raw


@given(di=gtins, lot=values, serial=values, made=days)
def test_an_address_is_read_back(di: str, lot: str, serial: str, made: date) -> None:
    elements = gs1_elements(di=di, lot=lot, serial=serial, manufactured_on=made)
    found = parse(digital_link(elements.items()), today=TODAY)
    assert found.error is None
    assert (found.di, found.lot, found.serial, found.manufactured_on) == (di, lot, serial, made)


@given(di=hibc_ids, lot=st.none() | hibc_numbers, serial=st.none() | hibc_numbers, expires=st.none() | days, made=st.none() | days)
def test_what_is_built_for_hibcc_is_read_back(
    di: str, lot: str | None, serial: str | None, expires: date | None, made: date | None
) -> None:
    text = hibc_string(di=di, lot=lot, serial=serial, expires_on=expires, manufactured_on=made)
    for code in (text, f"*{text}*", f" *{text}*\n"):
        found = parse(code, today=TODAY)
        assert found.error is None
        assert not found.warnings
        assert (found.di, found.lot, found.serial) == (di, lot, serial)
        assert (found.expires_on, found.manufactured_on) == (expires, made)
        assert hrf(found) == text


@given(hibc_ids)
def test_a_hibc_identifier_is_known_with_and_without_its_check_character(di: str) -> None:
    assert parse(f"+{di}{mod43_check('+' + di)}").di == di


@given(gtins, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_and_kept(gtin: str, place: int, shift: int) -> None:
    wrong = gtin[:place] + str((int(gtin[place]) + shift) % 10) + gtin[place + 1 :]
    issuer, di, warnings = parse_di(wrong)
    assert (issuer, di) == ("GS1", wrong)
    assert [warning.code for warning in warnings] == ["incorrect-check-digit"]
    assert not has_valid_gtin_check(wrong)


@given(st.text(CSET43, min_size=1, max_size=30), st.integers(0, 29), st.sampled_from(CSET43))
def test_one_wrong_character_changes_the_hibc_check(text: str, place: int, other: str) -> None:
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    assert (mod43_check(changed) == mod43_check(text)) is (changed == text)


@given(st.text(CSET82, max_size=97))
def test_a_check_pair_fits_what_it_was_made_for(text: str) -> None:
    assert csumalpha(text + check_pair(text)) is None


@given(st.sampled_from(sorted(IDENTIFIERS)), st.data())
def test_every_identifier_reads_what_its_pattern_allows_or_names_the_fault(ai: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(IDENTIFIERS[ai].pattern, fullmatch=True))
    bracketed = parse(gs1_brackets({ai: value}), today=TODAY)
    raw = parse("\x1d" + gs1_raw({ai: value}), today=TODAY)
    assert (bracketed.error is None) is (raw.error is None)
    if bracketed.error is None:
        assert bracketed.elements == raw.elements == {ai: value}
    else:
        assert bracketed.error.code == raw.error.code
        assert bracketed.error.code not in {"unknown-ai", "value-too-long", "value-too-short", "missing-value"}


@given(days, st.dates(date(1980, 1, 1), date(2120, 12, 31)))
def test_two_digit_years_fall_within_fifty_years_of_today(day: date, today: date) -> None:
    found = parse(f"(01)51022222233336(17){day:%y%m%d}", today=today)
    if found.error is None:
        assert -49 <= found.expires_on.year - today.year <= 50
        assert found.expires_on.year % 100 == day.year % 100
