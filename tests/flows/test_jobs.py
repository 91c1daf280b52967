"""What people come to do, each job once, in a browser against the running application."""

import re

import pytest
from playwright.sync_api import expect

from tests.flows.conftest import log_in

pytestmark = pytest.mark.browser
LIVE = "in ('in_service', 'in_use', 'available')"
NTH_DEVICE = """select d.control_number from inventory_device d join sites_facility f on f.id = d.facility_id
    where f.code = %s and d.status = 'in_service' and d.merged_into_id is null order by d.control_number offset %s limit 1"""


def test_a_manager_finds_a_device_corrects_it_and_the_timeline_says_who(visit):
    page = visit("manager")
    page.goto("/")
    expect(page.get_by_role("heading", name="By facility")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Devices").click()
    page.get_by_text("Add filter").click()
    page.locator("select[name=status]").select_option("in_service")
    page.locator(".menu-list").get_by_role("button", name="Show these").click()
    expect(page.locator(".sentence")).to_contain_text("in service")
    page.locator("td.tag a").first.click()
    number = page.locator(".head .mono").first.inner_text()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Description").fill("Crash cart 7")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(f"/d/{number}$"))
    latest = page.locator(".timeline > li").first
    expect(latest).to_contain_text("Crash cart 7")
    expect(latest).to_contain_text("Marcus Okafor")


def test_a_nurse_sees_the_devices_of_her_department_and_no_others(visit, hospital):
    count = hospital.one(
        """select count(*) from inventory_device d join sites_department p on p.id = d.department_id
        join sites_facility f on f.id = d.facility_id where p.name = 'Intensive care' and f.code = 'MAIN' and d.merged_into_id is null"""
    )
    page = visit("nurse")
    page.goto("/devices")
    expect(page.locator(".head")).to_contain_text(f"{count} match")
    page.goto("/devices?columns=control_number&columns=department")
    assert set(page.locator("td[data-label=Department]").all_inner_texts()) == {"Intensive care"}
    expect(page.get_by_role("link", name="Add device")).to_have_count(0)


def test_an_address_typed_by_hand_does_not_open_another_facility(visit, hospital):
    page = visit("technician")
    assert page.goto(f"/d/{hospital.one(NTH_DEVICE, 'VALLEY', 3)}").status == 404
    assert page.goto(f"/d/{hospital.one(NTH_DEVICE, 'MAIN', 3)}").status == 200


def test_two_records_of_one_device_become_one(visit):
    page = visit("engineer")
    page.goto("/quality/duplicates")
    numbers = page.locator("thead a.mono").all_inner_texts()
    page.get_by_label(f"Keep {numbers[0]}").check()
    page.get_by_label("Reason").fill("Same label, seen at the bedside")
    page.get_by_role("button", name="Merge into one").click()
    confirmation = page.locator("#confirm [value=ok]")
    if confirmation.is_visible():
        confirmation.click()
    expect(page.locator(".toast, [role=status]").filter(has_text=numbers[0]).first).to_be_visible()
    page.goto(f"/scan?code={numbers[1]}")
    expect(page).to_have_url(re.compile(f"/d/{numbers[0]}$"))


def test_everything_needed_works_without_javascript(visit, hospital):
    page = visit(None, java_script_enabled=False)
    log_in(page, "administrator", hospital.password)
    number = hospital.one(NTH_DEVICE, "MAIN", 5)
    page.goto("/devices")
    page.get_by_text("Add filter").click()
    page.get_by_role("link", name="Choose filters").click()
    page.locator("select[name=facility]").select_option("MAIN")
    page.get_by_role("button", name="Show these").click()
    expect(page.locator(".sentence")).to_contain_text("Medical Center")
    page.goto(f"/d/{number}/edit")
    page.get_by_label("Description").fill("Written without a script")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".timeline > li").first).to_contain_text("Written without a script")


def test_a_one_time_password_must_be_changed_before_anything_else(visit, hospital):
    clerk = hospital.one("select id from identity_user where username = 'labs-technician-1'")
    page = visit("administrator")
    page.goto(f"/people/{clerk}")
    page.get_by_role("button", name="Reset password").click()
    page.locator("#confirm [value=ok]").click()
    secret = page.locator("[data-secret]").inner_text()

    theirs = visit(None)
    log_in(theirs, "labs-technician-1", secret)
    theirs.goto("/devices")
    expect(theirs).to_have_url(re.compile("/password"))
    theirs.get_by_label("Present password").fill(secret)
    theirs.get_by_label("New password", exact=True).fill("three calm herons by the river")
    theirs.get_by_label("New password again").fill("three calm herons by the river")
    theirs.get_by_role("button", name="Change password").click()
    expect(theirs.get_by_role("heading", level=1)).not_to_have_text("Change password")
    theirs.locator(".top summary.chip").last.click()
    theirs.get_by_role("button", name="Log out").click()
    expect(theirs).to_have_url(re.compile("/log-in"))
    theirs.goto("/devices")
    expect(theirs).to_have_url(re.compile("/log-in"))


@pytest.mark.parametrize("tab", ["", "?tab=identity", "?tab=network", "?tab=documents", "?tab=risk"])
def test_each_part_of_a_device_opens_without_a_complaint(visit, hospital, tab):
    page = visit("manager")
    assert page.goto(f"/d/{hospital.one(NTH_DEVICE, 'MAIN', 7)}{tab}").ok
    expect(page.locator(".tabs [aria-current]")).to_be_visible()
