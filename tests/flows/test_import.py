"""An engineer brings a spreadsheet: nothing is written before every row was shown, and a second time changes nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
FILE = """Control number,Manufacturer,Model,Serial number,Description,Accepted,Colour
FLOW-001,Philips,IntelliVue MX750,FL-1,Bay 1,2024-03-05,grey
FLOW-002,Philips,IntelliVue MX750,FL-2,Bay 2,2024-03-05,grey
FLOW-003,Philips,IntelliVue MX750,FL-3,Bay 3,the day before yesterday,grey
FLOW-001,Philips,IntelliVue MX750,FL-4,Bay 4,2024-03-05,grey
"""


def test_a_spreadsheet_is_checked_written_and_known_again(visit):
    page = visit("engineer")
    check(page)
    expect(page.get_by_text("Nothing is written yet.")).to_be_visible()
    expect(page.get_by_text("Columns that are not read: Colour")).to_be_visible()
    expect(page.locator("tr p", has_text="the day before yesterday")).to_contain_text("Accepted")
    serious = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert serious == []
    assert page.goto("/d/FLOW-002").status == 404
    page.go_back()

    page.get_by_role("button", name="Write these devices").click()
    page.locator("#confirm [value=ok]").click()
    expect(page.get_by_role("link", name="2 added")).to_be_visible(timeout=60_000)
    page.goto("/devices?q=FLOW-002")
    page.get_by_role("link", name="FLOW-002", exact=True).click()
    expect(page.locator(".head")).to_contain_text("Bay 2")

    check(page)
    expect(page.get_by_role("link", name="2 unchanged")).to_be_visible()
    expect(page.get_by_role("link", name="0 to add")).to_be_visible()


def check(page: Page) -> None:
    """Upload the file and have every row checked."""
    page.goto("/imports/new")
    page.set_input_files("input[name=file]", {"name": "monitors.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    page.get_by_label("Facility").select_option("MAIN")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label("Meaning of Serial number")).to_have_value("serial_number")
    page.get_by_role("button", name="Check every row").click()
    expect(page.locator(".figures")).to_be_visible(timeout=60_000)
