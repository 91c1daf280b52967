"""XML of a tester: parsed without document types or entities, and never deeper or larger than it may be."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from openhtm.testers.rules.files.mapping import FILE_LEVEL, Level, Source, TesterMapping
from openhtm.testers.rules.files.model import FileLimits

_BLOCK = 64 * 1024


class Unreadable(ValueError):
    """The whole file cannot be read; the sentence says why."""


class Record(NamedTuple):
    """One measurement of an XML file: where it stands, and how to look a source up."""

    place: str
    text_of: Callable[[Source], str | None]


def xml_records(*, data: bytes, mapping: TesterMapping, limits: FileLimits) -> Iterator[Record]:
    """Yield the records in the order of the file. Raises Unreadable before the first one, as a cut-off file has no safe part."""
    builder = _Builder(limits)
    root = _parsed(data, mapping, builder)
    found = _Found(mapping.levels[-1].name, limits.max_text_chars)
    yield from _records(root, {FILE_LEVEL: root}, list(mapping.levels), builder.lines, found)


def _records(
    element: Element, above: dict[str, Element], levels: list[Level], lines: dict[Element, int], found: "_Found"
) -> Iterator[Record]:
    if not levels:
        yield Record(f"line {lines[element]}", partial(found.text_of, above))
        return
    level, *rest = levels
    for below in element.findall(level.path):
        yield from _records(below, {**above, level.name: below}, rest, lines, found)


class _Found:
    """Looks sources up. What stands above the records is found once, or a file of many devices would take quadratic time."""

    def __init__(self, last: str, longest: int) -> None:
        self._last, self._longest = last, longest
        self._kept: dict[tuple[Element, str], list[Element]] = {}

    def text_of(self, above: dict[str, Element], source: Source) -> str | None:
        if source.path is None or source.level is None:
            return source.constant
        found = self._elements(above[source.level], source.path, keep=source.level != self._last)
        if len(found) > 1:
            raise ValueError(f"{source.path} is there {len(found)} times. Make the path of the mapping more exact.")
        if not found:
            return None
        return found[0].get(source.attribute) if source.attribute else self._text(found[0])

    def _elements(self, start: Element, path: str, *, keep: bool) -> list[Element]:
        if path == ".":
            return [start]
        if not keep:
            return start.findall(path)
        if (start, path) not in self._kept:
            self._kept[start, path] = start.findall(path)
        return self._kept[start, path]

    def _text(self, element: Element) -> str:
        """The text within an element; of one that is too long only so much that it is seen to be."""
        text = ""
        for piece in element.itertext():
            text += piece
            if len(text) > 10 * self._longest:
                break
        return text


class _Builder(TreeBuilder):
    """Builds elements under their names without namespace, keeps the line of each, and stops at the limits."""

    def __init__(self, limits: FileLimits) -> None:
        super().__init__()
        self.lines: dict[Element, int] = {}
        self.parser: Any = None
        self._limits = limits
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        if self._depth > self._limits.max_depth:
            raise Unreadable(f"The XML is nested deeper than {self._limits.max_depth} levels. No tester writes that.")
        if len(self.lines) >= self._limits.max_elements:
            raise Unreadable(f"The XML has more than {self._limits.max_elements:,} elements. Export fewer tests at a time.")
        element = super().start(_local(tag), {_local(name): value for name, value in attrs.items()})
        self.lines[element] = self.parser.parser.CurrentLineNumber
        return element

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(_local(tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _parsed(data: bytes, mapping: TesterMapping, builder: _Builder) -> Element:
    encoding = None
    if mapping.encoding != "auto":  # the mapping knows better than a wrong declaration in the file
        data, encoding = data.decode(mapping.encoding, errors="replace").lstrip("\ufeff").encode("utf-8", "replace"), "utf-8"
    parser = XMLParser(target=builder, encoding=encoding, forbid_dtd=True)
    builder.parser = parser
    try:
        for start in range(0, len(data), _BLOCK):
            parser.feed(data[start : start + _BLOCK])
        root: Element = parser.close()
    except DefusedXmlException:
        raise Unreadable("This XML declares a document type or entities. Tester files need none; it is not read.") from None
    except ParseError as error:
        raise Unreadable(f"This is not whole, valid XML: {error}. Nothing was read. Export the file again.") from None
    except Unreadable:
        raise
    except (LookupError, ValueError) as error:
        raise Unreadable(f"This XML names an encoding that cannot be read: {str(error)[:120]}.") from None
    return root
