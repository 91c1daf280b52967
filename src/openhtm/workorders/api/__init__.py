"""The API of work orders: each part has its own router."""

from ninja import Router

from openhtm.workorders.api.results import router as results

routers: tuple[Router, ...] = (results,)
