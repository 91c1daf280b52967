"""GS1 Digital Link addresses: ``https://id.gs1.org/01/{GTIN}/10/{lot}/21/{serial}?17=YYMMDD``.

Source: GS1 Digital Link Standard, URI syntax; qualifier order from the GS1 Barcode Syntax Dictionary.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from openhtm.catalog.rules.udi.ai_table import IDENTIFIERS, ApplicationIdentifier
from openhtm.catalog.rules.udi.gs1 import Reading
from openhtm.catalog.rules.udi.model import FaultError, warning

SCHEME = re.compile(r"https?://", re.IGNORECASE)
_ILLEGAL = re.compile(r"[^-A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%]")
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_BAD_PERCENT = re.compile(r"%(?![2-7][0-9A-Fa-f])")
_QUERY_PART = re.compile(r"(?<=[?&;])([^&;=]*)=([^&;]*)")
_WORDS = {
    "sscc": "00", "gtin": "01", "cpv": "22", "lot": "10", "ser": "21", "gdti": "253", "gln": "414", "glnx": "254", "partygln": "417",
    "gcn": "255", "grai": "8003", "giai": "8004", "itip": "8006", "cpid": "8010", "cpsn": "8011", "gmn": "8013", "gsrnp": "8017",
    "gsrn": "8018", "srin": "8019", "ginc": "401", "gsin": "402",
}  # fmt: skip
_GTIN_SIZES = frozenset({8, 12, 13})
Segment = tuple[str, int]


def read_link(text: str, *, start: int, reading: Reading) -> None:
    """Read the address that begins at ``start``. The key is the last pair of path segments that names one."""
    if found := _ILLEGAL.search(text, start):
        raise FaultError("link-illegal-character", found.start())
    if found := _BAD_PERCENT.search(text, start):
        raise FaultError("link-percent", found.start())
    scheme = SCHEME.match(text, start)
    host_at = scheme.end() if scheme else start
    path_at, query_at, end = _borders(text, host_at)
    if not _HOST.fullmatch(text, host_at, path_at):
        raise FaultError("link-host", host_at)
    segments = list(_segments(text, path_at, query_at))
    key_at = _key_index(segments, text, query_at)
    path_ais = _read_path(segments[key_at:], reading)
    for match in _QUERY_PART.finditer(text, query_at + 1, end) if query_at < end else ():
        _read_attribute(match, path_ais, reading)


def _borders(text: str, host_at: int) -> tuple[int, int, int]:
    end = text.find("#", host_at)
    end = len(text) if end < 0 else end
    query_at = text.find("?", host_at, end)
    query_at = end if query_at < 0 else query_at
    path_at = text.find("/", host_at, query_at)
    return (query_at if path_at < 0 else path_at), query_at, end


def _segments(text: str, path_at: int, query_at: int) -> Iterator[Segment]:
    at = path_at + 1
    while at <= query_at and path_at < query_at:
        end = text.find("/", at, query_at)
        end = query_at if end < 0 else end
        yield text[at:end], at
        at = end + 1


def _key_index(segments: list[Segment], text: str, query_at: int) -> int:
    for index in range(len(segments) - 2, -1, -2):
        identifier = _identifier(segments[index][0])
        if identifier is not None and identifier.path is not None:
            return index
    raise FaultError("link-without-key", min(query_at, len(text)))


def _identifier(segment: str) -> ApplicationIdentifier | None:
    return IDENTIFIERS.get(_WORDS.get(segment, segment))


def _read_path(segments: list[Segment], reading: Reading) -> list[str]:
    ais: list[str] = []
    for (name, at), (written, value_at) in zip(segments[::2], segments[1::2], strict=True):
        identifier = _identifier(name)
        if identifier is None or (ais and not _orders([*ais[1:], identifier.ai], ais[0])):
            wanted = " or ".join(", ".join(order) for order in IDENTIFIERS[ais[0]].path or () if order) if ais else ""
            raise FaultError("link-qualifier-order", at, ai=name, key=ais[0] if ais else "", wanted=wanted or "nothing")
        if name in _WORDS:
            reading.warnings.append(warning("link-word-key", at, word=name, ai=identifier.ai))
        _keep(identifier, written, at, value_at, reading)
        ais.append(identifier.ai)
    return ais


def _orders(qualifiers: list[str], key: str) -> bool:
    """Tell whether ``qualifiers`` may follow ``key`` in this order, leaving some out."""
    return any(
        [ai for ai in order if ai in qualifiers] == qualifiers
        for order in IDENTIFIERS[key].path or ()
    )  # fmt: skip


def _read_attribute(match: re.Match[str], path_ais: list[str], reading: Reading) -> None:
    name, at = match.group(1), match.start(1)
    if not name.isdigit():
        return  # other parameters belong to the web site
    identifier = IDENTIFIERS.get(name)
    if identifier is None:
        raise FaultError("unknown-ai", at, ai=name)
    key = path_ais[0]
    if name in path_ais:
        raise FaultError("repeated-ai", at, ai=name, title=identifier.title)
    if any(_orders(sorted([*path_ais[1:], name], key=order.index), key) for order in _open_orders(path_ais, name)):
        raise FaultError("link-qualifier-in-query", at, ai=name, title=identifier.title)
    if not identifier.attribute:
        raise FaultError("link-attribute", at, ai=name, title=identifier.title)
    _keep(identifier, match.group(2), at, match.start(2), reading)


def _open_orders(path_ais: list[str], name: str) -> Iterator[tuple[str, ...]]:
    for order in IDENTIFIERS[path_ais[0]].path or ():
        if name in order and all(ai in order for ai in path_ais[1:]):
            yield order


def _keep(identifier: ApplicationIdentifier, written: str, at: int, value_at: int, reading: Reading) -> None:
    value = unquote(written)
    if identifier.ai in ("01", "02") and len(value) in _GTIN_SIZES and value.isdigit():
        reading.warnings.append(warning("gtin-padded", value_at, length=len(value)))
        value, written = value.zfill(14), value
    reading.add(identifier, value, at, value_at, written if "%" in written else None)
