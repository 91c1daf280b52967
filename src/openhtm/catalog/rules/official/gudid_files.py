"""The three shapes in which GUDID records come: JSON lines, a JSON list, and the XML of FDA's own releases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from openhtm.catalog.rules.official.source import MAX_LINE_BYTES, Source, UnreadableError

_MAX_DEPTH = 12  # the published schema needs seven
_WHAT = "This does not look like GUDID records (JSON lines, a JSON list, or the XML of a release)"
Record = tuple[int, dict[str, Any]]


def records(source: Source) -> Iterator[Record]:
    """Yield (row from 1, record as nested dict in GUDID's own names), streaming. Raises UnreadableError."""
    start = _first_character(source)
    if start == b"<":
        return _xml_records(source)
    if start == b"[":
        return _list_records(source)
    if start == b"{":
        return _line_records(source)
    raise UnreadableError(f"{_WHAT}: it begins with neither {{ nor [ nor <.")


def _first_character(source: Source) -> bytes:
    head = source.stream.peek(4096)[:4096]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return b"<"  # UTF-16 is only ever used for the XML; the parser reads its mark
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _line_records(source: Source) -> Iterator[Record]:
    for number in itertools.count(1):
        line = source.stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        if len(line) > MAX_LINE_BYTES:
            raise UnreadableError(f"Line {number} is longer than {MAX_LINE_BYTES >> 20} MB; a GUDID record has a few kB.")
        line = line.removeprefix(b"\xef\xbb\xbf").strip()
        if line:
            yield number, _record(_loads(line, number), number)


def _loads(line: bytes, number: int) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"Line {number} is not valid JSON: {error}. Every line must hold one whole record.") from None


def _list_records(source: Source) -> Iterator[Record]:
    """Take one element after the other from a JSON list, holding no more than a few of them in memory."""
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    text = _TextWindow(source.stream)
    text.skip("[")
    if text.next_character() == "]":
        raise UnreadableError(f"{_WHAT}: the list is empty.")
    for number in itertools.count(1):
        yield number, _record(text.take(decoder, number), number)
        if text.next_character() == "]":
            return
        text.skip(",")


class _TextWindow:
    """A moving piece of a long JSON text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._bytes = b""
        self._text = ""
        self._ended = False

    def _more(self) -> bool:
        data = self._stream.read(1 << 18)
        self._ended = not data
        self._bytes += data
        whole = self._bytes if self._ended else self._bytes[: _whole_characters(self._bytes)]
        try:
            self._text += whole.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableError(f"{_WHAT}: it is not UTF-8 text.") from None
        self._bytes = self._bytes[len(whole) :]
        return bool(data)

    def next_character(self) -> str:
        """The next character that is no white space, left in place; empty at the end."""
        self._text = self._text.lstrip()
        while not self._text and self._more():
            self._text = self._text.lstrip()
        return self._text[:1]

    def skip(self, character: str) -> None:
        if self.next_character() != character:
            raise UnreadableError(f"This is not valid JSON: {character} expected, found {self._text[:20]!r}.")
        self._text = self._text[1:]

    def take(self, decoder: json.JSONDecoder, number: int) -> Any:
        self.next_character()
        while True:
            try:
                found, end = decoder.raw_decode(self._text)
            except (ValueError, RecursionError) as error:
                if len(self._text) > MAX_LINE_BYTES or not self._more():
                    raise UnreadableError(f"Record {number} is not valid JSON: {str(error)[:120]}.") from None
                continue
            self._text = self._text[end:]
            return found


def _whole_characters(data: bytes) -> int:
    """Length of ``data`` without a UTF-8 character that is cut off at its end."""
    for back in range(1, min(4, len(data)) + 1):
        if data[-back] & 0xC0 != 0x80:
            return len(data) - back if data[-back] >= 0xC0 else len(data)
    return len(data)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _record(found: Any, number: int) -> dict[str, Any]:
    """Unwrap what AccessGUDID answers (``{"gudid": {"device": …}}``)."""
    if isinstance(found, dict) and isinstance(found.get("gudid"), dict):
        found = found["gudid"].get("device")
    if not isinstance(found, dict):
        raise UnreadableError(f"Record {number} is no object. Every record must be one, as in {{…}}.")
    return found


def _xml_records(source: Source) -> Iterator[Record]:
    stream = _Metered(source.stream)
    root: Element | None = None
    number = 0
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if root is None:
                root = element
            if event == "end" and _local(element) == "device":
                number += 1
                yield number, _as_dict(element)
                stream.since_record = 0
                element.clear()
                if root is not element:
                    root.clear()
    except DefusedXmlException:
        raise UnreadableError("This XML declares a document type or entities. GUDID files have none; it is not loaded.") from None
    except ParseError as error:
        raise UnreadableError(f"This is not valid XML: {error}.") from None
    except (LookupError, UnicodeError) as error:
        raise UnreadableError(f"This XML names an encoding that cannot be read: {str(error)[:120]}.") from None
    if not number:
        raise UnreadableError(f"{_WHAT}: the XML has no <device>.")


class _Metered:
    """Stops an XML text that never comes to the end of a record, before it fills the memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.since_record = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, 1 << 16) if size > 0 else 1 << 16)
        self.since_record += len(data)
        if self.since_record > MAX_LINE_BYTES:
            raise UnreadableError(f"No <device> ends within {MAX_LINE_BYTES >> 20} MB. This is no GUDID release.")
        return data


def _as_dict(element: Element, depth: int = 0) -> dict[str, Any]:
    """Return the children by name; a name that occurs more than once gives a list."""
    found: dict[str, Any] = {}
    for child in element:
        value: Any = _as_dict(child, depth + 1) if len(child) and depth < _MAX_DEPTH else (child.text or None)
        name = _local(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
