"""Symbols are drawn so that they are read back, and no picture breaks the reader."""

import io
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from openhtm.ui import barcodes

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(text=printable)
def test_qr_is_read_back(text):
    assert [found.text for found in barcodes.decode_image(barcodes.png(barcodes.qr(text)))] == [text]


@settings(max_examples=40, deadline=None)
@given(text=printable)
def test_datamatrix_is_read_back_and_square(text):
    matrix = barcodes.datamatrix(text)
    assert matrix.width == matrix.height
    assert [found.text for found in barcodes.decode_image(barcodes.png(matrix))] == [text]


@settings(max_examples=30, deadline=None)
@given(serial=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-./", min_size=1, max_size=20))
def test_gs1_datamatrix_is_read_back_as_a_scanner_sends_it(serial):
    [found] = barcodes.decode_image(barcodes.png(barcodes.gs1_datamatrix({"01": "00885403026226", "21": serial, "10": "L1"})))
    assert found.is_gs1
    assert found.carrier == f"]d2010088540302622621{serial}\x1d10L1"


def test_code128_is_read_back():
    [found] = barcodes.decode_image(barcodes.png(barcodes.code128("BME-00042"), scale=3, height=40))
    assert (found.text, found.is_gs1) == ("BME-00042", False)


@pytest.mark.parametrize("value", ["A(B", "A[B"])
def test_gs1_refuses_brackets_instead_of_drawing_another_code(value):
    with pytest.raises(ValueError, match="brackets"):
        barcodes.gs1_datamatrix({"01": "00885403026226", "21": value})


@pytest.mark.parametrize("draw", [barcodes.qr, barcodes.datamatrix, barcodes.code128])
@pytest.mark.parametrize("text", ["", "x" * 5000])
def test_text_that_does_not_fit_is_refused(draw, text):
    with pytest.raises(ValueError, match="holds 1 to"):
        draw(text)


@settings(max_examples=60, deadline=None)
@given(
    label=st.text(max_size=30).filter(
        lambda text: all(ord(char) >= 32 and not 0xD800 <= ord(char) <= 0xDFFF and ord(char) not in (0xFFFE, 0xFFFF) for char in text)
    )
)
def test_svg_is_well_formed_without_style_and_keeps_its_label_text(label):
    drawn = barcodes.svg(barcodes.qr("X"), label=label)
    root = ET.fromstring(drawn)
    assert root.get("aria-label", "") == label
    assert "style" not in drawn.replace(root.get("aria-label", ""), "")
    assert root.get("viewBox") == "0 0 29 29"


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400))
def test_no_bytes_break_the_reader(content):
    assert barcodes.decode_image(content) == []


PICTURES = {
    kind: (
        lambda target, kind=kind: (
            Image.open(io.BytesIO(barcodes.png(barcodes.qr("HTM"), scale=4))).convert("L").save(target, kind),
            target.getvalue(),
        )[1]
    )(io.BytesIO())
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
}


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(PICTURES)), at=st.floats(0, 1), patch=st.binary(min_size=1, max_size=12), cut=st.floats(0.1, 1))
def test_no_damaged_picture_breaks_the_reader(kind, at, patch, cut):
    whole = bytearray(PICTURES[kind])
    start = int(at * (len(whole) - 1))
    whole[start : start + len(patch)] = patch
    for found in barcodes.decode_image(bytes(whole[: int(cut * len(whole))])):
        assert isinstance(found.text, str)


def photographed(text: str, *, angle: float, low: int, high: int, blur: float) -> bytes:
    """A label on a grey wall: turned, with little contrast, out of focus."""
    symbol = Image.open(io.BytesIO(barcodes.png(barcodes.qr(text), scale=9))).convert("L")
    wall = Image.new("L", (1400, 1000), 200)
    wall.paste(symbol, (500, 300))
    faded = wall.rotate(angle, fillcolor=200).filter(ImageFilter.GaussianBlur(blur)).point(lambda value: low + (high - low) * value // 255)
    target = io.BytesIO()
    faded.save(target, "JPEG", quality=60)
    return target.getvalue()


@pytest.mark.parametrize(
    ("angle", "low", "high", "blur"), [(0, 0, 255, 0), (90, 0, 255, 1), (17, 60, 200, 1.5), (203, 90, 150, 2), (45, 110, 140, 1)]
)
def test_photographs_are_read_turned_and_pale(angle, low, high, blur):
    text = "https://htm.example.org/d/BME-00042"
    assert [found.text for found in barcodes.decode_image(photographed(text, angle=angle, low=low, high=high, blur=blur))] == [text]


def test_a_picture_with_too_many_pixels_is_left_alone():
    target = io.BytesIO()
    Image.new("1", (20_000, 20_000), 1).save(target, "PNG")
    assert barcodes.decode_image(target.getvalue()) == []
