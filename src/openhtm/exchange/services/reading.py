"""Opening a run's file: its sheet, its header, and the profile that reads it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from openhtm.core.errors import NotFound
from openhtm.documents.services import path_of
from openhtm.exchange.models import ImportProfile, ImportRun
from openhtm.exchange.rules.headers import Header, choose_sheet, data_rows
from openhtm.exchange.rules.mapping import (
    CUSTOM,
    IGNORE,
    ColumnMap,
    Profile,
    Suggestion,
    best_profile,
    known_names,
    matched_columns,
    profile_fit,
    profile_from,
    suggest,
)  # fmt: skip
from openhtm.exchange.rules.rows import TableReader, table_reader
from openhtm.exchange.rules.sheets import open_table
from openhtm.exchange.rules.tables import Cell, Sheet, Workbook, is_blank
from openhtm.exchange.rules.values import plain_text
from openhtm.exchange.services.targets import Target, target_named

SAMPLE_ROWS = 2000
SHOWN_SAMPLES = 3
_CANDIDATES_FROM = 0.8


SUGGESTED = Profile(name="suggested", missing_words=("NI",))
"""What a mapping nobody made yet starts from: "NI" (no information) is no number, name or place anywhere."""


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A file opened at its table. ``samples`` holds the first cells of each column."""

    book: Workbook
    sheet: Sheet
    header: Header
    samples: list[Sequence[Cell]]
    target: Target

    def reader(self, profile: Profile) -> TableReader:
        return table_reader(profile, self.header, self.target.fields(), samples=self.samples)

    def rows(self) -> Any:
        return data_rows(self.sheet, self.header)


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """One column of the file: what it is read as, why, and a few of its values."""

    name: str
    field: str
    evidence: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a file could be read: by a saved profile that fits, else by its names and contents."""

    profile: Profile
    saved_as: str
    fit: float
    sheets: tuple[str, ...]
    sheet: str
    header_row: int
    header_evidence: str
    columns: tuple[ColumnProposal, ...]
    first_rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def open_run(run: ImportRun, *, profile: Profile | None = None, sheet: str | None = None, header_row: int | None = None) -> OpenTable:
    """Open the run's file. What is not named comes from ``profile``, else from the contents. Raises UnreadableFile."""
    target = target_named(run.target)
    book = open_table(path_of(run.file.sha256), filename=run.file_name)
    known = known_names(target.fields(), saved_profiles(run.target).values())
    hint = header_row or (profile.header_row if profile else None)
    chosen, header = choose_sheet(
        book, known=known, sheet=sheet or (profile.sheet if profile else None), row_hint=hint, filename=run.file_name
    )
    first = [cells for _number, cells in itertools.islice(data_rows(chosen, header), SAMPLE_ROWS)]
    samples: list[Sequence[Cell]] = list(zip(*first, strict=True)) if first else [() for _ in header.columns]
    return OpenTable(book, chosen, header, samples, target)


def saved_profiles(target: str) -> dict[str, Profile]:
    """Return every profile by code: those saved here, and those shipped. One statement."""
    found = dict(target_named(target).profiles())
    for code, definition in ImportProfile.objects.filter(target=target, shipped=False).values_list("code", "definition"):
        found[code] = Profile.from_json(json.dumps(definition))
    return found


def profile_named(target: str, code: str) -> Profile:
    """Raises NotFound."""
    found = saved_profiles(target).get(code)
    if found is None:
        raise NotFound(kind="import profile", name=code[:60])
    return found


def profile_of(run: ImportRun) -> Profile:
    """The profile the run is read by. Raises BadProfile if it has none yet."""
    return Profile.from_json(json.dumps(run.definition))


def propose(run: ImportRun, *, profile: Profile | None = None, sheet: str | None = None, header_row: int | None = None) -> Proposal:
    """Say how the run's file could be read. Without ``profile`` the best saved one is taken, else names and contents decide.

    Raises UnreadableFile.
    """
    table = open_run(run, profile=profile, sheet=sheet, header_row=header_row)
    by_code = saved_profiles(run.target)
    suggestions = suggest(table.header.columns, table.samples, table.target.fields(), checks=table.target.checks())
    chosen = profile or best_profile(by_code.values(), table.header, at_least=_CANDIDATES_FROM)
    if chosen is None:
        chosen = profile_from(suggestions, table.header.columns, name="suggested", base=SUGGESTED)
        mapping = tuple(replace(one, split_codes=one.field == "control_number") for one in chosen.mapping)  # a tag holds no slash
        chosen = replace(chosen, mapping=mapping)
    chosen = replace(_with_site_columns(chosen, table), sheet=sheet or chosen.sheet, header_row=header_row or chosen.header_row)
    return Proposal(
        profile=chosen,
        saved_as=chosen.name if chosen.name in by_code else "",
        fit=profile_fit(chosen, table.header),
        sheets=tuple(one.name for one in table.book.sheets),
        sheet=table.sheet.name,
        header_row=table.header.row,
        header_evidence=table.header.evidence,
        columns=_columns(table, chosen, suggestions),
        first_rows=tuple(tuple(_shown(column[place]) for column in table.samples) for place in range(min(5, len(table.samples[0])))),
        notes=tuple(note.message for note in table.book.notes),
    )


def _with_site_columns(profile: Profile, table: OpenTable) -> Profile:
    """Our own export names the columns of site fields after them: ``custom:colour``."""
    read = set(matched_columns(profile, table.header).values())
    extra = [c.name for place, c in enumerate(table.header.columns) if c.name.startswith(CUSTOM) and place not in read]
    mapped = {one.column for one in profile.mapping}
    return replace(profile, mapping=(*profile.mapping, *(ColumnMap(name, name) for name in extra if name not in mapped)))


def _columns(table: OpenTable, profile: Profile, suggestions: Sequence[Suggestion]) -> tuple[ColumnProposal, ...]:
    read = {position: one.field for one, position in reversed(matched_columns(profile, table.header).items())}
    why = {one.column: one for one in suggestions}
    found = []
    for position, column in enumerate(table.header.columns):
        field = read.get(position, IGNORE)
        evidence = "as the profile says" if position in read else "not read"
        if position in why and why[position].field == field:
            evidence = why[position].evidence
        filled = [cell for cell in table.samples[position] if not is_blank(cell)]
        samples = tuple(dict.fromkeys(_shown(cell) for cell in filled[:50]))[:SHOWN_SAMPLES]
        found.append(ColumnProposal(column.name, field, evidence, samples))
    return tuple(found)


def _shown(cell: Cell) -> str:
    return plain_text(cell)[:80]


def definition_of(profile: Profile) -> dict[str, Any]:
    """Return a profile as it is stored."""
    return json.loads(json.dumps(asdict(profile)))


def column_of_fields(table: OpenTable, profile: Profile) -> Mapping[str, str]:
    """Field to the name of the first column that feeds it, for naming the place of a problem."""
    found: dict[str, str] = {}
    for one, position in matched_columns(profile, table.header).items():
        found.setdefault(one.field, table.header.columns[position].name)
    return found
