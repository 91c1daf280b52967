"""The API of the inventory: each part has its own router."""

from openhtm.inventory.api.bulk import router as bulk
from openhtm.inventory.api.devices import router as devices
from openhtm.inventory.api.imports import router as imports
from openhtm.inventory.api.papers import router as papers
from openhtm.inventory.api.quality import router as quality
from openhtm.inventory.api.records import router as records

routers = (devices, bulk, imports, quality, records, papers)
