"""The tables of docs/reference/safety-limits.md, written from the data so that page and data agree.

``python -m openhtm.procedures.rules.safety.page PAGE`` rewrites the part of the page between its markers.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from openhtm.procedures.rules.safety.model import HISTORICAL, RECURRENT, TYPE_TEST, Limit, LimitSet
from openhtm.procedures.rules.safety.reading import shipped_sets
from openhtm.procedures.rules.safety.units import shown
from openhtm.procedures.rules.safety.vocabulary import vocabulary

START, END = "<!-- limits: written from the data -->", "<!-- end of limits -->"
_PURPOSES = {
    RECURRENT: "Recurrent tests.",
    TYPE_TEST: "**Type test**: no recurrent verdict is given by these limits unless a policy says so.",
    HISTORICAL: "**Historical**: no verdict is given by these limits.",
}
_SIGNS = {"<=": "≤", ">=": "≥", "<": "<", ">": ">"}


def limits_tables(*, sets: Sequence[LimitSet]) -> str:
    """Return one heading and one table for each set, in Markdown."""
    return "\n".join(line for one in sets for line in _section(one))


def filled(*, page: str, sets: Sequence[LimitSet]) -> str:
    """Return ``page`` with the part between its markers replaced. Raises ValueError if it has no markers."""
    before, rest = page.split(START, 1)
    _old, after = rest.split(END, 1)
    return f"{before}{START}\n\n{limits_tables(sets=sets)}\n{END}{after}"


def _section(one: LimitSet) -> Iterator[str]:
    until = f"to {one.effective_to.isoformat()} (not included)" if one.effective_to else "onwards"
    yield f"### {one.standard}, edition {one.edition}"
    yield ""
    yield f"{one.title}. Jurisdiction: {one.jurisdiction}; in force from {one.effective_from.isoformat()} {until}. {_PURPOSES[one.purpose]}"
    yield f"Source: {one.source}; confidence `{one.confidence}`. {one.note}"
    yield ""
    yield "| Test | Conditions | Limit | Clause | Confidence | Note |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for limit in one.limits:
        yield _row(limit)
    yield ""


def _row(limit: Limit) -> str:
    words = vocabulary().conditions
    when = "; ".join(
        " or ".join(text for code, text in words[name].values.items() if code in limit.when[name]) for name in words if name in limit.when
    )
    value = f"{_SIGNS[limit.comparator]} {shown(value=limit.value, unit=limit.unit)}"
    note = " ".join(text for text in (limit.note, "Brought to nominal mains." if limit.normalised else "") if text)
    cells = (vocabulary().tests[limit.test].label, when or "any", value, limit.clause or "–", f"`{limit.confidence}`", note or "–")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(filled(page=target.read_text(encoding="utf-8"), sets=shipped_sets()), encoding="utf-8")
