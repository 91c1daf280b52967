"""The starter catalogue: device types a general hospital owns, read from ``catalog/data/device_types/*.yaml``.

Nothing here knows the database. The reader refuses a broken file with every problem it found, so that an edition
is either read whole or not at all. Fields and overriding: docs/reference/starter-catalogue.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from openhtm.core.text import fold

DATA = Path(__file__).resolve().parent.parent / "data" / "device_types"
AEM_REASONS = ("LAW", "IMAGING", "LASER")
RISK_RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "fennigkoh": {"function": (2, 10), "risk": (1, 5), "maintenance": (1, 5)},
    "wang": {"mission": (1, 10), "risk": (1, 5), "maintenance": (1, 5), "utilization": (0, 1)},
    "five_category": {
        "clinical_function": (1, 5),
        "physical_risk": (1, 4),
        "problem_avoidance": (1, 5),
        "incident_history": (1, 2),
        "regulatory": (1, 2),
    },
}
_SHAPES = {
    "code": re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"),
    "fda_product_code": re.compile(r"[A-Z]{3}"),
    "fda_device_class": re.compile(r"[123UNF]"),
    "regulation_number": re.compile(r"\d{3}\.\d{4}"),
    "panel": re.compile(r"[A-Z]{2}"),
    "gmdn": re.compile(r"\d{5}"),
    "emdn": re.compile(r"[A-Z]\d{2,}"),
    "umdns": re.compile(r"\d{2}-\d{3}"),
}
_HEADER = ("family", "source", "edition", "effective_from", "confidence")
_OTHER_FIELDS = (
    "name synonyms fda_reason life_support life_support_reason high_risk high_risk_source high_risk_confidence "
    "expected_life_years aem_ineligible networked typical_price_usd typical_places"
)
_KNOWN = frozenset({*_SHAPES, *RISK_RANGES, *_OTHER_FIELDS.split()})


class StarterFileError(ValueError):
    """The starter catalogue is broken; ``problems`` names each file, type and field."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The starter catalogue cannot be read: " + " ".join(self.problems))


@dataclass(frozen=True)
class StarterType:
    """One device type of the starter catalogue. Prices are whole US dollars, an order of magnitude for the demo."""

    code: str
    name: str
    category: str
    synonyms: tuple[str, ...]
    fda_product_code: str | None
    fda_device_class: str | None
    regulation_number: str | None
    panel: str | None
    fda_reason: str | None
    gmdn: str | None
    emdn: str | None
    umdns: str | None
    life_support: bool
    life_support_reason: str | None
    high_risk: bool
    high_risk_source: str | None
    high_risk_confidence: str | None
    aem_ineligible: str | None
    networked: bool
    expected_life_years: int
    typical_price_usd: int
    typical_places: tuple[str, ...]
    fennigkoh: Mapping[str, float]
    wang: Mapping[str, float]
    five_category: Mapping[str, float]
    edition: str
    source: str
    confidence: str

    @cached_property
    def risk_inputs(self) -> dict[str, dict[str, float]]:
        """Return the inputs by profile family, as the risk profiles expect them."""
        return {family: dict(getattr(self, family)) for family in RISK_RANGES}

    @cached_property
    def keys(self) -> frozenset[str]:
        """Return every folded name this type answers to."""
        return frozenset(fold(text) for text in (self.name, *self.synonyms))


def read_starter_types(*, folder: Path = DATA) -> tuple[StarterType, ...]:
    """Read every file of ``folder`` in name order. Raises StarterFileError naming all problems at once."""
    types: list[StarterType] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        found, wrong = _read_file(path)
        types += found
        problems += wrong
    problems += _clashes(types)
    if not types:
        problems.append(f"{folder} holds no device types.")
    if problems:
        raise StarterFileError(problems)
    return tuple(types)


def _read_file(path: Path) -> tuple[list[StarterType], list[str]]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  # both loaders are the safe ones
    except yaml.YAMLError as error:
        return [], [f"{path.name} is not YAML: {error}."]
    if not isinstance(document, dict) or not isinstance(document.get("types"), list):
        return [], [f"{path.name} needs a list named types."]
    missing = [f"{path.name} lacks {field} in its header." for field in _HEADER if not document.get(field)]
    if missing:
        return [], missing
    types: list[StarterType] = []
    problems: list[str] = []
    for position, entry in enumerate(document["types"], start=1):
        wrong = entry_problems(entry)
        where = f"{path.name}, {_label(entry, position)}"
        problems += [f"{where}: {text}" for text in wrong]
        if not wrong:
            types.append(_build(entry, document))
    return types, problems


# The C loader reads the catalogue ten times faster; it is absent where PyYAML was built without libyaml.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _label(entry: object, position: int) -> str:
    return str(entry.get("code") or f"entry {position}") if isinstance(entry, dict) else f"entry {position}"


def entry_problems(entry: object) -> list[str]:
    """Return one sentence for each thing wrong with a type as written in the file; nothing when it is sound."""
    if not isinstance(entry, dict):
        return ["must be a mapping of fields."]
    problems = [f"{field} is not a field of a device type." for field in sorted(set(map(str, entry)) - _KNOWN)]
    problems += _shape_problems(entry)
    problems += _flag_problems(entry)
    problems += _amount_problems(entry)
    for family, ranges in RISK_RANGES.items():
        problems += _risk_problems(family, entry.get(family), ranges)
    return problems


def _shape_problems(entry: Mapping[str, Any]) -> list[str]:
    problems = []
    for field, shape in _SHAPES.items():
        value = entry.get(field)
        if value is not None and not (isinstance(value, str) and shape.fullmatch(value)):
            problems.append(f"{field} {value!r} is not of the form {shape.pattern}.")
    problems += [f"{field} is missing." for field in ("code", "name") if not entry.get(field)]
    problems += [f"{field} must be a list of texts." for field in ("synonyms", "typical_places") if not _texts(entry.get(field))]
    if entry.get("fda_product_code") is None and not entry.get("fda_reason"):
        problems.append("fda_product_code is empty, so fda_reason must say why.")
    if entry.get("fda_product_code") and not entry.get("fda_device_class"):
        problems.append("fda_product_code needs its fda_device_class.")
    return problems


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value)


def _flag_problems(entry: Mapping[str, Any]) -> list[str]:
    flags = ("life_support", "high_risk", "networked")
    problems = [f"{field} must be true or false." for field in flags if not isinstance(entry.get(field), bool)]
    if entry.get("life_support") and not entry.get("high_risk"):
        problems.append("life support is always high-risk.")
    if entry.get("high_risk") and not (entry.get("high_risk_source") and entry.get("high_risk_confidence")):
        problems.append("high_risk needs high_risk_source and high_risk_confidence.")
    if entry.get("aem_ineligible") not in (None, *AEM_REASONS):
        problems.append(f"aem_ineligible must be empty or one of {', '.join(AEM_REASONS)}.")
    return problems


def _amount_problems(entry: Mapping[str, Any]) -> list[str]:
    problems = []
    for field, most in (("expected_life_years", 30), ("typical_price_usd", 10_000_000)):
        value = entry.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            problems.append(f"{field} must be a whole number from 1 to {most}, not {value!r}.")
    return problems


def _risk_problems(family: str, inputs: object, ranges: Mapping[str, tuple[float, float]]) -> list[str]:
    if not isinstance(inputs, dict) or set(inputs) != set(ranges):
        return [f"{family} must give {', '.join(ranges)}."]
    return [
        f"{family}.{factor} must be from {low} to {high}, not {inputs[factor]!r}."
        for factor, (low, high) in ranges.items()
        if isinstance(inputs[factor], bool) or not isinstance(inputs[factor], int | float) or not low <= inputs[factor] <= high
    ]


def _build(entry: Mapping[str, Any], document: Mapping[str, Any]) -> StarterType:
    optional = ("fda_reason", "life_support_reason", "high_risk_source", "high_risk_confidence")
    values: dict[str, Any] = dict.fromkeys((*_SHAPES, *optional, "aem_ineligible")) | dict(entry)
    values["synonyms"] = tuple(entry["synonyms"])
    values["typical_places"] = tuple(entry["typical_places"])
    return StarterType(
        **values,
        category=str(document["family"]),
        edition=str(document["edition"]),
        source=str(document["source"]),
        confidence=str(document["confidence"]),
    )


def _clashes(types: Iterable[StarterType]) -> list[str]:
    """Two types may share neither code nor any name: an import could not choose between them."""
    problems = []
    claims = sorted((key, one.code) for one in types for key in ("code " + one.code, *one.keys))
    for (key, code), (other_key, other_code) in pairwise(claims):
        if key == other_key:
            problems.append(f"{code} and {other_code} both answer to {key!r}.")
    return problems


@dataclass(frozen=True)
class TypeMatch:
    """What a free text was taken for. ``contained`` is a proposal for a person; ``name`` and ``synonym`` are certain."""

    method: str  # name | synonym | contained | none
    type_code: str | None
    evidence: str


def match_starter_type(text: str, *, types: Sequence[StarterType]) -> TypeMatch:
    """Find the type a foreign inventory means by ``text``: its whole text first, then the longest name inside it.

    Accents, case and surplus spaces never matter. Equally long names of different types inside the text decide nothing.
    """
    key = fold(text)
    for one in types:
        if key == fold(one.name):
            return TypeMatch("name", one.code, one.name)
        if key in one.keys:
            return TypeMatch("synonym", one.code, key)
    inside = sorted(((len(word), word, one.code) for one in types for word in one.keys if _holds(key, word)), reverse=True)
    if inside and (len(inside) == 1 or inside[0][0] > inside[1][0] or inside[0][2] == inside[1][2]):
        return TypeMatch("contained", inside[0][2], inside[0][1])
    return TypeMatch("none", None, key)


def _holds(text: str, words: str) -> bool:
    return f" {words} " in f" {text} "
