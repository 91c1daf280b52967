"""Forms of procedures. What they let through, services still check."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from openhtm.catalog.models import DeviceModel, DeviceType
from openhtm.core.errors import DomainError, Invalid
from openhtm.procedures.models import Procedure, ProcedureKind
from openhtm.procedures.rules.content import MOST_STEPS

FIRST_BLOCKS: dict[str, dict[str, Any]] = {
    "number": {"number": {"unit": "1", "decimals": 1}},
    "choice": {"options": [{"code": "yes", "label": "Yes", "verdict": "pass"}, {"code": "no", "label": "No", "verdict": "fail"}]},
    "consumable": {"consumable": {"part": ""}},
    "photo": {"photo": {"min_count": 1}},
    "electrical_safety": {"electrical_safety": {"standard": "IEC 62353", "edition": "2014", "device_class": "I"}},
}
_LIMIT_NUMBERS = ("low", "high", "nominal", "percent", "absolute")


class ServiceForm(forms.Form):
    """A form whose service may still refuse."""

    def take(self, refusal: DomainError) -> None:
        """Show what the service refused, at its field where there is one."""
        errors = refusal.errors if isinstance(refusal, Invalid) else {"": [refusal.sentence]}
        for field, texts in errors.items():
            for text in texts:
                self.add_error(field if field in self.fields else None, text)


class ProcedureForm(ServiceForm):
    name = forms.CharField(label="Name", max_length=200, help_text="What it is done to, then what is done: Defibrillator: inspection.")
    kind = forms.ChoiceField(label="Kind", choices=ProcedureKind.choices)
    suggested_interval_months = forms.IntegerField(
        label="Suggested interval (months)", min_value=1, max_value=240, required=False, help_text="A suggestion only. Schedules decide."
    )
    interval_source = forms.CharField(label="Who suggests it", max_length=200, required=False)

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class LinksForm(ProcedureForm):
    """The procedure itself, and what it is for. Types are named one per line, as the catalogue names them."""

    device_types = forms.ModelMultipleChoiceField(DeviceType.objects.none(), label="For devices of the types", required=False)
    device_models = forms.ModelMultipleChoiceField(
        DeviceModel.objects.none(), label="For the models", required=False, help_text="Models of the types above, and those chosen before."
    )
    covers = forms.ModelMultipleChoiceField(
        Procedure.objects.none(), label="Includes", required=False, help_text="Lesser procedures that count as done with this one."
    )

    def __init__(self, *args: Any, procedure: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["device_types"].queryset = DeviceType.objects.order_by("name")
        of_types = DeviceModel.objects.filter(device_type__procedures=procedure) | DeviceModel.objects.filter(procedures=procedure)
        chosen = kwargs.get("data") or (args[0] if args else None)
        if chosen and (keys := [key for key in chosen.getlist("device_types") if key.isdigit() and len(key) < 10]):
            of_types = of_types | DeviceModel.objects.filter(device_type__in=keys)
        fields["device_models"].queryset = of_types.select_related("manufacturer").distinct().order_by("manufacturer__name", "name", "pk")
        fields["covers"].queryset = Procedure.objects.exclude(pk=procedure.pk).order_by("name")
        for name in ("device_types", "device_models", "covers"):
            fields[name].widget.attrs["size"] = 8

    def links(self) -> dict[str, Any]:
        found = self.cleaned_data
        return {
            "device_types": [one.code for one in found["device_types"]],
            "device_models": [one.pk for one in found["device_models"]],
            "covers": [one.code for one in found["covers"]],
        }

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in ProcedureForm.base_fields}

    @staticmethod
    def initial_of(procedure: Procedure) -> dict[str, Any]:
        plain = {name: getattr(procedure, name) for name in ProcedureForm.base_fields}
        links = {name: [one.pk for one in getattr(procedure, name).all()] for name in ("device_types", "device_models", "covers")}
        return plain | links


class PackForm(ServiceForm):
    file = forms.FileField(label="Pack file")


class ExportForm(ServiceForm):
    """What the file says of itself."""

    title = forms.CharField(label="Title", max_length=200, initial="Our procedures")
    pack = forms.SlugField(label="Code", max_length=80, initial="our-procedures", help_text="Stays the same from edition to edition.")
    version = forms.CharField(label="Edition", max_length=40, required=False, help_text="Today's date if empty.")
    source = forms.CharField(label="Who wrote them", max_length=200, help_text="Your hospital, as others should name it.")


def content_of(sent: QueryDict) -> dict[str, Any]:
    """Return what the editor's form holds as the raw content of a version; ``rules.content`` judges it."""
    oem = _filled(title=sent.get("oem_title", ""), revision=sent.get("oem_revision", ""), implemented=sent.get("oem_implemented", ""))
    return {
        "purpose": sent.get("purpose", ""),
        **_filled(
            instructions=sent.get("instructions", ""),
            tools=_lines(sent.get("tools", "")),
            tester_kinds=sent.getlist("tester_kinds"),
            consumables=_lines(sent.get("consumables", "")),
            est_minutes=_number(sent.get("est_minutes", "")),
            skill=sent.get("skill", "").strip(),
            safety_notes=_lines(sent.get("safety_notes", "")),
            oem=oem,
        ),
        "steps": _keyed([_step(sent, number) for number in sent.getlist("step")[: MOST_STEPS + 1]]),
    }


def _keyed(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give steps without a key one from their title, which no other step has."""
    taken = {step["key"] for step in steps if step["key"]}
    for step in steps:
        if not step["key"]:
            base = slugify(step["title"])[:60] or step["kind"].replace("_", "-") or "step"
            step["key"] = next(key for n in range(1, len(steps) + 2) if (key := base if n == 1 else f"{base}-{n}") not in taken)
            taken.add(step["key"])
    return steps


def _step(sent: QueryDict, number: str) -> dict[str, Any]:
    def said(name: str) -> str:
        return sent.get(f"s{number}-{name}", "")

    kind = said("kind")
    step: dict[str, Any] = {"key": said("key").strip(), "kind": kind, "title": said("title")}
    step |= _filled(instruction=said("instruction"), images=_images(sent, number))
    if kind == "heading":
        return step
    step |= {name: bool(said(name)) for name in ("required", "allow_na", "na_needs_reason", "show_previous")}
    step |= _filled(on_fail=said("on_fail"), phase=said("phase") if kind in ("number", "pass_fail", "choice") else "")
    if said("was") != kind and kind in FIRST_BLOCKS and said("was"):
        return step | FIRST_BLOCKS[kind]
    blocks = {"number": _measure, "choice": _options, "consumable": _consumable, "photo": _photo, "electrical_safety": _safety}
    return step | (blocks[kind](sent, number) if kind in blocks else {})


def _images(sent: QueryDict, number: str) -> list[dict[str, str]]:
    pairs = zip(sent.getlist(f"s{number}-image"), sent.getlist(f"s{number}-caption"), strict=False)
    dropped = set(sent.getlist(f"s{number}-drop"))
    return [{"sha256": sha, **_filled(caption=caption)} for sha, caption in pairs if sha not in dropped]


def _measure(sent: QueryDict, number: str) -> dict[str, Any]:
    def said(name: str) -> str:
        return sent.get(f"s{number}-{name}", "").strip()

    found: dict[str, Any] = {"unit": said("unit"), **_filled(decimals=_number(said("decimals")), target=_number(said("target")))}
    if said("from"):
        texts = {name: said(f"limit_{name}") for name in ("source", "edition", "confidence", "note")}
        ends = {f"{name}_inclusive": False for name in ("low", "high") if said(f"without_{name}")}
        found["limit"] = {"from": said("from"), **_filled(**texts, **{name: _number(said(name)) for name in _LIMIT_NUMBERS}), **ends}
    return {"number": found}


def _options(sent: QueryDict, number: str) -> dict[str, Any]:
    columns = (sent.getlist(f"s{number}-option_{name}") for name in ("code", "label", "verdict"))
    rows = [(code.strip(), label.strip(), verdict) for code, label, verdict in zip(*columns, strict=False)]
    return {
        "options": [
            {"code": code or slugify(label)[:60], "label": label, "verdict": verdict} for code, label, verdict in rows if code or label
        ]
    }


def _consumable(sent: QueryDict, number: str) -> dict[str, Any]:
    def said(name: str) -> str:
        return sent.get(f"s{number}-{name}", "").strip()

    every = {"count": _number(said("every_count")), "period": said("every_period")} if said("every_count") else None
    return {"consumable": {"part": said("part"), **_filled(part_number=said("part_number"), replace_every=every)}}


def _photo(sent: QueryDict, number: str) -> dict[str, Any]:
    return {"photo": _filled(min_count=_number(sent.get(f"s{number}-min_count", "")))}


def _safety(sent: QueryDict, number: str) -> dict[str, Any]:
    standard, _, edition = sent.get(f"s{number}-standard", "").partition("|")
    texts = {name: sent.get(f"s{number}-{name}", "") for name in ("device_class", "configuration", "equipment")}
    lists = {name: sent.getlist(f"s{number}-{name}") for name in ("applied_parts", "methods", "tests")}
    return {"electrical_safety": {"standard": standard, "edition": edition, **_filled(**texts, **lists)}}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _number(text: str) -> int | Decimal | str | None:
    """A number exactly as written; what is none stays text, so that the content's rules can say so."""
    text = text.strip()[:40]
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else value


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def act_on(steps: list[dict[str, Any]], wanted: str, *, new_kind: str) -> tuple[list[dict[str, Any]], int]:
    """Carry out a button of the editor: ``add``, ``up:2``, ``down:2``, ``copy:2``, ``remove:2``. Return the steps and which to show."""
    name, _, place = wanted.partition(":")
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else -1
    if name == "add":
        return [*steps, _fresh(steps, new_kind)], len(steps)
    if not 0 <= at < len(steps):
        return steps, -1
    if name in ("up", "down"):
        to = at - 1 if name == "up" else at + 1
        if 0 <= to < len(steps):
            steps[at], steps[to] = steps[to], steps[at]
            at = to
        return steps, at
    if name == "copy":
        return _keyed([*steps[: at + 1], steps[at] | {"key": ""}, *steps[at + 1 :]]), at + 1
    if name == "remove":
        return [*steps[:at], *steps[at + 1 :]], min(at, len(steps) - 2)
    return steps, at


def _fresh(steps: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    plain = {} if kind == "heading" else {"required": True, "show_previous": True, "na_needs_reason": True}
    return {"key": "", "kind": kind, "title": "", **plain, **FIRST_BLOCKS.get(kind, {})}
