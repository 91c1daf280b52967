"""Staged import of many devices through the command line: devices a second, peak memory, beside COPY without history."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.instance import OPENHTM, Instance
from bench.results import Result

ROWS = 100_000
RATE, MEMORY_MB = 10_000.0, 500.0


def run(instance: Instance) -> list[Result]:
    """Import into the bench instance, where the devices stay: the next run updates nothing and says so."""
    from openhtm.config.cli import available

    if "import" not in available():
        return []
    path = instance.home / "import.csv"
    run_id = int(time.time())
    _write_rows(path, instance.database_url, run_id)
    began = time.monotonic()
    command = [*OPENHTM, "import", "devices", str(path), "--facility", "MAIN", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    summary: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    created = summary["created"]
    floor = _copy_rate(instance.database_url)
    steps = {verb: float(took) for verb, took in re.findall(r"^(Checked|Written) in ([\d.]+) s", done.stderr, re.MULTILINE)}
    rate = created / steps["Written"]
    return [
        Result(
            "staged import, applied with history",
            rate,
            "devices/s",
            RATE,
            higher_is_better=True,
            floor=floor,
            ratio=floor / rate if rate else None,
            floor_kind="COPY, no history",
            note=f"{created:,} created, {summary['refused']:,} refused, checked in {steps['Checked']:.1f} s, {seconds:.1f} s in all",
        ),
        Result("staged import, peak memory", peak_mb, "MB", MEMORY_MB, note="largest child of this run"),
    ]


def _write_rows(path: Path, database_url: str, run_id: int) -> None:
    """Write a spreadsheet of new devices of models that are in the catalogue."""
    with psycopg.connect(database_url) as connection:
        models = connection.execute(
            "SELECT k.name, m.name FROM catalog_devicemodel m JOIN catalog_manufacturer k ON k.id = m.manufacturer_id"
            " WHERE m.name <> '' ORDER BY m.id LIMIT 500"
        ).fetchall()
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(["Control number", "Manufacturer", "Model", "Serial number", "Acquired on", "Cost", "Status"])
        for number in range(ROWS):
            maker, model = models[number % len(models)]
            writer.writerow(
                [
                    f"IMP{run_id}-{number:06d}",
                    maker,
                    model,
                    f"IS{run_id}{number:06d}",
                    f"20{10 + number % 15}-03-{number % 28 + 1:02d}",
                    1200 + number % 900,
                    "in service",
                ]
            )


def _copy_rate(database_url: str) -> float:
    """Return devices a second by COPY into the same table with its indexes and without history, taken back afterwards."""
    with psycopg.connect(database_url) as connection:
        columns = ", ".join(
            row[0]
            for row in connection.execute(
                "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'inventory_device'::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' AND attname NOT IN ('id', 'control_number')"
            )
        )
        source = f"SELECT 'FLOOR' || row_number() OVER () AS control_number, {columns} FROM inventory_device LIMIT {ROWS}"
        with connection.cursor().copy(f"COPY ({source}) TO STDOUT") as copy:
            lines = [bytes(block) for block in copy]
        connection.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [_all_triggers(connection)])
        began = time.monotonic()
        with connection.cursor().copy(f"COPY inventory_device (control_number, {columns}) FROM STDIN") as copy:
            copy.write(b"".join(lines))
        seconds = time.monotonic() - began
        connection.rollback()
    return len(lines) / seconds


def _all_triggers(connection: psycopg.Connection[Any]) -> str:
    names = [
        row[0]
        for row in connection.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'inventory_device'::regclass AND NOT tgisinternal")
    ]
    return "{" + ",".join(names) + "}"


if __name__ == "__main__":
    print(_copy_rate(os.environ["DATABASE_URL"]))
