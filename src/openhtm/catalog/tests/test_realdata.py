"""The official files load with the counts of their oracles."""

import json

import pytest

from openhtm.catalog.models import EmdnTerm, GmdnTerm, GudidIdentifier, GudidRecord, ProductCode
from openhtm.catalog.services.official import load_official
from openhtm.catalog.services.starter import load_starter

pytestmark = [pytest.mark.realdata, pytest.mark.django_db]


def test_gudid_loads_with_the_counts_of_its_oracle(shared_data, system):
    expected = json.loads((shared_data / "gudid" / "expected_stats.json").read_text())
    path = shared_data / "gudid" / "gudid_devices.jsonl.gz"
    first = load_official(system="gudid", path=path, actor=system)
    assert (first.read, first.created, first.refused, first.warnings) == (34_719, 34_719, 0, 7)
    assert sorted(problem["value"] for problem in first.problems) == sorted(expected["invalid_gs1_ids"])
    counts, identifiers = expected["counts"], GudidIdentifier.objects
    assert GudidRecord.objects.count() == counts["records"]
    for kind, label in (("primary", "Primary"), ("secondary", "Secondary"), ("package", "Package"), ("direct_marking", "Direct Marking")):
        assert identifiers.filter(kind=kind).count() == counts[f"type:{label}"]
    assert identifiers.filter(kind="unit_of_use").count() == counts["type:Unit of Use"]
    assert identifiers.filter(issuer="GS1", check_valid=True).count() == counts["gtin_valid"]
    assert identifiers.filter(issuer="HIBCC").count() == counts["id:HIBCC"]
    for ours, theirs in (
        ("single_use", "singleUse"),
        ("has_serial", "serialNumber"),
        ("has_lot", "lotBatch"),
        ("kit", "deviceKit"),
        ("otc", "otc"),
    ):
        assert GudidRecord.objects.filter(flags__contains={ours: True}).count() == counts[f"{theirs}=true"]
    second = load_official(system="gudid", path=path, actor=system)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 34_719)
    sample = load_official(system="gudid", path=shared_data / "gudid" / "equipment_sample.json", actor=system)
    assert (sample.read, sample.unchanged) == (117, 117)
    original = load_official(system="gudid", path=shared_data / "gudid" / "openfda-test.xml", actor=system)
    assert (original.read, original.updated) == (1, 1)


def test_the_nomenclatures_load_with_the_counts_of_their_oracles(shared_data, system):
    load_starter(actor=system)
    fda = load_official(system="fda-classification", path=shared_data / "fda-classification" / "foiclass_2020-10.txt.gz", actor=system)
    assert (fda.read, fda.created, fda.refused, fda.warnings) == (6617, 6617, 0, 0)
    assert ProductCode.objects.filter(life_sustaining=True).count() == 205
    assert set(ProductCode.objects.filter(retired=False).values_list("edition", flat=True)) <= {"2020-10", "starter"}
    emdn_json = load_official(system="emdn", path=shared_data / "nomenclature" / "EMDN_V2.json.gz", actor=system)
    assert (emdn_json.created, emdn_json.refused) == (8453, 0)
    # The published table has one term more than the count in the README: H01010102, whose line is broken in two.
    emdn_table = load_official(system="emdn", path=shared_data / "nomenclature" / "EMDN_V2.tsv.gz", actor=system)
    assert (emdn_table.read, emdn_table.created, emdn_table.refused) == (8454, 1, 0)
    assert EmdnTerm.objects.get(pk="H0101010201").parent_id == "H01010102"
    assert EmdnTerm.objects.filter(parent__isnull=True).count() == 23
    gmdn = load_official(system="gmdn", path=shared_data / "nomenclature" / "gmdn_terms_seen_in_gudid.csv.gz", actor=system)
    assert (gmdn.read, gmdn.created, gmdn.warnings) == (12_275, 12_275, 1)  # the code of one term is the letter V
    assert GmdnTerm.objects.count() == 12_275
