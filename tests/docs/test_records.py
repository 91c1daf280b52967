"""Every column of every record has its entry, and no entry is about nothing; the status table is the transition table."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from openhtm.inventory.rules.status import IN_INVENTORY, NEEDS_REASON, STATUS_LABELS, TRANSITIONS, Status

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DEVICE_PAGE = (REFERENCE / "device.md").read_text(encoding="utf-8")
PAGES = DEVICE_PAGE + (REFERENCE / "records.md").read_text(encoding="utf-8")
ROOMS = ("sites", "identity", "audit", "documents", "exchange", "catalog", "inventory")


def is_history(model: type[models.Model]) -> bool:
    return any(field.name == "pgh_id" for field in model._meta.fields)


RECORDS = [model for room in ROOMS for model in apps.get_app_config(room).get_models() if not is_history(model)]


def section(title: str) -> list[list[str]]:
    """The cells of each table line below the heading of that title, up to the next heading."""
    found = re.search(rf"^##+ {title}\n(.*?)(?=^##|\Z)", PAGES, re.MULTILINE | re.DOTALL)
    lines = found.group(1).splitlines() if found else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def columns_described(title: str) -> list[str]:
    return [re.sub("`", "", cell) for cells in section(title) for cell in cells[:2] if re.fullmatch(r"`[a-z0-9_]+`", cell)]


def test_history_tables_are_told_from_records():
    assert {"Device", "StatusChange", "Facility", "ImportRun"} <= {model.__name__ for model in RECORDS}
    assert not [model.__name__ for model in RECORDS if model.__name__.endswith("Event")]


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_every_column_has_an_entry(model):
    assert sorted(columns_described(model.__name__)) == sorted(field.name for field in model._meta.fields)


def test_the_history_tables_are_listed():
    listed = re.search(r"after each\nchange: (.*?)\.\n", PAGES, re.DOTALL)
    assert listed is not None
    tracked = {model.pgh_tracked_model.__name__ for room in ROOMS for model in apps.get_app_config(room).get_models() if is_history(model)}
    assert set(re.split(r",\s+", listed.group(1))) == tracked


def test_no_column_goes_without_a_meaning():
    empty = [cells for line in RECORDS for cells in section(line.__name__) if not cells[2 if len(cells) > 2 else 1]]
    assert empty == []


def test_the_status_table_is_the_transition_table():
    written = {cells[0]: cells[1:] for cells in section("Status")[2:]}
    assert written == {STATUS_LABELS[status]: described(status) for status in Status}


def described(status: Status) -> list[str]:
    following = ", ".join(STATUS_LABELS[other] for other in Status if other in TRANSITIONS[status])
    yes_or_no = ["yes" if status in group else "no" for group in (IN_INVENTORY, NEEDS_REASON)]
    return [f"`{status.value}`", yes_or_no[0], following or "nothing: final", yes_or_no[1]]
