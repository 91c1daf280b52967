from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.inventory.rules.addresses import normal_ip, normal_mac
from openhtm.inventory.rules.device_fields import DATE_FIELDS, TEXT_LIMITS, custom_problems, problems_of

TODAY = date(2026, 11, 22)


def codes(**values):
    return {(problem.field, problem.code, problem.severity) for problem in problems_of(values, today=TODAY)}


@given(st.dictionaries(st.sampled_from([*TEXT_LIMITS, "ownership"]), st.text(max_size=450)))
def test_any_text_is_judged_and_never_breaks(values):
    for problem in problems_of(values, today=TODAY):
        assert problem.message.endswith((".", "UDI"))


@given(st.dictionaries(st.sampled_from(DATE_FIELDS), st.dates()))
def test_only_plausible_days_pass(values):
    wrong = {p.field for p in problems_of(values, today=TODAY) if p.severity == "error"}
    assert wrong >= {field for field, day in values.items() if not date(1900, 1, 1) <= day <= date(2100, 12, 31)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"control_number": "BME/1"}, ("control_number", "control-number", "error")),
        ({"control_number": " "}, ("control_number", "control-number", "error")),
        ({"serial_number": "A\tB"}, ("serial_number", "control-characters", "error")),
        ({"accepted_on": TODAY + timedelta(days=1)}, ("accepted_on", "future-date", "error")),
        ({"acquired_on": date(2020, 5, 1), "in_service_on": date(2019, 1, 1)}, ("in_service_on", "dates-out-of-order", "warning")),
        ({"acquisition_cost_cents": -1}, ("acquisition_cost_cents", "implausible-cost", "error")),
        ({"high_risk_override": True}, ("high_risk_reason", "required", "error")),
        ({"ownership": "leased"}, ("owner_name", "owner-unknown", "warning")),
    ],
)
def test_the_cases_a_technician_would_quote(values, expected):
    assert expected in codes(**values)


def test_a_bare_year_is_not_compared_to_the_day():
    assert codes(acquired_on=date(2020, 1, 1), acquired_precision="year", manufactured_on=date(2020, 6, 1)) == set()


def test_site_fields_are_judged_by_their_kind():
    fields = {"ward": ("choice", True, ["A", "B"]), "floor": ("number", False, []), "since": ("date", False, [])}
    assert [p.field for p in custom_problems({"floor": "x", "since": "2026-2-1", "other": 1}, fields)] == [
        "custom.other",
        "custom.ward",
        "custom.floor",
        "custom.since",
    ]
    assert custom_problems({"ward": "A", "floor": 3, "since": "2026-02-01"}, fields) == []


@given(st.binary(min_size=6, max_size=6))
def test_every_spelling_of_a_mac_address_is_one(raw):
    digits = raw.hex()
    canonical = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    assert {
        normal_mac(canonical),
        normal_mac(digits.upper()),
        normal_mac(canonical.replace(":", "-")),
        normal_mac(f"{digits[:4]}.{digits[4:8]}.{digits[8:]}"),
    } == {canonical}


@given(st.ip_addresses())
def test_addresses_read_as_themselves(address):
    assert normal_ip(f" {address} ") == str(address)


def test_what_is_no_address_is_none():
    assert normal_mac("00:11:22:33:44") == normal_mac("zz1122334455") == normal_ip("10.0.0.256") == normal_ip("") == ""
