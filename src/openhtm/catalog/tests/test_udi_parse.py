"""The cases a technician would quote, by issuer and form."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from openhtm.catalog.rules.udi import (
    ParsedUdi,
    gs1_elements,
    gtin_check_digit,
    has_valid_gtin_check,
    hibc_string,
    hrf,
    mod43_check,
    parse,
    parse_di,
)

TODAY = date(2026, 11, 22)
FDA = "(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234"
FDA_RAW = "01510222222333361114123117150707" + "10A213B1\x1d211234"


def read(text: str) -> ParsedUdi:
    return parse(text, today=TODAY)


def codes(found: ParsedUdi) -> list[tuple[str, int]]:
    return [(warning.code, warning.position) for warning in found.warnings]


def fault(text: str) -> tuple[str, int] | None:
    error = read(text).error
    return (error.code, error.position) if error else None


@pytest.mark.parametrize(
    "text",
    [
        FDA,
        FDA_RAW,
        f"\x1d{FDA_RAW}",
        f"]C1{FDA_RAW}",
        f"]d2{FDA_RAW}",
        f"]Q3{FDA_RAW}",
        f"]e0{FDA_RAW}",
        f"]d2{FDA}",
        f"  {FDA}\r\n",
        FDA_RAW.replace("\x1d", "<GS>"),
        FDA_RAW.replace("\x1d", "{GS}"),
        f"<FNC1>{FDA_RAW}",
        FDA_RAW.replace("\x1d", "\u241d"),
        "https://id.gs1.org/01/51022222233336/10/A213B1/21/1234?11=141231&17=150707",
        "]Q1HTTPS://example.org/shop/01/51022222233336/10/A213B1/21/1234?utm=x&17=150707&11=141231#part",
    ],
)
def test_the_fda_example_is_read_in_every_form(text: str) -> None:
    found = read(text)
    assert found.error is None
    assert found.input == found.raw == text
    assert (found.issuer, found.di, found.lot, found.serial) == ("GS1", "51022222233336", "A213B1", "1234")
    assert (found.expires_on, found.manufactured_on) == (date(2015, 7, 7), date(2014, 12, 31))
    assert sorted(found.elements) == ["01", "10", "11", "17", "21"]


def test_the_answer_has_exactly_the_keys_of_the_contract() -> None:
    answer = read("(01)51022222233336(17)281100(8012)v2.1").as_json_dict()
    assert answer == {
        "input": "(01)51022222233336(17)281100(8012)v2.1",
        "issuer": "GS1",
        "di": "51022222233336",
        "lot": None,
        "serial": None,
        "expires_on": "2028-11-30",
        "manufactured_on": None,
        "software_version": "v2.1",
        "elements": {"01": "51022222233336", "17": "281100", "8012": "v2.1"},
        "warnings": [],
        "error": None,
    }


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        read(FDA).di = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", "empty", 0),
        ("   ", "empty", 0),
        ("]d2", "empty", 3),
        ("hello", "not-a-udi", 0),
        ("  hello", "not-a-udi", 2),
        ("\x00\x00", "not-a-udi", 0),
        ("12345", "not-a-udi", 0),
        ("]", "invalid-symbology", 0),
        ("(", "ai-in-brackets", 0),
        ("()12345", "ai-in-brackets", 0),
        ("(1A)12345", "ai-in-brackets", 0),
        ("(01)5102222223333(17)150707", "value-too-short", 17),
        ("(01)510222222333361(17)150707", "value-too-long", 18),
        ("(01)5102222223333O(17)150707", "non-digit-character", 17),
        ("(01)51022222233336(17)151307", "illegal-month", 24),
        ("(01)51022222233336(17)150230", "illegal-day", 26),
        ("(01)51022222233336(10)", "missing-value", 22),
        ("(01)51022222233336(10)A#B", "invalid-cset82-character", 23),
        ("(01)51022222233336(10)A\\(B#", "invalid-cset82-character", 26),
        ("(01)51022222233336(10)A(10)B", "repeated-ai", 23),
        ("(01)51022222233336(89)A", "unknown-ai", 19),
        ("]d2015102222223333689A", "unknown-ai", 19),
        ("015102222223333610A<GS><GS>21B", "empty-element", 23),
        ("015102222223333610A<GS>89B", "unknown-ai", 23),
        ("]E0123", "wrong-length-for-symbology", 6),
        ("https:///01/51022222233336", "link-host", 8),
        ("https://a/x", "link-without-key", 11),
        ("https://a/01/51022222233336/21/A/10/B", "link-qualifier-order", 33),
        ("https://a/01/51022222233336?10=A", "link-qualifier-in-query", 28),
        ("https://a/01/51022222233336?22=A&x=1", "link-qualifier-in-query", 28),
        ("https://a/01/51022222233336?250=A&8200=B", "link-attribute", 34),
        ("https://a/01/51022222233336/10/A%2", "link-percent", 32),
        ("https://a/01/51022222233336/10/A B", "link-illegal-character", 32),
        ("https://a/01/51022222233336/10/%41%41%23", "invalid-cset82-character", 37),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, code: str, position: int) -> None:
    assert fault(text) == (code, position)


def test_what_was_read_before_the_fault_is_kept() -> None:
    found = read("(01)51022222233336(10)LOT1(17)991399(21)X")
    assert (found.di, found.lot, found.serial, found.expires_on) == ("51022222233336", "LOT1", None, None)
    assert found.error is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(01)51022222233337", [("incorrect-check-digit", 17)]),
        ("51022222233337", [("incorrect-check-digit", 13)]),
        ("(01) 51022222233336 (10) A1", [("spaces-ignored", 5), ("spaces-ignored", 25)]),
        ("(17)150707", [("ai-requires-other", 0)]),
        ("(01)51022222233336(37)5", [("ai-excludes-other", 0), ("ai-requires-other", 18)]),
        ("https://a/01/9520123456788", [("gtin-padded", 13)]),
        ("https://a/gtin/09520123456788", [("link-word-key", 10)]),
        ("(8013)1987654Ad4X4bL5ttr2310cXK", [("incorrect-check-pair", 29)]),
    ],
)
def test_what_is_odd_is_a_warning_with_its_place(text: str, expected: list[tuple[str, int]]) -> None:
    found = read(text)
    assert found.error is None
    assert codes(found) == expected


@pytest.mark.parametrize(
    ("digits", "di"),
    [
        ("51022222233336", "51022222233336"),
        ("9520123456788", "09520123456788"),
        ("416000336108", "00416000336108"),
        ("02345673", "00000002345673"),
    ],
)
def test_a_bare_gtin_is_filled_to_fourteen_digits(digits: str, di: str) -> None:
    assert (read(digits).di, read(digits).elements) == (di, {"01": di})
    assert parse_di(digits) == ("GS1", di, ())


def test_eight_digits_are_a_date_element_only_when_they_are_no_gtin() -> None:
    assert read("17281130").expires_on == date(2028, 11, 30)
    assert read("12345670").di == "00000012345670"


def test_retail_symbols_are_read_with_their_composite_part() -> None:
    found = read("]E02112345678900|]e010LOT\x1d21SN")
    assert (found.di, found.lot, found.serial) == ("02112345678900", "LOT", "SN")


@pytest.mark.parametrize(("body", "digit"), [("5102222223333", "6"), ("0084458801892", "3"), ("0088751756706", "2")])
def test_gtin_check_digits(body: str, digit: str) -> None:
    assert gtin_check_digit(body) == digit
    assert has_valid_gtin_check(body + digit)
    with pytest.raises(ValueError, match="digits only"):
        gtin_check_digit("12a")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("$LOT1", {"lot": "LOT1"}),
        ("$+SER1", {"serial": "SER1"}),
        ("$$7LOT1", {"lot": "LOT1"}),
        ("$$+7SER1", {"serial": "SER1"}),
        ("$$0928LOT1", {"lot": "LOT1", "expiry": "2028-09"}),
        ("$$2092828LOT1", {"lot": "LOT1", "expiry": "2028-09-28"}),
        ("$$3280928LOT1", {"lot": "LOT1", "expiry": "2028-09-28"}),
        ("$$428092822LOT1", {"lot": "LOT1", "expiry": "2028-09-28T22"}),
        ("$$528366LOT1", {"lot": "LOT1", "expiry": "2028-12-31"}),
        ("$$62836623LOT1", {"lot": "LOT1", "expiry": "2028-12-31T23"}),
        ("$$+3280928SER1", {"serial": "SER1", "expiry": "2028-09-28"}),
        ("$$824", {"quantity": "24"}),
        ("$$9001003280928LOT1", {"quantity": "100", "expiry": "2028-09-28", "lot": "LOT1"}),
        ("28272LOT1", {"expiry": "2028-09-28", "lot": "LOT1"}),
        ("$LOT1/SSER1/Q12", {"lot": "LOT1", "serial": "SER1", "quantity": "12"}),
        ("$LOT1/14D20280928/16D20250102", {"lot": "LOT1", "expiry": "2028-09-28", "manufactured": "2025-01-02"}),
    ],
)
def test_hibc_data_is_read_joined_and_as_a_second_symbol(text: str, parts: dict[str, str]) -> None:
    joined, second = f"+A123BJC5D6E71/{text}", f"+{text}G"
    found, linked = read(joined + mod43_check(joined)), read(second + mod43_check(second))
    for result in (found, linked):
        assert result.error is None
        assert not result.warnings
        assert {key: value for key, value in result.elements.items() if key in parts} == parts
    assert found.di == "A123BJC5D6E71"
    assert (linked.di, linked.elements["link"]) == (None, "G")


def test_a_hibc_month_ends_on_its_last_day() -> None:
    text = "+A123BJC5D6E71/$$0228LOT"
    assert read(text + mod43_check(text)).expires_on == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("+", "hibc-too-short", 1),
        ("+A1-3BJC1X", "hibc-labeler", 1),
        ("+A1231X", "hibc-too-short", 6),
        ("+A123B-C1X", "hibc-product", 6),
        ("+A123BJCAX", "hibc-unit", 8),
        ("+A123BJC1é", "hibc-character", 9),
        ("+A123BJC1/$$3281328LX", "hibc-date", 13),
        ("+A123BJC1/$$ZX", "hibc-date-flag", 12),
        ("+A123BJC1/$$8AX", "hibc-quantity", 13),
        ("+A123BJC1/$X", "hibc-too-short", 11),
        ("+A123BJC1/$0123456789012345678X", "hibc-lot", 29),
        ("+A123BJC1/-X", "hibc-data", 10),
        ("+A123BJC1/$A/$BX", "hibc-repeated", 14),
        ("+A123BJC1/16D2025X", "hibc-date", 13),
        ("=zINVALID", "isbt-unknown-identifier", 0),
        ("=A999917123456", "isbt-too-short", 14),
        ("=/A9999XYZ100=,000025", "isbt-too-short", 13),
        ("=>01a032", "isbt-character", 4),
        ("=>014367", "isbt-date", 2),
        ("=,000025=,000026", "isbt-repeated", 8),
    ],
)
def test_a_fault_in_the_other_codes_is_named_with_its_place(text: str, code: str, position: int) -> None:
    assert fault(text) == (code, position)


def test_a_hibc_primary_without_the_right_check_character_is_kept_with_a_warning() -> None:
    found = read("+A123BJC5D6E71X")
    assert found.error is None
    assert found.di == "A123BJC5D6E71"
    assert codes(found) == [("hibc-check-character", 14)]
    assert "asks for G" in found.warnings[0].message


def test_small_letters_and_unknown_identifiers_in_hibc_are_warnings() -> None:
    text = "+A123BJC5D6E71/25PXYZ"
    found = read((text + mod43_check(text)).lower())
    assert found.error is None
    assert [code for code, _ in codes(found)] == ["hibc-lower-case", "hibc-unknown-identifier"]
    assert found.elements["25P"] == "XYZ"


def test_an_isbt_message_is_read_with_all_its_parts() -> None:
    text = "=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123"
    found = read(text)
    assert (found.issuer, found.di, found.serial, found.lot) == ("ICCBBA", "A9999XYZ100T0944", "000025", "000000000000XYZ123")
    assert (found.expires_on, found.manufactured_on) == (date(2014, 2, 1), date(2013, 2, 1))
    assert found.elements["="] == "A99971312345600"
    assert hrf(found) == text


def test_an_isbt_message_that_lost_a_part_is_a_warning() -> None:
    assert codes(read("=+03000=/A9999XYZ100T0944=,000025")) == [("isbt-count", 2)]


def test_a_blood_container_has_its_own_identifier_and_lot() -> None:
    found = read("=)1234567890&)ABCDEFGHIJ")
    assert (found.di, found.lot, found.error) == ("1234567890", "ABCDEFGHIJ", None)


def test_isbt_years_from_900_are_in_the_20th_century() -> None:
    assert read("=>999001").expires_on == date(1999, 1, 1)


@pytest.mark.parametrize(
    ("text", "issuer", "di", "warned"),
    [
        ("A123BJC5D6E71", "HIBCC", "A123BJC5D6E71", []),
        ("H373VBJR062502A3F", "HIBCC", "H373VBJR062502A3", ["hibc-check-in-identifier"]),
        ("+A123BJC5D6E71G", "HIBCC", "A123BJC5D6E71", []),
        ("A9999XYZ100T0944", "ICCBBA", "A9999XYZ100T0944", []),
        (" 00840118105406 ", "GS1", "00840118105406", ["incorrect-check-digit"]),
        ("hello world", None, None, []),
        ("", None, None, []),
        ("12345", None, None, []),
    ],
)
def test_a_bare_device_identifier_is_recognised(text: str, issuer: str | None, di: str | None, warned: list[str]) -> None:
    found, identifier, warnings = parse_di(text)
    assert (found, identifier, [warning.code for warning in warnings]) == (issuer, di, warned)


def test_what_gs1_or_hibcc_cannot_hold_is_not_built() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        gs1_elements(di="51022222233336", lot="A B")
    with pytest.raises(ValueError, match="no HIBC device identifier"):
        hibc_string(di="123")


def test_brackets_inside_a_value_are_escaped() -> None:
    found = read("(01)51022222233336(10)A\\(1)B")
    assert found.lot == "A(1)B"
    assert hrf(found) == "(01)51022222233336(10)A\\(1)B"
