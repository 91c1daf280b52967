"""Which models of two manufacturers are the same model, when the two become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class ModelFacts(NamedTuple):
    """A model as it is compared: name and catalogue number in capitals, type or None."""

    model_id: int
    name: str
    catalog_number: str
    device_type_id: int | None


def unify(source: Sequence[ModelFacts], target: Sequence[ModelFacts]) -> list[tuple[int, int]]:
    """Return pairs (model of ``source`` given up, model of ``target`` that stays).

    Same name and catalogue number, and the same type or a type on one side only. The same type goes first; a model of
    the target without a type takes the type of the first that joins it, and others of another type stay apart.
    """
    places: dict[tuple[str, str], dict[int | None, int]] = {}
    for model in target:
        places.setdefault((model.name, model.catalog_number), {}).setdefault(model.device_type_id, model.model_id)
    pairs, waiting = [], []
    for model in source:
        types = places.get((model.name, model.catalog_number), {})
        if model.device_type_id in types:
            pairs.append((model.model_id, types[model.device_type_id]))
        elif types:
            waiting.append(model)
    for model in waiting:
        types = places[(model.name, model.catalog_number)]
        if model.device_type_id is None:
            pairs.append((model.model_id, types[min(types, key=lambda kind: types[kind])]))
        elif model.device_type_id in types:
            pairs.append((model.model_id, types[model.device_type_id]))
        elif None in types:
            types[model.device_type_id] = types.pop(None)
            pairs.append((model.model_id, types[model.device_type_id]))
    return pairs
