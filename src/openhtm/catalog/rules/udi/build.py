"""The way back: codes for printing, from their parts."""

from collections.abc import Iterable, Mapping
from datetime import date

from openhtm.catalog.rules.udi.ai_table import IDENTIFIERS, ApplicationIdentifier, diagnose
from openhtm.catalog.rules.udi.checks import mod43_check
from openhtm.catalog.rules.udi.gs1 import GS
from openhtm.catalog.rules.udi.hibcc import split_di
from openhtm.catalog.rules.udi.model import FaultError, ParsedUdi

_TOLERATED = frozenset({"incorrect-check-digit", "incorrect-check-pair"})
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def gs1_elements(
    *,
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expires_on: date | None = None,
    manufactured_on: date | None = None,
    software_version: str | None = None,
) -> dict[str, str]:
    """Return the GS1 elements of a device in the order of a label. Raises ValueError naming a value that GS1 cannot hold."""
    found = {
        "01": di.zfill(14),
        "11": manufactured_on and manufactured_on.strftime("%y%m%d"),
        "17": expires_on and expires_on.strftime("%y%m%d"),
        "10": lot,
        "21": serial,
        "8012": software_version,
    }
    elements = {ai: value for ai, value in found.items() if value}
    for ai, value in elements.items():
        _require(ai, value)
    return elements


def _require(ai: str, value: str) -> ApplicationIdentifier:
    identifier = IDENTIFIERS.get(ai)
    if identifier is None:
        raise ValueError(f"there is no GS1 application identifier {ai!r}")
    wrong = diagnose(identifier, value)
    if wrong and wrong[0] not in _TOLERATED:
        raise ValueError(f"{identifier.name} cannot hold {value!r}: {wrong[0]} at {wrong[1]}")
    return identifier


def gs1_element_string(
    *,
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expires_on: date | None = None,
    manufactured_on: date | None = None,
    software_version: str | None = None,
) -> str:
    """Return the content of a GS1 symbol without its leading FNC1; separators are character 29. Raises ValueError."""
    return gs1_raw(
        gs1_elements(
            di=di,
            lot=lot,
            serial=serial,
            expires_on=expires_on,
            manufactured_on=manufactured_on,
            software_version=software_version,
        )
    )


def gs1_raw(elements: Mapping[str, str]) -> str:
    """Join GS1 elements (identifier to value) into an element string; predefined lengths need no separator.

    Raises KeyError on an unknown identifier.
    """
    pieces = []
    for ai, value in elements.items():
        pieces += [ai, value, "" if IDENTIFIERS[ai].fixed else GS]
    return "".join(pieces).removesuffix(GS)


def gs1_brackets(elements: Mapping[str, str]) -> str:
    """Join GS1 elements into the human readable form; a bracket inside a value becomes ``\\(``."""
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements.items())


def hrf(parsed: ParsedUdi) -> str:
    """Return the human readable form to print under a symbol: brackets for GS1, the code itself for the others.

    A code that was not understood is returned as it came, without outer white space.
    """
    text = parsed.input.strip()
    if parsed.error is not None or parsed.issuer is None:
        return text
    if parsed.issuer == "GS1":
        return gs1_brackets(parsed.elements)
    if parsed.issuer == "HIBCC":
        return _hibc_text(parsed)
    start = min(at for at in (text.find("="), text.find("&")) if at >= 0)
    return text[start:]


def _hibc_text(parsed: ParsedUdi) -> str:
    text = parsed.input[parsed.input.index("+") :].rstrip("\t\r\n\x1d").upper()
    bare = text.rstrip(" ").removesuffix("*") if text.rstrip(" ").endswith("*") else text
    last = parsed.elements["check"]
    return bare.rstrip(" ") + (" " if last == " " else "")


def hibc_string(
    *,
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expires_on: date | None = None,
    manufactured_on: date | None = None,
) -> str:
    """Return one joined HIBC code with its check character. Raises ValueError on an identifier that HIBC cannot hold."""
    try:
        split_di(di)
    except FaultError as fault:
        raise ValueError(f"{di!r} is no HIBC device identifier: {fault.code} at {fault.position}") from None
    pieces = [f"+{di}"]
    if expires_on:
        pieces.append(f"$$3{expires_on:%y%m%d}{lot or ''}")
    elif lot:
        pieces.append(f"${lot}")
    if serial:
        pieces.append(f"S{serial}")
    if manufactured_on:
        pieces.append(f"16D{manufactured_on:%Y%m%d}")
    code = "/".join(pieces)
    return code + mod43_check(code)


def digital_link(elements: Iterable[tuple[str, str]], *, domain: str = "https://id.gs1.org") -> str:
    """Return a GS1 Digital Link: the first key, its qualifiers in order, everything else after the ``?``.

    Raises ValueError when there is no key, a value does not fit, or an element has no place in an address.
    """
    found = dict(elements)
    for ai, value in found.items():
        _require(ai, value)
    key = next((ai for ai in found if IDENTIFIERS[ai].path is not None), None)
    if key is None:
        raise ValueError("a GS1 Digital Link needs a key such as 01")
    orders = IDENTIFIERS[key].path or ()
    order = next((order for order in orders if any(ai in found for ai in order)), ())
    path = [key, *(ai for ai in order if ai in found)]
    rest = [ai for ai in found if ai not in path]
    if misplaced := [ai for ai in rest if not IDENTIFIERS[ai].attribute]:
        raise ValueError(f"({misplaced[0]}) has no place in a GS1 Digital Link with ({key})")
    address = domain.rstrip("/") + "".join(f"/{ai}/{_encoded(found[ai])}" for ai in path)
    return address + ("?" + "&".join(f"{ai}={_encoded(found[ai])}" for ai in rest) if rest else "")


def _encoded(value: str) -> str:
    return "".join(char if char in _UNRESERVED else f"%{ord(char):02X}" for char in value)
