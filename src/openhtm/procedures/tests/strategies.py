"""Arbitrary procedures for the laws: raw documents as somebody may write them, every kind of step among them."""

import unicodedata
from typing import Any

from hypothesis import strategies as st

from openhtm.procedures.rules.content import Content, parse
from openhtm.procedures.rules.limits import CONFIDENCES
from openhtm.procedures.rules.packs import KINDS as PROCEDURE_KINDS
from openhtm.procedures.rules.packs import Interval, Pack, PackProcedure
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.procedures.rules.steps import PERIODS, PHASES, SEVERITIES, VERDICTS, applied_part_types, conditions, standards
from openhtm.procedures.rules.units import units
from openhtm.testers.rules.kinds import tester_kinds

AWKWARD = (
    "yes",
    "no",
    "null",
    "~",
    "1e5",
    "0x1f",
    "12:30",
    "2026-01-01",
    "- a",
    "# b",
    "=",
    "<<",
    "'",
    '"',
    "é",
    "漢字",
    "😀",
    "a: b",
    "1_000",
    "[x]",
)
_characters = st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="\ufeff")
words = (st.text(_characters, min_size=1, max_size=20) | st.sampled_from(AWKWARD)).filter(lambda text: bool(text.strip()))
paragraphs = st.lists(words, min_size=1, max_size=3).map("\n".join)
slugs = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
numbers = st.integers(-10_000, 10_000) | st.decimals(-1000, 1000, places=3).map(float)
positive = st.integers(1, 1000) | st.decimals("0.001", 100, places=3).map(float)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


_claims = st.fixed_dictionaries(
    {"source": words, "edition": words, "confidence": st.sampled_from(sorted(CONFIDENCES))},
    optional={"note": words, "from": st.sampled_from(["standard", "ifu", "practice", "local"])},
)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Any]:
    shape = draw(st.sampled_from(["range", "high", "low", "tolerance", "ifu"]))
    if shape == "ifu":
        return {"from": "ifu"} | draw(optional(note=words))
    limit = draw(_claims)
    if shape == "range":
        low, high = sorted([draw(numbers), draw(numbers)])
        limit |= {"low": low, "high": high}
        return limit | (draw(optional(low_inclusive=st.booleans(), high_inclusive=st.booleans())) if low < high else {})
    if shape == "tolerance":
        limit |= {"nominal": draw(numbers), "absolute": draw(positive)}
        return limit | draw(optional(percent=positive))
    return limit | {shape: draw(numbers)} | draw(optional(**{f"{shape}_inclusive": st.booleans()}))


_number = st.fixed_dictionaries(
    {"unit": st.sampled_from(sorted(units()))},
    optional={"decimals": st.integers(0, 6), "target": numbers, "limit": limits()},
)
_option_lists = st.lists(
    st.fixed_dictionaries({"code": slugs, "label": words, "verdict": st.sampled_from(sorted(VERDICTS))}),
    min_size=2,
    max_size=4,
    unique_by=lambda option: option["code"],
)
_consumable = st.fixed_dictionaries(
    {"part": words},
    optional={
        "part_number": words,
        "replace_every": st.fixed_dictionaries({"count": st.integers(1, 1000), "period": st.sampled_from(sorted(PERIODS))}),
    },
)


@st.composite
def safety_blocks(draw: st.DrawFn) -> dict[str, Any]:
    standard = draw(st.sampled_from(sorted(standards())))
    block = {
        "standard": standard,
        "edition": draw(st.sampled_from(standards()[standard])),
        "device_class": draw(st.sampled_from(sorted(conditions("device_class")))),
    }
    return block | draw(
        optional(
            applied_parts=st.lists(st.sampled_from(sorted(applied_part_types())), unique=True),
            methods=st.lists(st.sampled_from(sorted(conditions("method"))), unique=True),
            tests=st.lists(st.sampled_from(sorted(vocabulary().tests)), unique=True, max_size=3),
            configuration=st.sampled_from(sorted(conditions("configuration"))),
            equipment=st.sampled_from(sorted(conditions("equipment"))),
        )
    )


_BLOCKS = {
    "pass_fail": optional(phase=st.sampled_from(sorted(PHASES))),
    "choice": st.fixed_dictionaries({"options": _option_lists}),
    "number": st.fixed_dictionaries({"number": _number}, optional={"phase": st.sampled_from(sorted(PHASES))}),
    "text": st.just({}),
    "photo": optional(photo=optional(min_count=st.integers(1, 5))),
    "consumable": st.fixed_dictionaries({"consumable": _consumable}),
    "electrical_safety": st.fixed_dictionaries({"electrical_safety": safety_blocks()}),
}
_settings = optional(
    instruction=paragraphs,
    required=st.booleans(),
    on_fail=st.sampled_from(sorted(SEVERITIES)),
    allow_na=st.booleans(),
    na_needs_reason=st.booleans(),
    show_previous=st.booleans(),
    images=st.lists(
        st.fixed_dictionaries({"sha256": st.from_regex(r"[0-9a-f]{64}", fullmatch=True)}, optional={"caption": words}), max_size=2
    ),
)


@st.composite
def steps(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(_BLOCKS)) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    return {"key": draw(slugs), "kind": kind, "title": draw(words)} | draw(_settings) | draw(_BLOCKS[kind])


headings = st.fixed_dictionaries({"key": slugs, "kind": st.just("heading"), "title": words})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return the raw document of a sound procedure."""
    listed = [*draw(st.lists(steps() | headings, max_size=4)), draw(steps())]
    unique = {step["key"]: step for step in listed}  # the last one wins, and it is no heading
    oem = st.fixed_dictionaries({"title": words}, optional={"revision": words, "implemented": paragraphs})
    more = optional(
        format=st.just(1),
        instructions=paragraphs,
        tools=st.lists(words, max_size=3),
        tester_kinds=st.lists(st.sampled_from(sorted(tester_kinds())), unique=True, max_size=3),
        consumables=st.lists(words, max_size=2),
        est_minutes=st.integers(1, 600),
        skill=slugs,
        safety_notes=st.lists(words, max_size=2),
        oem=oem,
    )
    return {"purpose": draw(paragraphs), "steps": list(unique.values())} | draw(more)


contents: st.SearchStrategy[Content] = documents().map(parse)


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    """Return a sound pack of one to three procedures."""
    line = words.map(lambda text: " ".join(text.split())).map(_formed)
    interval = st.builds(Interval, st.integers(1, 240), line, st.sampled_from(sorted(CONFIDENCES)))
    listed = [
        PackProcedure(
            code=f"p-{position}",
            name=f"Procedure {position}",
            kind=draw(st.sampled_from(PROCEDURE_KINDS)),
            content=draw(contents),
            device_types=tuple(draw(st.lists(slugs, unique=True, max_size=2))),
            covers=tuple(draw(st.lists(slugs, unique=True, max_size=2))),
            interval=draw(st.none() | interval),
        )
        for position in range(draw(st.integers(1, 3)))
    ]
    return Pack("pack", draw(line), draw(line), draw(line), tuple(listed))


def _formed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
