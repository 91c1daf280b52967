"""What the page of a device says about work on it."""

import pytest
from django.test import RequestFactory

from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.ui.templatetags.ui import render_panel
from openhtm.workorders import device_panels
from openhtm.workorders.tests.factories import WorkOrderFactory

pytestmark = pytest.mark.django_db


def shown(slot, device, actor):
    request = RequestFactory().get("/", {"tab": "work"})
    request.actor = actor
    provider = {"device.tabs": device_panels.device_work, "device.attention": device_panels.device_attention}[slot]
    panel = provider(request, device)
    return render_panel(panel, request) if panel else ""


def test_a_device_shows_its_work_and_what_is_urgent(maria, chen, north):
    device = DeviceFactory(facility=north)
    assert "No work on this device yet" in shown("device.tabs", device, maria)
    assert shown("device.attention", device, maria) == ""
    order = WorkOrderFactory(device=device, title="Smells <burnt>", priority=1, return_test_required=True)
    done = WorkOrderFactory(device=device, title="Old work", status="cancelled")
    listed = shown("device.tabs", device, maria)
    assert f"WO-{order.number}" in listed
    assert f"WO-{done.number}" in listed
    assert "Smells &lt;burnt&gt;" in listed
    urgent = shown("device.attention", device, maria)
    assert f"/work/{order.number}" in urgent
    assert "return-to-service test" in urgent
    assert str(done.number) not in urgent
    assert shown("device.attention", device, chen) == ""


def test_the_work_of_a_device_costs_the_same_for_one_order_and_for_many(maria, north, django_assert_num_queries):
    device = DeviceFactory(facility=north)
    WorkOrderFactory.create_batch(15, device=device)
    with django_assert_num_queries(1):
        shown("device.tabs", device, maria)
    with django_assert_num_queries(2):
        shown("device.attention", device, maria)


def test_a_closed_tab_and_a_device_without_work_cost_next_to_nothing(maria, north, django_assert_num_queries):
    device = DeviceFactory(facility=north)
    request = RequestFactory().get("/", {"tab": "identity"})
    request.actor = maria
    with django_assert_num_queries(0):
        assert device_panels.device_work(request, device).title == "Work"
    with django_assert_num_queries(1):
        assert device_panels.device_attention(request, device) is None
