"""The release of a device after a failed step: refused until its return-to-service test has passed."""

from __future__ import annotations

from openhtm.core.errors import DomainError
from openhtm.core.events import subscribe
from openhtm.inventory.rules.events import StatusChanged
from openhtm.inventory.rules.status import Status
from openhtm.workorders.services.failures import failing_return_tests


class ReturnTestMissing(DomainError):
    """The device may not go back into service: its return-to-service test has not passed."""

    code = "return-test-missing"
    message = "{device} cannot go back into service: {order} still needs a passed return-to-service test."


def guard_release(event: StatusChanged) -> None:
    """Refuse a release without its test, for one device or many. One statement. Source: IEC 62353, test after repair."""
    if event.after != Status.IN_SERVICE:
        return
    for device, order in failing_return_tests(event.device_ids):
        raise ReturnTestMissing(device=device, order=order)


def listen() -> None:
    """Subscribe to what the inventory publishes."""
    subscribe(StatusChanged, "workorders.return_test", guard_release)
