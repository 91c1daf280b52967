"""Open any uploaded bytes as a table, or refuse them with a sentence that says what to do."""

from pathlib import Path

from openhtm.exchange.rules import csvfile, xlsxfile
from openhtm.exchange.rules.tables import (
    EmptyFile,
    EncryptedFile,
    FileTooLarge,
    Limits,
    NotATable,
    OldSpreadsheet,
    Workbook,
)

_HEAD_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KINDS_BY_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"BZh", "an archive"),
    (b"\xfd7zXZ", "an archive"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
)
_KINDS_BY_TEXT = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<table", "a web page"),
    (b"<?xml", "an XML document"),
    (b"<?php", "a program"),
    (b"#!/", "a program"),
)


def open_table(path: Path, *, filename: str, limits: Limits | None = None) -> Workbook:
    """Open ``path`` as a workbook of one or more sheets; ``filename`` is only used in sentences.

    The kind is told by content, never by the name. CSV is streamed; a sheet of an XLSX is held by calamine while it is
    read. Raises a subclass of UnreadableFile for everything else, whatever the bytes.
    """
    limits = limits or Limits()
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise FileTooLarge(filename=filename, size_mb=size >> 20, limit_mb=limits.max_bytes >> 20)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise EmptyFile(filename=filename)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return xlsxfile.open_xlsx(path, filename=filename, limits=limits)
    _refuse_other_kinds(path, head, filename=filename)
    return csvfile.open_csv(path, filename=filename, limits=limits)


def _refuse_other_kinds(path: Path, head: bytes, *, filename: str) -> None:
    if head.startswith(_OLE):
        _refuse_ole(path, filename=filename)
    for magic, kind in _KINDS_BY_MAGIC:
        if head.startswith(magic):
            raise NotATable(filename=filename, kind=kind)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, kind in _KINDS_BY_TEXT:
        if text.startswith(start):
            raise NotATable(filename=filename, kind=kind)
    if text.startswith((b"{", b"[{")):
        raise NotATable(filename=filename, kind="a JSON document")


def _refuse_ole(path: Path, *, filename: str) -> None:
    """Tell a password-protected XLSX, which hides in an OLE container, from an old .xls or .doc."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise EncryptedFile(filename=filename)
    if any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book")):
        raise OldSpreadsheet(filename=filename, kind="an old Excel workbook (.xls)")
    raise NotATable(filename=filename, kind="an old Office document")
