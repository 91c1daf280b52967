"""What the demo's people learnt, where they worked and what they are certified for: some of it about to end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from openhtm.core.months import add_months
from openhtm.demo.parts.demo import Demo
from openhtm.workforce.models import CeuEntry, Credential, EducationFact, EmploymentFact, StaffKind, StaffMember

SCHOOLS = ("Prairie Technical College (synthetic)", "Riverside Community College (synthetic)", "Lakeview University (synthetic)")
BEFORE = ("Valley Biomedical Services (synthetic)", "Hillcrest Hospital (synthetic)", "Harbor Imaging (synthetic)")
ACTIVITIES = (
    ("courses", 6, "Ventilator service school, five days"), ("courses", 3, "Webinar series on electrical safety"),
    ("employment", 4, "Work in the field"), ("leadership", 2, "Chair of the equipment committee"),
    ("teaching", 2, "Taught the yearly refresher on infusion pumps"), ("courses", 4, "Cybersecurity of medical devices"),
    ("education", 3, "Article on defibrillator failures"), ("certification", 2, "CompTIA Network+"),
)  # fmt: skip


@dataclass(slots=True)
class _Made:
    """Rows waiting to be written."""

    staff: list[StaffMember] = field(default_factory=list)
    education: list[EducationFact] = field(default_factory=list)
    employment: list[EmploymentFact] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    ceus: list[CeuEntry] = field(default_factory=list)


def build(demo: Demo) -> None:
    """Give everybody a career. About eight statements for any number of people."""
    known = StaffMember.objects.in_bulk(demo.staff.values())
    account = {name: known[demo.staff[demo.users[name][0]]] for name in ("manager", "engineer", "technician") if name in demo.users}
    made = _Made()
    _manager(demo, made, account["manager"])
    _engineer(demo, made, account["engineer"])
    _technician(demo, made, account["technician"])
    named = {one.pk for one in account.values()}
    for number, person in enumerate(sorted((one for one in known.values() if one.pk not in named), key=lambda one: one.pk)):
        if person.kind == StaffKind.IN_HOUSE:
            _colleague(demo, made, person, number)
    StaffMember.objects.bulk_update(made.staff, ["job_title", "career_role", "started_on", "leaves_on", "leave_reason"])
    StaffMember.objects.create(
        full_name="Noor Haddad", kind=StaffKind.STUDENT, facility_id=demo.facilities[0].pk, job_title="Intern, biomedical technology",
        started_on=add_months(demo.as_of, -4), leaves_on=add_months(demo.as_of, 5), leave_reason="Internship ends",
    )  # fmt: skip
    EducationFact.objects.bulk_create(made.education)
    EmploymentFact.objects.bulk_create(made.employment)
    Credential.objects.bulk_create(made.credentials)
    CeuEntry.objects.bulk_create(made.ceus)
    demo.counts |= {"certifications": len(made.credentials), "journal entries": len(made.ceus)}


def _works(demo: Demo, made: _Made, one: StaffMember, title: str, role: str, years: int) -> dt.date:
    """Say since when somebody works here as what, and return that day."""
    one.job_title, one.career_role = title, role
    one.started_on = add_months(demo.as_of, -12 * years).replace(day=1)
    made.staff.append(one)
    made.employment.append(EmploymentFact(staff=one, role=role, employer="Riverbend Health (synthetic)", started_on=one.started_on))
    return one.started_on


def _earlier(made: _Made, one: StaffMember, role: str, end: dt.date, years: int, employer: str) -> None:
    start = add_months(end, -12 * years)
    made.employment.append(EmploymentFact(staff=one, role=role, employer=employer, started_on=start, ended_on=end))


def _degree(made: _Made, one: StaffMember, degree: str, about: str, on: dt.date, school: str) -> None:
    made.education.append(EducationFact(staff=one, degree=degree, field=about, institution=school, completed_on=on))


def _holds(
    demo: Demo, made: _Made, one: StaffMember, programme: str, *, ends: dt.date, issued_years: int = 5, seen: bool = True
) -> Credential:
    """A certification whose reporting period of three years ends with it."""
    issued = add_months(ends, -12 * issued_years) + dt.timedelta(days=1)
    held = Credential(
        staff=one, programme=programme, number=f"{programme[0]}-{10_000 + one.pk}", issued_on=issued, expires_on=ends,
        cycle_started_on=max(add_months(ends, -36) + dt.timedelta(days=1), issued),
        verified_by_id=_who_looked(demo, one) if seen else None, verified_at=demo.now - dt.timedelta(days=200) if seen else None,
    )  # fmt: skip
    made.credentials.append(held)
    return held


def _earned(demo: Demo, made: _Made, held: Credential, count: int, *, offset: int = 0) -> None:
    """Enter so many activities, spread over the part of the period that has passed."""
    start = held.cycle_started_on or held.issued_on
    passed = max((demo.as_of - start).days, 1)
    for number in range(count):
        category, amount, title = ACTIVITIES[(offset + number) % len(ACTIVITIES)]
        done = start + dt.timedelta(days=passed * (number + 1) // (count + 1))
        approved = number < count - 2
        made.ceus.append(
            CeuEntry(
                credential=held, category=category, units=Decimal(amount), done_on=done, title=title,
                approved_by_id=_who_looked(demo, held.staff) if approved else None, approved_at=demo.now if approved else None,
            )
        )  # fmt: skip


def _who_looked(demo: Demo, one: StaffMember) -> int:
    """The manager; for the manager themselves the administrator, as nobody confirms their own."""
    manager = demo.users["manager"][0]
    return demo.users["administrator"][0] if one.user_id == manager else manager


def _manager(demo: Demo, made: _Made, one: StaffMember) -> None:
    since = _works(demo, made, one, "Director of clinical engineering", "manager", 8)
    _earlier(made, one, "supervisor", since, 4, BEFORE[1])
    _degree(made, one, "bachelor", "engineering", add_months(since, -12 * 9), SCHOOLS[2])
    _earned(demo, made, _holds(demo, made, one, "CHTM", ends=_year_end(demo, 1)), 7)


def _engineer(demo: Demo, made: _Made, one: StaffMember) -> None:
    since = _works(demo, made, one, "Clinical engineer", "engineer", 6)
    _earlier(made, one, "imaging", since, 5, BEFORE[2])
    _degree(made, one, "master", "engineering", add_months(since, -12 * 5), SCHOOLS[2])
    _holds(demo, made, one, "CCE", ends=_year_end(demo, 2))
    _earned(demo, made, _holds(demo, made, one, "CRES", ends=_year_end(demo, 0)), 9, offset=1)


def _technician(demo: Demo, made: _Made, one: StaffMember) -> None:
    """The one who logs in: behind with her units, and the certification ends soon."""
    since = _works(demo, made, one, "Biomedical technician", "bmet", 5)
    _earlier(made, one, "bmet", since, 2, BEFORE[0])
    _degree(made, one, "associate", "biomedical", add_months(since, -26), SCHOOLS[0])
    _earned(demo, made, _holds(demo, made, one, "CBET", ends=demo.as_of + dt.timedelta(days=68), issued_years=6), 6, offset=2)
    _holds(demo, made, one, "COMPTIA-NETWORK", ends=add_months(demo.as_of, 20), issued_years=3, seen=False)


def _colleague(demo: Demo, made: _Made, one: StaffMember, number: int) -> None:
    """Careers of every length; one in four without certification, one in eleven lapsed, one in nine retires within the year."""
    chance = demo.chance("career", one.pk, number)
    role = ("bmet", "bmet", "laboratory", "imaging")[number % 4]
    titles = {"bmet": "Biomedical technician", "laboratory": "Laboratory equipment technician", "imaging": "Imaging service engineer"}
    senior = number % 6 == 0
    since = _works(demo, made, one, f"Senior {titles[role].lower()}" if senior else titles[role], role, 1 + chance.randrange(12))
    if number % 3:
        _earlier(made, one, role, since, 1 + chance.randrange(6), BEFORE[number % len(BEFORE)])
    _degree(
        made,
        one,
        "associate",
        "electronics" if number % 5 == 2 else "biomedical",
        add_months(since, -20 - chance.randrange(40)),
        SCHOOLS[number % 2],
    )
    if number % 9 == 4:
        one.leaves_on, one.leave_reason = add_months(demo.as_of, 3 + chance.randrange(8)).replace(day=1), "Retirement"
    if number % 4 == 3 and not senior:
        return
    ends = demo.as_of - dt.timedelta(days=20) if number % 11 == 7 else _year_end(demo, chance.randrange(3))
    held = _holds(
        demo, made, one, "CRES" if role == "imaging" else "CBET", ends=ends, issued_years=3 + 3 * chance.randrange(3), seen=number % 7 != 5
    )
    _earned(demo, made, held, 3 + chance.randrange(6), offset=number)


def _year_end(demo: Demo, years: int) -> dt.date:
    return dt.date(demo.as_of.year + years, 12, 31)
