"""The API of the identity room."""

from ninja import Router

router = Router(tags=["identity"])
