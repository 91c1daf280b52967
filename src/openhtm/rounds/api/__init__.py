"""The API of rounds and readiness: each part has its own router."""

from openhtm.rounds.api.readiness import router as readiness
from openhtm.rounds.api.rounds import router as rounds

routers = (rounds, readiness)
