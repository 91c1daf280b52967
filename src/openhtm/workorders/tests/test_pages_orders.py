"""The pages of work as somebody in a browser meets them: Today, list, board, one order and what is done on it."""

import datetime as dt
import html
import io

import pytest
import python_calamine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openhtm.documents.tests.samples import PDF
from openhtm.identity.models import User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory
from openhtm.workforce.models import Team, TeamMember
from openhtm.workforce.tests.factories import staff_of
from openhtm.workorders.models import CodeList, LabourEntry, WorkCode, WorkOrder, WorkWatcher
from openhtm.workorders.queries.today import my_day
from openhtm.workorders.tests.factories import CommentFactory, LabourFactory, PartFactory, WorkOrderFactory, shipped_codes

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
def browse(client):
    """A function that logs somebody in and gives their browser."""

    def enter(actor):
        client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return enter


@pytest.fixture
def codes(db):
    shipped_codes()


@pytest.fixture
def device(north):
    return DeviceFactory(facility=north, control_number="BME-1", location=LocationFactory(facility=north, name="4 West"))


@pytest.fixture
def order(device):
    return WorkOrderFactory(device=device, title="Does not start")


def words(answer):
    return html.unescape(answer.content.decode())


def statements(browser, url):
    """The statements of a page that was opened before: the first one of a session also writes the session's clock."""
    browser.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


def window(days):
    """A window that was due ``days`` from today, with ten days before and after it."""
    due = timezone.localdate() + dt.timedelta(days=days)
    ten = dt.timedelta(days=10)
    return {"opens_on": due - ten, "due_on": due, "on_time_until": due, "grace_until": due + ten}


def test_today_shows_mine_by_place_and_the_most_urgent_first(maria, north, device, browse):
    unit = LocationFactory(facility=north, name="Emergency")
    WorkOrderFactory(device=device, kind="scheduled", title="Inspection", assigned_user_id=maria.user_id, **window(5))
    late = WorkOrderFactory(
        device=DeviceFactory(facility=north, location=unit), title="Late one", assigned_user_id=maria.user_id, **window(-30)
    )
    WorkOrderFactory(device=device, title="Of somebody else", assigned_user=UserFactory())
    day = my_day(actor=maria, now=timezone.now())
    assert [place.name for place in day.places] == ["Emergency", "4 West"]
    assert day.places[0].cards[0].number == late.number
    text = words(browse(maria).get("/today"))
    assert "Late 20 d" in text and "1 visit, 1 other order" in text and "Of somebody else" not in text


def test_today_offers_what_the_teams_share_and_folds_away_what_waits(maria, north, device, browse):
    team = Team.objects.create(name="Imaging", facility=north)
    TeamMember.objects.create(team=team, staff=staff_of(maria))
    reason = WorkCode.objects.create(list=CodeList.HOLD, code="parts", label="Waiting for parts")
    held = {"status": "on_hold", "hold_reason": reason, "held_since": timezone.now(), "assigned_user_id": maria.user_id}
    WorkOrderFactory(device=device, title="Shared", assigned_team=team)
    WorkOrderFactory(device=device, title="Must wait", hold_until=timezone.localdate() + dt.timedelta(days=3), **held)
    WorkOrderFactory(device=device, title="Goes on", hold_until=timezone.localdate(), **held)
    day = my_day(actor=maria, now=timezone.now())
    assert [card.title for card in day.queue] == ["Shared"]
    assert [card.title for card in day.to_do] == ["Goes on"] and [card.title for card in day.waiting] == ["Must wait"]
    assert "Waiting for parts" in words(browse(maria).get("/today"))


def test_an_empty_today_says_what_to_do(maria, browse):
    assert "Nothing is assigned to you" in words(browse(maria).get("/today"))


def test_the_list_shows_what_somebody_may_see_and_says_what_it_shows(omar, south, order, browse):
    WorkOrderFactory(device=DeviceFactory(facility=south), title="At South")
    browser = browse(omar)
    text = words(browser.get("/work"))
    assert "Does not start" in text and "At South" not in text
    assert "No order matches" in words(browser.get("/work", {"status": "on_hold"}))
    answer = browser.get("/work", {"status": "fine", "cursor": "junk"})
    assert answer.status_code == 200 and "status takes requested" in words(answer) and "starts anew" in words(answer)
    assert f"WO-{order.number}" in words(browser.get("/work", {"q": "BME-1"}))


def test_the_tabs_count_and_one_s_own_views_are_kept(omar, order, browse):
    browser = browse(omar)
    WorkOrderFactory(device=order.device, status="requested")
    text = words(browser.get("/work"))
    assert "Requested <small>1</small>" in text and "Nobody has it <small>2</small>" in text
    browser.post("/work/views/save", {"name": "Urgent", "query": "priority=1"})
    assert "priority=1" in words(browser.get("/work")) and "Urgent" in words(browser.get("/work/views"))
    assert "Urgent" not in words(browser.get("/devices"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_export_holds_exactly_the_list(kind, omar, order, browse):
    WorkOrderFactory(device=order.device, title="=1+1", status="requested")
    answer = browse(omar).get("/work/export", {"format": kind, "status": "requested"})
    content = b"".join(answer.streaming_content)
    if kind == "csv":
        assert content.count(b"WO-") == 1 and b"'=1+1" in content
    else:
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        assert [row[1] for row in sheet] == ["title", "=1+1"]


def test_costs_do_not_leave_with_somebody_who_may_not_see_them(north, order, browse):
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north))
    content = b"".join(browse(nurse).get("/work/export").streaming_content)
    assert b"control_number" in content and b"parts_cost" not in content


def test_the_board_has_a_column_for_each_open_status(omar, order, browse):
    WorkOrderFactory(device=order.device, title="Being done", status="in_progress", priority=1)
    text = words(browse(omar).get("/work/board"))
    assert text.index("Does not start") < text.index("Being done") and "Emergency" in text


def test_many_orders_are_assigned_at_once_or_none(omar, maria, device, browse):
    orders = WorkOrderFactory.create_batch(3, device=device)
    browser, numbers = browse(omar), [one.number for one in orders]
    assert "Assign and plan 3 orders" in words(browser.post("/work/bulk", {"query": "status=to_do", "everything": "1"}))
    form = {"selected": numbers, "assigned_user": maria.user_id, "assigned_team": "keep", "assigned_provider": "keep"}
    assert browser.post("/work/bulk/apply", form).status_code == 302
    assert WorkOrder.objects.filter(assigned_user_id=maria.user_id).count() == 3
    WorkOrder.objects.filter(number=numbers[0]).update(status="cancelled")
    refused = browser.post("/work/bulk/apply", form | {"assigned_user": ""})
    assert refused.status_code == 422 and "cancelled" in words(refused)
    assert WorkOrder.objects.filter(assigned_user_id=maria.user_id).count() == 3


def test_the_work_of_a_technician_from_start_to_review(maria, omar, order, codes, browse):
    browser, here = browse(maria), f"/work/{order.number}"
    assert "Start" in words(browser.get(here))
    assert browser.post(f"{here}/start").status_code == 303
    assert LabourEntry.objects.filter(user_id=maria.user_id, ended_at=None).exists()
    assert "Stop timer" in words(browser.get(here))
    refused = browser.post(f"{here}/complete", {"work_done": "New battery"})
    assert refused.status_code == 422 and "failure_code" in words(refused)
    failure = WorkCode.objects.filter(list="failure", for_corrective=True, active=True).first()
    assert browser.post(f"{here}/complete", {"failure_code": failure.code, "work_done": "New battery", "minutes": "20"}).status_code == 303
    order.refresh_from_db()
    assert (order.status, order.labour_min >= 20, order.work_done) == ("completed", True, "New battery")
    assert "Close" not in words(browser.get(here)).split('class="push"')[1].split("</div>")[0]
    assert browse(omar).post(f"{here}/close").status_code == 303
    order.refresh_from_db()
    assert order.status == "closed"


def test_what_cannot_be_done_is_said_on_the_order(omar, order, browse):
    answer = browse(omar).post(f"/work/{order.number}/close")
    assert answer.status_code == 422 and "cannot become closed" in words(answer)


def test_a_completed_order_says_what_closing_needs(omar, order, codes, browse):
    failure = WorkCode.objects.filter(list="failure", for_corrective=True).first()
    WorkOrder.objects.filter(pk=order.pk).update(status="completed", completed_at=timezone.now(), failure=failure)
    assert "Before closing it needs booked labour" in words(browse(omar).get(f"/work/{order.number}"))


@pytest.mark.parametrize("tab", ["work", "costs", "remarks", "timeline", "nonsense"])
def test_each_tab_opens_and_shows_text_as_text(tab, omar, device, browse):
    order = WorkOrderFactory(device=device, title=HOSTILE, description=HOSTILE, reporter_name=HOSTILE, work_done=HOSTILE)
    LabourFactory(work_order=order, note=HOSTILE)
    PartFactory(work_order=order, description=HOSTILE)
    CommentFactory(work_order=order, text=HOSTILE)
    answer = browse(omar).get(f"/work/{order.number}", {"tab": tab})
    assert answer.status_code == 200 and "<script>alert" not in answer.content.decode() and "<img src=x" not in answer.content.decode()


def test_money_parts_reports_and_their_sum(omar, order, codes, browse):
    browser, here = browse(omar), f"/work/{order.number}"
    assert browser.post(f"{here}/part", {"description": "Battery", "quantity": "2", "unit_cost_cents": "89.50"}).status_code == 303
    assert browser.post(f"{here}/cost", {"description": "Freight", "cost_cents": "12"}).status_code == 303
    assert browser.post(f"{here}/labour", {"minutes": "30", "category": "repair", "user": omar.user_id}).status_code == 303
    order.refresh_from_db()
    assert (order.parts_cents, order.other_cents, order.labour_min) == (17_900, 1_200, 30)
    text = words(browser.get(here, {"tab": "costs"}))
    assert "Battery" in text and "Freight" in text and "$191" in text
    part = order.parts.get()
    assert browser.post(f"{here}/part/{part.uid}/remove", {"reason": ""}).status_code == 422
    assert browser.post(f"{here}/part/{part.uid}/remove", {"reason": "Not used"}).status_code == 303
    order.refresh_from_db()
    assert order.parts_cents == 0


def test_remarks_and_files_and_what_outsiders_see_of_them(maria, north, order, browse):
    browser, here = browse(maria), f"/work/{order.number}"
    upload = io.BytesIO(PDF)
    upload.name = "log.pdf"
    assert browser.post(f"{here}/remark", {"text": "Among us", "file": upload}).status_code == 303
    file = order.attachments.get()
    shown = browser.get(f"{here}/file/{file.uid}")
    assert b"".join(shown.streaming_content) == PDF and shown["X-Content-Type-Options"] == "nosniff"
    ward = DepartmentFactory(facility=north)
    WorkOrder.objects.filter(pk=order.pk).update(department=ward)
    nurse = actor_of(UserFactory.with_role(Role.REQUESTER, north, department=ward))
    outside = browse(nurse)
    assert "Among us" not in words(outside.get(here, {"tab": "remarks"}))
    assert outside.get(f"{here}/file/{file.uid}").status_code == 404


def test_watching_merging_reopening_and_giving_up(omar, device, codes, browse):
    kept, other = WorkOrderFactory(device=device), WorkOrderFactory(device=device, title="Same fault")
    browser, here = browse(omar), f"/work/{kept.number}"
    assert browser.post(f"{here}/watch").status_code == 303 and WorkWatcher.objects.count() == 1
    assert "May be the same fault" in words(browser.get(here))
    assert browser.post(f"{here}/merge", {"numbers": "none"}).status_code == 422
    assert browser.post(f"{here}/merge", {"numbers": f"WO-{other.number}"}).status_code == 303
    assert f"Goes on as WO-{kept.number}" in words(browser.get(f"/work/{other.number}"))
    reason = WorkCode.objects.filter(list="cancel").first()
    assert browser.post(f"{here}/cancel", {"reason_code": reason.code}).status_code == 303
    assert browser.post(f"{here}/reopen", {"reason": "Found again"}).status_code == 303
    kept.refresh_from_db()
    assert kept.status == "open"


def test_a_new_order_by_device_template_and_person(omar, maria, device, codes, browse):
    browser = browse(omar)
    assert "Start from a template" in words(browser.get("/work/new", {"device": "bme-1"}))
    form = {
        "facility": "NORTH",
        "title": "Check the alarm",
        "kind": "corrective",
        "priority": "2",
        "device": "BME-1",
        "assigned_user": maria.user_id,
    }
    assert browser.post("/work/new", form | {"device": "NOSUCH"}).status_code == 422
    assert browser.post("/work/new", form).status_code == 303
    made = WorkOrder.objects.get(title="Check the alarm")
    assert (made.device, made.priority, made.assigned_user_id, made.status) == (device, 2, maria.user_id, "open")


def test_an_order_is_corrected_and_planned(omar, maria, order, browse):
    browser, here = browse(omar), f"/work/{order.number}"
    edit = {
        "title": "Starts, then stops",
        "kind": "corrective",
        "priority": "1",
        "device": "BME-1",
        "location": order.location_id,
        "department": "",
    }
    assert browser.post(f"{here}/edit", edit).status_code == 303
    plan = {"assigned_user": maria.user_id, "assigned_team": "", "assigned_provider": "", "planned_on": "2027-01-12"}
    assert browser.post(f"{here}/assign", plan).status_code == 303
    order.refresh_from_db()
    assert (order.title, order.priority, order.assigned_user_id, order.planned_on) == (
        "Starts, then stops",
        1,
        maria.user_id,
        dt.date(2027, 1, 12),
    )
    timeline = words(browser.get(here, {"tab": "timeline"}))
    assert "Assigned to Maria Reyes" in timeline and "Priority changed" in timeline


def test_an_order_on_paper(omar, order, codes, browse):
    PartFactory(work_order=order)
    CommentFactory(work_order=order, text=HOSTILE)
    answer = browse(omar).get(f"/work/{order.number}/order.pdf")
    assert answer["Content-Type"] == "application/pdf" and b"".join(answer.streaming_content).startswith(b"%PDF-")


def test_somebody_of_another_facility_finds_nothing(chen, order, browse):
    browser = browse(chen)
    assert browser.get(f"/work/{order.number}").status_code == 404
    assert browser.post(f"/work/{order.number}/start").status_code == 404


PAGES = ("/today", "/work", "/work?status=to_do", "/work/board", "/requests")


def test_lists_cost_the_same_for_one_order_and_for_thirty(omar, device, browse):
    browser = browse(omar)
    given = {"assigned_user_id": omar.user_id, "reporter_id": omar.user_id, "status": "in_progress"}
    WorkOrderFactory(device=device, **given)
    alone = [statements(browser, page) for page in PAGES]
    for _ in range(29):
        WorkOrderFactory(device__facility=device.facility, **given)
    assert [statements(browser, page) for page in PAGES] == alone


@pytest.mark.parametrize("tab", ["work", "costs", "remarks", "timeline"])
def test_an_order_costs_the_same_with_one_record_and_with_thirty(tab, omar, order, browse):
    browser, page = browse(omar), f"/work/{order.number}?tab={tab}"

    def add(count):
        for _ in range(count):
            LabourFactory(work_order=order)
            PartFactory(work_order=order)
            CommentFactory(work_order=order)

    add(1)
    alone = statements(browser, page)
    add(29)
    assert statements(browser, page) == alone
