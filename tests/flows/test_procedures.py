"""A procedure from draft to release, by two people in their browsers."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_one_writes_another_reviews_and_releases(visit):
    page = visit("engineer")
    page.goto("/procedures")
    page.get_by_role("link", name="Write a procedure").click()
    page.get_by_label("Name").fill("Flow meter: inspection")
    page.get_by_role("button", name="Begin").click()
    expect(page).to_have_url(re.compile("/procedures/flow-meter-inspection/draft"))
    page.get_by_label("Purpose").fill("Confirm the flow.")
    page.get_by_label("Kind of the new step").select_option("number")
    page.get_by_role("button", name="Add step").click()
    step = page.locator("#step-2")
    expect(step.get_by_label("Title")).to_be_focused()
    step.get_by_label("Title").fill("Flow at 10 l/min")
    step.locator("select[name$=-unit]").select_option("L/min")
    step.get_by_label("Who says so").select_option("practice")
    step.get_by_label("Lowest", exact=True).fill("9")
    step.get_by_label("Highest", exact=True).fill("many")
    page.get_by_role("button", name="Save draft").first.click()
    wrong = page.get_by_role("alert", name="What needs correcting")
    expect(wrong).to_contain_text("Step 2, Flow at 10 l/min: number limit high")
    step.get_by_label("Highest", exact=True).fill("11")
    step.get_by_role("textbox", name="Source").fill("Common practice")
    step.get_by_role("textbox", name="Edition").fill("2026")
    step.get_by_label("How sure").select_option("GK-med")
    expect(page.locator("#draft-preview")).to_contain_text("Limit 9 to 11")
    step.get_by_label("Title").press("Alt+ArrowUp")
    expect(page.locator("#step-1").get_by_label("Title")).to_have_value("Flow at 10 l/min")
    page.get_by_role("button", name="Save and hand over").click()
    expect(page.get_by_text("Somebody else reviews it")).to_be_visible()
    expect(page.get_by_role("button", name="It is right")).to_have_count(0)

    other = visit("manager")
    other.goto("/procedures?tab=review")
    other.get_by_role("link", name="Flow meter: inspection").click()
    other.get_by_role("button", name="It is right").click()
    other.get_by_role("button", name="Release").click()
    other.get_by_role("button", name="Continue").click()
    expect(other.get_by_text("Version 1: released")).to_be_visible()


def test_the_editor_moves_steps_without_scripts(visit):
    page = visit("manager", java_script_enabled=False)
    page.goto("/procedure-add")
    page.get_by_label("Name").fill("Lamp: inspection")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Add step").click()
    page.locator("#step-2").get_by_label("Title").fill("Brightness")
    page.get_by_role("button", name="Move step 2 up").click()
    expect(page.locator("#step-1").get_by_label("Title")).to_have_value("Brightness")
    page.get_by_role("button", name="Save draft").first.click()
    expect(page.locator("#step-2 .step-name")).to_have_text("Physical condition")
