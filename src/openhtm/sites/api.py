"""The API of the sites room."""

from ninja import Router

router = Router(tags=["sites"])
