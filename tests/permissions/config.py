"""Routes that belong to no room."""

from __future__ import annotations

from openhtm.identity.rules.permissions import Permission as P
from tests.permissions.rows import PUBLIC, Row

ROWS = [
    Row("home"),
    Row("search"),
    Row("search-json"),
    Row("healthz", needs=PUBLIC),
    Row("readyz", needs=PUBLIC),
    Row("system", needs=P.VIEW_SYSTEM),
    Row("api-docs", ok=(200,)),
    Row("api-group", kwargs=lambda world: {"slug": "work-orders"}, ok=(200,)),
    Row("api:openapi-json", needs=PUBLIC),
    Row("api:api-root", needs=PUBLIC, ok=(404,)),
]
