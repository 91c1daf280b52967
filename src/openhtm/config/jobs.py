"""The job queue: Procrastinate inside PostgreSQL. Tasks live in each room's ``tasks`` and are found by name."""

from procrastinate.contrib.django import app

__all__ = ["app"]
