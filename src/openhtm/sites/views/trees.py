"""The location tree as the tree component takes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.urls import reverse

from openhtm.sites.models import Location
from openhtm.ui import parts

ICONS = {"building": "building-2", "floor": "layers", "area": "square-dashed", "room": "door-open"}


def tree_nodes(places: Sequence[Location], *, root: int | None = None, open_levels: int = 1) -> list[parts.TreeNode]:
    """Nest ``places`` below ``root`` (None: the top of the facility). No statement; the first ``open_levels`` are unfolded."""
    children: dict[int | None, list[Location]] = defaultdict(list)
    for place in places:
        children[place.parent_id].append(place)
    return _nodes(children[root], children, open_levels)


def _nodes(here: Iterable[Location], children: dict[int | None, list[Location]], open_levels: int) -> list[parts.TreeNode]:
    return [
        parts.TreeNode(
            label=place.name,
            url=reverse("sites:location", args=[place.public_code]),
            icon=ICONS[place.kind],
            detail=_detail(place),
            open=open_levels > 0,
            children=_nodes(children.get(place.pk, []), children, open_levels - 1),
        )
        for place in here
    ]


def _detail(place: Location) -> str:
    words = [place.code, "" if place.active else "inactive"]
    return ", ".join(word for word in words if word)
