"""The API of work orders: each part has its own router."""

from ninja import Router

routers: tuple[Router, ...] = ()
