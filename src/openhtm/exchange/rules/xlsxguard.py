"""Walk an XLSX archive once, in blocks, before a library that trusts it may open it.

Checked: real unpacked size and ratio (stated sizes may lie), the rectangle each sheet would fill in memory (one cell in
XFD1048576 asks for 17 thousand million), and how much text repeated shared strings would become.
"""

import copy
import re
import zipfile
from collections import Counter
from collections.abc import Iterator

from openhtm.exchange.rules.tables import (
    DamagedFile,
    EncryptedFile,
    Limits,
    NotATable,
    OldSpreadsheet,
    TableTooLarge,
    UnsafeArchive,
)

_BLOCK = 1 << 20
_MAX_PARTS = 5_000
_MAX_TEXT_BYTES = 1 << 30
_KINDS = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("Index/Document.iwa", "a Numbers spreadsheet"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a presentation"),
)
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]{1,3}\d{1,7}:)?([A-Z]{1,3})(\d{1,7})"')
_PREFIXED = re.compile(rb":(?:c|row)[\s/>]")
_ANY_ADDRESS = re.compile(rb"\sr\s*=\s*[\"']\s*\$?([A-Za-z]*)\$?(\d*)")
_ANY_CELL = re.compile(rb"<(?:[^\s<>/:]+:)?c[\s/>]")
_ANY_ROW = re.compile(rb"<(?:[^\s<>/:]+:)?row(?=[\s/>])")
_SHARED = re.compile(rb't="s"[^>]*>\s*<v>(\d+)<')
_STRING_END = re.compile(rb"</(?:[^\s<>/:]+:)?si>")


def check_archive(archive: zipfile.ZipFile, *, filename: str, limits: Limits) -> None:
    """Return when opening is safe. Raises UnreadableFile, BadZipFile, zlib.error and others of a damaged archive."""
    _require_workbook(archive, filename=filename)
    total, cells, longest = 0, 0, 0
    for info in archive.infolist():
        claimed, packed = _ClaimedExtent(), 0
        for block in _blocks(archive, info, filename=filename):
            packed += len(block)
            total += len(block)
            _refuse_bomb(packed, info.compress_size, total, filename=filename, limits=limits)
            if _is_shared_strings(info):
                longest = max(longest, *map(len, _STRING_END.split(block)))
            elif _is_sheet(info):
                claimed.add(block)
        cells += _check_extent(claimed, archive, info, filename=filename, limits=limits)
    if cells * longest > _MAX_TEXT_BYTES and _shared_text_bytes(archive, filename) > _MAX_TEXT_BYTES:
        raise UnsafeArchive(filename=filename, reason="its repeated texts unpack to more than 1,024 MB")


def _require_workbook(archive: zipfile.ZipFile, *, filename: str) -> None:
    infos = archive.infolist()
    names = {info.filename for info in infos}
    if any(info.flag_bits & 0x1 for info in infos):
        raise EncryptedFile(filename=filename)
    if "mimetype" in names and "content.xml" in names:
        raise OldSpreadsheet(filename=filename, kind="an OpenDocument file (.ods)")
    for member, kind in _KINDS:
        if member in names:
            raise OldSpreadsheet(filename=filename, kind=kind)
    if "[Content_Types].xml" not in names and "xl/workbook.xml" not in names:
        raise NotATable(filename=filename, kind="an archive")
    if len(infos) > _MAX_PARTS:
        raise UnsafeArchive(filename=filename, reason=f"it holds more than {_MAX_PARTS:,} parts")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
        raise UnsafeArchive(filename=filename, reason="it is packed by an unusual method")


def _is_sheet(info: zipfile.ZipInfo) -> bool:
    name = info.filename.lower()
    return name.endswith(".xml") and not _is_shared_strings(info)


def _is_shared_strings(info: zipfile.ZipInfo) -> bool:
    return "sharedstrings" in info.filename.lower()


def _blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, filename: str) -> Iterator[bytes]:
    """Yield the unpacked part in blocks that end with a whole tag."""
    unbound = copy.copy(info)
    unbound.file_size = 1 << 62  # the stated size may lie: read until the data ends
    carry = b""
    with archive.open(unbound) as stream:
        while fresh := stream.read(_BLOCK):
            block = carry + fresh
            cut = block.rfind(b">") + 1
            if cut == 0 and len(block) > 8 * _BLOCK and _is_sheet(info):
                raise DamagedFile(filename=filename, reason="a tag without end")
            whole, carry = (block[:cut], block[cut:]) if len(block) - cut < _BLOCK else (block, b"")
            yield whole
    yield carry


def _refuse_bomb(unpacked: int, packed: int, total: int, *, filename: str, limits: Limits) -> None:
    if total > limits.max_unpacked_bytes:
        raise UnsafeArchive(filename=filename, reason=f"it unpacks to more than {limits.max_unpacked_bytes >> 20} MB")
    if unpacked > limits.ratio_free_bytes and unpacked > limits.max_ratio * max(packed, 1):
        raise UnsafeArchive(filename=filename, reason=f"a part of it unpacks to more than {limits.max_ratio} times its size")


def _check_extent(claimed: "_ClaimedExtent", archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, filename: str, limits: Limits) -> int:
    """Return the number of cells in the sheet's rectangle. Raises TableTooLarge."""
    rows, columns = claimed.rows, claimed.columns
    if not claimed.holds:
        extent = _Extent()
        for block in _blocks(archive, info, filename=filename):
            extent.add(block, filename=filename)
        rows, columns = extent.size
    if columns > limits.max_columns:
        what, limit, remedy = f"{columns:,} columns", f"{limits.max_columns:,}", "Delete the columns that are not needed."
    elif rows > limits.max_rows:
        what, limit, remedy = f"{rows:,} rows", f"{limits.max_rows:,}", "Split the file."
    elif rows * columns > limits.max_cells:
        what, limit = f"{rows:,} x {columns:,} cells", f"{limits.max_cells:,} cells"
        remedy = "Delete empty rows and columns that carry only formats, or save it as CSV."
    else:
        return rows * columns
    raise TableTooLarge(filename=filename, what=what, row=rows, limit=limit, remedy=remedy)


class _ClaimedExtent:
    """Check, in one fast search, that each cell lies in the rectangle the sheet claims for itself."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self.holds = True
        self._outside: re.Pattern[bytes] | None = None

    def add(self, block: bytes) -> None:
        if not self.holds:
            return
        if self._outside is None:
            if claim := _DIMENSION.search(block):
                self.columns, self.rows = _column_number(claim[1]), int(claim[2])
            inside = rb"[A-Z]{1,3}\d{1,7}" if not claim else _up_to_column(claim[1]) + _up_to_row(claim[2])
            self._outside = re.compile(rb'<(?:c(?! r="' + inside + rb'")|row(?! r="\d{1,7}"))[\s/>]')
            self.holds = claim is not None or not (b"<row" in block or b":row" in block)
        self.holds = self.holds and not self._outside.search(block) and not _PREFIXED.search(block)


def _up_to_row(digits: bytes) -> bytes:
    """Return a pattern for the numbers from 0 to ``digits``."""
    ways = [rb"\d{1,%d}" % (len(digits) - 1)] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        if digit > ord("0"):
            ways.append(digits[:place] + b"[0-%c]" % (digit - 1) + rb"\d{%d}" % (len(digits) - place - 1))
    return b"(?:" + b"|".join([*ways, digits]) + b")"


def _up_to_column(letters: bytes) -> bytes:
    """Return a pattern for the column names from A to ``letters``."""
    ways = [b"[A-Z]{1,%d}" % (len(letters) - 1)] if len(letters) > 1 else []
    for place, letter in enumerate(letters):
        if letter > ord("A"):
            ways.append(letters[:place] + b"[A-%c]" % (letter - 1) + b"[A-Z]{%d}" % (len(letters) - place - 1))
    return b"(?:" + b"|".join([*ways, letters]) + b")"


class _Extent:
    """The furthest row and column any cell of one sheet names, never less than what a reader would see."""

    def __init__(self) -> None:
        self._rows = self._columns = 0
        self._unnumbered_rows = self._longest_run = self._run = 0

    @property
    def size(self) -> tuple[int, int]:
        return self._rows + self._unnumbered_rows, self._columns + self._longest_run

    def add(self, block: bytes, *, filename: str) -> None:
        """Rows and cells without an address follow the one before; they are counted as reaching further."""
        for position, piece in enumerate(_ANY_ROW.split(block)):
            addresses = _ANY_ADDRESS.findall(piece)
            self._reach(addresses, filename=filename)
            if position:
                self._run = 0
                self._unnumbered_rows += not _ANY_ADDRESS.search(piece.split(b">", 1)[0])
            named = sum(1 for letters, _digits in addresses if letters)
            self._run += max(len(_ANY_CELL.findall(piece)) - named, 0)
            self._longest_run = max(self._longest_run, self._run)

    def _reach(self, addresses: list[tuple[bytes, bytes]], *, filename: str) -> None:
        for letters, digits in addresses:
            if len(letters) > 6 or len(digits) > 12:
                raise DamagedFile(filename=filename, reason="a cell address that no sheet has")
            self._columns = max(self._columns, _column_number(letters))
            self._rows = max(self._rows, int(digits or 0))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _shared_text_bytes(archive: zipfile.ZipFile, filename: str) -> int:
    """Return how many bytes all shared strings become once each cell holds its own copy."""
    lengths: list[int] = []
    uses: Counter[bytes] = Counter()
    for info in archive.infolist():
        rest = 0
        for block in _blocks(archive, info, filename=filename):
            if _is_shared_strings(info):
                first, *others = map(len, _STRING_END.split(block))
                lengths.extend([rest + first, *others][: len(others)])
                rest = others[-1] if others else rest + first
            elif _is_sheet(info):
                uses.update(_SHARED.findall(block))
    return sum(times * lengths[int(index)] for index, times in uses.items() if int(index) < len(lengths))
