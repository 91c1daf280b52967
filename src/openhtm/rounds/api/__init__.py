"""The API of rounds and readiness: each part has its own router."""

from ninja import Router

routers: tuple[Router, ...] = ()
