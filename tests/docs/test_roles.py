"""The table of roles says exactly what the code grants."""

from pathlib import Path

from openhtm.identity.rules.permissions import GRANTS, Permission, Role

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "roles-and-permissions.md").read_text(encoding="utf-8")


def test_the_table_of_roles_is_the_table_of_grants():
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
    head = next(cells for cells in lines if cells[0] == "Permission")
    written = {cells[0]: dict(zip(head[1:], cells[1:], strict=True)) for cells in lines if len(cells) == len(head) and cells != head}
    names = {role: role.value.replace("_", " ").capitalize() for role in Role}
    granted = {p.value: {names[role]: "yes" if p in GRANTS[role] else "" for role in Role} for p in Permission}
    assert written == granted
