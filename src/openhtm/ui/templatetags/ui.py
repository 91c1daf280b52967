"""``{% load ui %}``: the components as tags. Every tag takes values; docs/reference/components.md lists them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm, BoundField
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from openhtm.ui import charts, composed, icons, marks, panels, parts
from openhtm.ui.rules import formats, windows

register = template.Library()

_DASH = mark_safe('<span class="muted" title="does not apply">–</span>')
_NUM = mark_safe(' class="num"')
_PICK = '<td class="pick"><label><input type="checkbox" name="selected" value="{}" data-row aria-label="Select {}"></label></td>'
_TONE_ICONS = {
    "ok": "check",
    "due": "clock",
    "late": "triangle-alert",
    "info": "info",
    "hold": "circle-pause",
    "unknown": "circle-question-mark",
}

register.simple_tag(marks.status, name="status")
register.simple_tag(marks.unknown, name="unknown")
register.simple_tag(marks.value, name="value")
register.simple_tag(marks.instant, name="instant")
register.simple_tag(marks.age, name="age")
register.simple_tag(marks.due_bar, name="due_bar")
register.simple_tag(marks.meter, name="meter")
register.simple_tag(marks.pair, name="pair")
register.simple_tag(charts.load_bar, name="load_bar")
register.simple_tag(charts.stack_bar, name="stack_bar")
register.simple_tag(charts.share_bar, name="share_bar")
register.simple_tag(marks.limit_line, name="limit_line")
register.simple_tag(marks.chip, name="chip")
register.simple_tag(marks.two_lines, name="two_lines")
register.simple_tag(composed.fixed, name="fixed")
register.simple_tag(composed.nav_lines, name="nav_lines")
register.simple_tag(composed.tabs, name="tabs")
register.simple_tag(composed.facts, name="facts")
register.simple_tag(composed.timeline, name="timeline")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """``{% icon "search" %}``; with a label when the icon stands alone."""
    return icons.named(name, label) if label else icons.drawing(str(name))


@register.filter
def day(moment: date | None) -> SafeString:
    """``{{ device.accepted_on|day }}``: 12 Dec 2026, or the unknown mark."""
    return marks.day(moment)


@register.filter
def or_unknown(content: object) -> SafeString:
    """The value, or the unknown mark for None and ""."""
    return marks.value(content)


@register.filter
def or_dash(content: object) -> object:
    """The value, or an en dash where "does not apply" is meant, which is not the same as unknown."""
    return _DASH if content in (None, "") else content


@register.filter
def money(cents: int | None, currency: str = "USD") -> str:
    """Minor units as an amount, or the unknown mark."""
    return marks.unknown() if cents is None else formats.money(cents, currency=currency or "USD")


@register.filter
def filesize(octets: int | None) -> str:
    return marks.unknown() if octets is None else formats.size(octets)


@register.filter
def number(amount: int | float | Decimal | str | None) -> str:
    """Thousands apart; text such as ``10,000+`` passes unchanged."""
    if amount is None:
        return marks.unknown()
    return amount if isinstance(amount, str) else formats.number(amount)


@register.filter
def percent(share: float | None) -> str:
    return marks.unknown() if share is None else formats.percent(share)


@register.filter
def duration(minutes: int | None) -> str:
    return marks.unknown() if minutes is None else formats.duration(minutes)


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that belongs to a tone, for marks that were given none."""
    return _TONE_ICONS.get(tone, "info")


@register.filter
def message_tone(message: Message) -> str:
    """The tone of one of Django's messages."""
    return {"success": "ok", "warning": "due", "error": "late"}.get(message.level_tag, "info")


@register.filter
def message_icon(message: Message) -> str:
    return _TONE_ICONS[message_tone(message)]


@register.simple_tag
def due_window(opens_on: date, due_on: date, grace_until: date, today: date, on_time_until: date | None = None) -> SafeString:
    """The due bar from its dates, for templates that hold no ``DueWindow``."""
    window = windows.DueWindow(opens_on=opens_on, due_on=due_on, grace_until=grace_until, today=today, on_time_until=on_time_until)
    return marks.due_bar(window)


@register.simple_tag
def figure(amount: object, label: str, url: str = "", tone: str = "") -> SafeString:
    """A large number with its words; with ``url`` it opens to its rows."""
    shown = formats.number(amount) if isinstance(amount, int | float | Decimal) else amount
    inner = format_html("<b>{}</b><small>{}</small>", marks.value(shown, absent="not known"), label)
    tag, attributes = ("a", format_html(' href="{}"', url)) if url else ("div", "")
    return format_html('<{} class="figure"{} data-tone="{}">{}</{}>', tag, attributes, tone, inner, tag)


@register.simple_tag
def button(label: str, url: str = "", kind: str = "", icon: str = "", name: str = "", value: str = "", confirm: str = "") -> SafeString:
    """A link that looks like a button when ``url`` is given, else a submit button. ``kind``: primary, quiet, danger.

    ``confirm`` asks that question in a dialog before a submit button acts; without JavaScript the button acts at once,
    so the service behind it must be safe to undo or ask again.
    """
    drawn = icons.drawing(icon) if icon else ""
    shared = format_html('class="button" data-kind="{}"', kind)
    if url:
        return format_html('<a {} href="{}">{}{}</a>', shared, url, drawn, label)
    named = format_html(' name="{}" value="{}"', name, value) if name else ""
    asked = format_html(' data-confirm="{}"', confirm) if confirm else ""
    return format_html("<button {}{}{}>{}<span>{}</span></button>", shared, named, asked, drawn, label)


@register.simple_tag(takes_context=True)
def sort_th(context: Context, label: str, key: str, num: bool = False, default: str = "") -> SafeString:
    """A table header that sorts by ``key``: first ascending, then descending. Drops the paging cursor from the link.

    The order in force is the query's ``sort`` or, without one, ``default``.
    """
    request: HttpRequest = context["request"]
    now = request.GET.get("sort", default)
    wanted = f"-{key}" if now == key else key
    query = request.GET.copy()
    for name in ("cursor", "after", "before", "page"):
        query.pop(name, None)
    query["sort"] = wanted
    state = {key: ("ascending", "arrow-up"), f"-{key}": ("descending", "arrow-down")}.get(now)
    order = format_html(' aria-sort="{}"', state[0]) if state else ""
    drawn = icons.drawing(state[1]) if state else ""
    kind = _NUM if num else ""
    return format_html('<th scope="col"{}{}><a href="?{}">{}{}</a></th>', kind, order, query.urlencode(), label, drawn)


@register.simple_tag
def pick_td(value: object, label: object) -> SafeString:
    """The cell that selects its row; posts ``selected=value``."""
    return format_html(_PICK, value, label)


@register.simple_tag
def pick_th() -> SafeString:
    """The head of the selecting column: takes or leaves the whole page of rows (with JavaScript)."""
    box = format_html('<input type="checkbox" data-all hidden aria-label="{}">', "Select all on this page")
    return format_html('<th scope="col" class="pick"><label>{}</label></th>', box)


@register.inclusion_tag("ui/sentence.html")
def sentence(chips: Sequence[parts.Chip], lead: str = "Show", add_url: str = "", clear_url: str = "") -> dict[str, Any]:
    """The filters of a list as a sentence of chips."""
    return {"chips": chips, "lead": lead, "add_url": add_url, "clear_url": clear_url}


@register.inclusion_tag("ui/notices.html")
def notices(items: Sequence[parts.Notice], label: str = "What needs attention") -> dict[str, Any]:
    """What needs attention, each with its reason and its one action. Shows nothing when there is nothing."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/pager.html")
def pager(page: parts.Pager) -> dict[str, Any]:
    """The foot of a keyset-paged list."""
    return {"page": page}


@register.inclusion_tag("ui/empty.html")
def empty(title: str, detail: str = "", icon: str = "inbox", action_label: str = "", action_url: str = "") -> dict[str, Any]:
    """An empty list says why it is empty and what to do next."""
    return {"title": title, "detail": detail, "icon": icon, "action_label": action_label, "action_url": action_url}


@register.inclusion_tag("ui/tree.html")
def tree(nodes: Sequence[parts.TreeNode], label: str = "Places") -> dict[str, Any]:
    """A tree that folds without JavaScript."""
    return {"nodes": nodes, "label": label, "nested": False}


@register.inclusion_tag("ui/bulk_bar.html")
def bulk_bar(actions: Sequence[parts.BulkAction], total: int | str | None = None, form: str = "") -> dict[str, Any]:
    """What can be done to the selected rows; stands inside (or names by ``form``) the form around the table.

    With ``total`` the person may also choose all rows of the filter, posted as ``everything=1``.
    """
    return {"actions": actions, "total": total, "form": form}


@register.inclusion_tag("ui/columns.html", takes_context=True)
def column_chooser(context: Context, columns: Sequence[parts.Column], action: str = "") -> dict[str, Any]:
    """A menu of columns; sends ``columns=key`` once per shown column and keeps the rest of the query."""
    request: HttpRequest = context["request"]
    kept = [(key, value) for key, values in request.GET.lists() for value in values if key not in {"columns", "cursor"}]
    return {"columns": columns, "action": action, "kept": kept}


@register.inclusion_tag("ui/job.html")
def job(state: parts.JobState) -> dict[str, Any]:
    """A background job that reports by itself until it ends; ``poll_url`` answers with this same component."""
    return {"job": state}


@register.inclusion_tag("ui/code_figure.html")
def code_figure(picture: SafeString, caption: str = "", detail: str = "") -> dict[str, Any]:
    """A bar code or QR picture (SVG made on the server) on white, also in the dark, with its text below."""
    return {"picture": picture, "caption": caption, "detail": detail}


@register.inclusion_tag("ui/crumbs.html")
def crumbs(trail: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Where a page stands: ``(label, url)`` from the top down; the last one may have an empty url."""
    return {"trail": trail}


@register.inclusion_tag("ui/form/errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """Everything that keeps a form from being saved, each line leading to its field."""
    lines = [
        (form[name].auto_id if name in form.fields else "", form[name].label if name in form.fields else "", text)
        for name, texts in form.errors.items()
        for text in texts
    ]
    return {"lines": lines}


@register.simple_tag
def field(bound: BoundField, prefix: str = "", suffix: str = "", width: str = "", hint: str = "", hide_label: bool = False) -> str:
    """One form field with label, help and errors. ``width``: short, medium; ``hint`` is added to the help text."""
    context = {
        "field": bound,
        "prefix": prefix,
        "suffix": suffix,
        "width": width,
        "hint": hint,
        "hide_label": hide_label,
    }
    return render_to_string("ui/form/field.html", context)


@register.simple_block_tag
def sheet(content: str, title: str = "", pad: bool = True, link_label: str = "", link_url: str = "") -> SafeString:
    """``{% sheet "Identity" %}…{% endsheet %}``: a bordered surface, with a heading when it has a title."""
    link = format_html('<a class="why" href="{}">{}</a>', link_url, link_label) if link_url else ""
    head = format_html("<header><h2>{}</h2>{}</header>", title, link) if title else ""
    body = format_html('<div class="pad">{}</div>', content) if pad else content
    label = format_html(' aria-label="{}"', title) if title else ""
    return format_html('<section class="sheet"{}>{}{}</section>', label, head, body)


@register.simple_block_tag
def why(content: str, label: str = "Why?") -> SafeString:
    """``{% why "Why this date?" %}…{% endwhy %}``: the reasons behind a date, score or verdict, unfolded in place."""
    return format_html('<details class="whybox"><summary class="why">{}</summary><div>{}</div></details>', label, content)


@register.simple_block_tag
def dialog(content: str, name: str, title: str, icon: str = "") -> SafeString:
    """A dialog opened by ``<button data-opens="name">``; inside it ``<button formmethod="dialog">`` closes it."""
    heading = format_html('<h2 id="{}-title">{}{}</h2>', name, icons.drawing(icon) if icon else "", title)
    close = format_html(
        '<form method="dialog"><button class="button" data-kind="quiet" aria-label="Close">{}</button></form>',
        icons.drawing("x"),
    )
    return format_html(
        '<dialog class="dialog" id="{}" aria-labelledby="{}-title"><header>{}{}</header>{}</dialog>',
        name,
        name,
        heading,
        close,
        content,
    )


@register.simple_block_tag
def menu(content: str, label: str, icon: str = "", kind: str = "quiet") -> SafeString:
    """A button that unfolds a list of links or small forms; works without JavaScript, closes on Escape with it."""
    drawn = icons.drawing(icon) if icon else ""
    opener = format_html('<summary class="button" data-kind="{}">{}<span>{}</span></summary>', kind, drawn, label)
    return format_html('<details class="menu">{}<div class="menu-list">{}</div></details>', opener, content)


@register.simple_tag(takes_context=True)
def panel_slot(context: Context, slot: str, subject: object) -> SafeString:
    """Everything higher rooms show in ``slot`` for ``subject``, in their order."""
    request: HttpRequest = context["request"]
    found = panels.collect(slot, request=request, subject=subject)
    return format_html_join("", "{}", ((render_panel(panel, request),) for panel in found))


@register.simple_tag(takes_context=True)
def panel_of(context: Context, panel: panels.Panel) -> SafeString:
    """One panel that the view collected itself, such as the open tab's."""
    return render_panel(panel, context["request"])


def render_panel(panel: panels.Panel, request: HttpRequest) -> SafeString:
    """A panel's finished markup."""
    values: Mapping[str, Any] = panel.context
    return render_to_string(panel.template, dict(values), request=request)
