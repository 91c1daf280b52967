"""Check every invariant of the instance and print those that do not hold as JSON. Run as a program with DATABASE_URL set."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openhtm.config.settings")
    django.setup()
    from openhtm.audit import invariants

    print(json.dumps([asdict(finding) for finding in invariants.run_all()]))
