"""A manager plans: looks at the calendar, sends one person to one place, gives the work to somebody else, and takes it back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.flows.test_axe import RULES, serious

pytestmark = pytest.mark.browser
PLANNED = """select count(*) from workorders_workorder o where o.under_way and o.planned_on is not null
    and exists (select 1 from maintenance_visit v where v.work_order_id = o.id and v.is_open)"""
FACILITY = "select id from sites_facility where code = 'MAIN'"


def test_calendar_batch_replan_and_undo(visit, hospital):
    facility, before = hospital.one(FACILITY), int(hospital.one(PLANNED))
    page = visit("manager", viewport={"width": 1280, "height": 900})
    page.add_init_script(RULES)
    look_at_the_calendar(page, facility)
    count = plan_a_batch(page, facility)
    batch = page.url
    assert int(hospital.one(PLANNED)) >= before + 1
    give_to_a_team(page, facility, count)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("visits restored"))).to_be_visible()
    page.goto(batch)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{count} visits restored.")).to_be_visible()
    expect(page.locator(".head").get_by_text("Undone")).to_be_visible()
    assert int(hospital.one(PLANNED)) == before


def look_at_the_calendar(page: Page, facility: str) -> None:
    """By keyboard: from day to day, and into one."""
    page.goto(f"/planning/calendar?facility={facility}")
    days = page.locator("[data-calendar] td > a")
    days.first.focus()
    page.keyboard.press("ArrowDown")
    expect(days.nth(7)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(days.nth(6)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/planning/calendar/day"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def plan_a_batch(page: Page, facility: str) -> int:
    """Take the largest batch of the first month that has one; returns its visits."""
    page.goto(f"/planning/batches?facility={facility}&near=floor")
    months = [link.get_attribute("href") for link in page.get_by_role("navigation", name="Month").get_by_role("link").all()]
    for month in months[1:]:
        page.goto(f"/planning/batches{month}" if month.startswith("?") else month)
        if page.get_by_role("link", name="Plan", exact=True).count():
            break
    page.get_by_role("link", name="Plan", exact=True).first.click()
    count = page.locator("input[data-row]").count()
    assert count >= 2
    assert serious(page) == []
    page.locator("select[name=person]").select_option(index=1)
    page.get_by_role("button", name="Plan these visits").click()
    expect(page.get_by_text(f"{count} visits are planned for one day.")).to_be_visible()
    expect(page.locator(".head").get_by_text("Carried out")).to_be_visible()
    return count


def give_to_a_team(page: Page, facility: str, count: int) -> None:
    """Leave the days and change the people: looked at first, then carried out."""
    page.goto(f"/planning/replans/new?facility={facility}&planned_from=2000-01-01&due_to=")
    page.locator("form.stack select[name=mode]").select_option("keep")
    page.get_by_label("Give them to the person and team below").check()
    page.locator("form.stack select[name=team]").select_option(index=1)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("link", name="Carry out").click()
    page.get_by_label("Reason").fill("The team takes over")
    page.get_by_role("button", name="Plan the visits").click()
    expect(page.get_by_text(re.compile(r"\d+ visits planned\.")).first).to_be_visible()
