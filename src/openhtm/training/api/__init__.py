"""The API of clinical training."""

from openhtm.training.api import coverage, people, sessions

routers = (coverage.router, sessions.router, people.router)
