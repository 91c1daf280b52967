"""A hospital that runs, a browser, and people who use it. Every page a test opens must keep the console silent."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.flows.hospital import Hospital, running


@pytest.fixture(scope="session")
def hospital(django_db_setup: None) -> Iterator[Hospital]:
    with tempfile.TemporaryDirectory(prefix="openhtm-flows-") as folder, running(Path(folder) / "home") as hospital:
        yield hospital


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = os.environ.get("OPENHTM_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, dict]:
    """The cookies of those who logged in, so that each logs in once: the log-in is slow on purpose, and counted."""
    return {}


@pytest.fixture
def visit(browser, hospital, sessions) -> Iterator[Callable[..., Page]]:
    """``visit("technician", **context options)`` gives a page at which that person is logged in; None: nobody."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def begin(name: str | None, **options) -> Page:
        context = browser.new_context(base_url=hospital.base, storage_state=sessions.get(name or ""), reduced_motion="reduce", **options)
        contexts.append(context)
        page = watch(context, complaints)
        if name and name not in sessions:
            log_in(page, name, hospital.password)
            sessions[name] = context.storage_state()
        return page

    yield begin
    for context in contexts:
        context.close()
    assert complaints == []


def watch(context: BrowserContext, complaints: list[str]) -> Page:
    """Return a new page that writes down what its console complains of."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: complaints.extend(complaint_of(message)))
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    return page


def complaint_of(message: ConsoleMessage) -> list[str]:
    """Errors and refusals by the policy; a page that answers 404 or 422 on purpose is none."""
    if message.type != "error" or message.text.startswith("Failed to load resource: the server responded with a status of 4"):
        return []
    return [f"{message.location.get('url')}: {message.text}"]


def log_in(page: Page, name: str, password: str) -> None:
    page.goto("/log-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/log-in" not in url)


def burst(page: Page, code: str) -> None:
    """Send a code as a wedge scanner does: within a few milliseconds, however busy this machine is."""
    page.evaluate(
        """keys => keys.forEach((key) =>
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))""",
        [*code, "Enter"],
    )
