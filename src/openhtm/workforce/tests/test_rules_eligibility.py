"""Eligibility: careers judged by hand, and the laws that hold for all of them."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.months import add_months
from openhtm.workforce.rules.eligibility import Answer, Career, Certification, Education, Employment, judge
from openhtm.workforce.rules.programmes import DEGREES, FIELDS, ROLES, Programme, reference

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "careers.yaml").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 22)


def career_of(case: dict[str, Any]) -> Career:
    return Career(
        as_of=case.get("as_of", CASES["as_of"]),
        education=tuple(Education(*one) for one in case.get("degrees", ())),
        certifications=tuple(Certification(*one) for one in case.get("held", ())),
        employment=tuple(Employment(role, not part, start, end) for role, start, end, *part in case.get("jobs", ())),
        military_bmet=case.get("military", False),
    )


def programme(code: str) -> Programme:
    found = reference().programme(code)
    assert found is not None
    return found


def answer(code: str, career: Career, tier: str = "full") -> Answer:
    return judge(programme(code), career, tier=tier)


def test_the_table_has_more_than_forty_careers() -> None:
    names = [case["name"] for case in CASES["careers"]]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES["careers"], ids=lambda case: case["name"])
def test_each_career_gets_the_answer_worked_out_by_hand(case: dict[str, Any]) -> None:
    found = answer(case["programme"], career_of(case), case.get("tier", "full"))
    assert (found.eligible, found.path) == (case["eligible"], case.get("path"))
    if "missing" in case:
        assert list(found.missing) == case["missing"]
    assert bool(found.missing) == (found.eligible is not True)


def test_the_evidence_names_the_degree_the_job_and_the_months() -> None:
    career = Career(
        TODAY, (Education("associate", "biomedical", date(2023, 5, 12)),), (), (Employment("bmet", True, date(2024, 6, 1), None),)
    )
    used = answer("CBET", career).used
    assert used is not None
    assert used.evidence == (
        "Associate degree in biomedical technology, completed 12 May 2023",
        "BMET from 1 Jun 2024 on",
        "29 months of full-time BMET experience",
    )


@pytest.mark.parametrize("years", [1, 30])
def test_a_weak_need_answers_neither_yes_nor_no(years: int) -> None:
    way = programme("CBET").paths[3]
    need = replace(way.needs[0], confidence="GK-low", words="4 years of work")
    weak = replace(programme("CBET"), paths=(replace(way, needs=(need,)),))
    found = judge(weak, Career(TODAY, employment=(Employment("bmet", True, add_months(TODAY, -12 * years), None),)))
    assert (found.eligible, found.missing) == (None, ("confirmation by the certifying body of this rule: 4 years of work",))


def test_overlapping_full_time_jobs_are_flagged() -> None:
    jobs = (Employment("bmet", True, date(2020, 1, 1), date(2022, 6, 1)), Employment("imaging", True, date(2022, 1, 1), None))
    found = answer("CBET", Career(TODAY, employment=jobs))
    assert found.notes == (
        "Counted once: BMET from 1 Jan 2020 to 1 Jun 2022, and Imaging engineer from 1 Jan 2022 on, are both full-time on the same days.",
    )


days = st.dates(date(1990, 1, 1), date(2040, 1, 1))
jobs = st.builds(
    lambda role, full_time, start, length: Employment(role, full_time, start, start + timedelta(days=length) if length else None),
    st.sampled_from(ROLES), st.booleans(), days, st.one_of(st.none(), st.integers(1, 4000)),
)  # fmt: skip
careers = st.builds(
    Career,
    as_of=days,
    education=st.lists(st.builds(Education, st.sampled_from(DEGREES), st.sampled_from(FIELDS), st.none() | days), max_size=3).map(tuple),
    certifications=st.lists(st.builds(Certification, st.sampled_from(["CBET", "CRES", "PE", "X"]), st.none() | days), max_size=3).map(
        tuple
    ),
    employment=st.lists(jobs, max_size=5).map(tuple),
    military_bmet=st.booleans(),
)
codes = st.sampled_from(sorted(reference().programmes))
ORDER = {False: 0, None: 1, True: 2}


@given(codes, careers, jobs)
def test_more_work_never_makes_less_eligible(code: str, career: Career, job: Employment) -> None:
    more = replace(career, employment=(*career.employment, job))
    assert ORDER[answer(code, more).eligible] >= ORDER[answer(code, career).eligible]


@given(codes, careers, st.sampled_from(DEGREES), st.sampled_from(FIELDS))
def test_another_degree_never_makes_less_eligible(code: str, career: Career, degree: str, about: str) -> None:
    more = replace(career, education=(*career.education, Education(degree, about, career.as_of)))
    assert ORDER[answer(code, more).eligible] >= ORDER[answer(code, career).eligible]


@given(codes, careers)
def test_the_order_of_facts_does_not_matter(code: str, career: Career) -> None:
    turned = replace(
        career, education=career.education[::-1], certifications=career.certifications[::-1], employment=career.employment[::-1]
    )
    assert (answer(code, turned).eligible, answer(code, turned).path) == (answer(code, career).eligible, answer(code, career).path)


@given(codes, careers)
def test_what_happens_later_does_not_count(code: str, career: Career) -> None:
    known = replace(
        career,
        education=tuple(one for one in career.education if one.completed_on is None or one.completed_on <= career.as_of),
        employment=tuple(
            replace(one, end=None if one.end and one.end >= career.as_of else one.end)
            for one in career.employment
            if one.start < career.as_of
        ),
    )
    assert answer(code, known).as_json() == answer(code, career).as_json()


@given(st.sampled_from(["CBET", "COMPTIA-A", "CABT"]), careers, st.integers(1, 4000))
def test_who_is_eligible_stays_so_where_nothing_lapses(code: str, career: Career, later: int) -> None:
    after = replace(career, as_of=career.as_of + timedelta(days=later))
    assert ORDER[answer(code, after).eligible] >= ORDER[answer(code, career).eligible]


@given(careers)
def test_working_the_missing_months_makes_eligible_for_cbet(career: Career) -> None:
    """Only months are missing: working them from the last day of such work on is enough, and one month less is not."""
    career = replace(career, education=tuple(one for one in career.education if one.completed_on))
    found = answer("CBET", career)
    nearest = found.used
    if found.eligible is not False or nearest is None or nearest.distance[1]:
        return
    months = nearest.distance[0]
    counted = [
        one for one in career.employment if one.full_time and one.role in ("bmet", "imaging", "laboratory") and one.start < career.as_of
    ]
    ended = max((min(one.end or career.as_of, career.as_of) for one in counted), default=career.as_of)
    filled = worked_on(career, ended, months)
    assert answer("CBET", filled).eligible is True
    if months > 1:
        assert answer("CBET", worked_on(career, ended, months - 1)).path != nearest.way.code


def worked_on(career: Career, start: date, months: int) -> Career:
    """The same career with that much more work as a BMET, and no other work after the day it was judged on."""
    end = add_months(start, months)
    closed = tuple(replace(one, end=min(one.end or career.as_of, career.as_of)) for one in career.employment if one.start < career.as_of)
    return replace(career, as_of=max(end, career.as_of), employment=(*closed, Employment("bmet", True, start, end)))


@given(codes, careers)
def test_an_answer_says_either_by_which_path_or_what_is_missing(code: str, career: Career) -> None:
    found = answer(code, career)
    assert (found.path is not None) == (found.eligible is True)
    assert bool(found.missing) == (found.eligible is not True)
    assert all(one and "\n" not in one for one in found.missing)
