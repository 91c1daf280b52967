"""The API of procedures: each part has its own router."""

from openhtm.core.routing import Router
from openhtm.procedures.api.packs import router as packs
from openhtm.procedures.api.procedures import router as procedures

routers: tuple[Router, ...] = (procedures, packs)
