"""The strict content security policy holds in every template, and styles keep to their rules (STYLE 15, 16)."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "openhtm"
TEMPLATES = sorted(SOURCE.glob("*/templates/**/*.html"))
STYLES = sorted(SOURCE.glob("*/static/**/*.css"))
SCRIPTS = sorted(SOURCE.glob("*/static/**/*.js"))
LAYERS = "reset|tokens|base|layout|components|utilities|print"


def names(paths):
    return [str(path.relative_to(SOURCE)) for path in paths]


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_has_no_inline_style_or_script(path):
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "style attributes are refused by the policy: use a class or SVG geometry"
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text), "scripts come from static files"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text), "listen in a module instead of an on… attribute"
    assert not re.search(r"\bhx-(on|vars)\b|hx-vals=['\"]js:", text), "htmx may not evaluate code"
    assert not re.search(r"(src|href)=['\"](https?:)?//", text), "a page loads nothing from elsewhere"


@pytest.mark.parametrize("path", STYLES, ids=names(STYLES))
def test_a_stylesheet_is_layered_and_never_shouts(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    assert "!important" not in text
    assert "http" not in text
    assert not re.search(r"(^|[\s,}])#[a-z][\w-]*\s*[{,.:]", text, flags=re.M), "no ids in selectors"
    top_level = re.sub(r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}", "{}", text)
    assert re.fullmatch(rf"(\s*@layer ({LAYERS})(, ({LAYERS}))*\s*(\{{\}}|;))+\s*", top_level), "rules outside a layer"


@pytest.mark.parametrize("path", STYLES, ids=names(STYLES))
def test_components_use_meanings_and_logical_sides(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    if path.name not in {"tokens.css", "print.css"}:
        assert not re.search(r":[^;{}]*#[0-9a-f]{3,8}\b", text), "colours are named in tokens.css"
        assert "oklch(" not in text
    assert not re.search(r"\b(margin|padding|border)-(left|right|top|bottom)\b", text)
    assert not re.search(r"(^|[;{\s])(left|right|top|bottom)\s*:", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=names(SCRIPTS))
def test_a_script_writes_text_and_evaluates_nothing(path):
    text = path.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\.", text)
    assert path.stat().st_size < 20_000, "small, hand-written modules only"
