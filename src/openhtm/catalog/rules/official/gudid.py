"""A GUDID record in our words: what is kept, how its identifiers are named, and the digest that tells a change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from openhtm.catalog.rules.official.gudid_files import records
from openhtm.catalog.rules.official.source import Reading, RowRefusedError, Source, UnreadableError, fitting
from openhtm.catalog.rules.udi import has_valid_gtin_check, parse_di

KINDS = {
    "primary": "primary",
    "secondary": "secondary",
    "package": "package",
    "direct marking": "direct_marking",
    "unit of use": "unit_of_use",
    "previous": "previous",
}
ISSUERS = {"GS1": "GS1", "HIBCC": "HIBCC", "ICCBBA": "ICCBBA", "NDC/NHRIC": "NDC/NHRIC"}
FLAGS = {
    "singleUse": "single_use",
    "serialNumber": "has_serial",
    "lotBatch": "has_lot",
    "expirationDate": "has_expiry",
    "manufacturingDate": "has_manufacturing_date",
    "donationIdNumber": "has_donation_number",
    "deviceKit": "kit",
    "deviceCombinationProduct": "combination_product",
    "deviceHCTP": "human_tissue",
    "DMExempt": "direct_marking_exempt",
    "premarketExempt": "premarket_exempt",
    "labeledContainsNRL": "labelled_contains_latex",
    "labeledNoNRL": "labelled_without_latex",
    "rx": "rx",
    "otc": "otc",
}
_TRUTH = {"true": True, "false": False}
_QUANTITY = re.compile(r"[0-9]{1,9}")
_MAX_PARTS = 2000  # identifiers, codes or terms of one record; real ones have at most a few dozen


@dataclass(frozen=True, slots=True)
class GudidRow:
    """One record, every text cleaned. ``identifiers`` are dicts with the fields of GudidIdentifier."""

    record_key: str
    primary_di: str
    status: str
    published_on: date | None
    distribution_ended_on: date | None
    distribution_status: str
    brand_name: str
    version_or_model: str
    catalog_number: str
    company_name: str
    description: str
    product_codes: list[str]
    gmdn_terms: list[dict[str, str]]
    mri_safety: str
    flags: dict[str, bool]
    identifiers: list[dict[str, Any]]
    fingerprint: str = field(default="", compare=False)


def read_gudid(source: Source, reading: Reading) -> Iterator[GudidRow]:
    """Yield the records of a GUDID file; a wrong check digit is a warning. Raises UnreadableError."""
    for number, record in records(source):
        reading.read += 1
        try:
            row = gudid_row(record)
        except RowRefusedError as error:
            reading.refuse(number, error)
            continue
        for identifier in row.identifiers:
            if not identifier["check_valid"]:
                message = "The check digit of this identifier is wrong. It is kept as published."
                reading.warn(number, "deviceId", identifier["di"], message)
        yield row
    if not reading.read:
        raise UnreadableError("This file has no GUDID record in it.")


def gudid_row(record: Mapping[str, Any]) -> GudidRow:
    """Return ``record`` (GUDID's own names, from any of the file forms) in our form. Raises RowRefusedError."""
    identifiers = _identifiers(record)
    primary = next((found["di"] for found in identifiers if found["kind"] == "primary"), None)
    if primary is None:
        raise RowRefusedError("deviceId", "", "There is no primary device identifier.")
    row = {
        "record_key": fitting(record.get("publicDeviceRecordKey"), column="publicDeviceRecordKey", limit=60) or primary,
        "primary_di": primary,
        "status": _text(record, "deviceRecordStatus", 20),
        "published_on": _day(record, "devicePublishDate"),
        "distribution_ended_on": _day(record, "deviceCommDistributionEndDate"),
        "distribution_status": _text(record, "deviceCommDistributionStatus", 60),
        "brand_name": _text(record, "brandName", 400),
        "version_or_model": _text(record, "versionModelNumber", 400),
        "catalog_number": _text(record, "catalogNumber", 400),
        "company_name": _text(record, "companyName", 400),
        "description": _text(record, "deviceDescription", 20_000),
        "product_codes": [
            code
            for part in _parts(record, "productCodes", "fdaProductCode")
            if (code := fitting(part.get("productCode"), column="productCode", limit=10).upper())
        ],
        "gmdn_terms": [_term(part) for part in _parts(record, "gmdnTerms", "gmdn")],
        "mri_safety": _text(record, "MRISafetyStatus", 60),
        "flags": _flags(record),
        "identifiers": identifiers,
    }
    return GudidRow(**row, fingerprint=hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest())


def _text(record: Mapping[str, Any], column: str, limit: int) -> str:
    return fitting(record.get(column), column=column, limit=limit)


def _day(record: Mapping[str, Any], column: str) -> date | None:
    text = fitting(record.get(column), column=column, limit=40)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise RowRefusedError(column, text, f"{column} must be a day like 2015-09-24.") from None


def _parts(record: Mapping[str, Any], group: str, name: str) -> list[Mapping[str, Any]]:
    """Return the members of a group, whether it holds one, a list of them, or nothing."""
    held = record.get(group)
    found = held.get(name) if isinstance(held, dict) else held
    parts = found if isinstance(found, list) else [found]
    if len(parts) > _MAX_PARTS or not all(part is None or isinstance(part, dict) for part in parts):
        raise RowRefusedError(group, found, f"{group} must hold objects named {name}.")
    return [part for part in parts if part]


def _term(part: Mapping[str, Any]) -> dict[str, str]:
    return {
        "code": fitting(part.get("gmdnCode"), column="gmdnCode", limit=10),
        "name": fitting(part.get("gmdnPTName"), column="gmdnPTName", limit=400),
        "definition": fitting(part.get("gmdnPTDefinition"), column="gmdnPTDefinition", limit=20_000),
    }


def _flags(record: Mapping[str, Any]) -> dict[str, bool]:
    sterile = record.get("sterilization")
    given = [(ours, record.get(theirs), theirs) for theirs, ours in FLAGS.items()]
    if isinstance(sterile, dict):
        given.append(("sterile", sterile.get("deviceSterile"), "deviceSterile"))
        given.append(("sterilise_before_use", sterile.get("sterilizationPriorToUse"), "sterilizationPriorToUse"))
    flags = {}
    for ours, value, theirs in given:
        word = fitting(value, column=theirs, limit=20).lower()
        if not word:
            continue
        if word not in _TRUTH:
            raise RowRefusedError(theirs, value, f"{theirs} must be true or false.")
        flags[ours] = _TRUTH[word]
    return flags


def _identifiers(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for part in _parts(record, "identifiers", "identifier"):
        identifier = _identifier(part)
        found.setdefault((identifier["di"], identifier["kind"]), identifier)
    return list(found.values())


def _identifier(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS.get(_text(part, "deviceIdType", 40).lower())
    if kind is None:
        raise RowRefusedError("deviceIdType", part.get("deviceIdType"), "This is none of GUDID's kinds of identifiers.")
    issuer = ISSUERS.get(_text(part, "deviceIdIssuingAgency", 40).upper())
    if issuer is None:
        raise RowRefusedError(
            "deviceIdIssuingAgency", part.get("deviceIdIssuingAgency"), "The issuer must be GS1, HIBCC, ICCBBA or NDC/NHRIC."
        )
    published = _text(part, "deviceId", 30)
    if not published:
        raise RowRefusedError("deviceId", "", "The identifier is empty.")
    quantity = _text(part, "pkgQuantity", 40)
    if quantity and not _QUANTITY.fullmatch(quantity):
        raise RowRefusedError("pkgQuantity", quantity, "The number of devices in the package must be a whole number.")
    contained = _text(part, "containsDINumber", 30)
    return {
        "di": stored_di(published, issuer=issuer),
        "kind": kind,
        "issuer": issuer,
        "contained_di": stored_di(contained, issuer=issuer) if contained else "",
        "quantity": int(quantity) if quantity else None,
        "package_status": _text(part, "pkgStatus", 60),
        "check_valid": issuer != "GS1" or has_valid_gtin_check(published),
    }


def stored_di(published: str, *, issuer: str) -> str:
    """Return an identifier as it is stored and looked up: GTINs with 14 digits, letters in capitals.

    What the parser does not take for an identifier of ``issuer`` is kept as published.
    """
    found_issuer, di, _ = parse_di(published)
    return di if di and found_issuer == issuer else published.upper()
