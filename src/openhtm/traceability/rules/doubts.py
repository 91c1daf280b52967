"""How much a result is in doubt when its tester was found out of tolerance: the worst first."""

from __future__ import annotations

from enum import IntEnum

FARTHEST_PPM = 1_000_000_000
"""A margin of a thousand times the reading is as far as it counts."""
UNKNOWN_PPM = FARTHEST_PPM + 1


class Rank(IntEnum):
    """1 is looked at first. Close: the error found is enough to carry the reading over its limit, in one direction or the other."""

    HIGH_RISK_CLOSE = 1
    CLOSE = 2
    HIGH_RISK_UNKNOWN = 3
    UNKNOWN = 4
    HIGH_RISK_FAR = 5
    FAR = 6


RANK_LABELS: dict[Rank, str] = {
    Rank.HIGH_RISK_CLOSE: "High-risk, could be otherwise",
    Rank.CLOSE: "Could be otherwise",
    Rank.HIGH_RISK_UNKNOWN: "High-risk, cannot tell",
    Rank.UNKNOWN: "Cannot tell",
    Rank.HIGH_RISK_FAR: "High-risk, margin is larger",
    Rank.FAR: "Margin is larger",
}
RANK_TONES: dict[Rank, str] = {
    Rank.HIGH_RISK_CLOSE: "late",
    Rank.CLOSE: "late",
    Rank.HIGH_RISK_UNKNOWN: "unknown",
    Rank.UNKNOWN: "unknown",
    Rank.HIGH_RISK_FAR: "due",
    Rank.FAR: "hold",
}


def margin_ppm(*, number: float | None, low: float | None, high: float | None, share: float | None) -> int:
    """Return the distance from a reading to its nearest limit in millionths of the reading; UNKNOWN_PPM if there is no limit to compare with.

    Where the reading itself is not stored as a number (a whole electrical-safety test), it follows from ``share`` of the
    limit, of which 1 is the limit: the smaller of the two distances that a limit from above or from below would give.
    """
    if number is not None and (low is not None or high is not None):
        distance = min(abs(number - edge) for edge in (low, high) if edge is not None)
        return FARTHEST_PPM if number == 0 else round(min(distance / abs(number) * 1e6, FARTHEST_PPM))
    if share is None:
        return UNKNOWN_PPM
    return round(min(abs(1 - share) / max(share, 1) * 1e6, FARTHEST_PPM))


def rank(*, high_risk: bool, margin: int, error_percent: float | None) -> Rank:
    """Return how soon a result is looked at. ``margin`` is that of ``margin_ppm``; an error that is not recorded leaves it open."""
    if error_percent is None or margin == UNKNOWN_PPM:
        return Rank.HIGH_RISK_UNKNOWN if high_risk else Rank.UNKNOWN
    if margin <= error_percent * 10_000:
        return Rank.HIGH_RISK_CLOSE if high_risk else Rank.CLOSE
    return Rank.HIGH_RISK_FAR if high_risk else Rank.FAR
