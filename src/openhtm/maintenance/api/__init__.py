"""The API of schedules and visits: each part has its own router."""

from ninja import Router

from openhtm.maintenance.api import planning, programme, replanning, visits

routers: tuple[Router, ...] = (visits.router, programme.router, planning.router, replanning.router)
