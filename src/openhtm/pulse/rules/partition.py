"""Into which groups results may be cut so that nothing is told of fewer people than the least group, also by subtraction.

At its end a survey is divided once, into blocks that each hold at least ``least`` answers. Every figure that is ever shown is about
whole blocks. The difference of two figures is then about whole blocks too, and so is whatever else can be computed from them: no
sequence of questions reaches fewer than ``least`` people. Blocks follow the tree of groups: what is too small is merged with its
neighbours, then with what lies above.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Leaf = tuple[str, ...]
"""A smallest group by its place in the tree, from the top: ("NORTH", "imaging")."""


@dataclass(frozen=True, slots=True)
class Block:
    """Groups whose answers are only ever shown together. ``label`` is the narrowest place in the tree that holds them all."""

    label: Leaf
    leaves: frozenset[Leaf]
    answers: int


def blocks(answers: Mapping[Leaf, int], *, least: int) -> tuple[Block, ...]:
    """Divide the groups into blocks of at least ``least`` answers; none if there are fewer answers than that in all.

    Groups without answers go with the rest of what they lie in, or are left out. Raises ValueError if ``least`` < 2, a count is
    negative or a group lies within another.
    """
    _check(answers, least)
    if sum(answers.values()) < least:
        return ()
    whole, rest = _divide((), answers, least)
    if rest:
        whole = _with_rest(whole, rest, answers)
    return tuple(sorted((_block(group, answers) for group in whole), key=lambda block: (block.label, sorted(block.leaves))))


def within(found: Collection[Block], prefix: Mapping[int, str]) -> tuple[Block, ...]:
    """The blocks that lie wholly within a filter: ``{0: "NORTH"}``, ``{1: "imaging"}`` or both. Places are levels of the tree."""
    return tuple(block for block in found if all(_matches(leaf, prefix) for leaf in block.leaves))


def touched(found: Collection[Block], prefix: Mapping[int, str]) -> tuple[Block, ...]:
    """The blocks of which a part lies within a filter: what is left out must be said."""
    inside = set(within(found, prefix))
    return tuple(block for block in found if block not in inside and any(_matches(leaf, prefix) for leaf in block.leaves))


def _divide(at: Leaf, answers: Mapping[Leaf, int], least: int) -> tuple[list[frozenset[Leaf]], frozenset[Leaf]]:
    """Return (groups that may stand alone, leaves too few to do so) below ``at``."""
    if at in answers:
        return ([frozenset({at})], frozenset()) if answers[at] >= least else ([], frozenset({at}))
    whole: list[frozenset[Leaf]] = []
    rest: frozenset[Leaf] = frozenset()
    for child in sorted({leaf[: len(at) + 1] for leaf in answers if leaf[: len(at)] == at}):
        done, left = _divide(child, answers, least)
        whole, rest = whole + done, rest | left
    if rest and _count(rest, answers) >= least:
        return [*whole, rest], frozenset()
    if rest and whole and at:
        return _with_rest(whole, rest, answers), frozenset()
    return whole, rest


def _with_rest(whole: list[frozenset[Leaf]], rest: frozenset[Leaf], answers: Mapping[Leaf, int]) -> list[frozenset[Leaf]]:
    """Merge what is too few with the smallest group beside it: the rest is never told by subtraction."""
    if not _count(rest, answers):  # nobody answered there: nothing to hide, and nothing to show
        return whole
    smallest = min(whole, key=lambda group: (_count(group, answers), sorted(group)))
    return [group for group in whole if group != smallest] + [smallest | rest]


def _block(group: frozenset[Leaf], answers: Mapping[Leaf, int]) -> Block:
    return Block(_common(group), group, _count(group, answers))


def _common(group: frozenset[Leaf]) -> Leaf:
    first, last = min(group), max(group)
    length = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last)))
    return first[:length]


def _count(group: frozenset[Leaf], answers: Mapping[Leaf, int]) -> int:
    return sum(answers[leaf] for leaf in group)


def _matches(leaf: Leaf, prefix: Mapping[int, str]) -> bool:
    return all(place < len(leaf) and leaf[place] == value for place, value in prefix.items())


def _check(answers: Mapping[Leaf, int], least: int) -> None:
    if least < 2:
        raise ValueError(f"least must be 2 or more, got {least}")
    if any(count < 0 for count in answers.values()):
        raise ValueError("a count is negative")
    if any(leaf[:length] in answers for leaf in answers for length in range(len(leaf))):
        raise ValueError("a group lies within another")
