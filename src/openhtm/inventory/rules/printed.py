"""The permanent addresses that stand in printed codes, and how they are found again in what was scanned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from openhtm.core.text import control_number_key
from openhtm.inventory.rules.control_numbers import refuse_control_number

_OURS = re.compile(r"^(?:/[A-Za-z0-9._~-]+)*/(d|l)/([^/]+)/?$")
_PUBLIC_CODE = re.compile(r"^[0-9A-Z]{4,12}$")


@dataclass(frozen=True, slots=True)
class Address:
    """One of our addresses: a device's control number or a place's public code, and the host that was printed with it."""

    kind: Literal["device", "place"]
    name: str
    host: str


def place_url(public_code: str) -> str:
    """Return ``/l/<public code>``. Must never change: it is printed on doors."""
    return f"/l/{quote(public_code, safe='')}"


def read_address(text: str) -> Address | None:
    """Return what one of our addresses leads to, or None if ``text`` is none. The host may have changed since printing."""
    if not text.startswith("/") and not re.match(r"https?://", text, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(text)
        found = _OURS.match(parts.path)
        host = parts.hostname or ""
    except ValueError:
        return None
    if found is None:
        return None
    name = unquote(found.group(2), errors="replace")
    if found.group(1) == "d":
        return None if refuse_control_number(name) else Address("device", control_number_key(name), host)
    code = name.strip().upper()
    return Address("place", code, host) if _PUBLIC_CODE.match(code) else None
