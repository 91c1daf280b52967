"""Printed documents: Typst templates of ours, filled with data that stays text whatever it holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import font_source_sans_pro
import typst

import openhtm

_PACKAGE = Path(openhtm.__file__).parent
_FONTS = Path(font_source_sans_pro.__file__).parent / "files"


def render_pdf(template: str, data: Mapping[str, Any], *, assets: Mapping[str, str] | None = None, created_at: dt.datetime) -> bytes:
    """Return the PDF of ``template``, such as ``inventory/passport.typ`` (found in that room's ``typst`` folder).

    ``data`` is JSON-ready and reaches the template as ``data``; ``assets`` are SVG texts, reached as ``data.assets``.
    Same input and ``created_at`` (aware) give the same bytes. Reads no network: templates use no outside packages.
    """
    return _compile(template, data, assets or {}, created_at=created_at, kind="pdf")[0]


def render_pictures(
    template: str,
    data: Mapping[str, Any],
    *,
    assets: Mapping[str, str] | None = None,
    kind: Literal["svg", "png"] = "svg",
    pixels_per_inch: float = 144,
) -> list[bytes]:
    """Return one picture for each page of the same document: for previews on pages, and for looking at it in tests."""
    return _compile(template, data, assets or {}, created_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC), kind=kind, ppi=pixels_per_inch)


def _compile(
    template: str,
    data: Mapping[str, Any],
    assets: Mapping[str, str],
    *,
    created_at: dt.datetime,
    kind: Literal["pdf", "svg", "png"],
    ppi: float = 144,
) -> list[bytes]:
    room, _, name = template.partition("/")
    compiler = typst.Compiler(
        _PACKAGE / room / "typst" / name,
        root=_PACKAGE,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps({**data, "assets": dict(assets)})},
    )
    made = compiler.compile(format=kind, ppi=ppi if kind == "png" else None, timestamp=int(created_at.timestamp()))
    return made if isinstance(made, list) else [made or b""]


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """Our fonts first, so that documents look the same everywhere; the machine's own for scripts that ours do not hold."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[_FONTS])
