import csv
import gzip
import io
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.starter import (
    DATA,
    RISK_RANGES,
    StarterFileError,
    entry_problems,
    match_starter_type,
    read_starter_types,
)
from openhtm.core.text import fold

TYPES = read_starter_types()
BY_CODE = {one.code: one for one in TYPES}


def sum_of(code: str, family: str) -> float:
    return sum(BY_CODE[code].risk_inputs[family].values())


def test_there_are_enough_types_for_a_general_hospital():
    assert len(TYPES) >= 320
    assert len({one.category for one in TYPES}) >= 20


def test_codes_and_names_are_unique():
    assert len({one.code for one in TYPES}) == len(TYPES)
    assert len({fold(one.name) for one in TYPES}) == len(TYPES)


def test_every_type_carries_its_edition_and_confidence():
    assert {(one.edition, one.confidence) for one in TYPES} == {("2026.1", "GK-med")}


@pytest.mark.parametrize(
    ("code", "family", "total"),
    [
        ("defibrillator-monitor", "fennigkoh", 20),
        ("infusion-pump-large-volume", "five_category", 13),
        ("exam-light", "five_category", 7),
    ],
)
def test_published_examples(code, family, total):
    assert sum_of(code, family) == total


def test_life_support_is_high_risk_and_scored_as_life_support():
    for one in TYPES:
        assert one.high_risk or not one.life_support
        assert one.life_support == (one.fennigkoh["function"] == 10), one.code
        assert one.life_support <= (one.fennigkoh["risk"] == 5), one.code
        assert one.life_support == (one.five_category["clinical_function"] == 5), one.code


def test_lasers_and_imaging_are_never_eligible_for_alternate_maintenance():
    for one in TYPES:
        if one.fda_product_code and one.category == "imaging" and one.name.startswith(("CT", "MRI", "X-ray system", "Ultrasound sc")):
            assert one.aem_ineligible == "IMAGING", one.code
        if one.name.startswith("Laser, surgical"):
            assert one.aem_ineligible == "LASER", one.code


def test_what_must_follow_its_maker_or_a_law_says_so_in_its_risk_inputs():
    for one in TYPES:
        assert one.five_category["regulatory"] == 2 or one.aem_ineligible is None, one.code
        assert one.high_risk or one.fennigkoh["risk"] < 5, one.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Congelador", "freezer-laboratory"),
        ("Micropipeta ", "pipette-mechanical"),
        ("Centrífuga", "centrifuge-tabletop"),
        ("Microcentrifuga refrigerada", "centrifuge-micro-refrigerated"),
        ("Baño María", "water-bath-laboratory"),
        ("Baño de flotación", "tissue-flotation-bath"),
        ("Fonendoscopio", "stethoscope-mechanical"),
        ("Incubadora", "incubator-laboratory"),
        ("CAMARA DE FOTOTERAPIA", "uv-phototherapy-cabinet"),
        ("Cabina de extracción", "fume-hood"),
        ("Calentador seco", "block-heater"),
        ("Luminex", "multiplex-bead-analyzer"),
        ("Microscopio", "microscope-light"),
        ("Agitador Vortex", "vortex-mixer"),
        ("Balanza Analitica", "balance-analytical"),
        ("Procesador de tejidos", "tissue-processor"),
        ("Criostato", "cryostat"),
        ("Termohigrómetro digital", "thermohygrometer"),
        ("Beatmungsgerät", "ventilator-intensive-care"),
        ("infusion pump", "infusion-pump-large-volume"),
    ],
)
def test_words_of_foreign_inventories_resolve(text, code):
    match = match_starter_type(text, types=TYPES)
    assert (match.method in {"name", "synonym"}, match.type_code) == (True, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Analizador de coagulación automatizado - Equipo de Hemostasia", "coagulation-analyzer"),
        ("Microscopio y Cámara Leica", "microscope-light"),
        ("Plum A+ infusion pump", "infusion-pump-large-volume"),
        ("Nellcor bedside SpO2 monitor", "pulse-oximeter"),
    ],
)
def test_a_name_inside_a_longer_text_is_only_proposed_or_known(text, code):
    match = match_starter_type(text, types=TYPES)
    assert match.type_code == code
    assert match.method in {"contained", "synonym"}


def test_an_unknown_text_matches_nothing():
    assert match_starter_type("Flux capacitor", types=TYPES).method == "none"


@given(one=st.sampled_from(TYPES), left=st.sampled_from(["", " ", "\t"]), upper=st.booleans())
def test_every_name_and_synonym_finds_its_own_type(one, left, upper):
    for text in (one.name, *one.synonyms):
        shown = left + (text.upper() if upper else text) + left
        assert match_starter_type(shown, types=TYPES).type_code == one.code


ENTRY = yaml.safe_load((DATA / "infusion.yaml").read_text(encoding="utf-8"))["types"][0]


def entry() -> dict[str, object]:
    return dict(ENTRY)


def test_a_sound_entry_has_no_problems():
    assert entry_problems(entry()) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"code": "Bad Code"}, "code"),
        ({"name": ""}, "name is missing"),
        ({"fda_product_code": None}, "fda_reason"),
        ({"gmdn": "123"}, "gmdn"),
        ({"networked": "yes"}, "networked"),
        ({"high_risk_source": ""}, "high_risk_source"),
        ({"aem_ineligible": "NEW"}, "aem_ineligible"),
        ({"expected_life_years": 0}, "expected_life_years"),
        ({"typical_price_usd": 1.5}, "typical_price_usd"),
        ({"fennigkoh": {"function": 1, "risk": 5, "maintenance": 5}}, "fennigkoh.function"),
        ({"wang": {}}, "wang must give"),
        ({"synonyms": [1]}, "synonyms"),
        ({"colour": "red"}, "colour is not a field"),
    ],
)
def test_each_mistake_is_named(change, word):
    assert any(word in problem for problem in entry_problems(entry() | change))


@given(
    family=st.sampled_from(sorted(RISK_RANGES)),
    value=st.one_of(st.integers(), st.floats(), st.text(max_size=3), st.none(), st.booleans()),
)
def test_only_values_of_the_scale_pass(family, value):
    for factor, (low, high) in RISK_RANGES[family].items():
        changed = entry() | {family: ENTRY[family] | {factor: value}}
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        assert (entry_problems(changed) == []) == (numeric and low <= value <= high)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(max_size=5), x)
    )
)
def test_any_yaml_is_judged_not_crashed_on(value):
    assert entry_problems(value)


def test_a_broken_folder_names_file_type_and_field(tmp_path: Path):
    good = (DATA / "pharmacy.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(good.replace("expected_life_years: 8", "expected_life_years: 99"), encoding="utf-8")
    (tmp_path / "b.yaml").write_text("types: 3", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("types: [", encoding="utf-8")
    with pytest.raises(StarterFileError) as caught:
        read_starter_types(folder=tmp_path)
    text = str(caught.value)
    assert "a.yaml, medication-dispensing-cabinet: expected_life_years" in text
    assert "b.yaml needs a list" in text
    assert "c.yaml is not YAML" in text


def test_two_types_may_not_share_a_name(tmp_path: Path):
    good = (DATA / "pharmacy.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(good, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(good, encoding="utf-8")
    with pytest.raises(StarterFileError, match="both answer to"):
        read_starter_types(folder=tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(StarterFileError, match="holds no device types"):
        read_starter_types(folder=tmp_path)


def official(path: Path, delimiter: str, encoding: str = "utf-8") -> list[list[str]]:
    text = gzip.decompress(path.read_bytes()).decode(encoding)
    return list(csv.reader(io.StringIO(text), delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter != "," else csv.QUOTE_MINIMAL))


@pytest.mark.realdata
def test_product_codes_agree_with_the_official_classification(shared_data: Path):
    head, *rows = official(shared_data / "fda-classification" / "foiclass_2020-10.txt.gz", "|", "latin-1")
    by_code = {row[head.index("PRODUCTCODE")]: dict(zip(head, row, strict=False)) for row in rows}
    for one in TYPES:
        if one.fda_product_code is None:
            assert one.fda_reason, one.code
            continue
        fda = by_code[one.fda_product_code]
        assert one.fda_device_class == fda["DEVICECLASS"].upper(), one.code
        assert (one.regulation_number or "") == fda["REGULATIONNUMBER"], one.code
        assert (one.panel or "") == fda["REVIEW_PANEL"], one.code
        same = one.life_support == (fda["Life_Sustain_support_flag"] == "Y")
        assert same == (one.life_support_reason is None), one.code


@pytest.mark.realdata
def test_emdn_codes_exist(shared_data: Path):
    known = {row[2].strip() for row in official(shared_data / "nomenclature" / "EMDN_V2.tsv.gz", "\t") if len(row) > 2}
    assert {one.emdn for one in TYPES if one.emdn} <= known


@pytest.mark.realdata
def test_gmdn_codes_exist(shared_data: Path):
    known = {row[0] for row in official(shared_data / "nomenclature" / "gmdn_terms_seen_in_gudid.csv.gz", ",") if row}
    assert {one.gmdn for one in TYPES if one.gmdn} <= known


@pytest.mark.realdata
def test_every_device_of_the_real_laboratory_inventory_is_recognised(shared_data: Path):
    path = shared_data / "inventory" / "university_clinical_lab_F147_es.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        names = {row["Nombre del equipo"] for row in csv.DictReader(lines)} - {""}
    assert len(names) > 15
    assert {name for name in names if match_starter_type(name, types=TYPES).type_code is None} == set()
