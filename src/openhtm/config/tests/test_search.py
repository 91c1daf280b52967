"""The find box leads to an order by its number; the palette finds orders and procedures, within what the person may see."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from tests.permissions.client import logged_in

from openhtm.identity.actor import Actor
from openhtm.identity.rules.permissions import Role
from openhtm.identity.tests.factories import UserFactory
from openhtm.procedures.tests.factories import drafted
from openhtm.sites.tests.factories import FacilityFactory
from openhtm.workorders.services.opening import open_order

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def north(db):
    return FacilityFactory()


@pytest.fixture
def maria(north):
    return logged_in(UserFactory.with_role(Role.TECHNICIAN, north, username="maria"))


@pytest.fixture
def chen(db):
    return logged_in(UserFactory.with_role(Role.TECHNICIAN, FacilityFactory(), username="chen"))


@pytest.fixture
def order(north):
    return open_order(actor=SYSTEM, title="Wheel squeaks", facility_id=north.pk, now=datetime(2026, 11, 2, 9, tzinfo=UTC))


def labels(browser, text):
    groups = browser.get("/search.json", {"q": text}).json()["groups"]
    return [item["label"] for group in groups for item in group["items"]]


@pytest.mark.parametrize("words", ["WO-{}", "wo{}", "{}", "squeaks wheel"])
def test_the_palette_finds_an_order_by_number_and_title(maria, chen, order, words):
    text = words.format(order.number)
    assert f"WO-{order.number} Wheel squeaks" in labels(maria, text)
    assert not any("Wheel" in label for label in labels(chen, text))


def test_the_palette_finds_a_procedure_by_name(maria):
    procedure = drafted(SYSTEM).procedure
    assert procedure.name in labels(maria, procedure.name[:6].upper())


def test_the_find_box_opens_an_order_one_may_see(maria, chen, order):
    assert maria.get("/search", {"q": f"wo-{order.number}"})["Location"] == reverse("workorders:order", args=[order.number])
    assert chen.get("/search", {"q": f"wo-{order.number}"})["Location"].startswith("/devices?")


@pytest.mark.parametrize("text", ["WO-999999999999999", "WO-" + "9" * 16, "WO-", "WO-²"])
def test_a_number_of_no_order_leads_to_the_list(maria, text):
    assert maria.get("/search", {"q": text})["Location"].startswith("/devices?")
    assert maria.get("/search.json", {"q": text}).status_code == 200
