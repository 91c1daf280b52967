"""The kit in a real browser, under the real policy: accessibility, and what the modules add to the pages.

The browser's requests are answered in this process, so neither a server nor a database is needed.
"""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from playwright.sync_api import Page, Route

from openhtm.config.security import POLICY
from openhtm.ui import views
from tests.flows.conftest import burst

pytestmark = pytest.mark.browser
ORIGIN = "http://openhtm.test"
FOUND = {"groups": [{"label": "Devices", "items": [{"label": "<b>BME-1", "detail": "Pump", "url": "/d/1", "icon": "monitor"}]}]}
SIZES = {"desk": {"width": 1440, "height": 900}, "tablet": {"width": 820, "height": 1180}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def open_page(browser, settings):
    """Open the style page with given context options; the page collects what the console refuses."""
    settings.DEBUG = True
    contexts = []

    def opened(**options) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.route("**/*", answer)
        page = context.new_page()
        page.refused = []
        page.on("console", lambda message: message.type == "error" and page.refused.append(message.text))
        page.on("pageerror", lambda error: page.refused.append(str(error)))
        page.goto(f"{ORIGIN}/_style")
        return page

    yield opened
    for context in contexts:
        context.close()


def answer(route: Route) -> None:
    url = urlsplit(route.request.url)
    if url.path.startswith("/static/"):
        route.fulfill(path=finders.find(url.path.removeprefix("/static/")))
    elif url.path == "/search.json":
        route.fulfill(body=json.dumps(FOUND), content_type="application/json")
    elif url.path == "/_style":
        page = views.style(RequestFactory().get(url.path))
        route.fulfill(body=page.content, content_type="text/html", headers={"Content-Security-Policy": POLICY})
    else:
        route.fulfill(body="<!doctype html><title>there</title>", content_type="text/html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_component_is_accessible_and_fits(open_page, size, scheme):
    page = open_page(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found if item["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert page.refused == []


def test_ctrl_k_finds_and_enter_opens(open_page):
    page = open_page()
    page.keyboard.press("Control+k")
    page.keyboard.type("bme")
    option = page.wait_for_selector("#palette [role=option]")
    assert option.inner_text().startswith("<b>BME-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/d/1")


def test_a_scanner_anywhere_on_the_page_opens_the_scan(open_page):
    page = open_page()
    page.evaluate("document.activeElement.blur()")
    burst(page, "BME-01873")
    page.wait_for_url("**/scan?code=*")
    assert parse_qs(urlsplit(page.url).query) == {"code": ["BME-01873"]}


def test_shift_selects_a_range_and_the_bar_counts(open_page):
    page = open_page()
    rows = page.locator("input[data-row]")
    rows.nth(0).click()
    rows.nth(3).click(modifiers=["Shift"])
    assert page.inner_text("[data-bulk] [data-count]") == "4 selected"
    page.click("input[data-all]")
    assert page.inner_text("[data-bulk] [data-count]") == "7 selected"


def test_a_question_is_asked_before_and_cancel_has_the_focus(open_page):
    page = open_page()
    page.click("[data-confirm]")
    assert page.inner_text("#confirm-question") == "Retire 3 devices?"
    page.keyboard.press("Enter")
    assert page.url == f"{ORIGIN}/_style"
    page.click("[data-confirm]")
    page.click("#confirm [value=ok]")
    page.wait_for_url("**/theme")


def test_without_scripts_everything_needed_is_there(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("[data-bulk] button").first.is_visible()
    assert not page.locator("input[data-all]").is_visible()
    page.locator(".top .menu summary").last.click()
    assert page.get_by_role("button", name="Log out").is_visible()
