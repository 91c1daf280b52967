"""Some work in the hospital of the browser tests: one order with a record of each kind. Run as a program of its own."""

import datetime as dt

import django

django.setup()

from django.utils import timezone  # noqa: E402

from openhtm.core.ids import uuid7  # noqa: E402
from openhtm.identity.actor import Actor  # noqa: E402
from openhtm.identity.models import User  # noqa: E402
from openhtm.identity.queries import person_with_roles  # noqa: E402
from openhtm.inventory.models import Device  # noqa: E402
from openhtm.procedures.models import ProcedureVersion  # noqa: E402
from openhtm.procedures.rules.steps import Step  # noqa: E402
from openhtm.procedures.services import authoring  # noqa: E402
from openhtm.sites.models import ServiceProvider  # noqa: E402
from openhtm.workorders.models import Checklist, HeldResult, WorkOrder  # noqa: E402
from openhtm.workorders.rules.results import ResultIn  # noqa: E402
from openhtm.workorders.services import checklists, labour, moving, opening, requests, results, spending, talking  # noqa: E402

TITLE, CHECKED, TO_SIGN = "Annual inspection", "Checklist of the tests", "Inspection to be signed"


def some_work() -> WorkOrder:
    """Open a visit with labour, a part, a cost, a service report, a remark and a file, and a fault reported without log-in."""
    person = person_with_roles(user_id=User.objects.get(username="technician").pk)
    assert person is not None
    actor, now, today = person.actor, timezone.now(), timezone.localdate()
    device = Device.objects.filter(facility__code="MAIN", status="in_service", merged_into=None).order_by("control_number")[0]
    order = opening.open_order(
        actor=Actor.system("tests"), title=TITLE, kind="scheduled", device=device.control_number, opens_on=today - dt.timedelta(days=40),
        due_on=today - dt.timedelta(days=10), grace_until=today + dt.timedelta(days=20), assigned_user_id=actor.user_id, est_min=35,
    )  # fmt: skip
    labour.book_labour(actor=actor, number=order.number, minutes=20)
    spending.add_part(actor=actor, number=order.number, description="Battery", unit_cost_cents=8900)
    spending.add_cost(actor=actor, number=order.number, description="Freight", cost_cents=1200)
    spending.receive_report(actor=actor, number=order.number, provider_id=ServiceProvider.objects.order_by("pk")[0].pk, performed_on=today)
    talking.add_comment(actor=actor, number=order.number, text="Key is at the nurse station.")
    talking.attach_file(actor=actor, number=order.number, content=b"one,two\n1,2\n", file_name="log.csv")
    target = requests.target_of_device(requests.report_codes([device.pk])[device.pk])
    requests.report_fault(target=target, report=requests.Report(words="The alarm is too quiet"), now=now)
    checklist_with_a_held_result(actor, device)
    completed_with_skipped_steps(actor)
    authoring.add_procedure(actor=Actor.system("tests"), name="Bed check", code="bed-check")
    return order


def checklist_with_a_held_result(actor: Actor, device: Device) -> HeldResult:
    """Open an order with a checklist and send a result for a step that it has not."""
    released = ProcedureVersion.objects.filter(status="released", procedure__active=True).order_by("procedure__code")
    order = opening.open_order(
        actor=Actor.system("tests"), title=CHECKED, device=device.control_number, assigned_user_id=actor.user_id,
        procedure_codes=[released.values_list("procedure__code", flat=True)[0]],
    )  # fmt: skip
    sent = ResultIn(
        uid=str(uuid7()),
        checklist=str(order.checklists.get().uid),
        step="no-such-step",
        measured_at=timezone.now().isoformat(),
        value="pass",
    )
    results.store_results(actor=actor, items=[sent])
    return HeldResult.objects.get()


def completed_with_skipped_steps(actor: Actor) -> WorkOrder:
    """Complete an order whose checklist leaves the first pass-or-fail step open: it waits for a signature and for a reader."""
    released = ProcedureVersion.objects.filter(status="released", procedure__active=True).order_by("procedure__code")
    device = Device.objects.filter(facility__code="MAIN", status="in_service", merged_into=None).order_by("-control_number")[0]
    order = opening.open_order(
        actor=Actor.system("tests"), title=TO_SIGN, kind="scheduled", device=device.control_number, assigned_user_id=actor.user_id,
        procedure_codes=[released.values_list("procedure__code", flat=True)[0]],
    )  # fmt: skip
    moving.start_work(actor=actor, number=order.number)
    checklist = order.checklists.get()
    steps = [one for one in checklists.steps_of(checklist).values() if one.kind != "heading"]
    first = next(one for one in steps if one.kind == "pass_fail")
    results.store_results(actor=actor, items=[answer_of(checklist, one, passes=one is not first) for one in steps])
    checklists.finish_checklist(actor=actor, uid=checklist.uid)
    moving.complete_order(actor=actor, number=order.number, failure_code="npf", work_done="Inspected")
    return order


def answer_of(checklist: Checklist, step: Step, *, passes: bool) -> ResultIn:
    passed = passes and step.kind == "pass_fail"
    told = {"value": "pass"} if passed else {"skip": "skipped", "text": "The cover could not be opened"}
    return ResultIn(
        uid=str(uuid7()), checklist=str(checklist.uid), step=step.key, phase="" if step.phase == "single" else "as_left",
        measured_at=timezone.now().isoformat(), **told,
    )  # fmt: skip


if __name__ == "__main__":
    some_work()
