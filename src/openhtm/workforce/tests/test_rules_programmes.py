"""The shipped programmes and the career map: complete, tagged, and refused when they make no sense."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
import yaml

from openhtm.workforce.rules.career import DATA as MAP
from openhtm.workforce.rules.career import career_map, read_map, steps
from openhtm.workforce.rules.eligibility import Career, Certification, Education, Employment
from openhtm.workforce.rules.programmes import DATA, ROLES, read_reference, reference

RAW: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
CONFIDENCES = {"S", "S2", "GK-high", "GK-med", "GK-low", "not-retrieved"}


def test_the_programmes_that_hospitals_know_are_there() -> None:
    assert {"CABT", "CBET", "CRES", "CHTM", "CISS", "CLES", "CQSM", "CCE", "COMPTIA-A"} <= set(reference().programmes)
    assert [one.code for one in reference().programmes.values() if one.closed_on] == ["CLES", "CQSM"]


def test_every_rule_carries_a_known_confidence_and_a_source() -> None:
    ref = reference()
    for programme in ref.programmes.values():
        assert programme.source
        assert programme.paths
        assert {way.confidence for way in programme.paths + programme.candidate} <= CONFIDENCES
        assert ("candidate" in programme.tiers) == bool(programme.candidate)
        if programme.renewal:
            assert {one.confidence for one in programme.renewal.categories} <= CONFIDENCES
    assert all(one.source and one.confidence in CONFIDENCES for one in ref.experience.values())


def test_a_need_keeps_the_confidence_it_is_tagged_with() -> None:
    share = reference().programmes["CRES"].paths[0].needs[-1]
    assert (share.kind, share.confidence, share.weak) == ("share", "GK-med", False)
    assert all(one.confidence == "" for one in reference().programmes["CBET"].paths[0].needs)


def test_every_role_of_the_field_counts_as_htm_experience() -> None:
    assert reference().experience["htm"].counts == set(ROLES) - {"other"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw["programmes"][0]["tiers"].append("golden"), "unknown tiers"),
        (lambda raw: raw["experience"][0]["counts"].append("nurse"), "roles"),
        (lambda raw: raw["experience"][0]["unclear"].append("bmet"), "roles"),
        (lambda raw: raw["renewals"][0].update(units=0), "count from 1"),
        (lambda raw: raw["reminders"].update(days_before=[0]), "counts from 1"),
        (lambda raw: raw["programmes"][1]["paths"][0]["needs"].append({"kind": "luck"}), "not a kind of need"),
        (lambda raw: raw["programmes"][1]["paths"][0]["needs"].append({"kind": "degree", "least": "phd"}), "unknown degree"),
        (lambda raw: raw["programmes"][2]["also"][0].update(confidence="hearsay"), "not a confidence"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(change: Any, words: str) -> None:
    raw = deepcopy(RAW)
    change(raw)
    with pytest.raises(ValueError, match=words):
        read_reference(raw)


def test_the_career_map_leads_only_to_what_is_on_it() -> None:
    raw = yaml.safe_load(MAP.read_text(encoding="utf-8"))
    raw["targets"][0]["leads_to"].append("moon")
    with pytest.raises(ValueError, match="moon"):
        read_map(raw, reference())
    assert {"cbet", "cres", "engineer", "manager"} <= {one.code for one in career_map()}


def test_a_technician_sees_what_is_held_reached_and_missing() -> None:
    career = Career(
        date(2026, 11, 22),
        (Education("associate", "biomedical", date(2018, 5, 1)),),
        (Certification("CBET", date(2027, 12, 31)),),
        (Employment("bmet", True, date(2018, 6, 1), None),),
    )
    found = {one.target.code: one for one in steps(career, role="bmet")}
    assert found["cbet"].held
    assert found["supervisor"].answer.eligible
    assert not found["supervisor"].held
    assert found["engineer"].answer.missing == ("a bachelor's degree or higher in a related field",)
    assert found["manager"].answer.missing == ("36 months of supervisory or management experience",)
