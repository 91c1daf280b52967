"""Bar codes drawn and read, without Django: QR, DataMatrix (plain and GS1) and Code 128."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import segno
import zxingcpp
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFilter,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

MAX_TEXT = 1500
MAX_IMAGE_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 80_000_000
_WORKING_SIDE = 2400
_SMALL_SIDE = 900
_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, TypeError, KeyError, IndexError, AttributeError, OverflowError,
    ZeroDivisionError, AssertionError, NotImplementedError, MemoryError, RuntimeError, Image.DecompressionBombError,
)  # fmt: skip
_READERS = {
    "BMP": BmpImagePlugin, "GIF": GifImagePlugin, "JPEG": JpegImagePlugin, "PNG": PngImagePlugin, "TIFF": TiffImagePlugin,
    "WEBP": WebPImagePlugin,
}  # fmt: skip
"""Formats by Pillow's name. Naming the reader here registers it; Pillow finds only some by itself."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A symbol as rows of modules, True for dark, without the light zone that must surround it."""

    rows: tuple[tuple[bool, ...], ...]
    quiet: int

    @property
    def width(self) -> int:
        return len(self.rows[0])

    @property
    def height(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Read:
    """One symbol found on a picture. ``position`` holds its four corners in pixels of the upright picture."""

    text: str
    symbology: str
    identifier: str
    is_gs1: bool
    position: tuple[tuple[int, int], ...]

    @property
    def carrier(self) -> str:
        """The text as a scanner would send it: GS1 content behind its symbology identifier, such as ``]d2``."""
        return f"{self.identifier}{self.text}" if self.is_gs1 else self.text


def qr(text: str, *, error: str = "m") -> Matrix:
    """Return a QR code; ``error`` is the correction level l, m, q or h. Raises ValueError on empty or too long text."""
    if not text or len(text) > MAX_TEXT:
        raise ValueError(f"a QR code here holds 1 to {MAX_TEXT} characters, got {len(text)}")
    symbol = segno.make_qr(text, error=error, boost_error=False)
    return Matrix(tuple(tuple(bool(module) for module in row) for row in symbol.matrix), quiet=4)


def datamatrix(text: str) -> Matrix:
    """Return a square DataMatrix (ECC 200). Raises ValueError on empty or too long text."""
    return _drawn(text, zxingcpp.BarcodeFormat.DataMatrix, quiet=1, force_square=True)


def gs1_datamatrix(elements: Mapping[str, str]) -> Matrix:
    """Return a GS1 DataMatrix of application identifiers and values, such as ``{"01": "00885403026226", "21": "A1"}``.

    Raises ValueError where GS1 cannot hold a value. A wrong check digit passes, as it does on real labels.
    """
    if any(set(value) & set("()[]") for value in elements.values()):
        raise ValueError("brackets cannot be told from identifiers here")
    text = "".join(f"({identifier}){value}" for identifier, value in elements.items())
    return _drawn(text, zxingcpp.BarcodeFormat.DataMatrix, quiet=1, force_square=True, gs1=True)


def code128(text: str) -> Matrix:
    """Return a Code 128 as one row of modules, to be drawn as high as there is room. Raises ValueError."""
    drawn = _drawn(text, zxingcpp.BarcodeFormat.Code128, quiet=10)
    return Matrix(drawn.rows[:1], quiet=10)


def _drawn(text: str, kind: zxingcpp.BarcodeFormat, *, quiet: int, **options: bool) -> Matrix:
    if not text or len(text) > MAX_TEXT:
        raise ValueError(f"a bar code here holds 1 to {MAX_TEXT} characters, got {len(text)}")
    image = zxingcpp.create_barcode(text, kind, **options).to_image(scale=1, add_quiet_zones=False)
    view = memoryview(image)  # type: ignore[arg-type]  # it is a buffer of height x width bytes; its stub does not say so
    height, width = view.shape or (0, 0)
    flat = view.tobytes()
    return Matrix(tuple(tuple(value < 128 for value in flat[row * width : (row + 1) * width]) for row in range(height)), quiet=quiet)


def svg(matrix: Matrix, *, label: str = "", height: int | None = None) -> str:
    """Return the symbol with its light zone as an SVG that scales crisply and needs no style.

    One unit is one module. ``height`` stretches a one-row symbol; ``label`` is its name for screen readers.
    """
    tall = height or matrix.height
    across, down = matrix.width + 2 * matrix.quiet, tall + 2 * matrix.quiet
    stretch = tall if matrix.height == 1 else 1
    path = "".join(
        f"M{start + matrix.quiet} {y + matrix.quiet}h{length}v{stretch}h-{length}z"
        for y, row in enumerate(matrix.rows)
        for start, length in _runs(row)
    )
    named = f' role="img" aria-label="{escape(label)}"' if label else ' aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" shape-rendering="crispEdges"{named}>'
        f'<path fill="#fff" d="M0 0h{across}v{down}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def png(matrix: Matrix, *, scale: int = 8, height: int | None = None) -> bytes:
    """Return the symbol with its light zone as a black and white PNG, ``scale`` pixels to a module."""
    stretched = matrix.rows * (height or 1) if matrix.height == 1 else matrix.rows
    across, down = matrix.width + 2 * matrix.quiet, len(stretched) + 2 * matrix.quiet
    picture = Image.new("1", (across, down), 1)
    for y, row in enumerate(stretched):
        for x, dark in enumerate(row):
            if dark:
                picture.putpixel((x + matrix.quiet, y + matrix.quiet), 0)
    target = io.BytesIO()
    picture.resize((across * scale, down * scale), Image.Resampling.NEAREST).save(target, "PNG")
    return target.getvalue()


def _runs(row: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    start = None
    for x, dark in enumerate((*row, False)):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None


def decode_image(content: bytes) -> list[Read]:
    """Return the symbols on a photograph, best attempt first; empty if it is no picture or shows none. Never raises.

    Tries the picture as it is, then with its contrast stretched, in one threshold, sharpened, enlarged and softened.
    """
    if not content or len(content) > MAX_IMAGE_BYTES:
        return []
    try:
        picture = _grey(content)
    except _DAMAGE:
        return []
    if picture is None:
        return []
    for attempt, binarizer in _attempts(picture):
        if found := zxingcpp.read_barcodes(attempt, text_mode=zxingcpp.TextMode.Plain, binarizer=binarizer):
            return [_as_read(symbol, scale=attempt.width / picture.width) for symbol in found]
    return []


def _grey(content: bytes) -> Image.Image | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(content), formats=tuple(_READERS)) as image:
            if image.width * image.height > MAX_PIXELS or min(image.size) < 8:
                return None
            image.draft("L", (_WORKING_SIDE, _WORKING_SIDE))
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA", "P"):  # a transparent ground is meant as white
                upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
            grey = upright.convert("L")
    grey.thumbnail((_WORKING_SIDE, _WORKING_SIDE))
    return grey


def _attempts(picture: Image.Image) -> Iterator[tuple[Image.Image, zxingcpp.Binarizer]]:
    local, whole = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
    yield picture, local
    contrast = ImageOps.autocontrast(picture, cutoff=1)
    yield contrast, local
    yield contrast, whole
    yield contrast.filter(ImageFilter.UnsharpMask(radius=3, percent=200)), local
    if max(picture.size) <= _SMALL_SIDE:
        yield contrast.resize((contrast.width * 3, contrast.height * 3), Image.Resampling.BICUBIC), local
    yield contrast.filter(ImageFilter.GaussianBlur(1.5)), local


def _as_read(symbol: zxingcpp.Barcode, *, scale: float) -> Read:
    place = symbol.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return Read(
        text=symbol.text.encode("utf-8", "replace").decode("utf-8"),
        symbology=str(symbol.format),
        identifier=symbol.symbology_identifier,
        is_gs1=symbol.content_type == zxingcpp.ContentType.GS1,
        position=tuple((round(corner.x / scale), round(corner.y / scale)) for corner in corners),
    )
