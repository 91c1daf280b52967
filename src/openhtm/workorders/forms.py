"""Forms of work orders. Field names are those of the services, so that refusals appear where they belong."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone

from openhtm.core.text import control_number_key
from openhtm.identity.actor import Actor
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Permission
from openhtm.inventory.models import Device
from openhtm.sites.models import Department, Facility, Location, ServiceProvider
from openhtm.workforce.models import Team
from openhtm.workorders.models import CodeList, WorkCode, WorkOrder, WorkTemplate
from openhtm.workorders.rules.kinds import CORRECTIVE_CODES, KIND_LABELS, NEEDS_FAILURE_CODE, PRIORITY_LABELS, Kind, Priority
from openhtm.workorders.services.assignees import WORKING_ROLES
from openhtm.workorders.services.labour import usual_category

NOBODY = ("", "nobody")
KINDS = [(kind.value, label) for kind, label in KIND_LABELS.items()]
PRIORITIES = [(priority.value, label) for priority, label in PRIORITY_LABELS.items()]
MAX_CHOICES = 300
Choices = list[tuple[Any, str]]


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def words_field(label: str, *, rows: int = 3, max_length: int = 10_000, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=max_length, widget=forms.Textarea(attrs={"rows": rows}), **options)


def cents(amount: Decimal | None) -> int | None:
    """An amount as typed, in cents; None stays unknown."""
    return None if amount is None else int((amount * 100).to_integral_value())


def codes(of: CodeList, *, kind: str | None = None, empty: str = "", keep: int | None = None) -> Choices:
    """The entries of a coded list, for corrective or scheduled work if ``kind`` is given. One statement.

    ``keep``: an entry that is offered although it was retired.
    """
    found = WorkCode.objects.filter(Q(list=of, active=True) | Q(pk=keep))
    if kind is not None:
        found = found.filter(Q(for_corrective=True) if Kind(kind) in CORRECTIVE_CODES else Q(for_scheduled=True))
    entries: Choices = [(entry.code, f"{entry.label}: {entry.meaning}" if entry.meaning else entry.label) for entry in found]
    return [("", empty), *entries] if empty else entries


def people(facility_ids: Iterable[int] | None) -> Choices:
    """Who may be given work at these facilities (None: anywhere). One statement."""
    now = timezone.now()
    roles = Q(role_assignments__role__in=WORKING_ROLES, role_assignments__valid_from__lte=now)
    roles &= Q(role_assignments__valid_until__isnull=True) | Q(role_assignments__valid_until__gt=now)
    if facility_ids is not None:
        roles &= Q(role_assignments__facility__isnull=True) | Q(role_assignments__facility_id__in=list(facility_ids))
    found = User.objects.filter(roles, is_active=True, is_service_account=False).distinct().order_by("full_name", "pk")
    return [(user.pk, str(user)) for user in found[:MAX_CHOICES]]


class CodedForm(forms.Form):
    """A form whose choices come from the database when it is made."""

    def offer(self, name: str, choices: Choices) -> None:
        """Set the choices of one field."""
        self.fields[name].choices = choices  # type: ignore[attr-defined]


class AssignForm(CodedForm):
    """Who does it and when it is planned. For one order it starts with what stands; for many, what is left alone stays."""

    KEEP = ("keep", "leave as it is")
    assigned_user = forms.ChoiceField(label="Person", required=False)
    assigned_team = forms.ChoiceField(label="Team", required=False)
    assigned_provider = forms.ChoiceField(label="Company", required=False)
    planned_on = day_field("Planned on", help_text="The day somebody intends to do it. Its due date stays.")
    unplan = forms.BooleanField(label="Take the planned day away", required=False)
    REFERENCES = ("assigned_user", "assigned_team", "assigned_provider")

    def __init__(self, *args: Any, actor: Actor, order: WorkOrder | None = None, **kwargs: Any) -> None:
        self.order = order
        if order is not None:
            kwargs["initial"] = {name: getattr(order, f"{name}_id") or "" for name in self.REFERENCES} | {"planned_on": order.planned_on}
        else:
            kwargs["initial"] = dict.fromkeys(self.REFERENCES, "keep")
        super().__init__(*args, **kwargs)
        reach = actor.reach()
        first = [NOBODY] if order is not None else [self.KEEP, NOBODY]
        at = [order.facility_id] if order is not None else None if reach.everywhere else reach.touched_facility_ids
        teams = Team.objects.visible_to(actor).filter(active=True)
        if order is not None:
            teams = teams.filter(Q(facility_id=order.facility_id) | Q(facility__isnull=True))
            del self.fields["unplan"]
        self.offer("assigned_user", [*first, *people(at)])
        self.offer("assigned_team", [*first, *teams.values_list("pk", "name")[:MAX_CHOICES]])
        self.offer("assigned_provider", [*first, *ServiceProvider.objects.filter(active=True).values_list("pk", "name")[:MAX_CHOICES]])

    def values(self) -> dict[str, Any]:
        """What the service takes: only what is to change."""
        data, wanted = self.cleaned_data, {}
        for name, key in zip(self.REFERENCES, ("user_id", "team_id", "provider_id"), strict=True):
            chosen = data.get(name, "")
            if chosen != "keep" and not (self.order and str(getattr(self.order, f"{name}_id") or "") == chosen):
                wanted[key] = int(chosen) if chosen else None
        if data.get("unplan"):
            wanted["planned_on"] = None
        elif (self.order is None and data["planned_on"]) or (self.order is not None and data["planned_on"] != self.order.planned_on):
            wanted["planned_on"] = data["planned_on"]
        return wanted


class HoldForm(CodedForm):
    reason_code = forms.ChoiceField(label="What it waits for")
    until = day_field("Until", help_text="It shows on Today again from that day on.")
    note = words_field("Note", rows=2, max_length=1000, required=False, help_text="Whoever reported it may read this.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("reason_code", codes(CodeList.HOLD))


class CompleteForm(CodedForm):
    """What was found and done. The failure codes are those of the order's kind."""

    failure_code = forms.ChoiceField(label="Failure code", help_text="What the work showed, even if that is: no failure.")
    problem_code = forms.ChoiceField(label="Problem", required=False)
    cause_code = forms.ChoiceField(label="Cause", required=False)
    resolution_code = forms.ChoiceField(label="Resolution", required=False)
    work_done = words_field("What was done", rows=4, max_length=20_000, required=False)
    minutes = forms.IntegerField(
        label="Minutes to book", required=False, min_value=1, max_value=10_080, help_text="Your own time, beside what is booked already. Empty: nothing."
    )  # fmt: skip

    def __init__(self, *args: Any, order: WorkOrder, **kwargs: Any) -> None:
        names = ("failure", "problem", "cause", "resolution")
        coded = {f"{name}_code": getattr(getattr(order, name), "code", "") for name in names}
        kwargs["initial"] = coded | {"work_done": order.work_done}
        super().__init__(*args, **kwargs)
        self.fields["failure_code"].required = Kind(order.kind) in NEEDS_FAILURE_CODE
        for name, of in zip(names, (CodeList.FAILURE, CodeList.PROBLEM, CodeList.CAUSE, CodeList.RESOLUTION), strict=True):
            self.offer(
                f"{name}_code",
                codes(of, kind=order.kind, empty="choose" if name == "failure" else "not given", keep=getattr(order, f"{name}_id")),
            )


class ReasonForm(forms.Form):
    reason = words_field("Reason", rows=2, max_length=1000)


class RemoveForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=200, help_text="It disappears from the page; the history keeps it.")


class CancelForm(CodedForm):
    reason_code = forms.ChoiceField(label="Why it is given up")
    reason = words_field("In words", rows=2, max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("reason_code", codes(CodeList.CANCEL))


class MergeForm(forms.Form):
    """Reports of the same fault that become part of this order."""

    numbers = forms.CharField(label="Orders to merge into this one", max_length=400, help_text="Their numbers, such as WO-1042, WO-1043.")
    reason = words_field("Reason", rows=2, max_length=1000, required=False)

    def __init__(self, *args: Any, alike: Choices = (), **kwargs: Any) -> None:  # type: ignore[assignment]
        super().__init__(*args, **kwargs)
        if alike:
            hint = ", ".join(f"WO-{number} ({title[:60]})" for number, title in alike)
            self.fields["numbers"].help_text = f"Open on the same device: {hint}."

    def clean_numbers(self) -> list[int]:
        texts = self.cleaned_data["numbers"].upper().replace("WO-", " ").replace(",", " ").split()
        if not texts or not all(text.isascii() and text.isdecimal() and len(text) < 16 for text in texts):
            raise forms.ValidationError("Give order numbers, such as WO-1042.")
        return [int(text) for text in texts[:50]]


class LabourForm(CodedForm):
    minutes = forms.IntegerField(label="Minutes", min_value=1, max_value=10_080)
    category = forms.ChoiceField(label="Kind of labour")
    user = forms.ChoiceField(label="Who worked", required=False)
    note = forms.CharField(label="Note", max_length=200, required=False)

    def __init__(self, *args: Any, order: WorkOrder, actor: Actor, **kwargs: Any) -> None:
        kwargs["initial"] = {"category": usual_category(order.kind), "user": actor.user_id}
        super().__init__(*args, **kwargs)
        self.offer("category", codes(CodeList.LABOUR))
        if actor.may(Permission.ASSIGN_WORK, at=order.facility_id):
            self.offer("user", people([order.facility_id]))
        else:
            del self.fields["user"]


class PartForm(forms.Form):
    description = forms.CharField(label="Part", max_length=200)
    part_number = forms.CharField(label="Part number", max_length=80, required=False)
    quantity = forms.DecimalField(label="Quantity", initial=1, max_digits=10, decimal_places=2)
    unit_cost_cents = forms.DecimalField(
        label="Cost of one", required=False, min_value=0, max_digits=12, decimal_places=2, help_text="Empty: unknown."
    )
    serial_or_lot = forms.CharField(label="Serial number or lot", max_length=80, required=False)
    expires_on = day_field("Expires on", help_text="For pads, batteries and other parts with a date.")


class CostForm(forms.Form):
    description = forms.CharField(label="What for", max_length=200, help_text="Such as freight, or a rental while this is repaired.")
    cost_cents = forms.DecimalField(label="Cost", min_value=0, max_digits=12, decimal_places=2)


class VendorReportForm(CodedForm):
    provider = forms.ChoiceField(label="Company")
    performed_on = forms.DateField(label="Work done on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    report_number = forms.CharField(label="Number of the report", max_length=80, required=False)
    performed_by = forms.CharField(label="Done by", max_length=120, required=False)
    summary = words_field("What they say", max_length=4000, required=False)
    labour_min = forms.IntegerField(label="Minutes of labour", required=False, min_value=0, max_value=100_000)
    cost_cents = forms.DecimalField(
        label="Cost", required=False, min_value=0, max_digits=12, decimal_places=2, help_text="Empty: unknown or under contract."
    )
    file = forms.FileField(label="The report itself", required=False, max_length=200)

    def __init__(self, *args: Any, order: WorkOrder, **kwargs: Any) -> None:
        kwargs["initial"] = {"provider": order.assigned_provider_id or ""}
        super().__init__(*args, **kwargs)
        self.offer("provider", list(ServiceProvider.objects.filter(active=True).values_list("pk", "name")[:MAX_CHOICES]))


class SettleForm(forms.Form):
    verdict = forms.ChoiceField(
        label="Verdict", choices=[("accept", "Accept: the work counts"), ("reject", "Send back")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="Note", max_length=400, required=False, help_text="Needed when it is sent back.")


class CommentForm(forms.Form):
    text = words_field("Remark", rows=3)
    public = forms.BooleanField(label="Show it to whoever reported the fault", required=False)
    file = forms.FileField(label="File or photo", required=False, max_length=200)


class FileForm(forms.Form):
    file = forms.FileField(label="File or photo", max_length=200)
    public = forms.BooleanField(label="Show it to whoever reported the fault", required=False)


class OrderForm(CodedForm):
    """The words and facts of an order: for a new one and for correcting one."""

    title = forms.CharField(label="What is to be done", max_length=200)
    kind = forms.ChoiceField(label="Kind of work", choices=KINDS, initial=Kind.CORRECTIVE.value)
    priority = forms.TypedChoiceField(label="Priority", choices=PRIORITIES, coerce=int, initial=Priority.NORMAL.value)
    device = forms.CharField(
        label="Device", max_length=60, required=False, help_text="Control number. Scan it, or leave it empty for work at a place."
    )
    location = forms.ChoiceField(label="Place", required=False)
    department = forms.ChoiceField(label="Department", required=False)
    description = words_field("Description", rows=4, max_length=20_000, required=False)
    est_min = forms.IntegerField(label="Estimated minutes", required=False, min_value=0, max_value=100_000)
    due_on = day_field("Due on", help_text="Empty: the target of its priority.")
    planned_on = day_field("Planned on")

    def __init__(self, *args: Any, actor: Actor, facility: Facility | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        places = Location.objects.filter(facility=facility, active=True) if facility else Location.objects.none()
        owners = Department.objects.filter(facility=facility, active=True) if facility else Department.objects.none()
        self.offer("location", [("", "as the device, or unknown"), *places.values_list("pk", "full_name")[:2000]])
        self.offer("department", [("", "as the device, or unknown"), *owners.values_list("pk", "name")[:500]])

    def clean_device(self) -> str:
        number = self.cleaned_data["device"].strip()
        if not number:
            return ""
        key = control_number_key(number)
        visible = Device.objects.visible_to(self.actor)
        found = visible.filter(control_number=key).first() or visible.current().filter(serial_key=key, serial_key__gt="").first()
        if found is None:
            raise forms.ValidationError("There is no device %(number)s that you can see.", params={"number": number})
        return found.control_number

    def values(self) -> dict[str, Any]:
        """What the services take, references as keys."""
        data = self.cleaned_data
        plain = {name: data[name] for name in ("title", "kind", "priority", "description", "est_min", "due_on", "planned_on", "device")}
        return plain | {f"{name}_id": int(data[name]) if data[name] else None for name in ("location", "department")}


class NewOrderForm(OrderForm):
    """A new order: as above, and who gets it."""

    assigned_user = forms.ChoiceField(label="Give it to", required=False)
    parent = forms.CharField(label="Part of order", max_length=20, required=False, help_text="Such as WO-1042.")

    def __init__(self, *args: Any, actor: Actor, facility: Facility, template: WorkTemplate | None, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, facility=facility, **kwargs)
        self.template = template
        if template is not None:
            self.fields["title"].required = False
            self.fields["kind"].disabled = True
        if actor.may(Permission.ASSIGN_WORK, at=facility.pk):
            self.offer("assigned_user", [NOBODY, *people([facility.pk])])
        elif actor.may(Permission.DO_WORK, at=facility.pk):
            self.offer("assigned_user", [NOBODY, (actor.user_id, "me")])
        else:
            del self.fields["assigned_user"]

    def clean_parent(self) -> int | None:
        text = self.cleaned_data["parent"].upper().removeprefix("WO-").strip()
        if text and not (text.isascii() and text.isdecimal() and len(text) < 16):
            raise forms.ValidationError("Give the number of an order, such as WO-1042.")
        return int(text) if text else None


class FaultForm(CodedForm):
    """A fault, said by whoever stands before it. One question on each line; only the first needs an answer."""

    problem_code = forms.ChoiceField(label="What is wrong?", required=False)
    words = words_field("In your words", rows=3, max_length=4000, required=False, help_text="No names of patients, please.")
    patient_involved = forms.TypedChoiceField(
        label="Was a patient involved or could have been harmed?",
        choices=[("no", "No"), ("yes", "Yes"), ("", "I do not know")],
        required=False,
        widget=forms.RadioSelect,
        coerce=lambda text: text == "yes",
        empty_value=None,
    )
    set_aside = forms.TypedChoiceField(
        label="Is the device out of use now?",
        choices=[("yes", "Yes, it is set aside"), ("no", "No, it is still used")],
        required=False,
        widget=forms.RadioSelect,
        coerce=lambda text: text == "yes",
        empty_value=None,
    )
    photo = forms.FileField(
        label="Photo", required=False, max_length=200, help_text="Of the fault or the message, without a patient on it.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )  # fmt: skip
    name = forms.CharField(label="Your name", max_length=120, required=False)
    contact = forms.CharField(label="Telephone or pager", max_length=120, required=False)
    call_back = forms.BooleanField(label="Please call me back", required=False)

    def __init__(self, *args: Any, problems: Choices, with_device: bool, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("problem_code", [("", "choose, or say it below"), *problems])
        if not with_device:
            del self.fields["set_aside"]
        if known:
            del self.fields["name"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("problem_code") and not (data.get("words") or "").strip():
            self.add_error("words", "Say what is wrong, in a few words or by choosing from the list.")
        if data.get("call_back") and not data.get("contact"):
            self.add_error("contact", "Give a number at which you can be called.")
        return data


class JoinForm(forms.Form):
    """What somebody adds to a report that is open already."""

    words = words_field("What you saw", rows=2, max_length=4000, required=False)
    name = forms.CharField(label="Your name", max_length=120, required=False)


class RemarkForm(forms.Form):
    words = words_field("Add a remark", rows=2, max_length=4000)
    name = forms.CharField(label="Your name", max_length=120, required=False)
