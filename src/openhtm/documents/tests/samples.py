"""Small files of every kind, made here so that nothing from outside is needed."""

import io
import zipfile

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def image(kind: str, size: tuple[int, int] = (8, 6)) -> bytes:
    target = io.BytesIO()
    Image.new("L", size, 200).save(target, kind)
    return target.getvalue()


def archive(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in entries.items():
            packed.writestr(name, content, compress_type=zipfile.ZIP_STORED if name == "mimetype" else compression)
    return target.getvalue()


XLSX = archive({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
DOCX = archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"})
ODT = archive({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<office/>"})
ZIP = archive({"firmware.bin": b"\x00\x01\x02"})
MACROS = archive({"[Content_Types].xml": b"<Types/>", "xl/vbaProject.bin": b"x"})
BOMB = archive({"zeros": b"\0" * (20 * 2**20)})
