"""Prints the demo accounts, one for each role. A process of its own, so that the supervisor stays small."""

from openhtm.demo.accounts import DEMO_ACCOUNTS


def table(rows: list[tuple[str, str, str]]) -> str:
    """Return the rows under their headings, in columns as wide as their longest word."""
    rows = [("Role", "User name", "Password"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


if __name__ == "__main__":
    print(table([(str(a.role), a.username, a.password) for a in DEMO_ACCOUNTS]), flush=True)
