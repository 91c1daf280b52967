"""The OpenAPI document as a page to read: operations by group, their parameters and schemas, and every problem code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from openhtm.config.api import api
from openhtm.core.errors import DomainError

METHODS = ("get", "post", "put", "patch", "delete")
OTHER_PROBLEMS = {
    "not-logged-in": (401, "No valid token or session came with the request."),
    "unreadable": (400, "The request could not be read, such as a body that is no JSON."),
    "too-large": (413, "What was sent is larger than this address takes."),
    "method-not-allowed": (405, "The address does not take this method; the header Allow names those it takes."),
    "not-json": (415, "The body is not JSON, or the header Content-Type does not say that it is."),
    "server-error": (500, "Something failed on our side; what was sent is not saved."),
    "refused": (422, "The request was refused; detail says why."),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A parameter or a field of a schema, in words."""

    name: str
    type: str
    required: bool
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    schema: str
    is_schema: bool


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    title: str
    text: str
    parameters: list[Item]
    body: str
    body_is_schema: bool
    answers: list[Answer]
    refusals: list[str]


@dataclass(frozen=True, slots=True)
class SchemaShown:
    name: str
    text: str
    fields: list[Item]


@dataclass(frozen=True, slots=True)
class Group:
    """Operations of one kind, with every schema that they name, directly or through others."""

    tag: str
    operations: list[Operation] = field(default_factory=list)
    schemas: list[SchemaShown] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The tag in the address of its page."""
        return self.tag.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class ProblemCode:
    code: str
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Docs:
    description: str
    groups: list[Group]
    problems: list[ProblemCode]


@cache
def docs() -> Docs:
    """Read the document once for each process: it changes only with the code."""
    document: dict[str, Any] = api.get_openapi_schema()
    groups: dict[str, Group] = {}
    named: dict[str, set[str]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                tag = (methods[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, Group(tag)).operations.append(_operation(path, method, methods[method]))
                named.setdefault(tag, set()).update(_named(methods[method]))
    schemas = document.get("components", {}).get("schemas", {})
    for tag, group in groups.items():
        group.schemas.extend(_schema(name, schemas[name]) for name in sorted(_with_parts(named[tag], schemas)))
    return Docs(_plain(document["info"].get("description", "")), [groups[tag] for tag in sorted(groups)], problem_codes())


def _named(entry: Any) -> Iterator[str]:
    """The schemas that a part of the document names."""
    if isinstance(entry, Mapping):
        if isinstance(entry.get("$ref"), str):
            yield entry["$ref"].rsplit("/", 1)[-1]
        for value in entry.values():
            yield from _named(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _named(value)


def _with_parts(names: set[str], schemas: Mapping[str, Any]) -> set[str]:
    """``names`` and what they are made of, to the end."""
    found, waiting = set[str](), set(names)
    while waiting:
        found |= waiting
        waiting = {part for name in waiting for part in _named(schemas[name])} - found
    return found


def _operation(path: str, method: str, entry: Mapping[str, Any]) -> Operation:
    body, is_schema = _content(entry.get("requestBody", {}))
    answers, refusals = [], []
    for status, answer in sorted(entry["responses"].items(), key=lambda pair: str(pair[0])):
        words, known = _content(answer)
        if words == "Problem":
            refusals.append(str(status))
        else:
            answers.append(Answer(str(status), words, known))
    return Operation(
        id=entry["operationId"],
        method=method.upper(),
        path=path,
        title=entry.get("summary", ""),
        text=_plain(entry.get("description", "")),
        parameters=[_parameter(one) for one in entry.get("parameters", [])],
        body=body,
        body_is_schema=is_schema,
        answers=answers,
        refusals=refusals,
    )


def _plain(text: str) -> str:
    """The text without the marks of code, which the page does not draw."""
    return text.replace("`", "")


def _content(holder: Mapping[str, Any]) -> tuple[str, bool]:
    """The schema's name and True, or its words and False; empty without content."""
    for content in holder.get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            return schema["$ref"].rsplit("/", 1)[-1], True
        return type_words(schema), False
    return "", False


def _parameter(entry: Mapping[str, Any]) -> Item:
    schema = entry.get("schema", {})
    text = entry.get("description") or schema.get("description", "")
    return Item(entry["name"], type_words(schema), bool(entry.get("required")), text, entry["in"])


def _schema(name: str, entry: Mapping[str, Any]) -> SchemaShown:
    required = set(entry.get("required", ()))
    fields = [
        Item(key, type_words(value), key in required, value.get("description", "")) for key, value in entry.get("properties", {}).items()
    ]
    return SchemaShown(name, entry.get("description", ""), fields)


def type_words(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words: "text up to 40 characters", "list of DeviceRow", "whole number or null"."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_words(one) for one in schema[key]))
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(str(one) for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {type_words(schema.get('items', {}))}"
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "object",
        "null": "null",
    }
    shown = {"date": "date", "date-time": "instant", "uuid": "UUID"}.get(schema.get("format", ""), names.get(kind, str(kind)))
    if "maxLength" in schema and shown == "text":
        shown += f" up to {schema['maxLength']} characters"
    if "minimum" in schema and "maximum" in schema and schema["maximum"] < 2**31:
        shown += f" from {schema['minimum']} to {schema['maximum']}"
    return shown


def problem_codes() -> list[ProblemCode]:
    """Every refusal the API can answer with, by its code. The demo hospital's own are not among them: it has no operation."""
    found = {code: ProblemCode(code, status, text) for code, (status, text) in OTHER_PROBLEMS.items()}
    for kind in _all_kinds(DomainError):
        if kind.__module__.startswith("openhtm.demo."):
            continue
        text = (kind.__doc__ or kind.message).strip().splitlines()[0]
        found[kind.code] = ProblemCode(kind.code, kind.status, text)
    return [found[code] for code in sorted(found)]


def _all_kinds(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all_kinds(below)
