"""One step of a procedure: what it asks for, how the answer is written, and what a failure means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openhtm.procedures.rules.fields import Fields, plain
from openhtm.procedures.rules.limits import Limit, dump_limit, read_limit
from openhtm.procedures.rules.safety.reading import shipped_sets
from openhtm.procedures.rules.safety.vocabulary import vocabulary
from openhtm.procedures.rules.units import units

KINDS: Mapping[str, str] = {
    "pass_fail": "Pass or fail",
    "choice": "Choice",
    "number": "Number",
    "text": "Text",
    "photo": "Photo",
    "consumable": "Consumable replaced",
    "electrical_safety": "Electrical safety",
    "heading": "Heading",
}
PHASES: Mapping[str, str] = {"single": "One value", "as_found_as_left": "As found and as left"}
SEVERITIES: Mapping[str, str] = {"critical": "Take the device out of service", "minor": "Note it"}
VERDICTS: Mapping[str, str] = {"pass": "Pass", "fail": "Fail", "note": "Note"}
PERIODS: Mapping[str, str] = {
    "day": "day",
    "month": "month",
    "year": "year",
    "hour": "hour of use",
    "cycle": "cycle",
    "visit": "visit",
}
MOST_IMAGES = 12
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCKS = ("number", "options", "photo", "consumable", "electrical_safety")
_BLOCK_OF = {"choice": "options"} | {name: name for name in ("number", "photo", "consumable", "electrical_safety")}


@dataclass(frozen=True)
class NumberField:
    """A measured value. ``target`` is what the device or tester is set to; ``decimals`` is how it is shown, not a rounding."""

    unit: str
    decimals: int = 1
    target: Decimal | None = None
    limit: Limit | None = None


@dataclass(frozen=True)
class Option:
    """One answer of a choice and what it means: pass, fail or only a note."""

    code: str
    label: str
    verdict: str


@dataclass(frozen=True)
class ReplaceEvery:
    """How often a consumable is due, such as 24 month or 5000 hour."""

    count: int
    period: str


@dataclass(frozen=True)
class Consumable:
    """A part that is replaced in this step."""

    part: str
    part_number: str = ""
    replace_every: ReplaceEvery | None = None


@dataclass(frozen=True)
class SafetyBlock:
    """The electrical-safety test of this device. Which measurements follow is decided by the tables of ``rules.safety``.

    ``applied_parts`` are the types the device has, none if empty. ``tests`` narrows the measurements to these test codes;
    empty means all that standard, class and applied parts ask for.
    """

    standard: str
    edition: str
    device_class: str
    applied_parts: tuple[str, ...] = ()
    configuration: str = "cord_connected"
    equipment: str = "ordinary"
    methods: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, str]:
        """Return the further conditions under which the tables choose a limit."""
        return {"configuration": self.configuration, "equipment": self.equipment}


@dataclass(frozen=True)
class Image:
    """A picture shown beside the step, by the SHA-256 of its file."""

    sha256: str
    caption: str = ""


@dataclass(frozen=True)
class Step:
    """One step. Exactly the block of its kind is filled; ``key`` keeps its meaning through all versions."""

    key: str
    kind: str
    title: str
    instruction: str = ""
    required: bool = True
    phase: str = "single"
    on_fail: str = "critical"
    allow_na: bool = False
    na_needs_reason: bool = True
    show_previous: bool = True
    images: tuple[Image, ...] = ()
    number: NumberField | None = None
    options: tuple[Option, ...] = ()
    photo_min_count: int = 0
    consumable: Consumable | None = None
    electrical_safety: SafetyBlock | None = None


def standards() -> dict[str, tuple[str, ...]]:
    """Return the standards there are tables for, each with its editions."""
    sets = shipped_sets()
    return {name: tuple(one.edition for one in sets if one.standard == name) for name in dict.fromkeys(one.standard for one in sets)}


def conditions(name: str) -> Mapping[str, str]:
    """Return the values of a condition of electrical safety, such as ``device_class``, with their labels."""
    return vocabulary().conditions[name].values


def applied_part_types() -> dict[str, str]:
    """Return the types of applied parts; a device without one simply lists none."""
    return {code: label for code, label in conditions("applied_part").items() if code != "none"}


def read_step(fields: Fields) -> Step:
    """Read one step as written, reporting everything wrong with it."""
    kind = fields.one_of("kind", KINDS)
    step = Step(
        key=fields.slug("key"),
        kind=kind,
        title=fields.text("title", most=160, required=True),
        instruction=fields.text("instruction", most=4000, lines=True),
        required=fields.flag("required", default=kind != "heading"),
        phase=fields.one_of("phase", PHASES, default="single"),
        on_fail=fields.one_of("on_fail", SEVERITIES, default="critical"),
        allow_na=fields.flag("allow_na", default=False),
        na_needs_reason=fields.flag("na_needs_reason", default=True),
        show_previous=fields.flag("show_previous", default=kind != "heading"),
        images=tuple(_read_image(one) for one in fields.children("images", most=MOST_IMAGES)),
        number=_read_number(fields),
        options=_read_options(fields),
        photo_min_count=_read_photo(fields, kind),
        consumable=_read_consumable(fields),
        electrical_safety=_read_safety(fields),
    )
    fields.done()
    _check(step, fields)
    return step


def _read_image(fields: Fields) -> Image:
    image = Image(sha256=fields.text("sha256", most=64, required=True), caption=fields.text("caption"))
    if image.sha256 and not _SHA256.fullmatch(image.sha256):
        fields.wrong("sha256", "This is not the SHA-256 of a file.", "Write its 64 small hexadecimal digits.")
    fields.done()
    return image


def _read_number(fields: Fields) -> NumberField | None:
    block = fields.child("number")
    if block is None:
        return None
    limit = block.child("limit")
    number = NumberField(
        unit=block.one_of("unit", units()),
        decimals=block.whole("decimals", least=0, most=6, default=1),
        target=block.number("target"),
        limit=read_limit(limit) if limit else None,
    )
    block.done()
    return number


def _read_options(fields: Fields) -> tuple[Option, ...]:
    found = tuple(_read_option(one) for one in fields.children("options", most=30))
    codes = [option.code for option in found]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        fields.wrong("options", f"The code {code} is used twice.", "Give each option its own code.")
    return found


def _read_option(fields: Fields) -> Option:
    option = Option(
        code=fields.slug("code"),
        label=fields.text("label", most=120, required=True),
        verdict=fields.one_of("verdict", VERDICTS),
    )
    fields.done()
    return option


def _read_photo(fields: Fields, kind: str) -> int:
    block = fields.child("photo")
    least = 0
    if block is not None:
        least = block.whole("min_count", least=1, most=20, default=1)
        block.done()
    return least or (1 if kind == "photo" else 0)


def _read_consumable(fields: Fields) -> Consumable | None:
    block = fields.child("consumable")
    if block is None:
        return None
    period = block.child("replace_every")
    consumable = Consumable(
        part=block.text("part", required=True),
        part_number=block.text("part_number", most=80),
        replace_every=_read_period(period) if period else None,
    )
    block.done()
    return consumable


def _read_period(fields: Fields) -> ReplaceEvery:
    if not fields.has("count"):
        fields.wrong("count", "It is missing.", "Write a whole number.")
    found = ReplaceEvery(fields.whole("count", least=1, most=1_000_000, default=1), fields.one_of("period", PERIODS))
    fields.done()
    return found


def _read_safety(fields: Fields) -> SafetyBlock | None:
    block = fields.child("electrical_safety")
    if block is None:
        return None
    known = standards()
    standard = block.one_of("standard", known)
    safety = SafetyBlock(
        standard=standard,
        edition=block.one_of("edition", known[standard]) if standard else block.text("edition"),
        device_class=block.one_of("device_class", conditions("device_class")),
        applied_parts=block.codes("applied_parts", applied_part_types()),
        configuration=block.one_of("configuration", conditions("configuration"), default="cord_connected"),
        equipment=block.one_of("equipment", conditions("equipment"), default="ordinary"),
        methods=block.codes("methods", conditions("method")),
        tests=block.codes("tests", vocabulary().tests),
    )
    block.done()
    return safety


def _check(step: Step, fields: Fields) -> None:
    wanted = _BLOCK_OF.get(step.kind)
    for name in _BLOCKS:
        if fields.has(name) and name != wanted and step.kind:
            fields.wrong(name, f"A step of the kind {step.kind} has no {name}.", "Remove it or change the kind.")
    if wanted and wanted != "photo" and not fields.has(wanted):
        fields.wrong(wanted, f"A step of the kind {step.kind} needs {wanted}.", "Add it.")
    if step.kind == "choice" and len(step.options) == 1:
        fields.wrong("options", "One option is no choice.", "Add another, or use pass_fail.")
    if step.kind == "heading" and (step.required or step.allow_na or step.phase != "single"):
        fields.wrong("kind", "A heading asks for nothing.", "Remove required, allow_na and phase.")
    if step.phase != "single" and step.kind not in ("number", "pass_fail", "choice"):
        fields.wrong("phase", "Only a number, a choice or pass and fail can be given as found and as left.", "Use single.")


def dump_step(step: Step) -> dict[str, Any]:
    """Return the step as plain JSON, without what is default."""
    out: dict[str, Any] = {"key": step.key, "kind": step.kind, "title": step.title}
    if step.instruction:
        out["instruction"] = step.instruction
    out |= {name: value for name, value in _settings(step).items() if value != _settings(_PLAIN[step.kind])[name]}
    if step.images:
        out["images"] = [{"sha256": image.sha256} | _filled(caption=image.caption) for image in step.images]
    if step.number:
        out["number"] = _dump_number(step.number)
    if step.options:
        out["options"] = [{"code": one.code, "label": one.label, "verdict": one.verdict} for one in step.options]
    if step.kind == "photo":
        out["photo"] = {"min_count": step.photo_min_count}
    if step.consumable:
        out["consumable"] = _dump_consumable(step.consumable)
    if step.electrical_safety:
        out["electrical_safety"] = _dump_safety(step.electrical_safety)
    return out


def _settings(step: Step) -> dict[str, Any]:
    names = ("required", "phase", "on_fail", "allow_na", "na_needs_reason", "show_previous")
    return {name: getattr(step, name) for name in names}


_PLAIN = {kind: Step("", kind, "", required=kind != "heading", show_previous=kind != "heading") for kind in KINDS}


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _dump_number(number: NumberField) -> dict[str, Any]:
    out: dict[str, Any] = {"unit": number.unit, "decimals": number.decimals}
    if number.target is not None:
        out["target"] = plain(number.target)
    if number.limit:
        out["limit"] = dump_limit(number.limit)
    return out


def _dump_consumable(consumable: Consumable) -> dict[str, Any]:
    every = consumable.replace_every
    period = {"count": every.count, "period": every.period} if every else None
    return {"part": consumable.part} | _filled(part_number=consumable.part_number, replace_every=period)


def _dump_safety(block: SafetyBlock) -> dict[str, Any]:
    out = {name: getattr(block, name) for name in ("standard", "edition", "device_class")}
    out |= _filled(applied_parts=list(block.applied_parts))
    out |= {name: getattr(block, name) for name in ("configuration", "equipment") if getattr(block, name) != getattr(SafetyBlock, name)}
    return out | _filled(methods=list(block.methods), tests=list(block.tests))
