"""The API of schedules and visits: each part has its own router."""

from openhtm.core.routing import Router
from openhtm.maintenance.api import planning, programme, replanning, visits

routers: tuple[Router, ...] = (visits.router, programme.router, planning.router, replanning.router)
