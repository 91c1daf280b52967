"""Nothing needs a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
MOST_STEPS = 60


def test_the_palette_finds_a_device(visit):
    page = visit("manager")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("BME-00004")
    options = page.locator("#palette [role=option]")
    expect(options.nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(chosen).to_have_id("palette-option-1")
    target = chosen.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")


def test_a_device_is_added(visit, hospital):
    model = hospital.one(
        """select m.name || ' ' || d.name from catalog_devicemodel d join catalog_manufacturer m on m.id = d.manufacturer_id
        where d.name <> '' order by d.id limit 1"""
    )
    page = visit("technician")
    page.goto("/devices")
    tab_to(page, "Add device")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/add*")
    tab_to(page, "id_model")
    page.keyboard.type(model)
    tab_to(page, "id_serial_number")
    page.keyboard.type("KEYS-ONLY-1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/d/"))
    expect(page.get_by_text("KEYS-ONLY-1").first).to_be_visible()


def test_the_first_stop_leads_past_the_navigation(visit):
    page = visit("manager")
    page.goto("/devices")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the focus is on what has this id or these words."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if wanted in page.evaluate("[document.activeElement.id, document.activeElement.innerText]"):
            return
    raise AssertionError(f"{wanted} cannot be reached with the keyboard")
