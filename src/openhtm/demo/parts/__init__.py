"""What each room contributes to the demo hospital, in the order of the rooms. A new room adds one line and one module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openhtm.demo.parts import (
    careers,
    catalog,
    competence,
    identity,
    inventory,
    procedures,
    programme,
    pulse,
    rounds,
    settings,
    sites,
    staffing,
    testers,
    today,
    traceability,
    training,
    work,
    workforce,
)  # fmt: skip
from openhtm.demo.parts.demo import Demo


@dataclass(frozen=True, slots=True)
class Part:
    """``build`` adds one room's records, using what the parts before it left in the ``Demo``."""

    name: str
    build: Callable[[Demo], None]


PARTS: tuple[Part, ...] = (
    Part("places", sites.build),
    Part("people", identity.build),
    Part("catalogue", catalog.build),
    Part("devices", inventory.build),
    Part("teams", workforce.build),
    Part("careers", careers.build),
    Part("hours away and plans", staffing.build),
    Part("testers", testers.build),
    Part("procedures", procedures.build),
    Part("programme", programme.build),
    Part("competencies", competence.build),
    Part("work", work.build),
    Part("rounds and readiness", rounds.build),
    Part("today", today.build),
    Part("qualification of closed work", competence.stamp),
    Part("files of testers", traceability.build),
    Part("settings", settings.build),
    Part("clinical training", training.build),
    Part("staff surveys", pulse.build),
)
