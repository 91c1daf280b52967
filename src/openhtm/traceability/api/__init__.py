"""The API of this room: files of testers, their mappings, and testers in doubt."""

from openhtm.traceability.api.doubts import router as doubts
from openhtm.traceability.api.files import router as files

routers = (files, doubts)
