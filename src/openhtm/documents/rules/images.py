"""Whether an image is one, and small enough to be shown by anybody's machine. Reads headers only."""

import struct
import warnings
from typing import BinaryIO

from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

MAX_PIXELS = 80_000_000  # a 48-megapixel phone and an A3 scan at 600 dpi fit; decoded this is 320 MB
MAX_SIDE = 30_000
KINDS = {"GIF": GifImagePlugin, "JPEG": JpegImagePlugin, "PNG": PngImagePlugin, "TIFF": TiffImagePlugin, "WEBP": WebPImagePlugin}
"""Formats by Pillow's name. Naming the reader here registers it; Pillow finds only some by itself."""
DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, TypeError, KeyError, IndexError, AttributeError, OverflowError,
    ZeroDivisionError, AssertionError, NotImplementedError, MemoryError, RuntimeError, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on damaged images, as found by feeding them damaged images."""


def refuse_image(source: BinaryIO, *, kind: str) -> str | None:
    """Return the sentence that refuses the image in ``source``, or None. Never raises on any content.

    ``kind`` is one of ``KINDS``, Pillow's names of formats.
    """
    source.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=(kind,)) as image:
                width, height = image.size
    except Image.DecompressionBombError:
        return _too_large()
    except DAMAGE:
        return "This image is damaged. Open it, save it again and attach that."
    return _too_large() if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE else None


def _too_large() -> str:
    return f"This image has more than {MAX_PIXELS // 1_000_000} million pixels. Make it smaller and attach that."
