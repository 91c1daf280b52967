"""Three visits for the days of people in the browser tests: one to do, one to review, one to leave out. Run as a program of its own."""

import django

django.setup()

from django.utils import timezone  # noqa: E402

from openhtm.core.ids import uuid7  # noqa: E402
from openhtm.demo.accounts import PASSWORD  # noqa: E402
from openhtm.identity.actor import Actor  # noqa: E402
from openhtm.identity.models import User  # noqa: E402
from openhtm.identity.queries import person_with_roles  # noqa: E402
from openhtm.inventory.models import Device  # noqa: E402
from openhtm.maintenance.models import Visit  # noqa: E402
from openhtm.maintenance.services import exclusions, programme  # noqa: E402
from openhtm.maintenance.services.reconcile import reconcile  # noqa: E402
from openhtm.procedures.models import Procedure, ProcedureVersion  # noqa: E402
from openhtm.procedures.rules.content import content_hash, dump, parse  # noqa: E402
from openhtm.workorders.models import Checklist  # noqa: E402
from openhtm.workorders.rules.results import ResultIn  # noqa: E402
from openhtm.workorders.services import assigning, checklists, labour, moving, reviewing  # noqa: E402
from openhtm.workorders.services.results import store_results  # noqa: E402

TO_DO, TO_REVIEW, TO_EXCLUDE = slice(20, 21), slice(21, 22), slice(22, 23)
STEPS = [
    {"key": "case", "kind": "pass_fail", "title": "Case and cords", "allow_na": True},
    {
        "key": "flow", "kind": "number", "title": "Flow at 100 mL/h",
        "number": {
            "unit": "mL/h",
            "limit": {"low": 95, "high": 105, "source": "Practice", "edition": "2026", "confidence": "site", "from": "local"},
        },
    },
    {"key": "alarm", "kind": "pass_fail", "title": "Alarm sounds", "on_fail": "minor"},
]  # fmt: skip


def actor_named(username: str) -> Actor:
    person = person_with_roles(user_id=User.objects.get(username=username).pk)
    assert person is not None
    return person.actor


def some_visits() -> None:
    """Make a short procedure due today on three devices: one to do, one done and signed, one that somebody wants to leave out."""
    procedure = Procedure.objects.create(name="Flow check", code="flow-check", kind="maintenance")
    content = parse({"format": 1, "purpose": "Shows that it works.", "steps": STEPS})
    ProcedureVersion.objects.create(
        procedure=procedure,
        number=1,
        status="released",
        released_at=timezone.now(),
        content=dump(content),
        content_hash=content_hash(content),
    )
    technician, engineer = actor_named("technician"), actor_named("engineer")
    for which in (TO_DO, TO_REVIEW, TO_EXCLUDE):
        _make_due(procedure, which)
    reconcile(actor=Actor.system("tests"))
    visits = Visit.objects.filter(schedule__procedure=procedure, is_open=True).order_by("device__control_number")
    todo, done, left_out = visits.select_related("work_order")
    numbers = [visit.work_order.number for visit in (todo, done) if visit.work_order]
    assigning.assign_orders(actor=actor_named("manager"), numbers=numbers, user_id=technician.user_id)
    _done_near_a_limit(technician, numbers[1])
    exclusions.propose(actor=engineer, visit_id=left_out.pk, code="done_recently", reason="The maker tested it last week")


def _make_due(procedure: Procedure, which: slice) -> None:
    [device] = Device.objects.filter(facility__code="MAIN", status="in_service", merged_into=None).order_by("control_number")[which]
    values = {"every_n": 12, "every_unit": "month", "anchor_on": timezone.localdate(), "reason": "For the tests", "est_min": 15}
    programme.set_line(actor=Actor.system("tests"), procedure_id=procedure.pk, device_id=device.pk, values=values)


def _done_near_a_limit(actor: Actor, number: int) -> None:
    """Do everything, with a reading that somebody has to look at, and sign."""
    moving.start_work(actor=actor, number=number)
    checklist = Checklist.objects.get(work_order__number=number)
    now = timezone.now().isoformat()
    answers = {"case": "pass", "flow": "104.9", "alarm": "pass"}
    outcome = store_results(
        actor=actor,
        items=[
            ResultIn(uid=str(uuid7()), checklist=str(checklist.uid), step=step, value=value, measured_at=now)
            for step, value in answers.items()
        ],
    )
    assert outcome.count("stored") == len(answers), outcome
    checklists.finish_checklist(actor=actor, uid=checklist.uid)
    labour.book_labour(actor=actor, number=number, minutes=15)
    moving.complete_order(actor=actor, number=number, failure_code="npf")
    reviewing.sign_performed(actor=actor, number=number, password=PASSWORD)


if __name__ == "__main__":
    some_visits()
