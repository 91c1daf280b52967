"""What changed between two versions, in the words of whoever reviews it."""

from collections.abc import Iterator
from dataclasses import dataclass

from openhtm.procedures.rules.content import Content, OemDocument
from openhtm.procedures.rules.judging import limit_in_words
from openhtm.procedures.rules.limits import CONFIDENCES, Limit
from openhtm.procedures.rules.steps import KINDS, PERIODS, PHASES, SEVERITIES, VERDICTS, Consumable, Option, SafetyBlock, Step, conditions
from openhtm.procedures.rules.units import symbol


@dataclass(frozen=True)
class Difference:
    """One change. ``step`` is its title, empty for what stands above the steps; ``before`` or ``after`` is empty where nothing was."""

    what: str
    before: str
    after: str
    step: str = ""


def differences(*, before: Content, after: Content) -> tuple[Difference, ...]:
    """Return every change from ``before`` to ``after``: the head first, then steps taken out, added, changed, moved.

    Two contents differ exactly when this is not empty.
    """
    return (*_lines(_head(before), _head(after), ""), *_steps(before, after))


def _head(content: Content) -> dict[str, str]:
    return {
        "Purpose": content.purpose,
        "Instructions": content.instructions,
        "Tools": "; ".join(content.tools),
        "Kinds of testers": ", ".join(content.tester_kinds),
        "Consumables": "; ".join(content.consumables),
        "Estimated minutes": str(content.est_minutes),
        "Skill": content.skill,
        "Safety notes": "; ".join(content.safety_notes),
        "Manufacturer's document": _oem(content.oem),
    }


def _oem(oem: OemDocument | None) -> str:
    return "; ".join(filter(None, (oem.title, oem.revision and f"revision {oem.revision}", oem.implemented))) if oem else ""


def _steps(before: Content, after: Content) -> Iterator[Difference]:
    old, new = {step.key: step for step in before.steps}, {step.key: step for step in after.steps}
    for key, step in old.items():
        if key not in new:
            yield Difference("Step taken out", f"{step.title} ({KINDS[step.kind]})", "", step.title)
    for key, step in new.items():
        if key not in old:
            yield Difference("Step added", "", f"{step.title} ({KINDS[step.kind]})", step.title)
        else:
            yield from _lines(step_facts(old[key]), step_facts(step), step.title)
    common = [key for key in old if key in new]
    if common != (order := [key for key in new if key in old]):
        yield Difference("Order of the steps", _titles(common, old), _titles(order, new))


def _titles(keys: list[str], steps: dict[str, Step]) -> str:
    return ", ".join(steps[key].title for key in keys)


def _lines(old: dict[str, str], new: dict[str, str], step: str) -> Iterator[Difference]:
    for what in dict.fromkeys([*old, *new]):
        before, after = old.get(what, ""), new.get(what, "")
        if before != after:
            yield Difference(what, before, after, step)


def step_facts(step: Step) -> dict[str, str]:
    """Return everything a step says, as (what, words); two steps differ exactly when these do."""
    facts = {
        "Kind": KINDS[step.kind],
        "Title": step.title,
        "How": step.instruction,
        "Must be answered": "yes" if step.required else "no",
        "Values": PHASES[step.phase],
        "If it fails": SEVERITIES[step.on_fail],
        "Does not apply": _not_applicable(step),
        "Last value": "shown" if step.show_previous else "not shown",
        "Pictures": "; ".join(f"{one.caption or 'picture'} [{one.sha256[:8]}]" for one in step.images),
        "Answers": _options(step.options),
        "Photos": f"at least {step.photo_min_count}" if step.photo_min_count else "",
    }
    if step.number:
        target = step.number.target
        facts |= {"Unit": f"{symbol(step.number.unit)} ({step.number.unit})", "Decimals": str(step.number.decimals)}
        facts |= {"Set to": "" if target is None else f"{target:f}", "Limit": limit_in_words(step.number)}
        facts |= _limit(step.number.limit)
    return facts | _consumable(step.consumable) | _safety(step.electrical_safety)


def _not_applicable(step: Step) -> str:
    if not step.allow_na:
        return "may not be answered" + ("" if step.na_needs_reason else ", would need no reason")
    return "may be answered, with a reason" if step.na_needs_reason else "may be answered"


def _options(options: tuple[Option, ...]) -> str:
    return "; ".join(f"{one.label} ({one.code}): {VERDICTS[one.verdict]}" for one in options)


def _limit(limit: Limit | None) -> dict[str, str]:
    if limit is None:
        return {}
    numbers = [
        f"{name} {value:f}" for name in ("low", "high", "nominal", "percent", "absolute") if (value := getattr(limit, name)) is not None
    ]
    numbers += [f"{name} end left out" for name in ("low", "high") if not getattr(limit, f"{name}_inclusive")]
    return {
        "Limit as written": ", ".join(numbers),
        "Limit says": f"{limit.source} {limit.edition}".strip() + f" ({limit.origin})",
        "Confidence": CONFIDENCES[limit.confidence],
        "Note on the limit": limit.note,
    }


def _consumable(part: Consumable | None) -> dict[str, str]:
    if part is None:
        return {}
    every = part.replace_every
    period = f"every {every.count} {PERIODS[every.period]}" if every else ""
    return {"Part": part.part, "Part number": part.part_number, "Replaced": period}


def _safety(block: SafetyBlock | None) -> dict[str, str]:
    if block is None:
        return {}
    return {
        "Standard": f"{block.standard} {block.edition}",
        "Class": conditions("device_class")[block.device_class],
        "Applied parts": ", ".join(block.applied_parts),
        "Configuration": conditions("configuration")[block.configuration],
        "Equipment": conditions("equipment")[block.equipment],
        "Methods": ", ".join(block.methods),
        "Tests": ", ".join(block.tests),
    }
