"""Kinds of test instruments, read from ``testers/data/kinds.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

DATA = Path(__file__).resolve().parent.parent / "data" / "kinds.yaml"


@dataclass(frozen=True)
class TesterKind:
    """A kind of test instrument: the families of units it measures and the device types that are of this kind."""

    code: str
    name: str
    quantities: tuple[str, ...]
    device_types: tuple[str, ...]


@cache
def tester_kinds() -> Mapping[str, TesterKind]:
    """Return every kind by its code, in the order of the file."""
    rows = yaml.safe_load(DATA.read_text(encoding="utf-8"))["kinds"]
    found = (TesterKind(row["code"], row["name"], tuple(row["quantities"]), tuple(row["device_types"])) for row in rows)
    return {kind.code: kind for kind in found}


def kind_name(code: str) -> str:
    """The words for a kind; a code that is not in the list stands for itself."""
    known = tester_kinds().get(code)
    return known.name if known else code
