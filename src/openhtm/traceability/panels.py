"""What this room shows on pages of lower rooms."""


def offer() -> None:
    """Register the panels."""
