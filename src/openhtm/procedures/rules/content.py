"""The content of a procedure version: what is stored, exchanged in packs, walked through on the phone and hashed.

``parse`` reads it and lists every problem; ``dump`` writes the one canonical form; ``content_hash`` identifies it.
Fields in a technician's words: docs/reference/procedure-packs.md.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openhtm.procedures.rules.fields import Fields, Problem, Problems
from openhtm.procedures.rules.steps import Step, dump_step, read_step
from openhtm.procedures.rules.units import units
from openhtm.testers.rules.kinds import tester_kinds

FORMAT = 1
MOST_STEPS = 300
MOST_MINUTES = 6000


class ContentError(ValueError):
    """The content cannot be used; ``problems`` lists everything wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(map(str, problems)))


@dataclass(frozen=True)
class OemDocument:
    """The manufacturer's document this procedure carries out, its revision, and how the procedure differs or goes beyond."""

    title: str
    revision: str = ""
    implemented: str = ""


@dataclass(frozen=True)
class Content:
    """Everything a version says. ``est_minutes`` is the usual time at the device; ``skill`` the slug of what one must know."""

    purpose: str
    steps: tuple[Step, ...]
    instructions: str = ""
    tools: tuple[str, ...] = ()
    tester_kinds: tuple[str, ...] = ()
    consumables: tuple[str, ...] = ()
    est_minutes: int = 30
    skill: str = ""
    safety_notes: tuple[str, ...] = ()
    oem: OemDocument | None = None

    def step(self, key: str) -> Step | None:
        """Return the step of a key, or nothing."""
        return next((step for step in self.steps if step.key == key), None)


def parse(raw: object) -> Content:
    """Read content from plain JSON or YAML values. Raises ContentError with all problems."""
    problems = Problems()
    content = read_content(Fields(raw, path="", problems=problems))
    if problems:
        raise ContentError(problems.found())
    return content


def read_content(fields: Fields) -> Content:
    """Read content that stands inside a larger document; what is wrong goes to the problems of ``fields``."""
    version = fields.whole("format", least=1, most=1_000_000, default=FORMAT)
    if version > FORMAT:
        fields.wrong("format", f"Format {version} is newer than this program reads ({FORMAT}).", "Update OpenHTM first.")
    oem = fields.child("oem")
    content = Content(
        purpose=fields.text("purpose", most=1000, required=True, lines=True),
        instructions=fields.text("instructions", most=10_000, lines=True),
        tools=fields.texts("tools"),
        tester_kinds=fields.codes("tester_kinds", tester_kinds()),
        consumables=fields.texts("consumables"),
        est_minutes=fields.whole("est_minutes", least=1, most=MOST_MINUTES, default=30),
        skill=fields.slug("skill", required=False, most=40),
        safety_notes=fields.texts("safety_notes", longest=1000),
        oem=_read_oem(oem) if oem else None,
        steps=tuple(read_step(one) for one in fields.children("steps", most=MOST_STEPS)),
    )
    fields.done()
    _check(content, fields)
    return content


def _read_oem(fields: Fields) -> OemDocument:
    oem = OemDocument(
        title=fields.text("title", required=True),
        revision=fields.text("revision", most=80),
        implemented=fields.text("implemented", most=2000, lines=True),
    )
    fields.done()
    return oem


def _check(content: Content, fields: Fields) -> None:
    if all(step.kind == "heading" for step in content.steps):
        fields.wrong("steps", "There is no step that asks for anything.", "Add one.")
    for key, times in Counter(step.key for step in content.steps if step.key).items():
        if times > 1:
            fields.wrong("steps", f"The key {key} is used {times} times.", "Give each step its own key.")


def dump(content: Content) -> dict[str, Any]:
    """Return the canonical form: plain JSON, defaults left out, ``parse`` of it gives the same content again."""
    oem = content.oem
    return {
        "format": FORMAT,
        "purpose": content.purpose,
        **_filled(
            instructions=content.instructions,
            tools=list(content.tools),
            tester_kinds=list(content.tester_kinds),
            consumables=list(content.consumables),
        ),
        "est_minutes": content.est_minutes,
        **_filled(
            skill=content.skill,
            safety_notes=list(content.safety_notes),
            oem=_filled(title=oem.title, revision=oem.revision, implemented=oem.implemented) if oem else None,
        ),
        "steps": [dump_step(step) for step in content.steps],
    }


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that are hashed: UTF-8 JSON, keys sorted, no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def content_hash(content: Content) -> str:
    """Return the SHA-256 of the canonical form as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(dump(content))).hexdigest()


def changed_meanings(*, released: Content, draft: Content) -> tuple[Problem, ...]:
    """Return a problem for each key that means something else in ``draft`` than in ``released``.

    Results are compared through their key over the years, so a key keeps its kind and the family of its unit.
    """
    before = {step.key: step for step in released.steps}
    problems = []
    for position, step in enumerate(draft.steps):
        old = before.get(step.key)
        if old and _meaning(old) != _meaning(step):
            sentence = f"{step.key} was {' in '.join(_meaning(old))} before and is now {' in '.join(_meaning(step))}."
            problems.append(Problem(f"steps[{position}].key", sentence, "Use a new key, so that old results keep their meaning."))
    return tuple(problems)


def _meaning(step: Step) -> tuple[str, ...]:
    return (step.kind, units()[step.number.unit].family) if step.number else (step.kind,)
