"""A career given as JSON, read strictly: everything wrong is named by its field, whatever the bytes are. Pure.

Format: docs/reference/commands.md, openhtm eligibility. Fields that are not known are reported as warnings and left out.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from openhtm.workforce.rules.eligibility import Career, Certification, Education, Employment
from openhtm.workforce.rules.programmes import DEGREES, FIELDS, ROLES

MOST_BYTES = 1024 * 1024
MOST_LINES = 500
FIRST_YEAR, LAST_YEAR = 1900, 2200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9+.\-]{0,39}")
_MOST_PROBLEMS = 50
T = TypeVar("T")


class CareerError(ValueError):
    """The career cannot be read; ``problems`` names each field with what it must be."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems[:_MOST_PROBLEMS])
        super().__init__(" ".join(self.problems))


@dataclass
class _Reading:
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, path: str, sentence: str) -> None:
        self.problems.append(f"{path}: {sentence}")


def read_career(data: bytes, *, today: date) -> tuple[Career, tuple[str, ...]]:
    """Return the career and warnings. ``today`` stands for a missing ``as_of``. Raises CareerError with every problem."""
    raw = _load(data)
    reading = _Reading()
    if not isinstance(raw, dict):
        raise CareerError([f"file: an object with the career is expected, not {_kind(raw)}."])
    _known(raw, ("as_of", "education", "certifications", "employment", "military_bmet"), "", reading)
    career = Career(
        as_of=_day(raw, "as_of", "", reading, default=today) or today,
        education=_lines(raw, "education", _education, reading),
        certifications=_lines(raw, "certifications", _certification, reading),
        employment=_lines(raw, "employment", _employment, reading),
        military_bmet=_flag(raw, "military_bmet", "", reading, default=False),
    )
    if reading.problems:
        raise CareerError(reading.problems)
    return career, tuple(reading.warnings[:_MOST_PROBLEMS])


def _load(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise CareerError([f"file: it is larger than {MOST_BYTES:,} bytes."])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CareerError([f"file: it is not UTF-8 text (byte {error.start})."]) from None
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except CareerError:
        raise
    except json.JSONDecodeError as error:
        raise CareerError([f"file: it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."]) from None
    except RecursionError:
        raise CareerError(["file: it is nested too deeply."]) from None
    except ValueError:
        raise CareerError(["file: it holds a number that is too long."]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise CareerError([f"{_shown(name)}: it is given twice in one object."])
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise CareerError([f"file: {name} is not JSON."])


def _lines(
    raw: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any], str, _Reading], T | None], reading: _Reading
) -> tuple[T, ...]:
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        reading.wrong(name, f"a list is expected, not {_kind(value)}.")
        return ()
    if len(value) > MOST_LINES:
        reading.wrong(name, f"at most {MOST_LINES} entries can be read; there are {len(value)}.")
        return ()
    found: list[T] = []
    for index, line in enumerate(value):
        path = f"{name}[{index}]"
        if not isinstance(line, dict):
            reading.wrong(path, f"an object is expected, not {_kind(line)}.")
        elif (one := read(line, path, reading)) is not None:
            found.append(one)
    return tuple(found)


def _education(line: Mapping[str, Any], path: str, reading: _Reading) -> Education | None:
    _known(line, ("degree", "field", "completed_on"), path, reading)
    degree = _choice(line, "degree", DEGREES, path, reading)
    about = _choice(line, "field", FIELDS, path, reading, default="other" if degree == "none" else None)
    completed_on = _day(line, "completed_on", path, reading, default=None)
    return Education(degree, about, completed_on) if degree and about else None


def _certification(line: Mapping[str, Any], path: str, reading: _Reading) -> Certification | None:
    _known(line, ("code", "valid_until"), path, reading)
    valid_until = _day(line, "valid_until", path, reading, default=None)
    code = line.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code.strip().upper()):
        reading.wrong(f"{path}.code", f"the code of a certification such as CBET is expected, not {_shown(code)}.")
        return None
    return Certification(code.strip().upper(), valid_until)


def _employment(line: Mapping[str, Any], path: str, reading: _Reading) -> Employment | None:
    _known(line, ("role", "full_time", "from", "to"), path, reading)
    before = len(reading.problems)
    role = _choice(line, "role", ROLES, path, reading)
    full_time = _flag(line, "full_time", path, reading, default=None)
    end = _day(line, "to", path, reading, default=None)
    start = _day(line, "from", path, reading, default=None)
    if line.get("from") is None:
        reading.wrong(f"{path}.from", "the first day of the job is missing; write it as 2026-11-22.")
    if start and end and end <= start:
        reading.wrong(f"{path}.to", f"the first day after the job must be later than its first day, {start.isoformat()}.")
    if len(reading.problems) > before or role is None or start is None:
        return None
    return Employment(role, full_time, start, end)


def _known(line: Mapping[str, Any], names: Sequence[str], path: str, reading: _Reading) -> None:
    for name in line:
        if name not in names:
            near = difflib.get_close_matches(name[:40], names, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            reading.warnings.append(f"{_at(path, _shown(name))}: there is no such field, so it is left out.{meant}")


def _choice(
    line: Mapping[str, Any], name: str, choices: Sequence[str], path: str, reading: _Reading, *, default: str | None = None
) -> str | None:
    value = line.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value in choices:
        return value
    reading.wrong(_at(path, name), f"one of {', '.join(choices)} is expected, not {_shown(value)}.")
    return None


def _day(line: Mapping[str, Any], name: str, path: str, reading: _Reading, *, default: date | None) -> date | None:
    value = line.get(name)
    if value is None:
        return default
    found = _read_day(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    if found is None:
        reading.wrong(_at(path, name), f"a day such as 2026-11-22 is expected, not {_shown(value)}.")
    elif not FIRST_YEAR <= found.year < LAST_YEAR:
        reading.wrong(_at(path, name), f"a day of the years {FIRST_YEAR} to {LAST_YEAR - 1} is expected, not {value}.")
        return None
    return found


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _flag(line: Mapping[str, Any], name: str, path: str, reading: _Reading, *, default: bool | None) -> bool:
    value = line.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, bool):
        reading.wrong(_at(path, name), f"true or false is expected, not {_shown(value)}.")
        return False
    return value


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")


def _shown(value: object) -> str:
    """The value as it may be printed: short, one line, nothing that a terminal obeys."""
    if isinstance(value, list | dict) or value is None:
        return _kind(value)
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}…"
