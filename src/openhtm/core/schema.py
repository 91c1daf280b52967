"""Types that API schemas share: bounded, so that nothing unexpected reaches the database."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("Remove the NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("Remove characters that are not valid Unicode.") from None
    return text


def _of_the_clock(time: dt.time) -> dt.time:
    if time.tzinfo is not None:
        raise ValueError("Leave out the offset: the time is by the clocks of the facility.")
    return time


Text = Annotated[str, AfterValidator(_no_nul)]
Short = Annotated[Text, Field(max_length=200)]
Long = Annotated[Text, Field(max_length=10_000)]
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Day = Annotated[dt.date, Field(ge=dt.date(1930, 1, 1), le=dt.date(2199, 12, 31))]
"""A day that people may ask for: far enough from the ends of the calendar to count years and months from it."""
ClockTime = Annotated[dt.time, AfterValidator(_of_the_clock)]
Cursor = Annotated[Text, Field(max_length=2000)]

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_ONE_LINE), AfterValidator(_no_nul)]
Name = Annotated[Line, Field(min_length=1)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=_ONE_LINE), AfterValidator(_no_nul)]
ClientKey = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_ONE_LINE)]


class Body(Schema):
    """A request body: unknown fields are refused, so that a typing mistake is not silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class PageOut(Schema):
    """What every list answers beside its items."""

    next_cursor: str | None = Field(description="Pass as cursor for the next page; null on the last.")
    previous_cursor: str | None = None
    count: int | None = Field(default=None, description="Rows that match, if it was asked for with count=true.")
    count_is_exact: bool | None = None


def given(body: Schema) -> dict[str, Any]:
    """Return only what the caller sent."""
    return body.model_dump(exclude_unset=True)
