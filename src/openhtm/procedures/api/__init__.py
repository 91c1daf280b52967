"""The API of procedures: each part has its own router."""

from ninja import Router

routers: tuple[Router, ...] = ()
