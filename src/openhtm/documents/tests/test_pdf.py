"""Templates are ours, need nothing from outside, and treat any text as text."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import openhtm
from openhtm.documents.pdf import render_pdf

PACKAGE = Path(openhtm.__file__).parent
TEMPLATES = sorted(PACKAGE.glob("*/typst/*.typ"))
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_fetches_or_evaluates_anything(path):
    source = path.read_text(encoding="utf-8")
    assert "@preview" not in source and "@local" not in source
    assert "eval(" not in source and "plugin(" not in source
    assert "http://" not in source and "https://" not in source


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_on_a_label_gives_a_document(text):
    line = {"x": 1, "y": 1, "width": 30, "size": 7, "head": False, "cut": True, "text": text}
    data = {"page": [50, 25], "size": [50, 25], "sheets": [[{"x": 0, "y": 0, "symbols": [], "lines": [line]}]]}
    made = render_pdf("inventory/labels.typ", data, created_at=NOW)
    assert made.startswith(b"%PDF-")
    assert made == render_pdf("inventory/labels.typ", data, created_at=NOW)
