"""Numbers that look real and are nobody's: device identifiers, serials, addresses."""

from __future__ import annotations

from openhtm.catalog.rules.udi import gtin_check_digit

EXAMPLE_PREFIX = "952"
"""GS1 keeps this prefix for demonstrations and examples: no company ever gets it, so no real product is named."""


def example_gtin(number: int) -> str:
    """Return the GTIN-14 with the example prefix that belongs to ``number`` (up to nine digits), check digit included."""
    body = f"0{EXAMPLE_PREFIX}{number:09d}"
    return f"{body}{gtin_check_digit(body)}"


def serial_number(maker: str, number: int) -> str:
    """Return a serial in the maker's own style; every ``number`` below ten million gives another."""
    digits = f"{(number * 7919 + 12345) % 10_000_000:07d}"
    letters = "".join(char for char in maker.upper() if "A" <= char <= "Z")[:2] or "XX"
    style = len(maker) % 4
    if style == 0:
        return f"{letters}{digits}"
    if style == 1:
        return f"{digits[:3]}-{digits[3:]}"
    if style == 2:
        return f"SN{digits}{letters}"
    return f"{digits}"


def mac_address(number: int) -> str:
    """Return a locally administered hardware address (first octet 02): never a maker's own."""
    return "02:4f:" + ":".join(f"{number >> shift & 255:02x}" for shift in (24, 16, 8, 0))


def private_ip(facility: int, number: int) -> str:
    """Return an address of the private block 10.0.0.0/8 (RFC 1918); repeats only after 250,000 in one facility."""
    return f"10.{facility % 250 + 1}.{number // 250 % 250}.{number % 250 + 2}"
