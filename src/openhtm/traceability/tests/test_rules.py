"""Rules of this room without a database: ids, groups, matches, places in a step, and how much is in doubt."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.procedures.rules.content import parse
from openhtm.testers.rules.files.mapping_check import shipped_mappings
from openhtm.testers.rules.files.reading import read
from openhtm.traceability.rules.blocks import fit
from openhtm.traceability.rules.doubts import FARTHEST_PPM, UNKNOWN_PPM, Rank, margin_ppm, rank
from openhtm.traceability.rules.grouping import grouped
from openhtm.traceability.rules.matching import match
from openhtm.traceability.rules.repeating import same_readings
from openhtm.traceability.rules.uids import result_uid
from openhtm.traceability.tests.conftest import BLOCK, NORDLYS
from openhtm.workorders.rules.verdicts import safety_tests

MAPPING = next(one for one in shipped_mappings() if one.code == "nordlys-safecheck-5")
ROWS = read(data=NORDLYS, mapping=MAPPING).rows
PUMP = {position: row for position, row in enumerate(ROWS) if row.asset_number == "HC-004711"}
STEP = parse({"format": 1, "purpose": "Safe.", "steps": [BLOCK]}).steps[0]
TESTS = safety_tests(STEP.electrical_safety)
LEAKAGE = "applied_part_leakage-applied_part_cf-method_direct-polarity_n"
instants = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 1, 1)).map(lambda at: at.replace(tzinfo=dt.UTC))  # noqa: DTZ001


@given(sha=st.text("0123456789abcdef", min_size=64, max_size=64), place=st.text(max_size=30), at=instants)
def test_an_id_is_a_uuid_of_version_7_and_the_same_every_time(sha, place, at):
    made = result_uid(file_sha256=sha, place=place, measured_at=at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made == result_uid(file_sha256=sha, place=place, measured_at=at)
    assert made.int >> 80 == int(at.timestamp() * 1000)


@given(places=st.lists(st.text(max_size=10), unique=True, max_size=20))
def test_rows_of_one_file_never_share_an_id(places):
    assert len({result_uid(file_sha256="0" * 64, place=one, measured_at=None) for one in places}) == len(places)


@given(rows=st.lists(st.sampled_from(ROWS), max_size=20))
def test_every_row_is_in_exactly_one_test(rows):
    groups = grouped(rows=rows, zone="Europe/Oslo")
    assert sorted(position for group in groups for position in group.rows) == list(range(len(rows)))


def test_a_test_ends_with_its_last_row_and_days_are_those_of_the_place():
    late = replace(ROWS[0], measured_at=dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.UTC))
    [first, second] = grouped(rows=[ROWS[0], late, ROWS[1]], zone="Europe/Oslo")
    assert (first.rows, first.measured_at, second.rows) == ((0, 2), ROWS[1].measured_at, (1,))
    assert len(grouped(rows=[ROWS[0], late], zone="UTC")) == 1


@pytest.mark.parametrize(
    ("found", "device", "method", "candidates"),
    [
        ({}, None, "", ()),
        ({"control_number": [1]}, 1, "control_number", ()),
        ({"control_number": [1], "serial": [1, 2]}, 1, "control_number", ()),
        ({"control_number": [1], "serial": [2]}, None, "control_number", (1, 2)),
        ({"former_number": [3]}, 3, "former_number", ()),
        ({"serial_manufacturer": [4, 5]}, None, "serial_manufacturer", (4, 5)),
        ({"udi": [6], "serial": [6]}, 6, "udi", ()),
        ({"serial": [7]}, 7, "serial", ()),
    ],
)
def test_a_device_is_found_in_the_stated_order_or_left_to_a_person(found, device, method, candidates):
    decided = match(found=found, said="the control number X")
    assert (decided.device_id, decided.method, decided.candidates) == (device, method, candidates)
    assert bool(decided.why) == (device is None)


@given(
    st.dictionaries(
        st.sampled_from(["control_number", "former_number", "udi", "serial_manufacturer", "serial"]),
        st.lists(st.integers(1, 4), max_size=3),
    )
)
def test_a_device_is_named_only_if_nothing_contradicts_it(found):
    decided = match(found=found, said="it")
    if decided.device_id is not None:
        first = next(
            devices
            for method in ("control_number", "former_number", "udi", "serial_manufacturer", "serial")
            if (devices := found.get(method))
        )
        assert set(first) == {decided.device_id}


def test_each_row_finds_its_measurement():
    found = fit(rows=PUMP, tests=TESTS)
    assert (len(found.places), found.misfits) == (7, {})
    assert found.answers[LEAKAGE] == {"value": "61", "unit": "uA", "sign": ""}
    assert [one.title for one in found.missing] == ["Applied-part leakage current: Type CF, Direct method, Reversed"]


def test_of_several_rows_of_one_measurement_the_worst_counts():
    position, row = next((position, row) for position, row in PUMP.items() if row.test == "applied_part_leakage")
    found = fit(rows=PUMP | {90: replace(row, value=Decimal("0.2"), unit="mA"), 91: replace(row, value=Decimal(1))}, tests=TESTS)
    assert (found.counted[LEAKAGE], found.answers[LEAKAGE]["value"]) == (90, "0.2")
    insulation = next(row for row in PUMP.values() if row.test == "insulation")
    found = fit(rows={1: insulation, 2: replace(insulation, value=Decimal(3), sign="")}, tests=TESTS)
    assert found.counted["insulation-between_mains_earth"] == 2
    assert position in PUMP


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"conditions": {"method": "direct", "applied_part": "CF"}}, "polarity"),
        ({"conditions": {"method": "direct", "polarity": "N", "applied_part": "BF"}}, "applied_part"),
        ({"test": "earth_leakage"}, "test"),
        ({"unit": "Ohm"}, "unit"),
    ],
)
def test_what_fits_two_places_or_none_is_named_by_its_column(changes, field):
    row = next(row for row in PUMP.values() if row.test == "applied_part_leakage")
    found = fit(rows={0: replace(row, **changes)}, tests=TESTS)
    assert (found.answers, found.misfits[0].field) == ({}, field)


readings = st.floats(-1e6, 1e6, allow_nan=False)


@given(number=readings, low=st.none() | readings, high=st.none() | readings, share=st.none() | st.floats(0, 1e4))
def test_a_margin_is_a_number_that_a_page_can_be_cut_at(number, low, high, share):
    assert 0 <= margin_ppm(number=number, low=low, high=high, share=share) <= UNKNOWN_PPM


@pytest.mark.parametrize(
    ("number", "low", "high", "share", "ppm"),
    [
        (95.0, None, 100.0, 0.95, 52_632),
        (105.0, None, 100.0, 1.05, 47_619),
        (200.0, 170.0, 230.0, 0.0, 150_000),
        (0.0, None, 5.0, 0.0, FARTHEST_PPM),
        (5.0, None, None, None, UNKNOWN_PPM),
        (None, None, None, 0.9, 100_000),
        (None, None, None, 1.25, 200_000),
    ],
)
def test_margins_as_a_technician_would_reckon_them(number, low, high, share, ppm):
    assert margin_ppm(number=number, low=low, high=high, share=share) == ppm


@given(number=st.floats(0.1, 1e6), high=st.floats(0.1, 1e6), error=st.floats(0.1, 50))
def test_what_the_error_could_carry_over_the_limit_is_close(number, high, error):
    shifted = {number * (1 + error / 100) <= high, number * (1 - error / 100) <= high}
    close = rank(high_risk=False, margin=margin_ppm(number=number, low=None, high=high, share=None), error_percent=error) == Rank.CLOSE
    assert close or len(shifted) == 1 or abs(abs(high - number) / number * 100 - error) < 1e-3


@pytest.mark.parametrize(
    ("high_risk", "margin", "error", "expected"),
    [
        (True, 50_000, 6.0, Rank.HIGH_RISK_CLOSE), (False, 50_000, 6.0, Rank.CLOSE), (True, UNKNOWN_PPM, 6.0, Rank.HIGH_RISK_UNKNOWN),
        (False, 50_000, None, Rank.UNKNOWN), (True, 70_000, 6.0, Rank.HIGH_RISK_FAR), (False, 70_000, 6.0, Rank.FAR),
    ],
)  # fmt: skip
def test_the_worst_comes_first(high_risk, margin, error, expected):
    assert rank(high_risk=high_risk, margin=margin, error_percent=error) == expected


ROW = st.fixed_dictionaries(
    {"test": st.sampled_from(["earth", "leakage"]), "value": st.sampled_from(["0.1", "0.2", None]), "unit": st.just("ohm"),
     "conditions": st.dictionaries(st.sampled_from(["method", "polarity"]), st.sampled_from(["n", "r"])), "place": st.text(max_size=4)}
)  # fmt: skip


@given(rows=st.lists(ROW, min_size=1, max_size=6), data=st.data())
def test_the_same_readings_are_the_same_in_any_order_and_place(rows, data):
    moved = [{**row, "place": "elsewhere"} for row in data.draw(st.permutations(rows))]
    assert same_readings(rows, moved)
    assert not same_readings(rows, [*moved[1:], {**moved[0], "value": "9"}])
    assert not same_readings(rows, moved[1:])


def test_without_readings_nothing_is_known():
    assert not same_readings([], [])
