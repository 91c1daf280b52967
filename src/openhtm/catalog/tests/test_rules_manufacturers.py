from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.manufacturers import (
    KnownManufacturer,
    KnownManufacturers,
    ManufacturerFileError,
    read_manufacturers,
    resolve,
)

SHIPPED = read_manufacturers()
KNOWN = KnownManufacturers(SHIPPED)


def test_there_are_enough_real_manufacturers():
    assert len([one for one in SHIPPED if one.merged_into is None]) >= 150


@pytest.mark.parametrize(
    ("text", "method", "manufacturer", "current"),
    [
        ("Philips", "exact", "Philips", "Philips"),
        ("Phillips", "alias", "Philips", "Philips"),
        ("Medtronic ", "key", "Medtronic", "Medtronic"),
        ("MEDTRONIC, INC.", "key", "Medtronic", "Medtronic"),
        ("Hospira", "exact", "Hospira", "ICU Medical"),
        ("Nellcor", "alias", "Covidien", "Medtronic"),
        ("Covidien LP", "key", "Covidien", "Medtronic"),
        ("GE", "alias", "GE HealthCare", "GE HealthCare"),
        ("GE Healthcare", "key", "GE HealthCare", "GE HealthCare"),
        ("DATEX-OHMEDA INC", "key", "Datex-Ohmeda", "GE HealthCare"),
        ("Draeger", "alias", "Dräger", "Dräger"),
        ("DRÄGER", "key", "Dräger", "Dräger"),
        ("Becton, Dickinson and Company", "alias", "BD", "BD"),
        ("Alaris", "alias", "Alaris Medical Systems", "BD"),
        ("CareFusion", "exact", "CareFusion", "BD"),
        ("Philips Respironics", "alias", "Respironics", "Philips"),
        ("Maquet", "exact", "Maquet", "Getinge"),
        ("Welch Allyn, Inc.", "key", "Welch Allyn", "Baxter"),
        ("Hill-Rom", "alias", "Hillrom", "Baxter"),
        ("Cardiac Science Corporation", "key", "Cardiac Science", "ZOLL"),
        ("PHYSIO-CONTROL, INC.", "key", "Physio-Control", "Stryker"),
        ("Siemens AG, Healthcare Sector", "alias", "Siemens Healthineers", "Siemens Healthineers"),
        ("SYSMEX", "key", "Sysmex", "Sysmex"),
        ("Thermo Scientific", "alias", "Thermo Fisher Scientific", "Thermo Fisher Scientific"),
        ("Bird", "alias", "Bird Products", "Vyaire Medical"),
        ("BOECO Germany", "alias", "Boeco", "Boeco"),
    ],
)
def test_names_found_in_inventories(text, method, manufacturer, current):
    got = resolve(text, known=KNOWN)
    assert (got.method, got.manufacturer, got.current) == (method, manufacturer, current)


@pytest.mark.parametrize("text", ["MR Y CIA S.A.S", "MR y Cia S.A.S", "MR Y Cia S.A.S", "MR y Cia SAS", "mr y cía s.a.s."])
def test_one_supplier_spelled_several_ways_is_one(text):
    assert resolve(text, known=KnownManufacturers(SHIPPED)).manufacturer == "MR y Cia"


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("Mindrey", "Mindray"),
        ("Olympuss", "Olympus"),
        ("Fujiflim", "Fujifilm"),
        ("Masimo International", "Masimo"),
        ("Stryker Corporation of Kalamazoo", "Stryker"),
    ],
)
def test_a_similar_name_is_proposed_never_taken(text, proposal):
    got = resolve(text, known=KNOWN)
    assert (got.method, got.manufacturer, got.current) == ("similar", None, None)
    assert got.candidates[0].manufacturer == proposal
    assert got.candidates[0].resembles in got.evidence


@pytest.mark.parametrize("text", ["", "  ", "NI", "N/A", "Unknown", "...", "Quetzalcoatl Widgets"])
def test_what_is_no_maker_resolves_to_nothing(text):
    got = resolve(text, known=KNOWN)
    assert (got.method, got.manufacturer, got.candidates) == ("none", None, ())


@given(one=st.sampled_from(SHIPPED), suffix=st.sampled_from(["", " ", " Inc.", " GmbH", ", LLC"]), upper=st.booleans())
def test_every_spelling_finds_its_own_maker(one, suffix, upper):
    for spelling in (one.name, *one.aliases):
        text = (spelling.upper() if upper else spelling) + suffix
        assert resolve(text, known=KNOWN).manufacturer == one.name


@given(text=st.text(max_size=40))
def test_any_text_resolves_and_only_certainty_names_a_maker(text):
    got = resolve(text, known=KNOWN)
    assert (got.manufacturer is not None) == (got.method in {"exact", "key", "alias"})
    assert bool(got.candidates) == (got.method == "similar")
    assert got.evidence


LONG = [one.name for one in SHIPPED if one.name.isalpha() and one.name.isascii() and len(one.name) > 6]


@given(name=st.sampled_from(LONG), data=st.data())
def test_one_slip_in_a_long_name_still_proposes_its_maker(name, data):
    at = data.draw(st.integers(0, len(name) - 1))
    slipped = name[:at] + data.draw(st.sampled_from(["q", "x", "z", ""])) + name[at + 1 :]
    got = resolve(slipped, known=KNOWN)
    assert name in {got.manufacturer, *(candidate.manufacturer for candidate in got.candidates)}


@given(one=st.sampled_from(SHIPPED))
def test_mergers_end_at_somebody_who_still_answers(one):
    assert KNOWN.by_name[KNOWN.current(one.name)].merged_into is None


@pytest.mark.parametrize(
    ("makers", "word"),
    [
        ([KnownManufacturer("Acme"), KnownManufacturer("ACME Inc.")], "both answer to"),
        ([KnownManufacturer("Acme", aliases=("Ajax",)), KnownManufacturer("Ajax")], "both answer to"),
        ([KnownManufacturer("Acme", merged_into="Nobody")], "not listed"),
        ([KnownManufacturer("A1", merged_into="B1"), KnownManufacturer("B1", merged_into="A1")], "circle"),
        ([KnownManufacturer("...")], "without letters"),
    ],
)
def test_a_contradictory_list_is_refused(makers, word):
    with pytest.raises(ManufacturerFileError, match=word):
        KnownManufacturers(makers)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("makers: []", "needs a list"),
        ("manufacturers: [{country: US}]", "missing"),
        ("manufacturers: [{name: A1}, {name: A1}]", "listed twice"),
        ("manufacturers: [3]", "wrong kind"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(tmp_path: Path, text, word):
    path = tmp_path / "manufacturers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ManufacturerFileError, match=word):
        read_manufacturers(path=path)
