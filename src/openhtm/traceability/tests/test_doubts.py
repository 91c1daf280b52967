"""A tester found out of tolerance: what it judged, in which order, and the work that follows."""

import csv
import datetime as dt
import io

import pytest
from django.test import Client
from django.urls import reverse

from openhtm.core.errors import Invalid, NotAllowed
from openhtm.core.ids import uuid7
from openhtm.core.pagination import keyset_page
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import Device
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.testers.models import Calibration
from openhtm.testers.services.testers import record_calibration
from openhtm.traceability.models import DoubtOrder
from openhtm.traceability.queries import doubts as queries
from openhtm.traceability.rules.doubts import Rank, margin_ppm, rank
from openhtm.traceability.services.doubts import open_doubt_orders
from openhtm.traceability.tests.conftest import instrument
from openhtm.workorders.models import Result, WorkEvent, WorkOrder
from openhtm.workorders.tests.evidence import ChecklistFactory

pytestmark = pytest.mark.django_db
GOOD, BAD = dt.date(2025, 9, 1), dt.date(2026, 3, 1)
DURING = dt.datetime(2026, 1, 10, 15, tzinfo=dt.UTC)


@pytest.fixture
def bad(maria, analyser):
    """The analyser, found 6 % off on the first of March."""
    return record_calibration(
        actor=maria, tester_id=analyser.pk, performed_on=BAD, due_on=dt.date(2027, 3, 1), verdict="adjusted", laboratory="Metrology",
        certificate_number="C-2", error_percent=6.0, now=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
    )  # fmt: skip


def judged(tester, facility, *, number=97.0, high=100.0, at=DURING, high_risk=False, version=None, device=None, **more):
    """A number step judged by the tester on a device of its own."""
    device = device or DeviceFactory(facility=facility)
    Device.objects.filter(pk=device.pk).update(high_risk=high_risk)
    checklist = ChecklistFactory(
        work_order__device=device, work_order__status="closed", work_order__closed_at=at, **({"version": version} if version else {})
    )
    given = {
        "uid": uuid7(), "checklist": checklist, "work_order": checklist.work_order, "device": device, "step_key": "leakage", "kind": "number",
        "number": number, "unit": "uA", "limit": {"high": high}, "share_of_limit": None if number is None else number / high, "verdict": "pass", "tester": tester,
        "performer_name": "Maria", "measured_at": at, "fingerprint": "0" * 64,
    }  # fmt: skip
    return Result.objects.create(**(given | more))


def found(actor, bad, **more):
    return queries.results_in_doubt(actor, queries.finding_of(actor, bad.uid), **more)


def order(rows):
    return [(one.device.control_number, one.rank) for one in rows.order_by("rank", "margin", "uid").select_related("device")]


def test_the_period_reaches_from_the_last_good_calibration_to_the_finding(maria, north, analyser, bad):
    inside = judged(analyser, north)
    judged(analyser, north, at=dt.datetime(2025, 8, 31, 20, tzinfo=dt.UTC))
    judged(analyser, north, at=dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC))
    judged(instrument(north, number="BME-T2", serial="X"), north)
    assert list(found(maria, bad)) == [inside]
    finding = queries.finding_of(maria, bad.uid)
    assert (finding.since_on, finding.until_on) == (GOOD, BAD)


def test_the_worst_comes_first(maria, north, analyser, bad):
    names = {}
    for name, given in {
        "far": {"number": 50.0},
        "close": {"number": 97.0},
        "closest": {"number": 99.0},
        "unknown": {"limit": {}, "share_of_limit": None},
        "risky far": {"number": 50.0, "high_risk": True},
        "risky close": {"number": 96.0, "high_risk": True},
        "risky unknown": {"limit": {}, "share_of_limit": None, "high_risk": True},
    }.items():
        names[judged(analyser, north, **given).device.control_number] = name
    assert [names[number] for number, _ in order(found(maria, bad))] == [
        "risky close", "closest", "close", "risky unknown", "unknown", "risky far", "far",
    ]  # fmt: skip


def test_the_database_reckons_as_the_rule_does(maria, north, analyser, bad):
    cases = [
        (97.0, None, 100.0, 0.97), (0.0, None, 5.0, 0.0), (200.0, 170.0, 230.0, 0.0), (105.0, None, 100.0, 1.05), (None, None, None, 0.93),
        (None, None, None, 1.3), (5.0, None, None, None), (5.0, 4.9, None, 0.98), (1e-9, None, 1e6, 0.0), (2e-311, None, 1.0, None), (1e300, None, 1e-300, 1e300), (-3.0, -4.0, 4.0, 0.75),
    ]  # fmt: skip
    wanted = {}
    for number, low, high, share in cases:
        limit = {name: edge for name, edge in (("low", low), ("high", high)) if edge is not None}
        made = judged(analyser, north, number=number, limit=limit, share_of_limit=share, high_risk=bool(low))
        wanted[made.uid] = (number, low, high, share, bool(low))
    for one in found(maria, bad):
        number, low, high, share, risky = wanted[one.uid]
        margin = margin_ppm(number=number, low=low, high=high, share=share)
        assert (one.margin, one.rank) == (margin, rank(high_risk=risky, margin=margin, error_percent=6.0))


def test_an_error_may_be_supposed(maria, north, analyser, bad):
    judged(analyser, north, number=97.0)
    assert found(maria, bad, error_percent=1.0).get().rank == Rank.FAR
    assert found(maria, bad).get().rank == Rank.CLOSE


def test_corrected_results_and_those_without_a_reading_are_left_out(maria, north, analyser, bad):
    old = judged(analyser, north)
    judged(analyser, north, verdict="skipped")
    judged(None, north, supersedes=old)
    assert not found(maria, bad).exists()


def test_chen_sees_nothing(chen, maria, north, analyser, bad):
    judged(analyser, north)
    with pytest.raises(Calibration.DoesNotExist):
        queries.finding_of(chen, bad.uid)


def test_each_device_becomes_one_order_and_never_a_second(maria, north, analyser, bad, version):
    device = DeviceFactory(facility=north)
    worst = judged(analyser, north, number=99.0, device=device, version=version, high_risk=True)
    judged(analyser, north, number=60.0, device=device, high_risk=True)
    judged(analyser, north, number=98.0)
    made = open_doubt_orders(actor=maria, calibration=bad.uid)
    assert len(made) == 2
    one = DoubtOrder.objects.get(device=device)
    assert (one.in_doubt, one.results, one.order.parent, one.order.origin) == (worst.work_order, 2, worst.work_order, "tester")
    assert (one.order.kind, one.order.priority, one.order.checklists.get().version) == ("calibration", 2, version)
    assert WorkEvent.objects.filter(work_order=worst.work_order, kind="in_doubt").count() == 1
    assert open_doubt_orders(actor=maria, calibration=bad.uid) == []
    assert WorkOrder.objects.filter(origin="tester").count() == 2


def test_only_what_was_selected_becomes_work(maria, north, analyser, bad):
    wanted, other = judged(analyser, north), judged(analyser, north, number=50.0)
    made = open_doubt_orders(actor=maria, calibration=bad.uid, devices=[wanted.device.control_number.lower()])
    assert [one.device for one in made] == [wanted.device]
    assert [one.device for one in open_doubt_orders(actor=maria, calibration=bad.uid)] == [other.device]


def test_only_what_could_be_otherwise_becomes_work(maria, north, analyser, bad):
    close = judged(analyser, north)
    judged(analyser, north, number=50.0)
    assert [one.device for one in open_doubt_orders(actor=maria, calibration=bad.uid, close=True)] == [close.device]


@pytest.mark.parametrize("numbers", [[], ["NOBODY"]])
def test_a_device_that_is_not_in_doubt_is_refused(maria, north, analyser, bad, numbers):
    judged(analyser, north)
    with pytest.raises(Invalid):
        open_doubt_orders(actor=maria, calibration=bad.uid, devices=numbers)
    assert not WorkOrder.objects.filter(origin="tester").exists()


def test_a_reader_may_not_open_work(north, maria, analyser, bad):
    judged(analyser, north)
    with pytest.raises(NotAllowed):
        open_doubt_orders(actor=actor_of(UserFactory.with_role(Role.SURVEYOR, north)), calibration=bad.uid)


def test_the_figures_follow_the_work(maria, north, analyser, bad):
    judged(analyser, north, high_risk=True)
    judged(analyser, north, number=50.0)
    finding = queries.finding_of(maria, bad.uid)
    before = queries.figures(found(maria, bad), finding)
    assert {name: before[name] for name in ("results", "devices", "close", "high_risk", "without")} == {
        "results": 2, "devices": 2, "close": 1, "high_risk": 1, "without": 2,
    }  # fmt: skip
    open_doubt_orders(actor=maria, calibration=bad.uid, close=True)
    WorkOrder.objects.filter(origin="tester").update(status="closed", closed_at=DURING)
    after = queries.figures(found(maria, bad), finding)
    assert (after["orders"], after["open"], after["done"], after["without"]) == (1, 0, 1, 1)
    assert [row["results"] for row in queries.devices_in_doubt(found(maria, bad), finding, work="done")] == [1]


def test_passing_again_with_another_tester_is_shown(maria, north, analyser, bad):
    one = judged(analyser, north)
    later = judged(instrument(north, number="BME-T3", serial="Y"), north, device=one.device, at=dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC))
    finding = queries.finding_of(maria, bad.uid)
    worst = queries.worst_results(found(maria, bad), [one.device_id])
    assert queries.passed_since(finding, worst)[one.device_id] == (later.measured_at, later.work_order.number)


@pytest.fixture
def browser(north):
    client = Client()
    client.force_login(UserFactory.with_role(Role.MANAGER, north))
    return client


def test_the_page_lists_selects_and_shows_progress(browser, north, analyser, bad):
    one = judged(analyser, north, high_risk=True)
    here = reverse("traceability:doubt", args=[bad.uid])
    page = browser.get(here).content.decode()
    assert one.device.control_number in page and "High-risk, could be otherwise" in page
    assert here in browser.get(reverse("testers:tester", args=[analyser.pk])).content.decode()
    answer = browser.post(reverse("traceability:doubt-open", args=[bad.uid]), {"selected": [one.device.control_number]})
    assert (answer.status_code, DoubtOrder.objects.count()) == (302, 1)
    made = DoubtOrder.objects.get()
    page = browser.get(here, {"view": "open"}).content.decode()
    assert str(made.order) in page and "1 under way" in page
    assert here in browser.get(reverse("workorders:order", args=[made.order.number])).content.decode()


@pytest.mark.parametrize(
    "query", [{"view": "results"}, {"close": "1"}, {"error": "2,5"}, {"error": "much"}, {"view": "odd"}, {"cursor": ""}]
)
def test_every_view_of_the_page_answers(browser, north, analyser, bad, query):
    judged(analyser, north)
    judged(analyser, north, limit={}, share_of_limit=None)
    assert browser.get(reverse("traceability:doubt", args=[bad.uid]), query).status_code == 200


@pytest.mark.parametrize("view", ["", "results"])
def test_the_page_costs_the_same_for_one_and_for_thirty(browser, north, analyser, bad, view, django_assert_max_num_queries):
    here = reverse("traceability:doubt", args=[bad.uid])
    judged(analyser, north)
    browser.get(here, {"view": view})
    with django_assert_max_num_queries(40) as of_one:
        browser.get(here, {"view": view})
    for _ in range(29):
        judged(analyser, north)
    with django_assert_max_num_queries(len(of_one)):
        browser.get(here, {"view": view})


def test_paging_shows_every_device_once(maria, north, analyser, bad):
    for share in (0.5, 0.97, 0.97, 0.99, 0.2):
        judged(analyser, north, number=share * 100)
    finding, seen, cursor = queries.finding_of(maria, bad.uid), [], None
    while True:
        page = keyset_page(queries.devices_in_doubt(found(maria, bad), finding), order=("worst", "nearest", "key"), cursor=cursor, limit=2)
        seen += [row["key"] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_export_holds_every_result(browser, north, analyser, bad, kind):
    one = judged(analyser, north, performer_name="=HYPERLINK(1)")
    judged(analyser, north, limit={}, share_of_limit=None)
    answer = browser.get(reverse("traceability:doubt-export", args=[bad.uid]), {"format": kind})
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert rows[0]["control_number"] == one.device.control_number
        assert (rows[0]["margin_percent"], rows[0]["performer"][0]) == ("3.0928", "'")
    else:
        assert content.startswith(b"PK")
    assert browser.get(reverse("traceability:doubt-export", args=[bad.uid]), {"format": "pdf"}).status_code == 404
