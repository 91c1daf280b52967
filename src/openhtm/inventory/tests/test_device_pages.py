"""The pages of devices as somebody in a browser meets them."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.identity.models import User
from openhtm.inventory.models import AlternateNumber, Device, DeviceNote, NetworkInterface, SavedView
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
PLAIN = {"ownership": "owned", "maintenance_strategy": "unknown", "high_risk_override": ""}


@pytest.fixture
def browse(client):
    """A function that logs somebody in and gives their browser."""

    def enter(actor):
        client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return enter


@pytest.fixture
def browser(browse, omar):
    return browse(omar)


@pytest.fixture
def device(north):
    return DeviceFactory(facility=north, control_number="BME-1", serial_number="SN1", device_model__name="MX750")


def form_of(device, **more):
    return PLAIN | {"model": f"{device.device_model}", "control_number": device.control_number, "serial_number": "SN1"} | more


def words(answer):
    return html.unescape(answer.content.decode())


def test_the_list_shows_what_somebody_may_see_and_nothing_else(browser, device, south):
    DeviceFactory(facility=south, control_number="SOUTH-9")
    text = words(browser.get("/devices"))
    assert "BME-1" in text and "SOUTH-9" not in text
    assert "BME-1" not in words(browser.get("/devices", {"status": "missing"}))
    assert "No device matches" in words(browser.get("/devices", {"q": "SOUTH-9"}))


def test_a_filter_that_cannot_be_read_is_named_and_a_bad_cursor_starts_anew(browser, device):
    answer = browser.get("/devices", {"status": "fine", "cursor": "junk"})
    assert answer.status_code == 200
    assert "status takes planned" in words(answer) and "starts anew" in words(answer)


def test_the_filter_form_keeps_what_is_chosen(browser, device):
    answer = browser.get("/devices/filter", {"status": "missing", "q": HOSTILE})
    assert answer.status_code == 200
    assert HOSTILE not in answer.content.decode()


def test_a_device_is_added_and_changed(browser, device, north):
    answer = browser.post("/devices/add", form_of(device, control_number="new 7", serial_number="X9"))
    assert (answer.status_code, answer["Location"]) == (302, "/d/NEW%207")
    answer = browser.post("/d/NEW%207/edit", form_of(device, control_number="NEW 8", serial_number="X10"))
    assert (answer.status_code, answer["Location"]) == (302, "/d/NEW%208")
    assert browser.get("/d/NEW%207")["Location"] == "/d/NEW%208"
    assert Device.objects.get(control_number="NEW 8").serial_number == "X10"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"model": "No such model"}, "no such model"),
        ({"control_number": "a/b"}, "Leave out slashes"),
        ({"control_number": "BME-1"}, ""),
        ({"manufactured_on": "2099-01-01"}, "lies in the future"),
        ({"manufactured_on": "tomorrow"}, "valid date"),
        ({"high_risk_override": "true"}, "Give the reason"),
        ({"udi_carrier": "(01)123"}, "character"),
        ({"parent": "NO-SUCH"}, "NO-SUCH"),
        ({"ownership": "mine"}, "valid choice"),
        ({"serial_number": "a\0b"}, "Null characters"),
        ({"acquisition_cost": "-1"}, "greater than or equal"),
    ],
)
def test_a_form_that_is_refused_comes_back_with_what_to_correct(browser, device, sent, said):
    answer = browser.post("/devices/add", form_of(device, control_number="N-1") | sent)
    assert answer.status_code == 422
    assert said in words(answer)
    assert Device.objects.count() == 1


def test_markup_in_any_field_is_text(browser, device, north):
    hostile = form_of(device, control_number="H-1") | {
        name: HOSTILE[:limit]
        for name, limit in {
            "serial_number": 80, "lot": 40, "description": 200, "owner_name": 120, "software_version": 80, "purchase_order": 60,
            "supplier": 200, "high_risk_reason": 200,
        }.items()
    }  # fmt: skip
    assert browser.post("/devices/add", hostile).status_code == 302
    browser.post("/d/H-1/note", {"text": HOSTILE})
    browser.post("/d/H-1/status", {"status": "missing", "reason": HOSTILE})
    browser.post("/devices/views/save", {"name": HOSTILE[:60], "query": "status=missing"})
    pages = ["/devices", "/d/H-1", "/d/H-1/edit", "/d/H-1?tab=network", "/d/H-1?tab=documents", "/devices/views", "/search.json?q=H-1"]
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert answer["Content-Type"].startswith("application/json") or not re.search(r"<script>alert|<img src=x", text), page


def test_status_move_and_note(browser, device, north):
    ward, unit = LocationFactory(facility=north, name="4 West"), DepartmentFactory(facility=north, name="ICU")
    refused = browser.post("/d/BME-1/status", {"status": "retired"})
    assert refused.status_code == 422 and "Give the reason" in words(refused)
    assert browser.post("/d/BME-1/status", {"status": "retired", "reason": "Beyond repair"}).status_code == 302
    assert browser.post("/d/BME-1/move", {"location": ward.pk, "department": unit.pk, "reason": "Store"}).status_code == 302
    assert browser.post("/d/BME-1/move", {"location": 10**9}).status_code == 422
    assert browser.post("/d/BME-1/note", {"text": " "}).status_code == 422
    assert browser.post("/d/BME-1/note", {"text": "Tape on the door"}).status_code == 302
    device.refresh_from_db()
    assert (device.status, device.location_id, device.department_id) == ("retired", ward.pk, unit.pk)
    shown = words(browser.get("/d/BME-1"))
    for told in ("Omar Haddad", "Beyond repair", "Tape on the door", "4 West"):
        assert told in shown


def test_interfaces_are_added_changed_and_taken_away(browser, device):
    assert browser.post("/d/BME-1/network/add", {"connection": "wired", "mac_address": "zz"}).status_code == 422
    assert browser.post("/d/BME-1/network/add", {"connection": "wired", "mac_address": "001bc5001234"}).status_code == 302
    one = NetworkInterface.objects.get()
    assert browser.post(f"/d/BME-1/network/{one.pk}", {"connection": "wireless", "hostname": "pump-1"}).status_code == 302
    assert browser.post(f"/d/BME-1/network/{one.pk}/remove").status_code == 302
    assert browser.get(f"/d/BME-1/network/{one.pk}").status_code == 404
    assert not NetworkInterface.objects.exists()


def test_a_merged_and_an_old_number_lead_to_the_record_that_stays(browser, device, north):
    DeviceFactory(facility=north, control_number="BME-2", merged_into=device, status="retired")
    AlternateNumber.objects.create(device=device, kind="old_control_number", number="FIN 5", number_key="FIN 5")
    for number in ("BME-2", "FIN%205", "fin%205"):
        assert browser.get(f"/d/{number}")["Location"] == "/d/BME-1"


def test_ticked_rows_change_together(browser, device, north):
    DeviceFactory(facility=north, control_number="BME-2")
    picked = {"selected": ["BME-1", "BME-2"]}
    assert "Change 2 devices" in words(browser.post("/devices/bulk", {"action": "edit"} | picked))
    assert browser.post("/devices/bulk/apply", {"what": "ownership", "ownership": "leased"} | picked).status_code == 302
    assert set(Device.objects.values_list("ownership", flat=True)) == {"leased"}
    refused = browser.post("/devices/bulk/apply", {"what": "status", "status": "planned"} | picked)
    assert refused.status_code == 422 and "Nothing was changed" in words(refused)
    assert browser.post("/devices/bulk/apply", {"what": "nothing"} | picked).status_code == 422
    assert browser.post("/devices/bulk", {"action": "edit"})["Location"] == "/devices"


def test_everything_that_a_filter_matches_is_chosen(browser, north):
    DeviceFactory.create_batch(3, facility=north, ownership="leased")
    DeviceFactory(facility=north, control_number="OTHER")
    answer = browser.post("/devices/bulk", {"action": "edit", "everything": "1", "query": "ownership=leased"})
    assert "Change 3 devices" in words(answer) and "OTHER" not in words(answer)
    assert browser.post("/devices/bulk", {"action": "edit", "everything": "1", "query": "status=fine"}).status_code == 422


def test_views_are_saved_shown_and_removed_by_their_owner(browse, omar, maria, device):
    browser = browse(omar)
    assert browser.post("/devices/views/save", {"name": "Mine", "query": "status=missing"})["Location"] == "/devices?status=missing"
    view = SavedView.objects.get()
    assert "Mine" in words(browser.get("/devices"))
    browser = browse(maria)
    assert "Mine" not in words(browser.get("/devices"))
    assert browser.post(f"/devices/views/{view.pk}/remove").status_code == 404
    assert browse(omar).post(f"/devices/views/{view.pk}/remove").status_code == 302
    assert not SavedView.objects.exists()


def statements(browser, url):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


def test_pages_cost_the_same_for_one_and_for_thirty(browser, device, north):
    pages = ("/devices", "/d/BME-1", "/d/BME-1?tab=network")
    NetworkInterface.objects.create(device=device, hostname="h")
    DeviceNote.objects.create(device=device, text="x", author_name="M")
    for page in pages:
        browser.get(page)
    alone = [statements(browser, page) for page in pages]
    DeviceFactory.create_batch(29, facility=north)
    NetworkInterface.objects.bulk_create(NetworkInterface(device=device, hostname=f"h{n}") for n in range(29))
    DeviceNote.objects.bulk_create(DeviceNote(device=device, text="x", author_name="M") for n in range(29))
    assert [statements(browser, page) for page in pages] == alone
    assert alone[1] == 6  # session, person, device, the questions of all rooms, facts, history: round trips are most of what it costs


@pytest.mark.parametrize("path", ["", "/edit", "/status", "/move", "/note", "/network/add"])
def test_a_stranger_finds_nothing(browse, chen, device, path):
    assert browse(chen).get(f"/d/BME-1{path}").status_code == 404


def test_search_leads_on_and_the_palette_keeps_to_scope(browse, omar, chen, device):
    browser = browse(omar)
    assert browser.get("/search", {"q": "BME-1"})["Location"] == "/devices?q=BME-1"
    assert browser.get("/search", {"q": "(01)00847946012342"})["Location"].startswith("/scan?")
    found = [item["label"] for group in browser.get("/search.json", {"q": "BME-1"}).json()["groups"] for item in group["items"]]
    assert "BME-1" in found
    assert "BME-1" not in browse(chen).get("/search.json", {"q": "BME-1"}).content.decode()
    for text in ("\0", HOSTILE, "%", "x" * 5000):
        assert browser.get("/search.json", {"q": text}).status_code == 200


def test_a_method_that_a_page_does_not_take_is_answered_in_words(browser, device):
    answer = browser.post("/devices")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "does not work that way" in words(answer)


def test_fields_a_filter_form_left_empty_do_not_stay_in_the_address(browser, device):
    assert (
        browser.get("/devices?q=&status=missing&facility=&columns=serial&columns=")["Location"] == "/devices?status=missing&columns=serial"
    )
    assert browser.get("/devices?q=&status=")["Location"] == "/devices"
    assert browser.get("/devices?status=missing&columns=serial&columns=risk").status_code == 200
