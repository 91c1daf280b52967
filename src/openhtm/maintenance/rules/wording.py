"""Reasons as English sentences a technician or manager would say. One template for each code, checked by a test."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from openhtm.inventory.rules.status import STATUS_LABELS, Status
from openhtm.maintenance.rules.due import Reason
from openhtm.ui.rules import formats

Values = Mapping[str, Any]


def in_words(reasons: Iterable[Reason]) -> list[str]:
    """Return one sentence for each reason, in order. Raises KeyError for a code that has no sentence."""
    return [SENTENCES[one.code](one.values) for one in reasons]


def day(value: date) -> str:
    return formats.day(value)


def interval(n: int, unit: str) -> str:
    """``"6 months"``, ``"month"`` for one of them."""
    return unit if n == 1 else f"{n} {unit}s"


def length(n: int, unit: str) -> str:
    """``"6 months"``, ``"1 month"``."""
    return f"1 {unit}" if n == 1 else f"{n} {unit}s"


def _amount(value: Any) -> str:
    number = float(value)
    return formats.number(int(number) if number.is_integer() else number)


def _status(code: str) -> str:
    return STATUS_LABELS[Status(code)].lower() if code in set(Status) else code.replace("_", " ")


def _of_status(code: str) -> str:
    return f": {_status(code)}" if code else ""


def _done(v: Values) -> str:
    due_on, performed_on = v["due_on"], v["performed_on"]
    if due_on == performed_on:
        return f"The visit of {day(due_on)} was done on its day."
    return f"The visit of {day(due_on)} was done on {day(performed_on)}"


def _done_on_grid(v: Values) -> str:
    text = _done(v)
    if text.endswith("."):
        return text
    early = v["performed_on"] < v["due_on"]
    return f"{text}; done {'early' if early else 'late'}, it moves no later date."


def _done_counted(v: Values) -> str:
    return _done(v).removesuffix(".") + "."


def _window(v: Values) -> str:
    name = f"The window of the {v['profile']} profile" if v["profile"] else "The window"
    if v["opens_on"] == v["grace_until"]:
        return f"{name} is {day(v['due_on'])} alone."
    grace = f"; grace until {day(v['grace_until'])}" if v["grace_until"] > v["on_time_until"] else "; no grace"
    return f"{name} opens on {day(v['opens_on'])} and closes on {day(v['on_time_until'])}{grace}."


def _meter_silent(v: Values) -> str:
    return "The readings name no earlier day, so the calendar decides."


def _missed(v: Values) -> str:
    if v["count"] == 1:
        return f"The visit of {day(v['first_on'])} was never done and is counted as missed."
    return f"{v['count']} visits from {day(v['first_on'])} to {day(v['last_on'])} were never done and are counted as missed."


def _passed_held(v: Values) -> str:
    if v["count"] == 1:
        return f"The visit of {day(v['first_on'])} passed while the device was held; nothing is owed for it."
    return (
        f"{v['count']} visits from {day(v['first_on'])} to {day(v['last_on'])} passed while the device was held; nothing is owed for them."
    )


def _moved(v: Values) -> str:
    names = ", ".join(formats.MONTHS[month - 1] for month in v["months"])
    return f"{day(v['counted_on'])} falls in a month without visits ({names}), so it is due on {day(v['due_on'])}."


def _state(v: Values) -> str:
    since = {
        "not_due": "its window is not open yet",
        "in_window": "its window is open and it is not due yet",
        "due": "it is due",
        "grace": f"it is no longer on time, and within grace until {day(v['grace_until'])}",
        "late": "it is late",
        "held": "it is held and must be done before the device is used again",
    }
    return f"On {day(v['today'])} {since[v['state']]}."


def _was_held(v: Values) -> str:
    return f"It was held from {day(v['from_on'])}{_of_status(v['status'])}; back on {day(v['to_on'])}, it had to be done on that day, before use."


SENTENCES: dict[str, Callable[[Values], str]] = {
    "fixed": lambda v: f"Every {interval(v['n'], v['unit'])}, counted from {day(v['anchor_on'])}.",
    "first_on_grid": lambda v: f"None was done yet; visits are owed from {day(v['starts_on'])} on.",
    "first": lambda v: f"None was done yet; the first is due on {day(v['starts_on'])}.",
    "excluded": lambda v: f"The visit of {day(v['due_on'])} was excluded by decision.",
    "done_on_grid": _done_on_grid,
    "done": _done_counted,
    "floating": lambda v: f"Due {length(v['n'], v['unit'])} after the last one.",
    "starts_later": lambda v: f"Not before {day(v['starts_on'])}, when this schedule starts.",
    "not_before_settled": lambda v: f"{day(v['counted_on'])} is not after the visit of {day(v['due_on'])}, so it is the day after that.",
    "meter": lambda v: f"Every {_amount(v['every'])} of the meter, or by the calendar if that comes first.",
    "meter_reached": lambda v: f"The meter showed {_amount(v['value'])} on {day(v['read_on'])} and so reached {_amount(v['threshold'])}.",
    "meter_predicted": lambda v: (
        f"At the pace since the last visit the meter reaches {_amount(v['threshold'])} on {day(v['on'])}; "
        f"it showed {_amount(v['value'])} on {day(v['read_on'])}."
    ),
    "meter_silent": _meter_silent,
    "back_stop": lambda v: f"The calendar alone would say {day(v['on'])}.",
    "missed": _missed,
    "passed_held": _passed_held,
    "moved": _moved,
    "opens_later": lambda v: f"The visit before may be done until then, so this window opens on {day(v['opens_on'])}.",
    "window": _window,
    "taken_over": lambda v: f"The next visit takes over on {day(v['on'])}, when its window opens.",
    "was_held": _was_held,
    "held": lambda v: f"Held since {day(v['from_on'])}{_of_status(v['status'])}.",
    "state": _state,
    "none_left": lambda v: f"No visit is due after {day(v['ends_on'])}.",
}
