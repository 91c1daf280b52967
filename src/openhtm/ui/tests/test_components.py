"""Every component: what it shows, and that no value becomes markup."""

import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from openhtm.ui import composed, icons, marks, parts
from openhtm.ui.rules.windows import DueWindow

EVIL = "<script>x</script>\"'&"
TODAY = date(2026, 11, 22)
WINDOW = DueWindow(opens_on=date(2026, 10, 1), due_on=date(2026, 12, 12), grace_until=date(2027, 1, 11), today=TODAY)
NODE = parts.TreeNode(label=EVIL, url=EVIL, detail=EVIL, icon="layers", children=[parts.TreeNode(label=EVIL, lazy_url=EVIL)])
COMPONENTS = {
    "{% status 'ok' evil %}": {},
    "{% unknown evil %}": {},
    "{% value evil %}{% value evil mono=True %}": {},
    "{{ evil|or_unknown }}{{ evil|or_dash }}": {},
    "{% chip evil evil remove_url=evil %}": {},
    "{% two_lines evil evil url=evil %}": {},
    "{% figure evil evil url=evil tone=evil %}": {},
    "{% button evil url=evil kind=evil %}{% button evil name=evil value=evil confirm=evil %}": {},
    "{% icon 'search' evil %}": {},
    "{% meter 43 label=evil %}": {},
    "{% limit_line 5 low=1 high=9 unit=evil %}": {},
    "{% pick_td evil evil %}": {},
    "{% sort_th evil evil %}": {},
    "{% tabs items label=evil %}": {"items": [parts.Tab(label=EVIL, url=EVIL, count=EVIL)]},
    "{% sentence items lead=evil add_url=evil clear_url=evil %}": {"items": [parts.Chip(label=EVIL, value=EVIL, remove_url=EVIL)]},
    "{% nav_lines items %}": {"items": [parts.NavItem(label=EVIL, url=EVIL, icon="search", current=True)]},
    "{% facts items %}": {"items": [parts.Fact(label=EVIL, value=EVIL, url=EVIL, copy=True)]},
    "{% notices items label=evil %}": {
        "items": [
            parts.Notice(title=EVIL, detail=EVIL, tone=EVIL, action_label=EVIL, action_url=EVIL, why_url=EVIL),
            parts.Notice(title=EVIL, action_label=EVIL, action_url=EVIL, method="post"),
        ]
    },
    "{% timeline items more_url=evil %}": {
        "items": [parts.Event(when=TODAY, title=EVIL, detail=EVIL, url=EVIL, reason=EVIL, changes=[(EVIL, EVIL, EVIL)], tone=EVIL)]
    },
    "{% pager page %}": {"page": parts.Pager(shown=EVIL, note=EVIL, label=EVIL, next_url=EVIL, previous_url=EVIL)},
    "{% empty evil evil action_label=evil action_url=evil %}": {},
    "{% tree items label=evil %}": {"items": [NODE]},
    "{% bulk_bar items total=evil form=evil %}": {"items": [parts.BulkAction(name=EVIL, label=EVIL, kind=EVIL)]},
    "{% column_chooser items action=evil %}": {"items": [parts.Column(key=EVIL, label=EVIL)]},
    "{% job state %}": {
        "state": parts.JobState(title=EVIL, state="running", step=EVIL, problem=EVIL, poll_url=EVIL, cancel_url=EVIL, total=3)
    },
    "{% code_figure picture evil evil %}": {"picture": EVIL},
    "{% crumbs items %}": {"items": [(EVIL, EVIL), (EVIL, "")]},
    "{% sheet evil link_label=evil link_url=evil %}{{ evil }}{% endsheet %}": {},
    "{% why evil %}{{ evil }}{% endwhy %}": {},
    "{% dialog evil evil %}{{ evil }}{% enddialog %}": {},
    "{% menu evil kind=evil %}{{ evil }}{% endmenu %}": {},
}


@pytest.mark.parametrize("markup", COMPONENTS)
def test_html_in_a_value_stays_text(markup):
    html = _render(markup, evil=EVIL, **COMPONENTS[markup])
    seen = _Reader(html)
    assert "script" not in seen.tags
    assert EVIL in seen.text or EVIL in seen.values or any(EVIL in value for value in seen.values)


@pytest.mark.parametrize("markup", COMPONENTS)
def test_markup_is_closed_and_free_of_inline_style(markup):
    seen = _Reader(_render(markup, evil="plain", **COMPONENTS[markup]))
    assert seen.open == []
    assert not [name for name in seen.names if name == "style" or name.startswith("on")]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_text_comes_back_as_it_was(text):
    assert _Reader(marks.value(text, mono=True)).text == text


@pytest.mark.parametrize(("content", "unknown"), [(None, True), ("", True), (0, False), (False, False), ("0", False)])
def test_unknown_is_said_and_zero_is_a_value(content, unknown):
    assert ('data-tone="unknown"' in marks.value(content)) is unknown


def test_a_tone_outside_the_six_is_refused():
    with pytest.raises(ValueError, match="not one of the tones"):
        marks.status("danger", "x")


def test_icons_are_drawn_once_and_a_wrong_name_is_refused():
    assert icons.drawing("search") is icons.drawing("search")
    assert 'aria-hidden="true"' in icons.drawing("search")
    assert 'aria-label="Find"' in icons.named("search", "Find")
    with pytest.raises(icons.UnknownIcon):
        icons.drawing("no-such-icon")


def test_every_icon_named_in_our_templates_and_palette_exists():
    from openhtm.ui.composed import PALETTE_ICONS
    from openhtm.ui.templatetags.ui import _TONE_ICONS

    assert all("<" in icons.drawing(name) for name in (*PALETTE_ICONS, *_TONE_ICONS.values()))


def test_the_due_bar_says_in_words_what_it_draws():
    bar = marks.due_bar(WINDOW)
    assert 'role="img"' in bar
    assert "Due 12 Dec 2026, window from 1 Oct 2026, grace until 11 Jan 2027; in window" in bar


def test_dates_are_unambiguous_and_machine_readable():
    assert _render("{{ day|day }}", day=date(2026, 4, 3)) == '<time datetime="2026-04-03">3 Apr 2026</time>'
    shown = marks.age(datetime(2026, 11, 22, 7, 12, tzinfo=UTC), now=datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    assert "1 h ago" in shown
    assert "22 Nov 2026" in shown


@pytest.mark.parametrize(
    ("query", "link", "order"),
    [
        ("", "?sort=due", None),
        ("?sort=due&q=a&cursor=x", "?sort=-due&amp;q=a", "ascending"),
        ("?sort=-due", "?sort=due", "descending"),
        ("?sort=tag", "?sort=due", None),
    ],
)
def test_sorting_links_turn_around_and_start_at_the_first_page(query, link, order):
    html = _render("{% sort_th 'Due' 'due' %}", query=query)
    assert f'href="{link}"' in html
    assert (f'aria-sort="{order}"' in html) if order else ("aria-sort" not in html)


def test_the_column_chooser_keeps_the_filters_and_drops_the_cursor():
    html = _render("{% column_chooser items %}", query="?q=pump&cursor=abc&columns=tag", items=[parts.Column(key="tag", label="Tag")])
    assert 'name="q" value="pump"' in html
    assert "abc" not in html
    assert html.count('name="columns"') == 1


def test_a_finished_job_stops_asking():
    moving = parts.JobState(title="Import", state="running", done=1, total=2, poll_url="/j")
    ended = parts.JobState(title="Import", state="done", done=2, total=2, poll_url="/j", result_url="/r")
    assert 'hx-get="/j"' in _render("{% job state %}", state=moving)
    assert "hx-get" not in _render("{% job state %}", state=ended)


def test_no_notices_leave_no_empty_box():
    assert _render("{% notices items %}", items=[]).strip() == ""


def test_the_htmx_settings_are_json_that_swaps_refusals_and_runs_nothing():
    from django.template.loader import get_template

    head = _Reader(get_template("ui/_head.html").render({}))
    config = json.loads(head.metas["htmx-config"])
    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False
    assert {"code": "422", "swap": True} in config["responseHandling"]


def test_only_what_everybody_sees_alike_is_kept_for_all():
    assert composed.fixed("ui/_scripts.html") is composed.fixed("ui/_scripts.html")
    with pytest.raises(ValueError, match="not one of the fixed parts"):
        composed.fixed("ui/_person_menu.html")


def test_every_tag_and_filter_is_described():
    from openhtm.ui.templatetags.ui import register

    page = (Path(__file__).parents[4] / "docs" / "reference" / "components.md").read_text()
    inner = {"tone_icon", "message_tone", "message_icon", "fixed", "nav_lines"}  # used by the kit's own templates only
    used = set(re.findall(r"\{% (\w+)", page)) | set(re.findall(r"\\\|(\w+)", page))
    assert ({*register.tags, *register.filters}) - inner - used == set()


def _render(markup: str, query: str = "", **context: object) -> str:
    request = RequestFactory().get("/list" + query)
    return Template("{% load ui %}" + markup).render(Context({"request": request, **context}))


class _Reader(HTMLParser):
    """Reads markup as a browser does: tags, attribute names and values, text, and what was left open."""

    VOID = frozenset({"input", "meta", "link", "rect", "path", "circle", "line", "br", "polyline", "ellipse", "polygon"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.values: list[str] = []
        self.metas: dict[str, str] = {}
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)
        self.values += [value for _, value in attrs if value]
        given = dict(attrs)
        if tag == "meta" and "name" in given:
            self.metas[given["name"]] = given.get("content") or ""
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag
        self.open.pop()

    def handle_data(self, data):
        self.text += data
