"""Invented values for the style page. Nothing here is a record; the day is fixed so that pictures compare."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import segno
from django import forms
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from openhtm.ui import parts
from openhtm.ui.rules.windows import DueWindow

TODAY = date(2026, 11, 22)


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything the style page shows."""
    return _shell() | _lists() | _records() | _states() | {"form": SampleForm(_BAD_INPUT), "blank": SampleForm()}


def running_job(done: int) -> parts.JobState:
    """The import of 1,000 rows after ``done`` of them."""
    if done >= 1000:
        return parts.JobState(
            title="Import of inventory.xlsx",
            state="done",
            done=1000,
            total=1000,
            step="988 created, 12 unchanged",
            result_url="#",
        )
    return parts.JobState(
        title="Import of inventory.xlsx",
        state="running",
        done=done,
        total=1000,
        step="checking rows",
        poll_url=f"/_style/job?done={done}",
        cancel_url="#",
    )


class SampleForm(forms.Form):
    """One field of every kind."""

    serial_number = forms.CharField(label="Serial number", max_length=20, help_text="As printed on the type plate.")
    price = forms.DecimalField(label="Purchase price", required=False, decimal_places=2)
    interval = forms.IntegerField(label="Interval", min_value=1, help_text="Whole months, counted from the anchor date.")
    accepted_on = forms.DateField(label="Accepted on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    ownership = forms.ChoiceField(label="Ownership", choices=[("owned", "Owned"), ("leased", "Leased"), ("loaner", "Loaner")])
    risk = forms.ChoiceField(label="Risk", choices=[("high", "High"), ("other", "Other")], widget=forms.RadioSelect)
    networks = forms.MultipleChoiceField(
        label="Connections",
        required=False,
        choices=[("lan", "Wired"), ("wlan", "Wireless"), ("serial", "Serial line")],
        widget=forms.CheckboxSelectMultiple,
    )
    critical = forms.BooleanField(label="Supports or sustains life", required=False, help_text="Asked for by the accreditation survey.")
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    manual = forms.FileField(label="Service manual", required=False)


_BAD_INPUT = {
    "serial_number": "<b>AR16K021477-and-far-too-long</b>",
    "interval": "0",
    "ownership": "owned",
    "price": "12,5x",
    "risk": "high",
}

_ROWS = (
    (
        "BME-04117",
        "Infusion pump",
        "BD Alaris 8015",
        "4 West ICU",
        "Room 4112",
        "ok",
        "In service",
        (-52, 20, 50),
        20,
        "12.3.1",
    ),
    (
        "BME-02210",
        "Ventilator, intensive care",
        "Dräger Evita V500",
        "4 West ICU",
        "Room 4120",
        "due",
        "Due",
        (-69, -8, 22),
        20,
        "2.51",
    ),
    (
        "BME-01873",
        "Defibrillator",
        "Zoll R Series",
        "Emergency",
        "Crash cart 2",
        "late",
        "Late 9 days",
        (-82, -22, -9),
        20,
        "19.02",
    ),
    (
        "BME-05502",
        "Patient monitor",
        "Philips MX750",
        "5 East",
        "Room 5204",
        "ok",
        "In service",
        (-12, 69, 99),
        16,
        None,
    ),
    ("BME-00931", "Electrosurgical unit", "Valleylab FT10", "OR 3", "", "hold", "In repair", None, 18, "4.0.2"),
    (
        "BME-03388",
        "Infusion pump",
        "BD Alaris 8015",
        "Not located",
        "last seen 3 Oct",
        "unknown",
        "Not located",
        (-94, -22, -2),
        20,
        None,
    ),
    (
        "BME-02954",
        "Incubator for premature and sick newborn infants, transport",
        "Dräger Isolette 8000 plus with a very long model designation",
        "Neonatal intensive care unit",
        "Bay 6",
        "info",
        "Recall open",
        (-35, 26, 56),
        19,
        "3.11",
    ),
)
_NAV = (
    ("Today", "calendar-check"),
    ("Devices", "monitor"),
    ("Work", "wrench"),
    ("Rounds", "route"),
    ("Compliance", "shield-check"),
    ("Security", "triangle-alert"),
    ("Lifecycle", "refresh-cw"),
    ("People", "users"),
    ("Reference", "book-open"),
)
_VIEWS: tuple[tuple[str, int | str], ...] = (
    ("High-risk, due in 30 days", 412),
    ("Not located", 23),
    ("Unknown version", 318),
    ("Under contract", 1204),
    ("All", "10,000+"),
)
_NOTICES = (
    parts.Notice(
        title="Semi-annual inspection was due 31 Oct 2026; grace ended 13 Nov",
        detail="Attempted 28 Oct 14:20, in use on a patient (M. Reyes). Second attempt planned today.",
        tone="late",
        icon="calendar-check",
        action_label="Start",
        action_url="#",
        why_url="#",
    ),
    parts.Notice(
        title="Cannot rule out CVE-2026-1187",
        detail="Version 19.02 was read 14 months ago; fixed in 20.01.",
        tone="due",
        action_label="Confirm version",
        action_url="#",
        why_url="#",
    ),
    parts.Notice(
        title="Place is not known",
        detail="Last seen 3 Oct 2026 in 4 West.",
        tone="unknown",
        action_label="Found it",
        action_url="#",
        method="post",
    ),
    parts.Notice(title="Unit check done 34 of 34 days", detail="Pads expire 14 Mar 2027, battery 88 %.", tone="ok"),
)
_EVENTS = (
    parts.Event(
        when=datetime(2026, 10, 28, 14, 20, tzinfo=UTC),
        title="Visit attempted: in use",
        detail="M. Reyes, CBET. Emergency, crash cart 2; charge nurse informed",
        icon="calendar-check",
        tone="due",
    ),
    parts.Event(
        when=date(2026, 9, 12),
        title="WO-26-01882 closed",
        detail="Paddle cable replaced, safety test passed. Touch current 38 µA (limit 100, NFPA 99-2012)",
        icon="wrench",
        url="#",
        tone="ok",
    ),
    parts.Event(
        when=datetime(2026, 9, 11, 3, 40, tzinfo=UTC),
        title="Details corrected",
        detail="T. Okafor",
        icon="pencil",
        reason="Type plate read again during repair.",
        changes=[("Serial", "AR16K02147", "AR16K021477"), ("Software", None, "19.02")],
    ),
    parts.Event(
        when=date(2026, 1, 14),
        title="Moved from OR 2 to Emergency",
        detail="Found during rounds, J. Lindqvist",
        icon="arrow-right",
    ),
)
_FACTS = (
    parts.Fact(label="Serial", value="AR16K021477", mono=True, copy=True),
    parts.Fact(label="UDI-DI", value="00847946012345", mono=True),
    parts.Fact(label="Owner", value="Owned, Emergency"),
    parts.Fact(label="Accepted", value="6 Mar 2019"),
    parts.Fact(label="Model", value="Zoll R Series", url="#"),
    parts.Fact(label="Software"),
)
_EMERGENCY = parts.TreeNode(
    label="Emergency",
    icon="layers",
    url="#",
    count=96,
    children=[parts.TreeNode(label="Crash cart 2", url="#", count=1)],
)
_ICU = parts.TreeNode(label="4 West ICU", icon="layers", current=True, url="#", count=212, detail="CC 4410")
_MAIN = parts.TreeNode(label="Main building", icon="building-2", open=True, count=4210, children=[_ICU, _EMERGENCY])
_OUTPATIENT = parts.TreeNode(label="Outpatient centre", icon="building-2", url="#", count=802)
_FAILED = parts.JobState(
    title="Import of old.xls",
    state="failed",
    done=412,
    total=900,
    problem="The file ends in the middle of row 413. Nothing was written; save it again as XLSX.",
    result_url="#",
    result_label="See the rows",
)


def _shell() -> dict[str, Any]:
    return {
        "nav": [parts.NavItem(label=label, url="#", icon=icon, current=label == "Devices") for label, icon in _NAV],
        "person": parts.Person(name="M. Reyes", detail="Technician, North Campus", links=[("Profile", "#", "user")]),
    }


def _lists() -> dict[str, Any]:
    names = ("tag", "kind", "model", "place", "room", "tone", "word", "window", "risk", "version")
    rows = [dict(zip(names, row, strict=True)) | {"window": _window(row[7])} for row in _ROWS]
    filters = (("risk", "high-risk"), ("at", "North Campus"), ("due within", "30 days"))
    return {
        "rows": rows,
        "views": [parts.Tab(label=label, url="#", count=count, current=at == 0) for at, (label, count) in enumerate(_VIEWS)],
        "chips": [parts.Chip(label=label, value=value, remove_url="#") for label, value in filters],
        "page": parts.Pager(shown="1–7 of 412", note="Sorted by due date", next_url="#"),
        "middle_page": parts.Pager(
            shown="51–100 of about 10,000",
            label="Pages in the middle",
            first_url="#",
            previous_url="#",
            next_url="#",
            last_url="#",
        ),
        "actions": [
            parts.BulkAction(name="move", label="Move", icon="arrow-right"),
            parts.BulkAction(name="label", label="Print labels", icon="printer"),
            parts.BulkAction(name="retire", label="Retire…", kind="danger"),
        ],
        "columns": [
            parts.Column(key="tag", label="Control no.", fixed=True),
            parts.Column(key="place", label="Place"),
            parts.Column(key="version", label="Version", shown=False),
        ],
    }


def _records() -> dict[str, Any]:
    return {
        "notices": _NOTICES,
        "events": _EVENTS,
        "facts": _FACTS,
        "places": [parts.TreeNode(label="North Campus", icon="hospital", open=True, count=6012, children=[_MAIN, _OUTPATIENT])],
        "qr": _picture("OPENHTM.EXAMPLE/D/BME-01873"),
        "trail": [("Reference", "#"), ("Places", "#"), ("4 West ICU", "")],
    }


def _states() -> dict[str, Any]:
    words = ("In service", "Due", "Late 9 days", "Recall open", "In repair", "Not located")
    return {
        "tones": list(zip(parts.TONES, words, strict=True)),
        "job": running_job(250),
        "failed": _FAILED,
        "today": TODAY,
        "moment": datetime(2026, 11, 22, 7, 12, tzinfo=UTC),
        "now": datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    }


def _window(days: tuple[int, int, int] | None) -> DueWindow | None:
    if days is None:
        return None
    opens_on, due_on, grace_until = (TODAY + timedelta(days=count) for count in days)
    return DueWindow(opens_on=opens_on, due_on=due_on, grace_until=grace_until, today=TODAY)


def _picture(text: str) -> SafeString:
    return mark_safe(segno.make(text, error="m").svg_inline(scale=4, border=0, omitsize=True))  # noqa: S308 - drawn by segno
