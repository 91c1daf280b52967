"""What a file is, told from its content alone: a short table of kinds that a device's record needs, and refusals for the rest."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from openhtm.documents.rules.file_names import extension
from openhtm.documents.rules.images import refuse_image

HEAD_BYTES = 4096
MAX_ZIP_ENTRIES = 20_000
MAX_ZIP_BYTES = 4 * 1024**3
MAX_ZIP_RATIO = 1000  # text compresses 5 to 50 times; a bomb a thousand times and more


@dataclass(frozen=True, slots=True)
class Media:
    """A kind of file: its media type, the name for people, the extensions that agree with it, whether a browser may show it."""

    media_type: str
    label: str
    extensions: tuple[str, ...]
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why content is refused: a stable code and the sentence with the remedy."""

    code: str
    sentence: str


PDF = Media("application/pdf", "PDF document", ("pdf",), inline=True)
PNG = Media("image/png", "PNG image", ("png",), inline=True)
JPEG = Media("image/jpeg", "JPEG image", ("jpg", "jpeg", "jpe", "jfif"), inline=True)
GIF = Media("image/gif", "GIF image", ("gif",))
WEBP = Media("image/webp", "WebP image", ("webp",), inline=True)
HEIC = Media("image/heic", "HEIC image", ("heic", "heif"))
TIFF = Media("image/tiff", "TIFF image", ("tif", "tiff"))
MP4 = Media("video/mp4", "MP4 video", ("mp4", "m4v"))
CSV = Media("text/csv", "CSV table", ("csv", "tsv"))
TEXT = Media("text/plain", "text file", ("txt", "log", "md", "json", "csv", "tsv"))
XLSX = Media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel workbook", ("xlsx",))
DOCX = Media("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word document", ("docx",))
PPTX = Media("application/vnd.openxmlformats-officedocument.presentationml.presentation", "PowerPoint file", ("pptx",))
ODT = Media("application/vnd.oasis.opendocument.text", "OpenDocument text", ("odt",))
ODS = Media("application/vnd.oasis.opendocument.spreadsheet", "OpenDocument spreadsheet", ("ods",))
ZIP = Media("application/zip", "ZIP archive", ("zip",))

ALL = (PDF, PNG, JPEG, GIF, WEBP, HEIC, TIFF, MP4, CSV, TEXT, XLSX, DOCX, PPTX, ODT, ODS, ZIP)
BY_TYPE = {media.media_type: media for media in ALL}
INLINE_TYPES = frozenset(media.media_type for media in ALL if media.inline)
_IMAGES = {PNG: "PNG", JPEG: "JPEG", GIF: "GIF", WEBP: "WEBP", TIFF: "TIFF"}

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc"})
_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash", b"3gp4", b"3gp5"}
)
_OOXML = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}
_ODF = {ODT.media_type: ODT, ODS.media_type: ODS}
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    OSError,
    ValueError,
    NotImplementedError,
    EOFError,
    UnicodeError,
    IndexError,
    KeyError,
)

_PROGRAMS = (
    (b"MZ", "Windows program"),
    (b"\x7fELF", "Linux program"),
    (b"\xca\xfe\xba\xbe", "Java or macOS program"),
    (b"\xfe\xed\xfa\xce", "macOS program"),
    (b"\xfe\xed\xfa\xcf", "macOS program"),
    (b"\xce\xfa\xed\xfe", "macOS program"),
    (b"\xcf\xfa\xed\xfe", "macOS program"),
    (b"#!", "script"),
    (b"\x00asm", "WebAssembly program"),
    (b"dex\n", "Android program"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "Windows shortcut"),
)
_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an older Office file", "Save it as PDF, DOCX or XLSX and attach that."),
    (b"Rar!", "a RAR archive", "Pack it as ZIP and attach that."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Pack it as ZIP and attach that."),
    (b"\x1f\x8b", "a gzip archive", "Pack it as ZIP and attach that."),
    (b"BM", "a BMP image", "Save it as PNG or JPEG and attach that."),
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"\s*<\s*[!?/a-z]", re.IGNORECASE)
_ACTIVE = re.compile(r"<\s*(script|html|svg|iframe|!doctype)\b", re.IGNORECASE)


def recognise(source: BinaryIO, *, file_name: str) -> Media | Refusal:
    """Tell what ``source`` (seekable, read from its start) is, or why it is refused. Never raises on any content.

    ``file_name`` only settles CSV against plain text, and must agree with the content where it has an extension.
    """
    source.seek(0)
    head = source.read(HEAD_BYTES)
    if not head:
        return Refusal("empty", "This file is empty. Choose the file again.")
    found = _refuse_active(head) or _by_signature(head) or _by_container(head, source) or _as_text(source, file_name)
    if found is None:
        return _unknown(head)
    if isinstance(found, Refusal):
        return found
    return _refuse_content(found, source) or _refuse_extension(found, file_name) or found


def _refuse_active(head: bytes) -> Refusal | None:
    for magic, label in _PROGRAMS:
        if head.startswith(magic):
            return Refusal("program", f"This is a {label}. Programs and scripts are not kept here; pack firmware files as ZIP.")
    return None


def _by_signature(head: bytes) -> Media | None:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return PDF
    for magic, media in ((b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG), (b"GIF87a", GIF), (b"GIF89a", GIF)):
        if head.startswith(magic):
            return media
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return TIFF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return HEIC if head[8:12] in _HEIC_BRANDS else MP4 if head[8:12] in _MP4_BRANDS else None
    return None


def _by_container(head: bytes, source: BinaryIO) -> Media | Refusal | None:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            return _refuse_bomb(archive) or _kind_of_zip(archive)
    except _ZIP_ERRORS:
        return Refusal("damaged", "This ZIP archive or Office file is damaged. Open it, save it again and attach that.")


def _refuse_bomb(archive: zipfile.ZipFile) -> Refusal | None:
    entries = archive.infolist()
    unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if len(entries) > MAX_ZIP_ENTRIES or unpacked > MAX_ZIP_BYTES or (unpacked > 2**20 and unpacked > MAX_ZIP_RATIO * max(packed, 1)):
        return Refusal("bomb", "This archive would unpack to far more than it holds. Attach the files one by one.")
    return None


def _kind_of_zip(archive: zipfile.ZipFile) -> Media | Refusal:
    names = archive.namelist()
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return Refusal("macros", "This Office file holds macros. Save it without macros, or as PDF, and attach that.")
    if "[Content_Types].xml" in names:
        return next((media for folder, media in _OOXML.items() if any(name.startswith(folder) for name in names)), ZIP)
    first = archive.infolist()[0] if names else None
    if first and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED and first.file_size <= 100:
        return _ODF.get(archive.read(first).decode("ascii", "replace"), ZIP)
    return ZIP


def _as_text(source: BinaryIO, file_name: str) -> Media | Refusal | None:
    source.seek(0)
    start = source.read(HEAD_BYTES)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = start.decode("utf-16", "replace")
    else:
        if not _all_text(source, start):
            return None
        text = start.decode("utf-8-sig", "replace")
    if "\0" in text:
        return None
    if _MARKUP.match(text) or _ACTIVE.search(text):
        return Refusal("markup", "This is HTML, SVG or XML. Such files can act when opened; print it to PDF and attach that.")
    return CSV if extension(file_name) in CSV.extensions else TEXT


def _all_text(source: BinaryIO, start: bytes) -> bool:
    chunk = start
    while chunk:
        if _NOT_TEXT.search(chunk):
            return False
        chunk = source.read(1 << 20)
    return True


def _refuse_content(media: Media, source: BinaryIO) -> Refusal | None:
    if media not in _IMAGES:
        return None
    sentence = refuse_image(source, kind=_IMAGES[media])
    return Refusal("image", sentence) if sentence else None


def _refuse_extension(media: Media, file_name: str) -> Refusal | None:
    given = extension(file_name)
    if not given or given in media.extensions:
        return None
    return Refusal(
        "name-disagrees", f"The name ends in .{given}, but the content is a {media.label}. Rename it to end in .{media.extensions[0]}."
    )


def _unknown(head: bytes) -> Refusal:
    for magic, label, remedy in _OTHERS:
        if head.startswith(magic):
            return Refusal("kind-not-kept", f"This is {label}. {remedy}")
    return Refusal(
        "kind-not-known", "This kind of file is not known here. Attach a PDF, an image, a text, an Office file or a ZIP archive."
    )
