"""Nobody closes high-risk work of somebody who was not signed off for it, unless two people stand for the exception."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_closing_waits_for_a_second_person_and_keeps_the_proof(visit, hospital):
    number = hospital.one(
        "select number from workorders_workorder where id ="
        " (select work_order_id from workorders_qualificationoverride where confirmed_at is null and declined_at is null)"
    )
    manager = visit("manager")
    manager.goto(f"/work/{number}")
    manager.get_by_role("button", name="Close", exact=True).click()
    expect(manager.get_by_text(re.compile("is not qualified for the work of WO-.*: not signed off for it"))).to_be_visible()
    manager.goto("/work/overrides")
    expect(manager.get_by_text("You asked for it, or it is about you.")).to_be_visible()
    expect(manager.get_by_role("button", name="Confirm")).to_have_count(0)

    engineer = visit("engineer")
    engineer.goto("/work/overrides")
    engineer.get_by_role("button", name="Confirm").click()
    expect(engineer.get_by_text("No override here")).to_be_visible()

    manager.goto(f"/work/{number}")
    manager.get_by_role("button", name="Close", exact=True).click()
    expect(manager.get_by_text("Overridden", exact=True)).to_be_visible()
    expect(
        manager.get_by_text(re.compile(r"Missing: not signed off for it\. Overridden: .* \(Marcus Okafor, Ingrid Solheim\)"))
    ).to_be_visible()


def test_a_manager_finds_who_may_service_what_and_plans_the_training(visit):
    page = visit("manager")
    page.goto("/competence")
    page.get_by_role("link", name="types nobody can service").click()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.goto("/competence/plan")
    chosen = page.get_by_role("checkbox")
    expect(chosen).not_to_have_count(0)
    proposed = chosen.count()
    for box in chosen.all()[1:]:
        box.uncheck()
    page.get_by_role("button", name="Plan the chosen ones").click()
    page.goto("/competence/plan")
    expect(page.get_by_role("checkbox")).to_have_count(proposed - 1)


def test_a_manager_asks_what_happens_if_somebody_leaves(visit):
    page = visit("manager")
    page.goto("/staffing")
    page.get_by_role("link", name="What if").first.click()
    page.get_by_label("Name").fill("Elliot leaves in spring")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("What changes").select_option("Somebody leaves")
    page.get_by_label("From").fill("2027-03-01")
    page.get_by_label("Who leaves").select_option(label="Elliot Brightwater")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Somebody leaves.*Elliot Brightwater"))).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Elliot leaves in spring").first).to_be_visible()
