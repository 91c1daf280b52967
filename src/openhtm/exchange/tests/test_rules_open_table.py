"""Any bytes open as a table or are refused in words."""

import codecs
import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.exchange.rules import tables
from openhtm.exchange.rules.headers import NoHeader, choose_sheet, data_rows
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.tables import Limits, UnreadableFile
from openhtm.exchange.rules.xlsxguard import _ClaimedExtent, _up_to_column, _up_to_row

ROWS = [["Tag", "Name", "Cost"], ["A-1", "Bomba de infusión", "1.234,50"], ["A-2", 'say "hi"; or, not\nnow', ""]]


def table_of(tmp_path: Path, content: bytes, limits: Limits | None = None) -> tables.Workbook:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return open_table(path, filename="inventory.csv", limits=limits)


def csv_text(delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(ROWS)
    return out.getvalue()


def xlsx_bytes(fill, **options) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        book.set_properties({"created": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)})  # the same bytes each time
        fill(book)
    return out.getvalue()


def simple_xlsx() -> bytes:
    def fill(book):
        page = book.add_worksheet("Inventory")
        for number, row in enumerate(ROWS):
            page.write_row(number, 0, row)

    return xlsx_bytes(fill)


def repacked(content: bytes, replace: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, replace.get(info.filename, old.read(info)))
        for name in set(replace) - set(old.namelist()):
            new.writestr(name, replace[name])
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, delimiter):
    book = table_of(tmp_path, csv_text(delimiter).encode(encoding))
    assert [list(row) for row in book.sheets[0].rows()] == ROWS
    assert book.sheets[0].row_count == 3


def test_a_separator_line_for_excel_decides_and_is_no_row(tmp_path):
    book = table_of(tmp_path, b"sep=;\r\nTag;Cost\r\nA;1,5\r\n")
    assert list(book.sheets[0].rows()) == [("Tag", "Cost"), ("A", "1,5")]


def test_latin_1_is_said(tmp_path):
    book = table_of(tmp_path, "Tag,Name\nA,Dräger\n".encode("cp1252"))
    assert list(book.sheets[0].rows())[1] == ("A", "Dräger")
    assert [note.code for note in book.notes] == ["encoding"]


def test_zero_bytes_are_removed_and_said(tmp_path):
    book = table_of(tmp_path, b"Tag,Name\nA\x00-1,Pump with a long name\n")
    assert list(book.sheets[0].rows())[1] == ("A-1", "Pump with a long name")
    assert [note.code for note in book.notes] == ["nul-removed"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"\r\n ,,\r\n", "empty-file"),
        (codecs.BOM_UTF8, "empty-file"),
        (b"%PDF-1.7 whatever", "not-a-table"),
        (b"\x89PNG\r\n\x1a\n", "not-a-table"),
        (bytes(range(256)) * 20, "not-a-table"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not-a-table"),
        (b'[{"tag": 1}]', "not-a-table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "spreadsheet-format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-a-table"),
        (b"PK\x03\x04 not really", "damaged-file"),
        (b'Tag,Name\n"' + b"x" * 200_000, "table-too-large"),
        (b"Tag,Name\n" + b"," * 600 + b"\n", "table-too-large"),
    ],
)
def test_other_files_are_refused_with_a_code_and_a_remedy(tmp_path, content, code):
    with pytest.raises(UnreadableFile) as refusal:
        list(table_of(tmp_path, content).sheets[0].rows())
    assert refusal.value.code == code
    assert refusal.value.sentence.startswith("inventory.csv")
    assert 400 <= refusal.value.status < 500


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("content.xml", "spreadsheet-format"),
        ("xl/workbook.bin", "spreadsheet-format"),
        ("word/document.xml", "spreadsheet-format"),
        ("a.txt", "not-a-table"),
    ],
)
def test_other_archives_are_named(tmp_path, member, code):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/x")
        archive.writestr(member, "x")
    with pytest.raises(UnreadableFile) as refusal:
        table_of(tmp_path, out.getvalue())
    assert refusal.value.code == code


def test_size_rows_and_cells_are_limited(tmp_path):
    with pytest.raises(tables.FileTooLarge):
        table_of(tmp_path, b"a,b\n" * 100, Limits(max_bytes=10))
    with pytest.raises(tables.TableTooLarge, match="row 3"):
        list(table_of(tmp_path, b"a,b\n" * 100, Limits(max_rows=2)).sheets[0].rows())
    with pytest.raises(tables.TableTooLarge, match="quotation mark"):
        list(table_of(tmp_path, b"a,bcdef\n", Limits(max_cell_chars=3)).sheets[0].rows())


def test_typed_cells_hidden_sheets_offsets_and_merges(tmp_path):
    def fill(book):
        book.add_worksheet("Notes").hide()
        page = book.add_worksheet("Inventory")
        page.activate()
        page.write_row(2, 1, ["Place", "Cost", "Here"])
        page.merge_range(3, 1, 4, 1, "Ward 1")
        page.write_row(3, 2, [12.5, True])
        page.write_row(4, 2, [7, False])

    book = table_of(tmp_path, xlsx_bytes(fill))
    assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [("Notes", True), ("Inventory", False)]
    sheet = book.sheets[1]
    assert sheet.row_count == 5
    assert list(sheet.rows())[2:] == [("", "Place", "Cost", "Here"), ("", "Ward 1", 12.5, True), ("", "Ward 1", 7.0, False)]
    assert book.sheets[0].row_count == 0
    assert list(book.sheets[0].rows()) == []


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


@pytest.mark.parametrize(
    "cells",
    [
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>',
        b'<dimension ref="A1"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="ZZ1048576"><v>1</v></c></row></sheetData>',
        b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1000000"><c s="1" r=\'SA1000000\'><v>1</v></c></row></sheetData>',
        b'<sheetData><row r="1040000"><c r="A1040000"/>' + b"<c><v>1</v></c>" * 300 + b"</row></sheetData>",
        b'<dimension ref="A1"/><sheetData><row r="1040000">' + b"<c><v>1</v></c>" * 300 + b"</row></sheetData>",
    ],
)
def test_a_far_corner_does_not_fill_the_memory(tmp_path, cells):
    with pytest.raises(tables.TableTooLarge):
        table_of(tmp_path, repacked(simple_xlsx(), {SHEET: HEAD + cells + b"</worksheet>"}))


def test_an_archive_that_unpacks_too_far_is_refused(tmp_path):
    bomb = repacked(simple_xlsx(), {"xl/media/image1.xml": b" " * (20 << 20)})
    with pytest.raises(tables.UnsafeArchive):
        table_of(tmp_path, bomb)
    with pytest.raises(tables.UnsafeArchive, match="0 MB"):
        table_of(tmp_path, simple_xlsx(), Limits(max_unpacked_bytes=1000))


def test_a_stated_size_that_lies_does_not_help(tmp_path):
    bomb = bytearray(repacked(simple_xlsx(), {"xl/media/image1.xml": b" " * (20 << 20)}))
    real, small = (20 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert bomb.count(real) >= 2
    with pytest.raises(UnreadableFile):
        table_of(tmp_path, bytes(bomb.replace(real, small)))


def test_repeated_texts_that_unpack_too_far_are_refused(tmp_path):
    text = b"x" * 30_000
    strings = HEAD.replace(b"worksheet", b"sst") + b"<si><t>" + text + b"</t></si></sst>"
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(1, 40_001))
    sheet = HEAD + b'<dimension ref="A1:A40000"/><sheetData>' + rows + b"</sheetData></worksheet>"
    with pytest.raises(tables.UnsafeArchive, match="repeated texts"):
        table_of(tmp_path, repacked(simple_xlsx(), {SHEET: sheet, "xl/sharedStrings.xml": strings}))


@given(number=st.integers(1, 2_000_000), other=st.integers(0, 3_000_000))
def test_the_row_pattern_holds_up_to_its_number(number, other):
    import re

    inside = re.fullmatch(_up_to_row(b"%d" % number), b"%d" % other)
    assert bool(inside) == (other <= number)


@given(st.text("ABCXYZ", min_size=1, max_size=3), st.text("ABCXYZ", min_size=1, max_size=3))
def test_the_column_pattern_holds_up_to_its_column(limit, other):
    import re

    inside = re.fullmatch(_up_to_column(limit.encode()), other.encode())
    assert bool(inside) == ((len(other), other) <= (len(limit), limit))


def test_a_claimed_extent_is_checked_against_the_cells():
    honest, liar = _ClaimedExtent(), _ClaimedExtent()
    honest.add(b'<dimension ref="A1:C3"/><row r="1"><c r="A1"><v>1</v></c><c r="C3" s="1"/></row>')
    liar.add(b'<dimension ref="A1:C3"/><row r="1"><c r="D1"><v>1</v></c></row>')
    assert (honest.holds, honest.columns, honest.rows) == (True, 3, 3)
    assert not liar.holds


def read_everything(path: Path) -> None:
    """Open, choose a sheet and read all rows; only refusals may come out."""
    try:
        book = open_table(path, filename="f", limits=Limits(max_unpacked_bytes=64 << 20, max_cells=2_000_000))
        sheet, header = choose_sheet(book, filename="f")
        for _number, cells in data_rows(sheet, header):
            assert len(cells) == len(header.columns)
    except (UnreadableFile, NoHeader) as refusal:
        assert refusal.sentence


fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@fuzz
@given(content=st.binary(max_size=400) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    read_everything(path)


def mutations(content: bytes) -> st.SearchStrategy[bytes]:
    def apply(edits: list[tuple[int, int, bytes]]) -> bytes:
        out = bytearray(content)
        for at, length, new in edits:
            start = at % max(len(out), 1)
            out[start : start + length] = new
        return bytes(out)

    return st.lists(st.tuples(st.integers(0, len(content)), st.integers(0, 30), st.binary(max_size=30)), min_size=1, max_size=6).map(apply)


@fuzz
@given(data=st.data())
def test_mutated_workbooks_are_read_or_refused(tmp_path, data):
    path = tmp_path / "mutated"
    path.write_bytes(data.draw(mutations(simple_xlsx())))
    read_everything(path)


@fuzz
@given(
    data=st.data(), part=st.sampled_from([SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
)
def test_workbooks_with_a_mutated_part_are_read_or_refused(tmp_path, data, part):
    content = simple_xlsx()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = archive.read(part)
    path = tmp_path / "mutated"
    path.write_bytes(repacked(content, {part: data.draw(mutations(inner))}))
    read_everything(path)


@pytest.mark.realdata
@fuzz
@given(
    data=st.data(),
    name=st.sampled_from(["university_clinical_lab_F147_es.xlsx", "university_clinical_lab_F147_es.csv", "clinic_inventory_fictional.csv"]),
)
def test_mutated_real_files_are_read_or_refused(tmp_path, shared_data, data, name):
    path = tmp_path / "mutated"
    path.write_bytes(data.draw(mutations((shared_data / "inventory" / name).read_bytes())))
    read_everything(path)
