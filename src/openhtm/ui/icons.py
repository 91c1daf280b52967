"""Lucide icons as short inline SVG, drawn once per process.

Inline, not a sprite: a fragment swapped in later must not depend on what the page around it happened to hold, and a
cached string costs less than a template variable (docs/reference/components.md has the figures).
"""

import re
from functools import cache
from importlib import resources
from io import BytesIO
from zipfile import ZipFile

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_OPENING = re.compile(r"<svg[^>]*>")
_BETWEEN_TAGS = re.compile(r">\s+<")


class UnknownIcon(LookupError):
    """A template asks for an icon that the installed Lucide set does not hold."""


@cache
def drawing(name: str) -> SafeString:
    """The icon for the eye only (``aria-hidden``), sized by the text around it. Raises UnknownIcon."""
    attributes = 'class="i" viewBox="0 0 24 24" aria-hidden="true" focusable="false"'
    return mark_safe(f"<svg {attributes}>{_shapes(name)}</svg>")  # noqa: S308 - the drawing comes from the package


def named(name: str, label: str) -> SafeString:
    """The icon as a picture with words, for an icon that stands alone. Raises UnknownIcon."""
    opening = f'<svg class="i" viewBox="0 0 24 24" role="img" aria-label="{escape(label)}">'
    return mark_safe(f"{opening}{_shapes(name)}</svg>")  # noqa: S308 - the label is escaped above


@cache
def _shapes(name: str) -> str:
    try:
        svg = _archive().read(f"{name}.svg").decode()
    except KeyError:
        raise UnknownIcon(f"there is no Lucide icon named {name!r}") from None
    inner = _OPENING.sub("", svg, count=1).replace("</svg>", "").strip()
    return _BETWEEN_TAGS.sub("><", inner).replace(" />", "/>")


@cache
def _archive() -> ZipFile:
    return ZipFile(BytesIO(resources.files("lucide").joinpath("lucide.zip").read_bytes()))
