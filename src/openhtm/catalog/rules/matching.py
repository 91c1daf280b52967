"""Which stored model an import means, when several answer to the same name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    """A stored model of the wanted manufacturer and name."""

    model_id: int
    device_type_id: int | None
    same_catalog_number: bool


def choose_model(candidates: Sequence[Candidate], *, catalog_number: str, device_type_id: int | None) -> Candidate | None:
    """Return the model meant, or None if a new one is needed. Deterministic: the oldest of equals.

    The catalogue number must agree; without one, a name that only one model bears is enough. A wanted type is met by the
    same type, else by a model that has none yet. Without a wanted type an untyped model goes first, then the only one.
    """
    same = [one for one in candidates if one.same_catalog_number]
    if not same and not catalog_number:
        same = list(candidates) if len(candidates) == 1 else []
    if device_type_id is not None:
        return _first(same, device_type_id) or _first(same, None)
    return _first(same, None) or (same[0] if len(same) == 1 else None)


def _first(candidates: Sequence[Candidate], device_type_id: int | None) -> Candidate | None:
    return next((one for one in candidates if one.device_type_id == device_type_id), None)
