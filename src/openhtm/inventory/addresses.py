"""Permanent addresses: what every printed code leads to."""

from urllib.parse import quote


def device_url(control_number: str) -> str:
    """Return ``/d/<control number>``, percent-encoded. Must never change: it is printed on devices."""
    return "/d/" + quote(control_number, safe="")
