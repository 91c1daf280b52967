"""Network addresses in one form each, so that the same one is found however it was written."""

import ipaddress

_HEX = frozenset("0123456789abcdef")


def normal_mac(text: str) -> str:
    """Return ``aa:bb:cc:dd:ee:ff`` for any usual spelling of a MAC address, or ``""`` if it is none."""
    digits = "".join(char for char in text.lower() if char not in ":-. ")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2)) if len(digits) == 12 and set(digits) <= _HEX else ""


def normal_ip(text: str) -> str:
    """Return an IPv4 or IPv6 address in its shortest form, or ``""`` if it is none."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return ""
