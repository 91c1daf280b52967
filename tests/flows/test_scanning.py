"""Scanning, as technicians do it: typing, a wedge scanner's burst of keys, a photo of a label; and what gets printed."""

import io
import re

import pytest
import segno
from playwright.sync_api import expect

from tests.flows.conftest import burst

pytestmark = pytest.mark.browser
WITH_UDI = """select control_number, udi_carrier from inventory_device d where udi_carrier <> '' and merged_into_id is null
    and (select count(*) from inventory_device o where o.udi_di = d.udi_di and o.serial_number = d.serial_number) = 1
    order by control_number offset {} limit 1"""


@pytest.fixture
def labelled(hospital):
    """A device and the UDI on its label."""
    pair = f"select number || chr(9) || udi from ({WITH_UDI.format(0)}) as found (number, udi)"
    return hospital.one(pair).split("\t")


@pytest.fixture
def page(visit):
    page = visit("manager")
    page.goto("/scan")
    return page


def arrived(number: str) -> re.Pattern[str]:
    return re.compile(f"/d/{number}$")


def test_a_typed_udi_opens_its_device(page, labelled):
    number, udi = labelled
    page.get_by_label("Scan or type").fill(udi)
    page.get_by_role("button", name="Find").click()
    expect(page).to_have_url(arrived(number))


def test_a_wedge_scanner_needs_no_field(page, labelled):
    number, _ = labelled
    page.goto("/quality")
    page.evaluate("document.activeElement.blur()")
    burst(page, number)
    expect(page).to_have_url(arrived(number))


def test_a_photo_of_a_code_opens_its_device(page, labelled):
    number, udi = labelled
    picture = io.BytesIO()
    segno.make(udi, error="m").save(picture, kind="png", scale=8, border=6)
    page.set_input_files("input[name=photo]", {"name": "label.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    expect(page).to_have_url(arrived(number))


def test_a_code_unknown_here_says_so_and_what_to_do(page):
    page.get_by_label("Scan or type").fill("NOSUCH-1")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Nothing by this number")).to_be_visible()
    expect(page.get_by_role("link", name="Search for it")).to_be_visible()


def test_a_label_and_a_passport_come_as_pdf(page, labelled):
    number, _ = labelled
    page.goto(f"/d/{number}")
    page.get_by_role("link", name="Label").click()
    expect(page.get_by_role("img", name="Preview of the first sheet")).to_be_visible()
    size = page.locator("select[name=template]").input_value()
    for address in (f"/d/{number}/label.pdf?template={size}", f"/d/{number}/passport.pdf"):
        answer = page.request.get(address)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.body().startswith(b"%PDF-")
