"""A clinical educator trains two nurses, who sign in by the code without log-in; a technician answers a survey, and a manager reads the trend."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
UNIT = """select d.id from sites_department d join sites_facility f on f.id = d.facility_id where f.code = 'MAIN' and d.name = 'Intensive care'"""
NURSE = """select c.full_name from training_clinician c where c.department_id = %s and c.left_on is null
    order by c.employee_number limit 1 offset 2"""
NUMBER = (
    "select employee_number from training_clinician where department_id = %s and left_on is null order by employee_number limit 1 offset 2"
)
SIGNED = "select count(*) from training_attendance a join training_trainingsession s on s.id = a.session_id where s.code = %s"
TRAINED = """select count(distinct coalesce(t.clinician_id, a.clinician_id)) from training_attendance a
    join training_trainingsession s on s.id = a.session_id left join training_settlement t on t.attendance_id = a.id where s.code = %s"""


def now_in(zone):
    """The clock of the medical center, as the form asks for it."""
    return dt.datetime.now(tz=ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def sign_in(visit, address, name, number):
    page = visit(None, **PHONE)
    page.goto(address)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Employee number").fill(number)
    page.get_by_role("button", name="I am here").click()
    return page


def test_an_educator_trains_two_nurses_and_settles_the_one_nobody_knew(visit, hospital):
    unit = hospital.one(UNIT)
    zone = hospital.one("select time_zone from sites_facility where code = 'MAIN'")
    page = visit("educator")
    page.goto(f"/training/sessions/new?unit={unit}&kind=on_request")
    page.get_by_label("Course").select_option(index=1)
    page.get_by_label("Begins").fill(now_in(zone))
    page.get_by_role("textbox", name="Where").fill("Skills room 2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Open for sign-in")).to_be_visible()
    session = page.url
    address = page.locator("figure.code small").inner_text()
    code = address.rpartition("/")[2]

    first = sign_in(visit, f"/attend/{code}", hospital.one(NURSE, unit), hospital.one(NUMBER, unit))
    expect(first.get_by_role("heading", name="You are signed in")).to_be_visible()
    second = sign_in(visit, f"/attend/{code}", "Nadia Newcomer", "77001")
    expect(second.get_by_role("heading", name="Kept for the trainer")).to_be_visible()
    assert hospital.one(SIGNED, code) == "2"
    assert hospital.one(TRAINED, code) == "1"

    page.goto(f"{session}/show")
    expect(page.get_by_text("2 signed in")).to_be_visible()
    page.goto(session)
    page.get_by_role("row", name=re.compile("Nadia Newcomer")).get_by_role("link", name="Settle").click()
    page.get_by_label("Somebody new").check()
    page.get_by_label("Their unit").select_option(unit)
    page.get_by_role("button", name="Settle").click()
    expect(page.get_by_text("Nadia Newcomer: somebody new")).to_be_visible()
    assert hospital.one(TRAINED, code) == "2"
    page.goto(f"/training/units/{unit}")
    expect(page.get_by_role("heading", name="Intensive care")).to_be_visible()
    page.get_by_role("link", name=re.compile("people$")).first.click()
    expect(page.get_by_text("Nadia Newcomer")).to_be_visible()


def test_a_nurse_reads_her_unit_on_the_phone(visit):
    page = visit("nurse", **PHONE)
    page.goto("/training")
    page.get_by_role("link", name="Intensive care", exact=True).click()
    expect(page.get_by_role("heading", name="Device types")).to_be_visible()


def test_a_technician_answers_and_a_manager_reads_the_trend(visit, hospital):
    manager = visit("manager")
    manager.goto("/surveys/new")
    manager.get_by_label("Title").fill("Autumn survey")
    manager.get_by_role("button", name="Save draft").click()
    expect(manager.get_by_role("heading", name="Who is asked")).to_be_visible()
    manager.get_by_role("button", name="Open and invite").click()
    expect(manager.get_by_text(re.compile(r"0\s*of \d+ answered"))).to_be_visible()

    page = visit("technician", **PHONE)
    page.goto("/surveys")
    page.get_by_role("link", name="Answer").click()
    for question in page.locator("form.survey fieldset").all():
        question.get_by_text(re.compile("^(Satisfied|Agree)$")).click()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send my answers")).to_be_hidden()

    manager.reload()
    expect(manager.get_by_text(re.compile(r"1\s*of \d+ answered"))).to_be_visible()
    manager.goto("/surveys")
    manager.get_by_role("link", name=re.compile(r"^Staff survey \d{4}")).first.click()
    expect(manager.get_by_text("HTM professionals, 2025")).to_be_visible()
    expect(manager.get_by_text("45 %").first).to_be_visible()
    expect(manager.get_by_role("list", name=re.compile("Favourable answers")).first.get_by_role("listitem")).to_have_count(5)
