"""The API of the catalogue: each part has its own router."""

from openhtm.catalog.api.documents import router as documents
from openhtm.catalog.api.manufacturers import router as manufacturers
from openhtm.catalog.api.models import router as models
from openhtm.catalog.api.reference import router as reference
from openhtm.catalog.api.types import router as types
from openhtm.core.routing import Router

router = Router(tags=["catalog"])
for part in (manufacturers, types, models, documents, reference):
    router.add_router("", part)
