"""What a survey came to: counts for whole blocks, shares, and the change from one survey to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from openhtm.pulse.rules.partition import Block
from openhtm.pulse.rules.questions import DECLINED, Question

Tally = Mapping[tuple[str, str, int], int]
"""How often each answer was given: by (key of the block, question, answer)."""


@dataclass(frozen=True, slots=True)
class Result:
    """A question's answers: ``counts`` in the order of its answers, then who declined."""

    question: Question
    counts: tuple[int, ...]
    declined: int

    @property
    def said(self) -> int:
        return sum(self.counts)

    @property
    def favourable(self) -> float | None:
        """The share of those who said something; None if nobody did."""
        return sum(self.counts[: self.question.good]) / self.said if self.said else None


def result(question: Question, keys: Collection[str], tally: Tally) -> Result:
    """Add up a question over whole blocks, named by their keys."""
    count = {place: sum(tally.get((key, question.code, place), 0) for key in keys) for place in range(len(question.answers) + 1)}
    return Result(question, tuple(count[place] for place in range(1, len(question.answers) + 1)), count[DECLINED])


def key_of(block: Block) -> str:
    """The name under which a block's answers are kept once the survey has ended: of all its groups, so that none can be told."""
    return "+".join("/".join(leaf) for leaf in sorted(block.leaves))


def points(before: float | None, after: float | None) -> int | None:
    """The change of a share in percentage points, rounded; None where one is not known."""
    return None if before is None or after is None else round(100 * after) - round(100 * before)
