"""The API of schedules and visits: each part has its own router."""

from ninja import Router

routers: tuple[Router, ...] = ()
