"""Loading official files: golden files of our own, editions, repetition, and refusal of everything else."""

import gzip
import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceType, EmdnTerm, GmdnTerm, GudidIdentifier, GudidRecord, ProductCode, ReferenceLoad
from openhtm.catalog.services import official
from openhtm.catalog.services.official import UnreadableFile, load_official
from openhtm.core.errors import NotAllowed

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden"


def _numbers(summary):
    return summary.created, summary.updated, summary.unchanged, summary.refused, summary.warnings


def _write(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_fda_classification_is_read_as_published(system):
    done = load_official(system="fda-classification", path=GOLDEN / "foiclass.txt", actor=system, edition="2099-01")
    assert (done.read, *_numbers(done)) == (6, 3, 0, 0, 3, 0)
    assert [problem["column"] for problem in done.problems] == ["PRODUCTCODE", "DEVICECLASS", ""]
    assert [problem["row"] for problem in done.problems] == [5, 6, 7]
    pump = ProductCode.objects.get(pk="XA1")
    assert (pump.name, pump.device_class, pump.panel, pump.regulation_number) == ('Pump, Example "Quoted", Infusion', "2", "HO", "880.5725")
    valve = ProductCode.objects.get(pk="XA3")
    assert (valve.device_class, valve.implant, valve.life_sustaining, valve.edition) == ("F", True, True, "2099-01")


def test_loading_again_changes_nothing_and_is_remembered(system):
    for numbers in ((3, 0, 0, 3, 0), (0, 0, 3, 3, 0)):
        assert _numbers(load_official(system="fda-classification", path=GOLDEN / "foiclass.txt", actor=system)) == numbers
    loads = ReferenceLoad.objects.filter(system="fda-classification")
    assert [load.counts["unchanged"] for load in loads] == [3, 0]
    assert len({load.sha256 for load in loads}) == 1


def test_codes_missing_in_a_newer_edition_are_retired_and_come_back(system, tmp_path):
    load_official(system="fda-classification", path=GOLDEN / "foiclass.txt", actor=system, edition="A")
    kind = DeviceType.objects.create(code="valve", name="Valve", product_code_id="XA3")
    lines = (GOLDEN / "foiclass.txt").read_text().splitlines()
    newer = _write(tmp_path, "newer.txt", "\n".join([lines[0], lines[1].replace("Pump,", "Pump, New,"), lines[2]]))
    partial = load_official(system="fda-classification", path=newer, actor=system, edition="B", partial=True)
    assert _numbers(partial) == (0, 1, 1, 0, 0)
    done = load_official(system="fda-classification", path=newer, actor=system, edition="B")
    assert _numbers(done) == (0, 0, 2, 0, 1)
    assert "XA3" in done.problems[0]["message"]
    kind.refresh_from_db()
    assert kind.product_code.retired
    again = load_official(system="fda-classification", path=GOLDEN / "foiclass.txt", actor=system, edition="C")
    assert again.updated == 2
    assert not ProductCode.objects.filter(retired=True).exists()
    assert set(ProductCode.objects.values_list("edition", flat=True)) == {"C"}


def test_a_placeholder_of_the_starter_catalogue_counts_as_created_and_is_never_retired(system):
    for code in ("XA1", "XZZ"):
        ProductCode.objects.create(code=code, edition="starter")
    done = load_official(system="fda-classification", path=GOLDEN / "foiclass.txt", actor=system)
    assert _numbers(done) == (3, 0, 0, 3, 0)
    assert not ProductCode.objects.get(pk="XZZ").retired


def test_the_emdn_is_read_with_broken_lines_and_missing_parents(system):
    done = load_official(system="emdn", path=GOLDEN / "emdn.tsv", actor=system)
    assert (done.read, *_numbers(done)) == (6, 4, 0, 0, 2, 1)
    assert EmdnTerm.objects.get(pk="X0101").term == "PUMPS, LARGE"
    assert EmdnTerm.objects.get(pk="X020101").parent_id == "X"
    assert set(EmdnTerm.objects.values_list("edition", flat=True)) == {"EMDN V9"}
    from_json = load_official(system="emdn", path=GOLDEN / "emdn.json", actor=system)
    assert _numbers(from_json) == (0, 0, 2, 0, 1)
    assert set(EmdnTerm.objects.filter(retired=True).values_list("pk", flat=True)) == {"X0101", "X020101"}


def test_gmdn_terms_are_read(system):
    done = load_official(system="gmdn", path=GOLDEN / "gmdn.csv", actor=system)
    assert (done.read, *_numbers(done)) == (4, 3, 0, 0, 1, 1)
    assert GmdnTerm.objects.get(pk="99001").related_emdn == ["X01", "X0101"]


def test_gudid_records_are_read_from_json_lines(system):
    done = load_official(system="gudid", path=GOLDEN / "gudid.jsonl", actor=system)
    assert (done.read, *_numbers(done)) == (5, 3, 0, 0, 2, 1)
    assert done.problems[0]["value"] == "05900000000029"
    record = GudidRecord.objects.get(primary_di="05900000000015")
    assert record.gmdn_terms == [{"code": "", "name": "Example pump", "definition": "A made-up pump."}]
    assert record.flags == {"single_use": False, "has_serial": True, "rx": True, "sterile": False, "sterilise_before_use": True}
    package = record.identifiers.get(kind="package")
    assert (package.di, package.quantity, package.contained_di, package.check_valid) == ("15900000000012", 10, "05900000000015", True)
    assert not GudidIdentifier.objects.get(di="05900000000029").check_valid
    assert _numbers(load_official(system="gudid", path=GOLDEN / "gudid.jsonl", actor=system)) == (0, 0, 3, 2, 1)


def test_the_xml_of_a_record_takes_over_what_came_without_its_key(system):
    load_official(system="gudid", path=GOLDEN / "gudid.jsonl", actor=system)
    done = load_official(system="gudid", path=GOLDEN / "gudid.xml", actor=system)
    assert _numbers(done) == (0, 1, 0, 0, 0)
    record = GudidRecord.objects.get(primary_di="05900000000015")
    assert record.record_key == "00000000-0000-4000-8000-000000000001"
    assert (record.product_codes, record.version_or_model, record.identifiers.count()) == (["XA1", "XA2"], "E-1 8°", 1)
    assert [term["code"] for term in record.gmdn_terms] == ["99001", "99002"]
    back = load_official(system="gudid", path=GOLDEN / "gudid.jsonl", actor=system)
    assert (back.created, back.updated, GudidRecord.objects.count()) == (0, 1, 3)


def test_a_json_list_and_gzip_give_the_same_as_lines(system, tmp_path):
    records = [json.loads(line) for line in (GOLDEN / "gudid.jsonl").read_text().splitlines()]
    load_official(system="gudid", path=GOLDEN / "gudid.jsonl", actor=system)
    packed = _write(tmp_path, "list.json", gzip.compress(json.dumps(records, indent=1).encode()))
    assert _numbers(load_official(system="gudid", path=packed, actor=system)) == (0, 0, 3, 2, 1)


def test_the_last_of_two_rows_with_one_code_counts(system, tmp_path):
    path = _write(tmp_path, "gmdn.csv", "code,description\n99001,First\n99001,Second\n")
    done = load_official(system="gmdn", path=path, actor=system)
    assert (done.read, *_numbers(done)) == (2, 1, 0, 0, 1, 0)
    assert GmdnTerm.objects.get().name == "Second"


def test_problems_are_cut_at_a_thousand_and_say_so(system, tmp_path):
    rows = "".join(f"bad code {number},Term\n" for number in range(1200))
    path = _write(tmp_path, "gmdn.csv", f"code,description\n99001,Good\n{rows}")
    found = load_official(system="gmdn", path=path, actor=system).as_json_dict()
    assert (found["refused"], len(found["problems"]), found["problems_cut"]) == (1200, official.MAX_PROBLEMS, 200)


BOMB = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><gudid><device>&b;</device></gudid>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\x1f\x8b\x08\x00cut", "damaged"),
        (gzip.compress(b"x" * 100_000)[:-20], "damaged"),
        (b"\0\0\0", ""),
        (b"code,description\n", "no row"),
        (b"code,description\nbad code,Term\n", "Not one of the 1 rows"),
        (b"%PDF-1.7", "PDF"),
    ],
)
@pytest.mark.parametrize("name", sorted(official.SYSTEMS))
def test_another_file_is_refused_in_words_and_nothing_is_written(system, tmp_path, name, content, says):
    path = _write(tmp_path, "file.bin", content)
    with pytest.raises(UnreadableFile) as refusal:
        load_official(system=name, path=path, actor=system)
    assert name != "gmdn" or says in refusal.value.sentence
    assert not ReferenceLoad.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "document type"),
        (b"<gudid><device>", "not valid XML"),
        (b"<gudid></gudid>", "no <device>"),
        (b'<?xml version="1.0" encoding="nonsense"?><gudid/>', "XML"),
        (b'{"brandName": NaN}', "Line 1 is not valid JSON"),
        (b'{"a": 1}\n[1]\n', "Record 2 is no object"),
        (b"[]", "empty"),
        (b"[1, 2]", "Record 1 is no object"),
        (b'[{"a": 1} {"b": 2}]', "expected"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 5000, "not valid JSON"),
        (b'{"identifiers": {"identifier": 7}}', "Not one of the 1 rows"),
    ],
)
def test_damaged_gudid_files_are_refused_in_words(system, tmp_path, content, says):
    with pytest.raises(UnreadableFile, match=says):
        load_official(system="gudid", path=_write(tmp_path, "file", content), actor=system)
    assert not GudidRecord.objects.exists()


def test_a_record_that_never_ends_stops_before_memory_does(system, tmp_path):
    for content in (b"<gudid><device>" + b"x" * 9_000_000, b'{"brandName": "' + b"x" * 9_000_000):
        with pytest.raises(UnreadableFile, match="MB"):
            load_official(system="gudid", path=_write(tmp_path, "bomb.gz", gzip.compress(content)), actor=system)


def test_damage_in_the_middle_takes_everything_back(system, tmp_path):
    path = _write(tmp_path, "half.jsonl", (GOLDEN / "gudid.jsonl").read_bytes() + b"{broken\n")
    with pytest.raises(UnreadableFile, match="Line 6"):
        load_official(system="gudid", path=path, actor=system)
    assert not GudidRecord.objects.exists()


def test_a_missing_file_and_a_folder_are_refused_in_words(system, tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(UnreadableFile, match="cannot be read"):
            load_official(system="gudid", path=path, actor=system)


def test_only_somebody_responsible_for_everything_loads(omar):
    with pytest.raises(NotAllowed):
        load_official(system="gmdn", path=GOLDEN / "gmdn.csv", actor=omar)


def test_the_number_of_statements_does_not_grow_with_the_file(system, tmp_path):
    def cost(rows):
        path = _write(tmp_path, "gmdn.csv", "code,description\n" + "".join(f"{10_000 + n},Term\n" for n in range(rows)))
        with CaptureQueriesContext(connection) as captured:
            load_official(system="gmdn", path=path, actor=system, partial=True)
        return len(captured)

    assert cost(3) == cost(3000)
