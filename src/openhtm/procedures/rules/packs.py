"""Procedure packs: a documented YAML file that carries procedures from one hospital to another.

The reader takes plain YAML only: no aliases, tags, duplicate keys or dates, limited in size and depth. Everything wrong is
listed with its line or path. The hash covers every field but itself, so that a change on the way is noticed.
Fields: docs/reference/procedure-packs.md.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from openhtm.procedures.rules.content import Content, ContentError, canonical_json, dump, read_content
from openhtm.procedures.rules.fields import Fields, Problem, Problems
from openhtm.procedures.rules.limits import CONFIDENCES

STARTER = Path(__file__).resolve().parent.parent / "data" / "packs" / "starter"
FORMAT = "openhtm-procedures/1"
MOST_BYTES = 8 * 1024 * 1024
MOST_DEPTH = 16
MOST_NODES = 400_000
MOST_PROCEDURES = 500
KINDS = ("maintenance", "safety_test", "calibration", "acceptance", "return_to_service", "other")


@dataclass(frozen=True)
class Interval:
    """A suggestion, in months, and who makes it. It binds nobody: a schedule decides."""

    months: int
    source: str
    confidence: str


@dataclass(frozen=True)
class PackProcedure:
    """One procedure of a pack. ``device_types`` are catalogue codes; ``covers`` are codes of lesser procedures done with it."""

    code: str
    name: str
    kind: str
    content: Content
    device_types: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    interval: Interval | None = None
    change_note: str = ""


@dataclass(frozen=True)
class Pack:
    """A whole pack. ``pack`` is its stable code; ``version`` says which edition this is."""

    pack: str
    title: str
    version: str
    source: str
    procedures: tuple[PackProcedure, ...]
    licence: str = ""
    confidence: str = ""
    effective_from: str = ""


@dataclass(frozen=True)
class PackFile:
    """A pack as read. ``sealed`` tells whether the file carried its hash (a wrong one is refused)."""

    pack: Pack
    sha256: str
    sealed: bool


class PackError(ContentError):
    """The file is not a usable pack; ``problems`` lists everything wrong with it."""


def read_pack(data: bytes | str) -> PackFile:
    """Read a pack file. Raises PackError with all problems at once; never anything else, whatever the bytes are."""
    raw = _plain_yaml(data)
    problems = Problems()
    fields = Fields(raw, path="", problems=problems)
    stated = fields.text("sha256", most=64)
    pack = _read(fields)
    actual = pack_hash(pack) if not problems else ""
    if actual and stated and stated != actual:
        sentence = f"The hash is {stated}, but this content has {actual}."
        problems.add(
            "sha256", sentence, "The file was changed after it was written. Take the original, or remove the line if you changed it."
        )
    if problems:
        raise PackError(problems.found())
    return PackFile(pack, actual, bool(stated))


def _read(fields: Fields) -> Pack:
    if fields.text("format", required=True) not in ("", FORMAT):
        fields.wrong("format", "This is not a procedure pack this program can read.", f"It must be {FORMAT}.")
    pack = Pack(
        pack=fields.slug("pack", most=80),
        title=fields.text("title", required=True),
        version=fields.text("version", most=40, required=True),
        source=fields.text("source", required=True),
        licence=fields.text("licence", most=80),
        confidence=fields.one_of("confidence", CONFIDENCES, default=""),
        effective_from=_read_day(fields),
        procedures=tuple(_read_procedure(one) for one in fields.children("procedures", most=MOST_PROCEDURES)),
    )
    fields.done()
    _check(pack, fields)
    return pack


def _read_day(fields: Fields) -> str:
    text = fields.text("effective_from", most=10)
    if text and not _DAY.fullmatch(text):
        fields.wrong("effective_from", "This is not a day.", "Write it as 2026-11-22.")
    return text


_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


def _read_procedure(fields: Fields) -> PackProcedure:
    interval, content = fields.child("interval"), fields.child("content")
    if content is None:
        fields.wrong("content", "It is missing.", "Write purpose and steps below it.")
    procedure = PackProcedure(
        code=fields.slug("code", most=80),
        name=fields.text("name", required=True),
        kind=fields.one_of("kind", KINDS, default="maintenance"),
        device_types=fields.slugs("device_types", most=200),
        covers=fields.slugs("covers"),
        interval=_read_interval(interval) if interval else None,
        change_note=fields.text("change_note", most=400),
        content=read_content(content) if content else Content("", ()),
    )
    fields.done()
    return procedure


def _read_interval(fields: Fields) -> Interval:
    if not fields.has("months"):
        fields.wrong("months", "It is missing.", "Write a whole number of months.")
    interval = Interval(
        months=fields.whole("months", least=1, most=240, default=12),
        source=fields.text("source", required=True),
        confidence=fields.one_of("confidence", CONFIDENCES),
    )
    fields.done()
    return interval


def _check(pack: Pack, fields: Fields) -> None:
    if not pack.procedures:
        fields.wrong("procedures", "There are no procedures.", "List at least one.")
    for name in ("code", "name"):
        texts = [getattr(one, name).casefold() for one in pack.procedures if getattr(one, name)]
        for text in sorted({text for text in texts if texts.count(text) > 1}):
            fields.wrong("procedures", f"Two procedures have the {name} {text}.", "Each needs its own.")


def pack_hash(pack: Pack) -> str:
    """Return the SHA-256 of the canonical JSON of a pack, its own hash left out."""
    return hashlib.sha256(canonical_json(dump_pack(pack))).hexdigest()


def dump_pack(pack: Pack) -> dict[str, Any]:
    """Return the pack as plain values in the order of the file, without its hash."""
    head = {name: getattr(pack, name) for name in ("pack", "title", "version", "source", "licence", "confidence", "effective_from")}
    return {"format": FORMAT, **_filled(head), "procedures": [_dump_procedure(one) for one in pack.procedures]}


def _dump_procedure(one: PackProcedure) -> dict[str, Any]:
    interval = (
        {"months": one.interval.months, "source": one.interval.source, "confidence": one.interval.confidence} if one.interval else None
    )
    more = {"device_types": list(one.device_types), "covers": list(one.covers), "interval": interval, "change_note": one.change_note}
    return {"code": one.code, "name": one.name, "kind": one.kind, **_filled(more), "content": dump(one.content)}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def write_pack(pack: Pack) -> str:
    """Return the file of a pack, sealed with its hash. Reading it gives the same pack; writing that gives the same text."""
    document = dump_pack(pack)
    procedures = document.pop("procedures")
    return _yaml(document | {"sha256": pack_hash(pack), "procedures": procedures})


def seal(text: str) -> str:
    """Return a hand-written pack file with its right hash, comments and all else untouched. Raises PackError."""
    bare = _SEAL.sub("", text, count=1)
    line = f'sha256: "{read_pack(bare).sha256}"\n'
    start = re.search(r"^procedures:", bare, re.MULTILINE)
    place = start.start() if start else len(bare)
    return bare[:place] + line + bare[place:]


_SEAL = re.compile(r"^sha256:.*\n", re.MULTILINE)


def starter_packs() -> tuple[PackFile, ...]:
    """Read the packs shipped with OpenHTM, in the order of their file names. Raises PackError."""
    return tuple(read_pack(path.read_bytes()) for path in sorted(STARTER.glob("*.yaml")))


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=140)


class _Dumper(yaml.SafeDumper):
    """Writes every value where it stands, without aliases; what holds only plain values takes one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain_yaml(data: bytes | str) -> object:
    """Return the plain values of a YAML file, or raise PackError."""
    text = _decode(data)
    try:
        _check_shape(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader that knows even less
    except PackError:
        raise
    except yaml.MarkedYAMLError as wrong:
        raise PackError([_yaml_problem(wrong)]) from None
    except (yaml.YAMLError, ValueError):
        raise PackError([Problem("file", "This is not readable YAML.", "Check it with a YAML checker.")]) from None


def _decode(data: bytes | str) -> str:
    if len(data) > MOST_BYTES:
        raise PackError([Problem("file", f"The file is larger than {MOST_BYTES // 1024 // 1024} MiB.", "Divide it into several packs.")])
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise PackError([Problem("file", f"Byte {wrong.start} is not UTF-8 text.", "Save the file as UTF-8.")]) from None


def _check_shape(text: str) -> None:
    """Walk over the file without building anything. Aliases could make a small file huge, depth could exhaust the stack."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PackError([_at(event.start_mark, "Anchors and aliases are not allowed.", "Write the values out.")])
        if getattr(event, "tag", None):
            raise PackError([_at(event.start_mark, "Tags are not allowed.", "Write plain values.")])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MOST_DEPTH:
            raise PackError([_at(event.start_mark, f"The file is nested deeper than {MOST_DEPTH} levels.", "Flatten it.")])
        if nodes > MOST_NODES:
            raise PackError([_at(event.start_mark, f"The file has more than {MOST_NODES} values.", "Divide it.")])


def _at(mark: Any, sentence: str, remedy: str) -> Problem:
    return Problem(f"line {mark.line + 1}" if mark else "file", sentence, remedy)


def _yaml_problem(wrong: yaml.MarkedYAMLError) -> Problem:
    said = str(wrong.problem or "").strip()[:200]
    return _at(wrong.problem_mark or wrong.context_mark, f"This is not YAML: {said}." if said else "This is not YAML.", "Correct the line.")


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is absent where PyYAML was built without libyaml


class _Loader(_BASE):
    """Plain values only: true, false, null, decimal numbers and text. Dates and "no" stay text, keys must differ."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, "a field name must be plain text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the field {key.value[:60]} is written twice", key.start_mark)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_whole(self, node: Any) -> int:
        if len(node.value) > 30:
            raise yaml.constructor.ConstructorError(None, None, "the number is too long", node.start_mark)
        return int(node.value)

    def construct_decimal(self, node: Any) -> float:
        return float(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_decimal)
_WHOLE = re.compile(r"[-+]?[0-9]+\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""])
for _reader in (_Loader, _Dumper):  # what one would read as a number, the other must quote as a text
    _reader.add_implicit_resolver("tag:yaml.org,2002:int", _WHOLE, list("-+0123456789"))
    _reader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
