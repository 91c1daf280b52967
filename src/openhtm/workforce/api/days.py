"""Days in requests: bounded, as somebody who writes the year 9999 mistyped it. The services say how far ahead each may lie."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

Day = Annotated[dt.date, Field(ge=dt.date(1930, 1, 1), le=dt.date(2200, 1, 1))]
