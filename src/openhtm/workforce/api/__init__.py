"""The API of teams and hours: each part has its own router."""

from ninja import Router

routers: tuple[Router, ...] = ()
