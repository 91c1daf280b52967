"""The laws of the plan, the lives and the numbers, without a database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.udi import parse
from openhtm.demo.rules import habits, identity
from openhtm.demo.rules.chance import Chance, shuffle_step
from openhtm.demo.rules.life import last_sold_on, live
from openhtm.demo.rules.plan import plan_facilities, shares
from openhtm.inventory.rules.status import Status, refuse_change

TODAY = dt.date(2026, 11, 22)


@given(st.integers(0, 10**6), st.lists(st.floats(0.1, 100), min_size=1, max_size=12))
def test_shares_add_up(total: int, weights: list[float]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)


@given(st.integers(1, 5000))
def test_shuffle_gives_every_number_once(count: int) -> None:
    step = shuffle_step(count)
    assert sorted(index * step % count for index in range(count)) == list(range(count))


@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1995, 2025), st.integers(0, 20))
def test_a_life_takes_only_allowed_steps_in_order(seed: int, life_years: int, introduced: int, years: int) -> None:
    life = live(Chance.of(seed, "life"), life_years=life_years, introduced=introduced, as_of=TODAY, years=years)
    assert life.steps[0].before == ""
    assert life.steps[-1].after == life.status
    for earlier, later in zip(life.steps, life.steps[1:], strict=False):
        assert earlier.after == later.before
        assert earlier.on <= later.on <= TODAY
        assert refuse_change(before=Status(later.before), after=Status(later.after), reason=later.reason) is None
    assert (life.retired_on is not None) == (life.status in (Status.RETIRED, Status.DISPOSED))
    assert life.acquired_on is None or life.acquired_on <= (last_sold_on(introduced) or TODAY)


@given(st.integers(0, 10**9 - 1))
def test_identifiers_are_sound_and_belong_to_nobody(number: int) -> None:
    di = identity.example_gtin(number)
    assert di.startswith("0952")
    parsed = parse(f"(01){di}(21)A1", today=TODAY)
    assert parsed.error is None
    assert not parsed.warnings


@given(st.integers(0, 2**32 - 1))
def test_hardware_addresses_are_local_ones(number: int) -> None:
    assert int(identity.mac_address(number)[:2], 16) & 0b11 == 0b10


@given(st.integers(0, 1000))
def test_what_the_law_excludes_is_never_in_an_alternate_programme(seed: int) -> None:
    assert habits.strategy(Chance.of(seed), high_risk=False, ineligible=True) != "aem"


@pytest.mark.parametrize(("devices", "facilities"), [(1, 4), (300, 4), (6000, 4), (100_000, 8), (1_000_000, 40)])
def test_the_hospital_grows_with_its_devices(devices: int, facilities: int) -> None:
    plan = plan_facilities(devices=devices)
    assert len(plan) == facilities
    assert sum(one.devices for one in plan) == devices
    assert len({one.code for one in plan}) == facilities


def test_about_six_hundred_rooms_for_six_thousand_devices() -> None:
    rooms = sum(len(unit.rooms) for facility in plan_facilities(devices=6000) for unit in facility.units)
    assert 500 <= rooms <= 700
