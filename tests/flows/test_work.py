"""A nurse reports a fault, a technician works on it, a manager closes it; and the phone's Today."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DEVICE = "select control_number from inventory_device where status = 'in_service' and merged_into_id is null order by control_number offset {} limit 1"


def test_a_nurse_without_log_in_reports_and_follows(visit, hospital):
    tag = hospital.one(DEVICE.format(7))
    page = visit(None, **PHONE)
    page.goto(f"/d/{tag}")
    page.get_by_role("button", name="Report a fault").click()
    expect(page.get_by_text(tag)).to_be_visible()
    page.get_by_role("button", name="Send report").click()
    expect(page.locator(".wrong-because").first).to_be_visible()
    page.get_by_label("In your words").fill("Beeps without reason")
    page.get_by_label("Yes, it is set aside").check()
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_role("heading", name="What to do now")).to_be_visible()
    page.get_by_role("textbox", name="Add a remark").fill("It stands in the utility room")
    page.get_by_role("button", name="Add remark").click()
    expect(page.get_by_text("It stands in the utility room")).to_be_visible()
    page.goto(f"/d/{tag}")
    page.get_by_role("button", name="Report a fault").click()
    expect(page.get_by_role("heading", name="Already reported")).to_be_visible()


def test_a_fault_from_report_to_closing(visit, hospital):
    tag = hospital.one(DEVICE.format(0))
    page = visit("technician")
    page.goto(f"/work?status=requested&device={tag}")
    page.get_by_role("link", name=re.compile("The alarm is too quiet")).click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Stop timer")).to_be_visible()
    page.get_by_role("link", name="Complete").click()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".wrong-because").first).to_be_visible()
    page.get_by_label("Failure code").select_option(index=1)
    page.get_by_label("What was done").fill("Loudspeaker replaced")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".head").get_by_text("To review")).to_be_visible()
    address = page.url
    manager = visit("manager")
    manager.goto(address)
    manager.get_by_role("button", name="Close").click()
    expect(manager.locator(".head").get_by_text("Closed")).to_be_visible()
    assert manager.request.get(f"{address.partition('?')[0]}/order.pdf").body().startswith(b"%PDF-")


def test_today_on_a_phone_leads_to_the_work_and_back_by_the_bar(visit):
    page = visit("technician", **PHONE)
    page.goto("/today")
    page.get_by_role("link", name=re.compile("Annual inspection")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Annual inspection")
    page.get_by_role("button", name="Timer").click()
    page.get_by_role("navigation", name="Quick").get_by_role("link", name="Today").click()
    expect(page.get_by_role("region", name="Your timer runs")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile("min booked on"))).to_be_visible()


def test_work_without_javascript(visit):
    page = visit("technician", java_script_enabled=False)
    page.goto("/work/new?facility=MAIN")
    page.get_by_label("What is to be done").fill("Fix the wall clock")
    page.get_by_role("button", name="Open order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fix the wall clock")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("link", name="Complete")).to_be_visible()


def test_a_correction_breaks_a_signature_and_the_order_says_why(visit, hospital):
    """The technician signs, a reviewer corrects a result, and the signature no longer stands until it is given anew."""
    number = hospital.one("select number from workorders_workorder where title = 'Inspection to be signed'")
    page = visit("technician")
    page.goto(f"/work/{number}")
    page.get_by_role("link", name="Sign", exact=True).click()
    page.get_by_label("Password").fill(hospital.password)
    page.get_by_role("button", name="Sign").click()
    signatures = page.get_by_role("region", name="Signatures")
    expect(signatures.get_by_text("Unchanged since")).to_be_visible()

    manager = visit("manager")
    manager.goto(f"/work/{number}/review")
    manager.locator("a[href*='/checklist/']").click()
    skipped = manager.locator(".step", has=manager.locator(".answer[data-verdict=pass]")).filter(has_text="Skipped").first
    step = skipped.get_attribute("data-step")
    title = skipped.get_by_role("heading", level=2).inner_text()
    manager.goto(f"{manager.url.partition('?')[0]}?step={step}")
    skipped = manager.locator(f"#step-{step}")
    skipped.get_by_label("Why is it corrected?").fill("Done after all: the photo shows it")
    skipped.get_by_text("Pass", exact=True).click()
    skipped.get_by_role("button", name="Next").click()
    expect(skipped.locator("[data-word]").first).to_contain_text("Pass")
    manager.goto(f"/work/{number}")
    signatures = manager.get_by_role("region", name="Signatures")
    expect(signatures.get_by_text("Signature broken")).to_be_visible()
    expect(signatures).to_contain_text(f"{title}: Pass instead of skipped")
    expect(signatures).to_contain_text("Done after all: the photo shows it")

    page.reload()
    page.get_by_role("link", name="Sign", exact=True).click()
    expect(page.get_by_text("Signature broken")).to_be_visible()
    page.get_by_label("Password").fill(hospital.password)
    page.get_by_role("button", name="Sign").click()
    signatures = page.get_by_role("region", name="Signatures")
    expect(signatures.get_by_text("Signature broken")).to_be_visible()
    expect(signatures.get_by_text("Unchanged since")).to_be_visible()
