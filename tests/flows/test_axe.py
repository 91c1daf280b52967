"""Every page of the application is accessible, fits its window and keeps the console silent: wide and narrow, light and dark.

The pages come from the URL resolver, so a new one is tested without being listed; a new kind of key must say where to find one.
"""

import contextlib
from pathlib import Path

import axe_playwright_python
import pytest
from django.urls import get_resolver, reverse
from playwright.sync_api import Page

from tests.flows.conftest import log_in, watch
from tests.flows.hospital import Hospital
from tests.permissions.routes import page_methods, walk

pytestmark = pytest.mark.browser
WIDTHS = {1440: 900, 390: 844}
RULES = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
SAME_ROWS = "tbody > tr:nth-child(n + 13)"
"""Rows like those before them. Their colours are not looked at again, which on a long list takes most of the time; the page of
styles shows every badge there is, and all other rules look at all rows."""
FOUND = """({ violations }) => violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, one.nodes[0].html])"""
STRUCTURE = f"""async () => ({FOUND})(
    await axe.run(document, {{ resultTypes: ["violations"], rules: {{ "color-contrast": {{ enabled: false }} }} }}))"""
CONTRAST = f"""async () => ({FOUND})(
    await axe.run({{ include: document, exclude: [["{SAME_ROWS}"]] }}, {{ resultTypes: ["violations"], runOnly: ["color-contrast"] }}))"""

OF_TESTS = "select max(number) from workorders_workorder where title = '{}'"
WORKED, CHECKED = OF_TESTS.format("Annual inspection"), OF_TESTS.format("Checklist of the tests")
OF_WORKED = f"select uid from workorders_{{}} where work_order_id = (select id from workorders_workorder where number = ({WORKED}))"
OF_CHECKED = OF_WORKED.replace(WORKED, CHECKED)
TECHNICIAN = "select s.id from workforce_staffmember s join identity_user u on u.id = s.user_id where u.username = 'technician'"
HELD = f"select min(id) from workforce_credential where programme = 'CBET' and staff_id = ({TECHNICIAN})"
KEYS = {
    "api-group:slug": "select 'quality'",
    "control_number": "select min(control_number) from inventory_device where status = 'in_service' and merged_into_id is null",
    "sites:public_code": "select public_code from sites_location order by id limit 1",
    "inventory:public_code": "select public_code from sites_location order by id limit 1",
    "sites:code": "select code from sites_facility order by code limit 1",
    "catalog:code": "select code from catalog_devicetype order by code limit 1",
    "manufacturer_id": "select id from catalog_manufacturer order by id limit 1",
    "model_id": "select id from catalog_devicemodel order by id limit 1",
    "department_id": "select id from sites_department order by id limit 1",
    "provider_id": "select id from sites_serviceprovider order by id limit 1",
    "user_id": "select id from identity_user where not is_service_account order by id limit 1",
    "template_id": "select id from inventory_labeltemplate order by id limit 1",
    "key": "select key from inventory_customfield order by key limit 1",
    "workorders:number": WORKED,
    "workorders:report-device:code": "select min(code) from workorders_devicecode",
    "workorders:report-place:code": "select public_code from sites_location order by id limit 1",
    "workorders:report-status:code": "select status_code from workorders_workorder order by number limit 1",
    "workorders:labour-remove:uid": OF_WORKED.format("labourentry"),
    "workorders:part-remove:uid": OF_WORKED.format("partused"),
    "workorders:report-settle:uid": OF_WORKED.format("vendorreport"),
    "workorders:file-remove:uid": OF_WORKED.format("workattachment"),
    "workorders:cost_id": OF_WORKED.format("othercost").replace("uid", "id", 1),
    "workorders:checklist:uid": OF_CHECKED.format("checklist"),
    "workorders:checklist:number": CHECKED,
    "workorders:sign:number": CHECKED,
    "workorders:review:number": "select max(number) from workorders_workorder where status = 'completed'",
    "workorders:held-settle:uid": "select uid from workorders_heldresult where settled_at is null",
    "maintenance:attempt_uid": "select uid from maintenance_attempt order by id desc limit 1",
    "maintenance:exclusion_uid": "select uid from maintenance_visitexclusion where confirmed is null order by id limit 1",
    "maintenance:decision_id": "select min(id) from maintenance_nomaintenancedecision where withdrawn_at is null",
    "maintenance:facility_code": "select code from sites_facility order by code limit 1",
    "maintenance:line_id": "select min(id) from maintenance_planline where ended_on is null",
    "maintenance:profile_id": "select min(id) from maintenance_windowprofile",
    "maintenance:schedule_id": "select min(id) from maintenance_schedule where live",
    "maintenance:type_id": "select min(device_type_id) from maintenance_planline",
    "maintenance:visit_id": "select id from maintenance_visit where is_open and state = 'due' order by id limit 1",
    "procedures:code": "select code from procedures_procedure where active order by code limit 1",
    "procedures:number": "select 1",
    "procedures:draft:code": "select 'bed-check'",
    "testers:tester_id": "select min(id) from testers_tester",
    "traceability:uid": "select uid from workorders_testerfile where file_name = 'lt200-today.csv'",
    "traceability:test_uid": "select t.uid from traceability_filetest t join workorders_testerfile f on f.id = t.file_id "
    "where f.file_name = 'lt200-today.csv' order by t.position desc limit 1",
    "traceability:code": "select 'pelora-lt200'",
    "traceability:doubt:uid": "select uid from testers_calibration where verdict = 'adjusted' order by id limit 1",
    "workforce:staff_id": TECHNICIAN,
    "workforce:credential_id": HELD,
    "workforce:entry_id": f"select min(id) from workforce_ceuentry where credential_id = ({HELD})",
    "workforce:fact_id": f"select min(id) from workforce_employmentfact where staff_id = ({TECHNICIAN})",
    "workforce:kind": "select 'employment'",
    "workforce:code": "select 'CHTM'",
    "workforce:team_id": "select min(id) from workforce_team",
    "workforce:calendar_id": "select min(id) from workforce_holidaycalendar",
    "staffing:key": "select 'productive_fraction'",
    "staffing:project_id": "select min(id) from staffing_staffingproject",
    "staffing:uid": "select uid from staffing_scenario where active order by id limit 1",
    "competence:staff_id": "select min(staff_id) from competence_competency",
    "competence:type_id": "select min(device_type_id) from competence_competency",
    "competence:withdraw:uid": "select uid from competence_competency where withdrawn_on is null order by id limit 1",
    "competence:uid": "select uid from competence_plannedtraining where done_on is null and given_up_on is null order by id limit 1",
    "competence:offer_id": "select min(id) from competence_trainingoffer",
    "workorders:override-decline:uid": "select uid from workorders_qualificationoverride where confirmed_at is null order by id limit 1",
    "rounds:uid": "select uid from rounds_round order by id limit 1",
    "rounds:tag_id": "select id from rounds_unknowntag order by id limit 1",
    "rounds:code": "select code from rounds_readinesscheck order by id limit 1",
    "interface_id": "select min(id) from inventory_networkinterface",
    "training:department_id": "select min(department_id) from training_clinician",
    "training:uid": "select uid from training_trainingsession order by id limit 1",
    "training:code": "select code from training_trainingsession order by id limit 1",
    "training:person:uid": "select uid from training_clinician order by id limit 1",
    "training:person-edit:uid": "select uid from training_clinician order by id limit 1",
    "training:settle:uid": "select uid from training_attendance where clinician_id is null order by id limit 1",
    "training:policy-end:uid": "select uid from training_trainingpolicy order by id limit 1",
    "training:course-edit:uid": "select uid from training_course order by id limit 1",
    "pulse:uid": "select uid from pulse_survey order by id limit 1",
}
OTHERWISE = {  # pages whose key stands for something the demo has not, or belongs to another record
    "catalog:document-file", "catalog:document-edit", "catalog:gudid", "catalog:gudid-to-model", "identity:token-add-for", "inventory:attachment",
    "inventory:attachment-remove", "inventory:device-interface", "inventory:device-unmerge", "ui:style-job", "inventory:device-code",
    "inventory:device-label-pdf", "inventory:device-passport", "inventory:location-label-pdf", "inventory:label-sheet-pdf",
    "healthz", "readyz", "search-json", "inventory:device-models", "identity:log-in",
    "workorders:order-export", "workorders:order-pdf", "workorders:order-file", "workorders:report-file", "workorders:report-labels-pdf",
    "inventory:import", "inventory:import-map", "inventory:import-problems", "inventory:device-export",
    "rounds:round-not-found", "rounds:readiness-labels-pdf", "maintenance:levelling", "maintenance:levelling-accept", "workorders:photo",
    "maintenance:batch", "maintenance:replan", "maintenance:replan-apply", "maintenance:visit-export", "maintenance:visit-sticker",
    "competence:evidence", "competence:plan-export",
    "procedures:picture", "procedures:print", "procedures:pack-file", "testers:certificate",
    "traceability:file-original", "traceability:file-problems", "traceability:doubt-export",
    "workforce:staff-export", "workforce:credential-packet", "workforce:staff-evidence",
    "training:session-sheet", "training:session-code", "training:person-record", "training:certificate", "pulse:answer",
}  # fmt: skip
STATES = {
    "the tab of identity": "/d/{control_number}?tab=identity",
    "the tab of the network": "/d/{control_number}?tab=network",
    "the tab of documents": "/d/{control_number}?tab=documents",
    "the tab of risk": "/d/{control_number}?tab=risk",
    "a list without rows": "/devices?q=nothing-is-called-so",
    "a code nobody knows": "/scan?code=NOSUCH-1",
    "a device to add at a facility": "/devices/add?facility=MAIN",
    "an order's labour and parts": "/work/{number}?tab=costs",
    "an order's remarks": "/work/{number}?tab=remarks",
    "an order's timeline": "/work/{number}?tab=timeline",
    "work by filters": "/work?status=to_do&priority=1,2&assignee=nobody",
    "a new order at a facility": "/work/new?facility=MAIN",
    "labels with a preview": "/work/labels?device={control_number}",
    "a readiness check to add": "/readiness/add?place={place}&starter=aed",
    "the choice of a place": "/rounds/start",
    "planning by skill": "/planning?by=skill",
    "planning by person": "/planning?by=person",
    "a person's certifications": "/staff/{staff}?tab=certifications",
    "a person's history": "/staff/{staff}?tab=history",
    "a person's career": "/staff/{staff}?tab=next",
    "a page that is not there": "/d/NOSUCH-1",
}


def routes() -> dict[str, list[str]]:
    """Route names of pages that answer GET, with the names of their keys."""
    found = {}
    for name, pattern in walk(get_resolver().url_patterns):
        if not name.startswith("api:") and name not in OTHERWISE and "GET" in page_methods(pattern.callback):
            found[name] = sorted(pattern.pattern.converters)
    return found


def address(name: str, keys: list[str], hospital: Hospital) -> str:
    room = name.partition(":")[0]
    return reverse(name, kwargs={key: hospital.one(KEYS.get(f"{name}:{key}") or KEYS.get(f"{room}:{key}") or KEYS[key]) for key in keys})


def serious(page: Page) -> list[object]:
    """What is serious on this page in this width, in the light and in the dark."""
    found = [tuple(one) for one in page.evaluate(STRUCTURE)]  # does not depend on the colours
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [(scheme, *one) for one in page.evaluate(CONTRAST)]
    return found


@pytest.fixture(scope="module")
def watched(browser, hospital):
    """One page of the administrator for all addresses, with what it complained of: a new one for each would load everything anew."""
    complaints: list[str] = []
    with contextlib.closing(browser.new_context(base_url=hospital.base, reduced_motion="reduce")) as context:
        page = watch(context, complaints)
        log_in(page, "administrator", hospital.password)
        page.add_init_script(RULES)
        yield page, complaints


@pytest.fixture
def judge(watched):
    """Open an address as the administrator and look at it in each width and scheme."""
    page, complaints = watched
    complaints.clear()

    def look(url: str) -> list[object]:
        page.set_viewport_size({"width": 1440, "height": WIDTHS[1440]})
        page.goto(url)
        found: list[object] = []
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{wide} px wide in {width}"] if wide > width else []
            found += [(width, one) for one in serious(page)]
        return found

    yield look
    assert complaints == []


@pytest.mark.parametrize("name", sorted(routes()))
def test_every_page_is_accessible(name, judge, hospital):
    assert judge(address(name, routes()[name], hospital)) == []


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible(state, judge, hospital):
    keys = {
        "control_number": hospital.one(KEYS["control_number"]),
        "number": hospital.one(KEYS["workorders:number"]),
        "place": hospital.one(KEYS["sites:public_code"]),
        "staff": hospital.one(KEYS["workforce:staff_id"]),
    }
    assert judge(STATES[state].format(**keys)) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["/log-in", "/log-in?next=/d/BME-000001", "workorders:report-device", "workorders:report-status"])
def test_pages_without_log_in_are_accessible(name, width, visit, hospital):
    page = visit(None, viewport={"width": width, "height": WIDTHS[width]})
    page.add_init_script(RULES)
    page.goto(name if name.startswith("/") else address(name, ["code"], hospital))
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
