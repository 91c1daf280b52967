"""On paper: the sheet with a session's code, somebody's training record, and a certificate of one training."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from openhtm.documents.pdf import render_pdf, render_pictures
from openhtm.sites.models import Organisation
from openhtm.training.models import Attendance, Clinician, TrainingSession
from openhtm.training.queries.people import Record
from openhtm.training.queries.sessions import Attendee
from openhtm.training.rules.coverage import STATE_WORDS
from openhtm.training.services.attendance import open_window
from openhtm.ui.barcodes import png, qr, svg


def sign_in_address(session: TrainingSession, *, base_url: str) -> str:
    """What the code of a session leads to."""
    return base_url + reverse("training:attend", args=[session.code])


def sheet_pdf(session: TrainingSession, attendees: list[Attendee], *, base_url: str, now: dt.datetime) -> bytes:
    """The sheet of a session: its code, large, and lines to sign for whoever has no phone."""
    return render_pdf("training/sheet.typ", _sheet(session, attendees, base_url), assets=_code(session, base_url), created_at=now)


def sheet_png(session: TrainingSession, *, base_url: str) -> bytes:
    """The first page of the sheet as a picture."""
    return render_pictures("training/sheet.typ", _sheet(session, [], base_url), assets=_code(session, base_url), kind="png")[0]


def code_png(session: TrainingSession, *, base_url: str) -> bytes:
    """The bare code as a picture, to put on a slide."""
    return png(qr(sign_in_address(session, base_url=base_url)), scale=16)


def record_pdf(record: Record, *, on: dt.date, types: dict[int, str], now: dt.datetime) -> bytes:
    """Everything somebody was trained on, and where they stand with what their unit asks."""
    person = record.clinician
    data = {
        **_about(now),
        "title": "Training record",
        "name": person.full_name,
        "facts": _person_facts(person, on),
        "standing": [
            [types.get(one.type_id, ""), STATE_WORDS[one.state], _day(one.trained_on), _day(one.due_on)] for one in record.standing
        ],
        "sessions": [
            [
                _day(_held_on(one)),
                one.title,
                str(one.course.device_model or one.course.device_type),
                one.trainer_name,
                f"{one.minutes} min",
            ]
            for one in record.sessions
        ],
    }
    return render_pdf("training/record.typ", data, created_at=now)


def certificate_pdf(written: Attendance, person: Clinician, *, now: dt.datetime) -> bytes:
    """Somebody was at one session: a page for their own file."""
    session = written.session
    about = session.course.device_model or session.course.device_type
    data = {
        **_about(now),
        "name": person.full_name,
        "unit": f"{person.department.name}, {person.department.facility.name}",
        "course": session.title,
        "about": str(about),
        "content": session.content,
        "held": f"{_day(_held_on(session))}, {session.minutes} min",
        "trainer": session.trainer_name,
        "proof": f"Recorded {written.recorded_at:%d %b %Y} by {written.get_by_display()}, {written.uid}",
    }
    return render_pdf("training/certificate.typ", data, created_at=now)


def _sheet(session: TrainingSession, attendees: list[Attendee], base_url: str) -> dict[str, Any]:
    zone = ZoneInfo(session.facility.time_zone)
    opens, closes = (moment.astimezone(zone) for moment in open_window(session))
    return {
        "organisation": _organisation(),
        "title": session.title,
        "about": str(session.course.device_model or session.course.device_type),
        "where": " · ".join(filter(None, [session.facility.name, session.department.name if session.department else "", session.place])),
        "when": f"{session.held_at.astimezone(zone):%A, %d %b %Y, %H:%M}, {session.minutes} min",
        "trainer": session.trainer_name,
        "open": f"Open from {opens:%H:%M} to {closes:%H:%M}",
        "address": sign_in_address(session, base_url=base_url),
        "code": session.code,
        "signed": [one.attendance.name for one in attendees],
    }


def _code(session: TrainingSession, base_url: str) -> dict[str, str]:
    return {"code": svg(qr(sign_in_address(session, base_url=base_url)), label=f"Code {session.code}")}


def _person_facts(person: Clinician, on: dt.date) -> list[list[str]]:
    return [
        ["Unit", f"{person.department.name}, {person.department.facility.name}"],
        ["Employee number", person.employee_number or "unknown"],
        ["Job title", person.job_title or "unknown"],
        ["As of", _day(on)],
    ]


def _about(now: dt.datetime) -> dict[str, Any]:
    organisation = Organisation.objects.order_by("pk").first()
    return {
        "organisation": organisation.name if organisation else "OpenHTM",
        "synthetic": bool(organisation and organisation.synthetic),
        "printed": f"{now:%d %b %Y}",
    }


def _organisation() -> str:
    return Organisation.objects.order_by("pk").values_list("name", flat=True).first() or "OpenHTM"


def _held_on(session: TrainingSession) -> dt.date:
    return session.held_at.astimezone(ZoneInfo(session.facility.time_zone)).date()


def _day(day: dt.date | None) -> str:
    return f"{day:%d %b %Y}" if day else ""
