"""The pages and the API of files and mappings, with files that mean harm."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.core.errors import Conflict, Invalid, NotAllowed, NotFound
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.testers.rules.files.mapping_check import DATA
from openhtm.traceability.models import FileMapping, FileRow, FileTest
from openhtm.traceability.services import files, mappings
from openhtm.traceability.tests.conftest import CSV, NORDLYS, PELORA, XML
from openhtm.workorders.models import Result, TesterFile
from openhtm.workorders.tests.evidence import ChecklistFactory

pytestmark = pytest.mark.django_db
OWN = (
    (DATA / "pelora-lt200.yaml")
    .read_text(encoding="utf-8")
    .replace("pelora-lt200", "our-tester")
    .replace("Pelora LT-200 (inv", "Ours (inv")
)
BOMB = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY b%d '&a;&a;&a;'>" % n for n in range(9)) + b"]><Export>&b8;</Export>"
HOSTILE = {
    "entity bomb": BOMB,
    "outside entity": b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Export>&e;</Export>",
    "cut off": NORDLYS[:900],
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
    "wrong encoding": NORDLYS.replace(b'encoding="UTF-8"', b'encoding="EBCDIC-X"'),
    "utf-16 that is not": b"\xff\xfe" + NORDLYS,
    "latin-1 in utf-8": NORDLYS.replace("µ".encode(), b"\xb5"),
    "nul": NORDLYS.replace(b"Maria", b"Ma\x00ria"),
    "script": NORDLYS.replace(b"HC-004711", b"&lt;script&gt;alert(1)&lt;/script&gt;"),
    "formula": NORDLYS.replace(b"HC-004711", b"=cmd|' /C calc'!A0"),
    "long": NORDLYS.replace(b"HC-004711", b"H" * 5000),
}


@pytest.fixture
def program(north):
    """A client with the token of a technician."""
    return client_with_token(UserFactory.with_role(Role.TECHNICIAN, north))


def client_with_token(user):
    _, secret = insert_token(user=user, wish=TokenWish(name="test"), now=timezone.now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}")


@pytest.fixture
def browser(north):
    client = Client()
    client.force_login(UserFactory.with_role(Role.TECHNICIAN, north, username="tess", full_name="Tess"))
    return client


@pytest.fixture
def head(db):
    return UserFactory.with_role(Role.MANAGER, None)


@pytest.fixture
def ada(head):
    """Who may change what all facilities share."""
    return actor_of(head)


@pytest.fixture
def everywhere(head):
    client = Client()
    client.force_login(head)
    return client


def send(browser, content=NORDLYS, name="nordlys.xml", mapping=XML):
    return browser.post(reverse("traceability:file-add"), {"file": SimpleUploadedFile(name, content), "mapping": mapping})


def test_a_technician_imports_a_file(browser, checklist, analyser):
    assert b"No file yet" in browser.get(reverse("traceability:file-list")).content
    assert b"Read it by the mapping" in browser.get(reverse("traceability:file-add")).content
    answer = send(browser)
    file = TesterFile.objects.get()
    assert answer.headers["Location"] == reverse("traceability:file", args=[file.uid])
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "at most 50 µA (IEC 62353 2014)" in page and "Store 1 result" in page and "HC-004711" in page
    assert "furlong" in browser.get(answer.headers["Location"], {"stated": "unused"}).content.decode()
    browser.post(reverse("traceability:file-apply", args=[file.uid]))
    assert Result.objects.get().source_file == file
    order = browser.get(reverse("workorders:order", args=[checklist.work_order.number])).content.decode()
    assert reverse("traceability:file", args=[file.uid]) in order
    assert b"nordlys.xml" in browser.get(reverse("traceability:file-list")).content


def test_the_original_comes_back_as_it_was_and_never_inline(browser):
    send(browser)
    answer = browser.get(reverse("traceability:file-original", args=[TesterFile.objects.get().uid]))
    assert b"".join(answer.streaming_content) == NORDLYS
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_device_is_chosen_by_hand(browser, north, analyser, version):
    device = DeviceFactory(facility=north, control_number="BED-7")
    ChecklistFactory(work_order__device=device, work_order__status="open", version=version)
    send(browser)
    test = FileTest.objects.order_by("position").first()
    here = reverse("traceability:test", args=[test.file.uid, test.uid])
    assert b"Decide about" in browser.get(here).content
    assert browser.post(here, {"device": "nobody"}).status_code == 422
    assert browser.post(here, {"set_aside": "on"}).status_code == 422
    assert browser.post(here, {"device": "BED-7"}).status_code == 302
    test.refresh_from_db()
    assert (test.device, test.state) == (device, "ready")


def test_orders_are_opened_and_another_tester_is_named(browser, pump, version, north):
    from openhtm.traceability.tests.conftest import instrument

    instrument(north, number="BME-T5", serial="ELSE")
    send(browser)
    file = TesterFile.objects.get()
    browser.post(reverse("traceability:file-check", args=[file.uid]), {"tester": "BME-T5"})
    assert FileTest.objects.order_by("position").first().state == "order"
    browser.post(reverse("traceability:file-orders", args=[file.uid]))
    assert FileTest.objects.order_by("position").first().state == "ready"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_means_harm_is_kept_and_answered(browser, checklist, analyser, name):
    answer = send(browser, HOSTILE[name])
    assert answer.status_code == 302
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert b"<script>alert" not in page.content
    file = TesterFile.objects.get()
    problems = browser.get(reverse("traceability:file-problems", args=[file.uid])).content.decode()
    assert "\n=cmd" not in problems and ",=cmd" not in problems
    assert file.problems or FileTest.objects.filter(file=file).exists()


@pytest.mark.parametrize("content", [b"", b"x" * (16 * 1024 * 1024 + 1)], ids=["empty", "too large"])
def test_an_empty_or_too_large_file_is_refused(browser, content):
    assert send(browser, content).status_code in (302, 413, 422)
    assert not TesterFile.objects.exists()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=400) | st.text(max_size=300).map(lambda text: (text or "x").encode("utf-8", "replace")),
    mapping=st.sampled_from([XML, CSV]),
)
def test_no_bytes_are_lost_or_raise(maria, content, mapping):
    file, _ = files.receive_file(actor=maria, content=content, file_name="any", mapping=mapping)
    assert file.file.size_bytes == len(content)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(PELORA) - 1), cut=st.integers(0, 40), put=st.binary(max_size=12))
def test_a_spoilt_file_never_raises_and_every_row_is_kept_once(maria, at, cut, put):
    file, _ = files.receive_file(actor=maria, content=PELORA[:at] + put + PELORA[at + cut :], file_name="any.csv", mapping=CSV)
    assert FileRow.objects.filter(file=file, test__isnull=False).count() == file.counts["rows"]


def test_the_list_and_the_file_cost_the_same_for_many(browser, maria, north, django_assert_max_num_queries):
    def pump_file(count, name):
        parts = NORDLYS.split(b"<nl:Device>")
        body = b"".join(b"<nl:Device>" + parts[1].replace(b"HC-004711", f"HC-{name}-{n}".encode()) for n in range(count))
        return files.receive_file(actor=maria, content=parts[0] + body + b"</nl:Export>", file_name=f"{name}.xml", mapping=XML)[0]

    small, large = pump_file(1, "a"), pump_file(20, "b")
    for url in (reverse("traceability:file", args=[small.uid]), reverse("traceability:file-list")):
        browser.get(url)
    with django_assert_max_num_queries(30) as of_one:
        browser.get(reverse("traceability:file", args=[small.uid]))
    with django_assert_max_num_queries(len(of_one)):
        browser.get(reverse("traceability:file", args=[large.uid]))
    with django_assert_max_num_queries(8) as of_list:
        browser.get(reverse("traceability:file-list"))
    for name in "cdefg":
        pump_file(1, name)
    with django_assert_max_num_queries(len(of_list)):
        browser.get(reverse("traceability:file-list"))


def test_a_mapping_of_ones_own_is_added_changed_and_retired(ada):
    made = mappings.save_mapping(actor=ada, text=OWN)
    assert (made.number, mappings.find_mapping("our-tester").origin) == (1, "own")
    assert mappings.save_mapping(actor=ada, text=OWN) == made
    with pytest.raises(Conflict):
        mappings.save_mapping(actor=ada, text=OWN.replace("Ours", "Other"))
    changed = mappings.save_mapping(actor=ada, text=OWN.replace("Ours", "Other"), code="our-tester")
    assert (changed.number, mappings.find_mapping("our-tester").mapping.title[:5]) == (2, "Other")
    mappings.retire_mapping(actor=ada, code="our-tester")
    with pytest.raises(NotFound):
        mappings.find_mapping("our-tester")
    assert mappings.save_mapping(actor=ada, text=OWN).number == 3
    assert FileMapping.objects.count() == 3


@pytest.mark.parametrize(
    "text", ["", "a: [", "code: x", OWN.replace("our-tester", "pelora-lt200"), OWN.replace("protective_earth", "earthquake"), "&a [*a]"]
)
def test_a_broken_mapping_is_refused_in_words(ada, text):
    with pytest.raises(Invalid) as refusal:
        mappings.save_mapping(actor=ada, text=text)
    assert refusal.value.errors["text"]


def test_the_pages_of_mappings(everywhere):
    browser = everywhere
    assert b"Nordlys" in browser.get(reverse("traceability:mapping-list")).content
    one = reverse("traceability:mapping", args=[CSV])
    assert b"Copy for your tester" in browser.get(one).content
    tried = browser.post(one, {"file": SimpleUploadedFile("p.csv", PELORA)})
    assert b"8 rows read" in tried.content and b"parsecs" in tried.content
    assert not TesterFile.objects.exists()
    assert browser.post(one, {}).status_code == 422
    copy = browser.get(reverse("traceability:mapping-add"), {"like": CSV}).content
    assert b"header_has" in copy
    assert browser.post(reverse("traceability:mapping-add"), {"text": "code: x"}).status_code == 422
    assert browser.post(reverse("traceability:mapping-add"), {"text": OWN}).status_code == 302
    edit = reverse("traceability:mapping-edit", args=["our-tester"])
    assert browser.post(edit, {"text": OWN.replace("Ours", "Yours")}).status_code == 302
    assert b"Yours" in browser.get(reverse("traceability:mapping", args=["our-tester"])).content
    browser.post(reverse("traceability:mapping-retire", args=["our-tester"]))
    assert browser.get(reverse("traceability:mapping", args=["our-tester"])).status_code == 404


def test_a_file_read_by_a_mapping_of_ones_own(ada, maria):
    mappings.save_mapping(actor=ada, text=OWN)
    file, _ = files.receive_file(actor=maria, content=PELORA, file_name="p.csv", mapping="our-tester")
    assert (file.mapping, file.counts["rows"]) == ("our-tester", 8)


def test_the_api_sends_checks_settles_and_stores(program, checklist, analyser):
    def post(path, body=None):
        return program.post(f"/api/v1{path}", json.dumps(body or {}), content_type="application/json")

    answer = program.post("/api/v1/tester-files", {"file": SimpleUploadedFile("n.xml", NORDLYS), "mapping": XML})
    assert answer.status_code == 201, answer.content
    uid = answer.json()["uid"]
    assert answer.json()["counts"] == {
        "rows": 8,
        "unusable": 12,
        "skipped": 1,
        "tests": 2,
        "waiting": 1,
        "ready": 1,
        "done": 0,
        "set_aside": 0,
    }
    again = program.post("/api/v1/tester-files", {"file": SimpleUploadedFile("n.xml", NORDLYS), "mapping": XML})
    assert (again.status_code, again.json()["uid"]) == (200, uid)
    [ready] = program.get(f"/api/v1/tester-files/{uid}/tests", {"stated": "ready"}).json()["items"]
    assert (ready["device"], ready["order"], ready["verdict"], len(ready["rows"])) == ("HC-004711", checklist.work_order.number, "fail", 7)
    assert ready["rows"][5]["limit"] == "at most 50 µA (IEC 62353 2014)"
    problems = program.get(f"/api/v1/tester-files/{uid}/problems").json()["items"]
    assert {"row": 31, "column": "unit", "value": "furlong"}.items() <= next(one for one in problems if one["value"] == "furlong").items()
    [waiting] = program.get(f"/api/v1/tester-files/{uid}/tests", {"stated": "waiting"}).json()["items"]
    assert post(f"/tester-files/{uid}/tests/{waiting['uid']}/settle", {"device": "nobody"}).status_code == 422
    settled = post(f"/tester-files/{uid}/tests/{waiting['uid']}/settle", {"set_aside": True, "note": "Practice"})
    assert settled.json()["state"] == "set_aside"
    assert post(f"/tester-files/{uid}/check").status_code == 200
    assert post(f"/tester-files/{uid}/orders").json() == {"orders": []}
    done = post(f"/tester-files/{uid}/apply").json()
    assert (done["stored"], done["waiting"], len(done["corrective"])) == (1, 0, 1)
    assert post(f"/tester-files/{uid}/apply").json()["stored"] == 0
    assert program.get("/api/v1/tester-files").json()["items"][0]["counts"]["done"] == 1


def test_the_api_of_mappings(head):
    program = client_with_token(head)

    def post(path, body):
        return program.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")

    assert {one["code"] for one in program.get("/api/v1/file-mappings").json()} == {XML, CSV}
    assert post("/file-mappings", {"text": "code: x"}).status_code == 422
    assert post("/file-mappings", {"text": OWN}).json()["version"] == 1
    assert post("/file-mappings", {"text": OWN.replace("Ours", "Yours"), "code": "our-tester"}).json()["version"] == 2
    assert post("/file-mappings/our-tester/retire", {}).status_code == 204
    assert post("/file-mappings/our-tester/retire", {}).status_code == 404


def test_what_a_colleague_matched_elsewhere_keeps_its_name(north, south, maria, checklist, analyser):
    """A file of South with a device of North: whoever sees South alone is told of the rows, not of the device."""
    from openhtm.identity.actor import Actor

    file, _ = files.receive_file(actor=Actor.system("both"), content=NORDLYS, file_name="n.xml", mapping=XML, facility_id=south.pk)
    client = Client()
    client.force_login(UserFactory.with_role(Role.TECHNICIAN, south))
    page = client.get(reverse("traceability:file", args=[file.uid])).content.decode()
    assert "It belongs to a device of another facility." in page
    assert str(checklist.work_order) not in page and "/d/HC-004711" not in page
    [ready] = client.get(f"/api/v1/tester-files/{file.uid}/tests", {"stated": "ready"}).json()["items"]
    assert (ready["device"], ready["order"], ready["checklist"]) == (None, None, None)
    assert {ready[name] for name in ("step", "judged_by", "verdict", "matched_by")} == {""}
    assert {row[name] for row in ready["rows"] for name in ("measures", "limit", "verdict", "field", "message")} == {""}
    assert "Protective-earth resistance" not in page


def test_the_problems_of_a_device_elsewhere_are_not_told(north, south, pump, analyser):
    from openhtm.identity.actor import Actor

    file, _ = files.receive_file(actor=Actor.system("both"), content=NORDLYS, file_name="n.xml", mapping=XML, facility_id=south.pk)
    test = FileTest.objects.get(file=file, device=pump)
    assert str(pump.control_number) in test.sentence
    client = Client()
    client.force_login(UserFactory.with_role(Role.TECHNICIAN, south))
    told = [one["message"] for one in client.get(f"/api/v1/tester-files/{file.uid}/problems").json()["items"]]
    assert "It belongs to a device of another facility." in told
    assert test.sentence not in told


def test_mappings_are_changed_by_who_may_everywhere_only(north):
    local = actor_of(UserFactory.with_role(Role.MANAGER, north))
    with pytest.raises(NotAllowed, match="whole organisation"):
        mappings.save_mapping(actor=local, text=OWN)
    mappings.save_mapping(actor=actor_of(UserFactory.with_role(Role.MANAGER, None)), text=OWN)
    with pytest.raises(NotAllowed, match="whole organisation"):
        mappings.retire_mapping(actor=local, code="our-tester")
