"""Files are known by their content; their names only have to agree."""

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openhtm.documents.rules.file_names import MAX_LENGTH, clean_file_name, extension
from openhtm.documents.rules.media import ALL, Media, Refusal, recognise
from openhtm.documents.tests import samples


def told(content: bytes, name: str = "") -> str:
    found = recognise(io.BytesIO(content), file_name=name)
    return found.code if isinstance(found, Refusal) else found.media_type


KEPT = {
    "manual.pdf": (samples.PDF, "application/pdf"),
    "photo.png": (samples.image("PNG"), "image/png"),
    "photo.JPG": (samples.image("JPEG"), "image/jpeg"),
    "photo.gif": (samples.image("GIF"), "image/gif"),
    "photo.webp": (samples.image("WEBP"), "image/webp"),
    "scan.tif": (samples.image("TIFF"), "image/tiff"),
    "photo.heic": (samples.HEIC, "image/heic"),
    "alarm.mp4": (samples.MP4, "video/mp4"),
    "log.txt": ("12:00 Gerät geprüft\r\n".encode(), "text/plain"),
    "latin.txt": ("Gerät".encode("cp1252"), "text/plain"),
    "wide.txt": ("Gerät".encode("utf-16"), "text/plain"),
    "devices.csv": (b"tag;serial\n1;2\n", "text/csv"),
    "book.xlsx": (samples.XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "report.docx": (samples.DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "report.odt": (samples.ODT, "application/vnd.oasis.opendocument.text"),
    "firmware.zip": (samples.ZIP, "application/zip"),
    "no extension": (samples.PDF, "application/pdf"),
}


@pytest.mark.parametrize("name", KEPT)
def test_kinds_that_are_kept(name):
    content, media_type = KEPT[name]
    assert told(content, name) == media_type


REFUSED = {
    "empty.pdf": (b"", "empty"),
    "setup.exe": (b"MZ\x90\x00", "program"),
    "setup.pdf": (b"MZ\x90\x00", "program"),
    "tool": (b"\x7fELF\x02", "program"),
    "run.sh": (b"#!/bin/sh\nrm -rf /\n", "program"),
    "page.html": (b"<!DOCTYPE html><p>", "markup"),
    "page.txt": (b"\xef\xbb\xbf \n<HTML><script>alert(1)</script>", "markup"),
    "late.txt": (b"nothing to see <script>alert(1)</script>", "markup"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "markup"),
    "drawing.png": (b"<?xml version='1.0'?><svg/>", "markup"),
    "wide.txt": ("<html>".encode("utf-16"), "markup"),
    "code.js": (b"alert(1)", "name-disagrees"),
    "photo.pdf": (samples.image("PNG"), "name-disagrees"),
    "cut.png": (samples.image("PNG")[:20], "image"),
    "huge.png": (samples.image("PNG", (31_000, 10)), "image"),
    "macros.xlsx": (samples.MACROS, "macros"),
    "bomb.zip": (samples.BOMB, "bomb"),
    "cut.zip": (samples.ZIP[:40], "damaged"),
    "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "kind-not-kept"),
    "noise.bin": (bytes(range(1, 60)), "kind-not-known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_kinds_that_are_refused(name):
    content, code = REFUSED[name]
    assert told(content, name) == code


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=3000), name=st.text(max_size=20))
def test_no_bytes_break_the_table(content, name):
    assert isinstance(recognise(io.BytesIO(content), file_name=name), Media | Refusal)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(sorted(KEPT)), at=st.floats(0, 1), patch=st.binary(min_size=1, max_size=8), cut=st.floats(0, 1))
def test_no_damaged_file_breaks_the_table(name, at, patch, cut):
    whole = bytearray(KEPT[name][0])
    start = int(at * (len(whole) - 1))
    whole[start : start + len(patch)] = patch
    assert isinstance(recognise(io.BytesIO(bytes(whole[: int(cut * len(whole))])), file_name=name), Media | Refusal)


def test_only_kinds_without_scripts_are_shown_in_the_browser():
    assert {media.media_type for media in ALL if media.inline} == {"application/pdf", "image/png", "image/jpeg", "image/webp"}


@given(text=st.text(max_size=400))
@example(text="\u0344" * 200)
def test_clean_names_are_plain_short_and_stay_as_they_are(text):
    name = clean_file_name(text)
    assert name and len(name) <= MAX_LENGTH and name.isprintable()
    assert not set(name) & set('/\\<>:"|?*') and not name.startswith(".") and name == name.strip(" ")
    assert clean_file_name(name) == name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\maria\\Service report.pdf", "Service report.pdf"),
        ("a\r\nContent-Type: text/html.pdf", "html.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        (".htaccess", "htaccess"),
        ("nul.txt", "_nul.txt"),
        ("...", "file"),
        ("", "file"),
        ("Gera\u0308t.pdf", "Gerät.pdf"),
    ],
)
def test_file_names_a_sender_may_try(sent, kept):
    assert clean_file_name(sent) == kept


def test_a_long_name_keeps_its_extension():
    name = clean_file_name("x" * 500 + ".pdf")
    assert (len(name), extension(name)) == (MAX_LENGTH, "pdf")
