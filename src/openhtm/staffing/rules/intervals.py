"""Intervals around counts: how many repairs to expect when so many were seen."""

from __future__ import annotations

from statistics import NormalDist


def poisson_interval(count: int, *, confidence: float) -> tuple[float, float]:
    """Return the central interval of the mean of a Poisson count (Garwood 1936), with chi-square by Wilson and Hilferty.

    Within 1 % of the exact limits from a count of 2 on, 5 % at 1. Raises ValueError for a count below 0 or a confidence outside (0, 1).
    """
    if count < 0 or not 0 < confidence < 1:
        raise ValueError(f"a count of 0 or more and a confidence between 0 and 1 are needed, got {count} and {confidence}")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _chi_square(tail, 2 * count) / 2
    return min(low, float(count)), max(_chi_square(1 - tail, 2 * count + 2) / 2, float(count))


def _chi_square(probability: float, degrees: int) -> float:
    spread = 2 / (9 * degrees)
    root = 1 - spread + NormalDist().inv_cdf(probability) * spread**0.5
    return float(degrees * max(root, 0.0) ** 3)
