"""The starter procedures, released two years ago, with the answers that results are drawn from."""

from __future__ import annotations

import datetime as dt

from openhtm.demo.parts.demo import Demo, ProcedureFacts
from openhtm.demo.rules.answers import answers_of
from openhtm.procedures.models import ProcedureVersion, VersionStatus
from openhtm.procedures.rules.content import parse
from openhtm.procedures.services.loading import load_starter_packs
from openhtm.workorders.models import WorkCode
from openhtm.workorders.services.codes import load_work_codes

ON_PAPER_UNTIL_YEARS = 2
"""Before that, results were written on paper: the record of older work has no checklist."""


def build(demo: Demo) -> None:
    """Load procedures and the coded lists of work. About forty statements."""
    released = dt.datetime.combine(checklists_since(demo), dt.time(11), tzinfo=dt.UTC)
    load_starter_packs(actor=demo.actor, now=released)
    load_work_codes(actor=demo.actor)
    demo.codes = {(list_name, code): pk for pk, list_name, code in WorkCode.objects.values_list("pk", "list", "code")}
    versions = ProcedureVersion.objects.filter(status=VersionStatus.RELEASED).select_related("procedure").order_by("procedure__code")
    for version in versions:
        content, procedure = parse(version.content), version.procedure
        demo.procedures[procedure.pk] = ProcedureFacts(
            procedure.pk, procedure.code, procedure.name, procedure.kind, version.pk, version.est_min, version.skill,
            content.tester_kinds, answers_of(content),
        )  # fmt: skip
    demo.counts["procedures"] = len(demo.procedures)


def checklists_since(demo: Demo) -> dt.date:
    """The day from which results were recorded step by step."""
    return demo.as_of - dt.timedelta(days=365 * ON_PAPER_UNTIL_YEARS)
