"""What the checklist runner shows and reads: steps as finished values, and a posted form as results."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from openhtm.core.ids import uuid7
from openhtm.identity.actor import Actor
from openhtm.procedures.rules.content import Content
from openhtm.procedures.rules.judging import answers, client_rule, limit_in_words
from openhtm.procedures.rules.limits import bounds_of
from openhtm.procedures.rules.safety.model import Limit as SafetyLimit
from openhtm.procedures.rules.steps import Step
from openhtm.procedures.rules.units import symbol
from openhtm.testers.models import Tester
from openhtm.ui import marks
from openhtm.workorders.models import Checklist, Result
from openhtm.workorders.queries.checklists import Previous, answers_of, current_results, previous_values
from openhtm.workorders.queries.evidence import contents_of
from openhtm.workorders.rules.checklists import OUTCOME_LABELS, OUTCOME_TONES, OUTCOMES, Standing, standing
from openhtm.workorders.rules.results import ResultIn
from openhtm.workorders.rules.verdicts import MEASURED_KINDS, safety_tests

VERDICTS: Mapping[str, tuple[str, str]] = {
    "pass": ("ok", "Pass"),
    "fail": ("late", "Fail"),
    "recorded": ("info", "Recorded"),
    "invalid": ("due", "Does not count"),
    "na": ("hold", "Does not apply"),
    "skipped": ("hold", "Skipped"),
}
PHASE_LABELS: Mapping[str, str] = {"": "", "as_found": "As found", "as_left": "As left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One value a step asks for. ``uid`` is that of the next result, made here for browsers without JavaScript."""

    phase: str
    label: str
    name: str
    uid: str
    value: str = ""
    result: Result | None = None
    tone: str = ""
    word: str = ""
    why: str = ""
    line: SafeString | str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestLine:
    """One measurement of an electrical-safety block."""

    key: str
    title: str
    unit: str
    limit: str
    required: bool
    measured: bool
    value: str = ""
    verdict: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step as the page shows it."""

    step: Step
    number: int
    slots: tuple[Slot, ...]
    rule: str
    answers: tuple[tuple[str, str, str], ...] = ()
    heading: str = ""
    unit: str = ""
    limit: str = ""
    source: str = ""
    previous: Previous | None = None
    previous_words: str = ""
    tests: tuple[TestLine, ...] = ()
    testers: tuple[tuple[str, str, str], ...] = ()
    tester: str = ""
    images: tuple[tuple[str, str], ...] = ()
    current: bool = False
    next_url: str = ""
    back_url: str = ""

    @property
    def answered(self) -> bool:
        return any(slot.result for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Runner:
    """Everything the page shows. ``steps`` are those that take an answer; a heading stands with the step it is before."""

    checklist: Checklist
    content: Content
    steps: tuple[StepView, ...]
    standing: Standing
    current: StepView | None

    @property
    def share(self) -> float:
        return 100 * self.standing.answered / self.standing.asked if self.standing.asked else 0

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What may be chosen: the outcome the results give, or a worse one."""
        return [(code, OUTCOME_LABELS[code]) for code in OUTCOMES[OUTCOMES.index(self.standing.outcome) :]]

    @property
    def outcome_tone(self) -> str:
        return OUTCOME_TONES[self.standing.outcome]

    def titles(self, keys: Sequence[str]) -> list[str]:
        return [one.step.title for one in self.steps if one.step.key in keys]


def runner(
    checklist: Checklist, *, actor: Actor, wanted: str = "", problems: Mapping[str, str] | None = None, sent: QueryDict | None = None
) -> Runner:
    """Gather the page: four statements for any number of steps. ``problems`` are sentences by the name of a field."""
    content = contents_of({checklist.version_id: checklist.version.content_hash})[checklist.version_id]
    asking = [step for step in content.steps if step.kind != "heading"]
    results = current_results([checklist.pk]).get(checklist.pk, [])
    by_slot = {(one.step_key, one.phase): one for one in results}
    previous = previous_values(checklist=checklist, step_keys=[step.key for step in asking if step.show_previous])
    testers = tester_choices(checklist, content, actor) if any(step.kind in MEASURED_KINDS for step in asking) else ()
    stands = standing(steps=content.steps, answers=answers_of(results))
    open_key = wanted if any(step.key == wanted for step in asking) else next(
        (step.key for step in asking if not any((step.key, phase) in by_slot for phase in ("", "as_found", "as_left"))), ""
    )  # fmt: skip
    last_tester = next((one.tester.device.control_number for one in reversed(results) if one.tester), "")
    gathered = _Gathered(checklist, asking, by_slot, previous, testers, last_tester, problems or {}, sent, open_key, _headings(content))
    steps = tuple(gathered.view(position) for position in range(len(asking)))
    return Runner(checklist, content, steps, stands, next((one for one in steps if one.current), None))


def _headings(content: Content) -> dict[str, str]:
    """Return the heading that stands before a step, by the key of the step."""
    found, heading = {}, ""
    for step in content.steps:
        if step.kind == "heading":
            heading = step.title
        elif heading:
            found[step.key], heading = heading, ""
    return found


def tester_choices(checklist: Checklist, content: Content, actor: Actor) -> tuple[tuple[str, str, str], ...]:
    """Return the testers that serve this procedure as (control number, words, tone). One statement."""
    today = timezone.now().astimezone(ZoneInfo(checklist.work_order.facility.time_zone)).date()
    found = Tester.objects.visible_to(actor).filter(active=True, device__facility=checklist.work_order.facility_id)
    if content.tester_kinds:
        found = found.filter(kinds__overlap=list(content.tester_kinds))
    return tuple(_tester_words(one, today) for one in found.select_related("device__device_model").order_by("device__control_number")[:200])


def _tester_words(one: Tester, today: dt.date) -> tuple[str, str, str]:
    number = one.device.control_number
    if not one.usable:
        return number, f"{number}, set aside", "late"
    if one.calibration_due_on is None:
        return number, f"{number}, no calibration on record", "late"
    if one.calibration_due_on < today:
        return number, f"{number}, calibration ended {one.calibration_due_on:%d %b %Y}", "late"
    return number, f"{number}, in calibration to {one.calibration_due_on:%d %b %Y}", "ok"


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What the steps of one page are made of."""

    checklist: Checklist
    asking: Sequence[Step]
    results: Mapping[tuple[str, str], Result]
    previous: Mapping[str, Previous]
    testers: tuple[tuple[str, str, str], ...]
    last_tester: str
    problems: Mapping[str, str]
    sent: QueryDict | None
    open_key: str
    headings: Mapping[str, str]

    def view(self, position: int) -> StepView:
        step = self.asking[position]
        phases = ("",) if step.phase == "single" else ("as_found", "as_left")
        old = self.previous.get(step.key)
        slots = tuple(self._slot(step, phase, old) for phase in phases)
        tester = next((slot.result.tester.device.control_number for slot in slots if slot.result and slot.result.tester), self.last_tester)
        current = step.key == self.open_key
        return StepView(
            step=step,
            number=position + 1,
            slots=slots,
            rule=json.dumps(client_rule(step)),
            answers=tuple((code, label, verdict) for code, (label, verdict) in answers(step).items()),
            heading=self.headings.get(step.key, ""),
            unit=symbol(step.number.unit) if step.number else "",
            limit=limit_in_words(step.number) if step.number else "",
            source=_source(step),
            previous=old,
            previous_words=_previous_words(old),
            tests=self._tests(step, slots[0]) if step.electrical_safety else (),
            testers=self.testers if step.kind in MEASURED_KINDS else (),
            tester=tester,
            images=tuple((image.sha256, image.caption or step.title) for image in step.images),
            current=current,
            next_url=self._url(position + 1),
            back_url=self._url(position - 1) if position else "",
        )

    def _url(self, position: int) -> str:
        base = reverse("workorders:checklist", args=[self.checklist.work_order.number, self.checklist.uid])
        if position >= len(self.asking):
            return f"{base}#finish"
        return f"{base}?step={self.asking[position].key}#step-{self.asking[position].key}"

    def _slot(self, step: Step, phase: str, old: Previous | None) -> Slot:
        name = f"value_{phase}" if phase else "value"
        result = self.results.get((step.key, phase))
        tone, word = VERDICTS[result.verdict] if result else ("", "")
        if result and result.verdict == "pass" and (result.share_of_limit or 0) > 0.9:
            tone, word = "due", "Near the limit"
        typed = self.sent.get(name, "") if self.sent and step.key == self.open_key else ""
        return Slot(
            phase=phase,
            label=PHASE_LABELS[phase],
            name=name,
            uid=str(uuid7()),
            value=typed or _shown(result),
            result=result,
            tone=tone,
            word=word,
            why=str(result.detail.get("why", "")) if result else "",
            line=_limit_line(step, result, old),
            problem=self.problems.get(f"{step.key}:{phase}", ""),
        )

    def _tests(self, step: Step, slot: Slot) -> tuple[TestLine, ...]:
        assert step.electrical_safety is not None
        stored = slot.result.detail.get("tests", {}) if slot.result else {}
        return tuple(
            TestLine(
                key=one.key,
                title=one.title,
                unit=symbol(one.unit) if one.unit else "",
                limit=_safety_words(one.limit),
                required=one.required,
                measured=isinstance(one.limit, SafetyLimit),
                value=str(stored.get(one.key, {}).get("measured", "")),
                verdict=str(stored.get(one.key, {}).get("verdict", "")),
                remark=str(stored.get(one.key, {}).get("remark", "")),
            )
            for one in safety_tests(step.electrical_safety)
        )


def _safety_words(limit: object) -> str:
    if not isinstance(limit, SafetyLimit):
        return ""
    words = {"<=": "at most", "<": "less than", ">=": "at least", ">": "more than"}[limit.comparator]
    return f"{words} {limit.value.normalize():f} {symbol(limit.unit)}"


def _shown(result: Result | None) -> str:
    if result is None or result.verdict in ("na", "skipped"):
        return ""
    return f"{result.number:g}" if result.number is not None else result.choice or result.text


def _source(step: Step) -> str:
    if step.number is None or step.number.limit is None:
        return ""
    limit = step.number.limit
    return " ".join(part for part in (limit.source, limit.edition) if part)


def _previous_words(old: Previous | None) -> str:
    if old is None or not old.answer:
        return ""
    return f"{old.answer} {symbol(old.unit)}".strip()


def _limit_line(step: Step, result: Result | None, old: Previous | None) -> SafeString | str:
    """Draw a limit with two ends. One that only has an upper end starts at zero; others are said in words alone."""
    if step.number is None or step.number.limit is None or step.number.limit.is_open:
        return ""
    bounds = bounds_of(step.number.limit)
    low = bounds.low if bounds.low is not None else 0
    if bounds.high is None or low >= bounds.high:
        return ""
    return marks.limit_line(
        result.number if result else None,
        low=float(low),
        high=float(bounds.high),
        previous=old.number if old else None,
        unit=symbol(step.number.unit),
    )


@dataclass(frozen=True, slots=True)
class Posted:
    """What a form of one step holds: its results, ready to be stored, and the step."""

    step: Step
    items: tuple[ResultIn, ...]


def posted(request: HttpRequest, *, checklist: Checklist, step: Step, photos: Sequence[str], standing_uids: Mapping[str, str]) -> Posted:
    """Read the form of a step. An empty field of two values is left out; a step with nothing at all is sent so that it is refused.

    ``standing_uids`` are the results that stand now, by phase: with a reason given, the new one corrects them.
    """
    phases = ("",) if step.phase == "single" else ("as_found", "as_left")
    form = request.POST
    skip = form.get("skip", "")
    wanted = [phase for phase in phases if _value(form, phase) or skip] or list(phases[:1])
    if skip and len(phases) > 1:
        wanted = ["as_left"]
    items = tuple(
        _item(form, checklist=checklist, step=step, phase=phase, photos=photos, stands=standing_uids.get(phase, "")) for phase in wanted
    )
    return Posted(step, items)


def _value(form: QueryDict, phase: str) -> str:
    return form.get(f"value_{phase}" if phase else "value", "")


def _item(form: QueryDict, *, checklist: Checklist, step: Step, phase: str, photos: Sequence[str], stands: str) -> ResultIn:
    reason = form.get("reason", "").strip()
    detail: dict[str, object] = {name: form[name] for name in ("lot", "expires_on") if form.get(name)}
    if tests := _tests_in(form):
        detail["tests"] = tests
    return ResultIn(
        uid=form.get(f"uid_{phase}" if phase else "uid", "") or str(uuid7()),
        checklist=str(checklist.uid),
        step=step.key,
        measured_at=timezone.now().isoformat(),
        value=_value(form, phase) or None,
        phase=phase,
        unit=form.get("unit", ""),
        skip=form.get("skip", ""),
        text=form.get("text", ""),
        files=tuple(photos),
        tester=form.get("tester", ""),
        detail=detail,
        supersedes=stands if reason else "",
        reason=reason if stands else "",
    )


def _tests_in(form: QueryDict) -> dict[str, dict[str, str]]:
    """Return the measurements of a safety block that were filled in."""
    found: dict[str, dict[str, str]] = {}
    for name, value in form.items():
        kind, _, key = name.partition(":")
        if kind in ("test", "look", "remark") and key and isinstance(value, str) and value.strip():
            found.setdefault(key, {})[{"test": "value", "look": "verdict", "remark": "remark"}[kind]] = value.strip()
    return {key: one for key, one in found.items() if "value" in one or "verdict" in one}
