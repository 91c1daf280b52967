"""Who may get, close and decide work: laws of the guard, and the cases that people quote."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.competence.rules.guard import (
    Act,
    Mode,
    Needs,
    Outcome,
    Policy,
    Reason,
    ReasonCode,
    RiskClass,
    Standing,
    judge,
    policy_for,
)
from openhtm.competence.rules.levels import RANKS, Basis, Certified, Held, Level, Subject
from openhtm.competence.rules.wording import ground_in_words, in_words

DAY = date(2026, 3, 2)
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
maybe_days = st.none() | days


@st.composite
def held(draw):
    granted = draw(days)
    return Held(
        subject=draw(st.sampled_from(list(Subject))),
        level=draw(st.sampled_from(list(Level))),
        basis=draw(st.sampled_from(list(Basis))),
        granted_on=granted,
        valid_until=draw(st.none() | st.integers(0, 900).map(lambda n: granted + timedelta(days=n))),
        withdrawn_on=draw(st.none() | st.integers(0, 900).map(lambda n: granted + timedelta(days=n))),
    )


certified = st.builds(
    Certified,
    programme=st.sampled_from(["CBET", "CRES", "CHTM"]),
    issued_on=days,
    expires_on=maybe_days,
    stopped_on=maybe_days,
    tier=st.sampled_from(["candidate", "full", "retired"]),
    verified=st.booleans(),
)
standings = st.builds(
    Standing,
    held=st.lists(held(), max_size=4).map(tuple),
    certified=st.lists(certified, max_size=3).map(tuple),
    roles=st.frozensets(st.sampled_from(["technician", "clinical_engineer"])),
    leaves_on=maybe_days,
    known=st.booleans(),
)
policies = st.builds(
    Policy,
    act=st.sampled_from(list(Act)),
    risk=st.sampled_from(list(RiskClass)),
    needs=st.sampled_from(list(Needs)),
    mode=st.sampled_from(list(Mode)),
    least_level=st.sampled_from(list(Level)),
    programmes=st.frozensets(st.sampled_from(["CBET", "CRES", "CHTM"])),
    roles=st.frozensets(st.sampled_from(["clinical_engineer"])),
)


@given(standings, days)
def test_without_a_policy_or_switched_off_nothing_is_said(standing, day):
    off = Policy(Act.ASSIGN, RiskClass.OTHER, Needs.BOTH, Mode.OFF)
    assert judge(None, standing, on=day).outcome == judge(off, standing, on=day).outcome == Outcome.OK


@given(policies, standings, days)
def test_a_verdict_has_reasons_exactly_if_it_is_not_ok(policy, standing, day):
    verdict = judge(policy, standing, on=day)
    assert (verdict.outcome == Outcome.OK) == (not verdict.reasons)


@given(policies, standings, days)
def test_warning_and_refusing_see_the_same_gaps(policy, standing, day):
    warned, blocked = (judge(replace(policy, mode=mode), standing, on=day) for mode in (Mode.WARN, Mode.BLOCK))
    assert warned.reasons == blocked.reasons
    assert {warned.outcome, blocked.outcome} in ({Outcome.OK}, {Outcome.WARN, Outcome.BLOCK})


@given(policies, standings, held(), certified, days)
def test_one_more_qualification_never_makes_it_worse(policy, standing, more, also, day):
    richer = replace(standing, held=(*standing.held, more), certified=(*standing.certified, also))
    assert judge(policy, standing, on=day).reasons or not judge(policy, richer, on=day).reasons


@given(policies, standings, days)
def test_a_lower_least_level_never_refuses_more(policy, standing, day):
    easier = replace(policy, least_level=Level.OBSERVED)
    assert judge(policy, standing, on=day).reasons or not judge(easier, standing, on=day).reasons


@given(policies, standings, days)
def test_it_still_fits_on_the_last_day_and_says_which_that_is(policy, standing, day):
    verdict = judge(replace(policy, mode=Mode.BLOCK), standing, on=day)
    if verdict.outcome == Outcome.OK and verdict.lapses_on:
        assert verdict.lapses_on >= day
        assert judge(replace(policy, mode=Mode.BLOCK), standing, on=verdict.lapses_on).outcome == Outcome.OK


@given(policies, standings, days)
def test_every_reason_has_words(policy, standing, day):
    verdict = judge(policy, standing, on=day)
    assert all(in_words(reason) for reason in verdict.reasons)


VENTILATOR = Held(Subject.TYPE, Level.INDEPENDENT, Basis.VENDOR_SCHOOL, date(2024, 3, 3), date(2026, 3, 2))
CBET = Certified("CBET", "12345", date(2024, 3, 3), date(2026, 3, 2), verified=True)
CASES = [
    ("valid on its last day", Needs.COMPETENCY, [VENTILATOR], [], DAY, None),
    ("ran out the day before", Needs.COMPETENCY, [VENTILATOR], [], DAY + timedelta(days=1), Reason(ReasonCode.COMPETENCY_LAPSED, DAY, "independent")),
    ("granted later", Needs.COMPETENCY, [VENTILATOR], [], date(2024, 3, 2), Reason(ReasonCode.NO_COMPETENCY)),
    ("never signed off", Needs.COMPETENCY, [], [], DAY, Reason(ReasonCode.NO_COMPETENCY)),
    ("has only helped", Needs.COMPETENCY, [replace(VENTILATOR, level=Level.ASSISTED)], [], DAY, Reason(ReasonCode.LEVEL_TOO_LOW, None, "assisted")),
    ("teaches it", Needs.COMPETENCY, [replace(VENTILATOR, level=Level.INSTRUCTOR)], [], DAY, None),
    ("taken away that day", Needs.COMPETENCY, [replace(VENTILATOR, withdrawn_on=DAY)], [], DAY, Reason(ReasonCode.NO_COMPETENCY)),
    ("taken away the day after", Needs.COMPETENCY, [replace(VENTILATOR, withdrawn_on=DAY + timedelta(days=1))], [], DAY, None),
    ("certified on its last day", Needs.CREDENTIAL, [], [CBET], DAY, None),
    ("certificate expired", Needs.CREDENTIAL, [], [CBET], DAY + timedelta(days=1), Reason(ReasonCode.CREDENTIAL_LAPSED, DAY, "CBET")),
    ("nobody saw the certificate", Needs.CREDENTIAL, [], [replace(CBET, verified=False)], DAY, Reason(ReasonCode.CREDENTIAL_UNVERIFIED, None, "CBET")),
    ("expired, and nobody ever saw it", Needs.CREDENTIAL, [], [replace(CBET, verified=False)], DAY + timedelta(days=1), Reason(ReasonCode.CREDENTIAL_LAPSED, DAY, "CBET")),
    ("certified on its first day", Needs.CREDENTIAL, [], [CBET], date(2024, 3, 3), None),
    ("certified the day after the work", Needs.CREDENTIAL, [], [CBET], date(2024, 3, 2), Reason(ReasonCode.NO_CREDENTIAL)),
    ("suspended that day", Needs.CREDENTIAL, [], [replace(CBET, stopped_on=DAY)], DAY, Reason(ReasonCode.NO_CREDENTIAL)),
    ("suspended the day after", Needs.CREDENTIAL, [], [replace(CBET, stopped_on=DAY + timedelta(days=1))], DAY, None),
    ("suspended before it would have expired", Needs.CREDENTIAL, [], [replace(CBET, stopped_on=DAY)], DAY + timedelta(days=1), Reason(ReasonCode.NO_CREDENTIAL)),
    ("a candidate is not certified", Needs.CREDENTIAL, [], [replace(CBET, tier="candidate")], DAY, Reason(ReasonCode.NO_CREDENTIAL)),
    ("either: a certificate is enough", Needs.EITHER, [], [CBET], DAY, None),
    ("both: a certificate is not enough", Needs.BOTH, [], [CBET], DAY, Reason(ReasonCode.NO_COMPETENCY)),
]  # fmt: skip


@pytest.mark.parametrize(("needs", "held", "certified", "day", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_people_quote(needs, held, certified, day, reason):
    policy = Policy(Act.ASSIGN, RiskClass.HIGH_RISK, needs, Mode.BLOCK)
    verdict = judge(policy, Standing(held=tuple(held), certified=tuple(certified)), on=day)
    assert verdict.reasons == (() if reason is None else (reason,))
    assert verdict.outcome == (Outcome.OK if reason is None else Outcome.BLOCK)


def test_an_engineer_may_decide_without_a_credential_and_a_technician_may_not():
    policy = Policy(
        Act.AEM_DECISION, RiskClass.OTHER, Needs.CREDENTIAL, Mode.BLOCK, programmes=frozenset({"CBET", "CCE"}),
        roles=frozenset({"clinical_engineer"}),
    )  # fmt: skip
    assert judge(policy, Standing(roles=frozenset({"clinical_engineer"})), on=DAY).by_role == "clinical_engineer"
    refused = judge(policy, Standing(roles=frozenset({"technician"})), on=DAY)
    assert (refused.outcome, in_words(refused.reasons[0])) == (Outcome.BLOCK, "no CBET or CCE")


def test_a_certificate_that_nobody_saw_reads_as_not_yet_verified():
    policy = Policy(Act.ASSIGN, RiskClass.OTHER, Needs.CREDENTIAL, Mode.BLOCK)
    verdict = judge(policy, Standing(certified=(replace(CBET, verified=False),)), on=DAY)
    assert [in_words(one) for one in verdict.reasons] == ["CBET not yet verified"]


def test_somebody_who_left_or_has_no_record_is_not_qualified():
    policy = Policy(Act.ASSIGN, RiskClass.OTHER, Needs.COMPETENCY, Mode.WARN)
    assert judge(policy, Standing((VENTILATOR,), leaves_on=DAY), on=DAY).reasons == (Reason(ReasonCode.GONE, DAY),)
    assert judge(policy, Standing((VENTILATOR,), leaves_on=DAY), on=DAY - timedelta(days=1)).lapses_on == DAY - timedelta(days=1)
    assert judge(policy, Standing(known=False), on=DAY).reasons == (Reason(ReasonCode.NO_RECORD),)


def test_the_newest_policy_in_force_counts_and_its_last_day_is_not_in_force():
    old = Policy(Act.CLOSE, RiskClass.OTHER, Needs.COMPETENCY, Mode.WARN, effective_from=date(2025, 1, 1), effective_to=DAY)
    new = replace(old, mode=Mode.BLOCK, effective_from=DAY, effective_to=None)
    found = [policy_for([old, new], act=Act.CLOSE, risk=RiskClass.OTHER, on=DAY + timedelta(days=n)) for n in (-1, 0)]
    assert [one.mode for one in found] == [Mode.WARN, Mode.BLOCK]
    assert policy_for([old, new], act=Act.ASSIGN, risk=RiskClass.OTHER, on=DAY) is None
    assert policy_for([old, new], act=Act.CLOSE, risk=RiskClass.OTHER, on=date(2024, 1, 1)) is None


def test_the_ground_names_level_basis_and_end():
    policy = Policy(Act.CLOSE, RiskClass.OTHER, Needs.BOTH, Mode.BLOCK)
    words = ground_in_words(judge(policy, Standing((VENTILATOR,), (CBET,)), on=DAY))
    assert words == "Does it alone, vendor school of 3 Mar 2024, until 2 Mar 2026; CBET 12345, until 2 Mar 2026"


def test_of_two_competencies_the_one_that_was_not_withdrawn_soon_after_is_gone_by():
    withdrawn = replace(VENTILATOR, valid_until=None, withdrawn_on=DAY + timedelta(days=1), key=1)
    policy = Policy(Act.CLOSE, RiskClass.HIGH_RISK, Needs.COMPETENCY, Mode.BLOCK)
    alone = judge(policy, Standing(held=(withdrawn,)), on=DAY)
    assert (alone.outcome, alone.lapses_on) == (Outcome.OK, DAY)
    longer = replace(VENTILATOR, valid_until=DAY + timedelta(days=9), key=2)
    assert judge(policy, Standing(held=(withdrawn, longer)), on=DAY).by == longer


@given(certified, days)
def test_a_credential_holds_on_no_day_before_it_was_given_nor_after_it_was_stopped(one, day):
    if one.holds_on(day):
        assert one.issued_on <= day
        assert one.stopped_on is None or day < one.stopped_on
        assert not one.lapsed_on(day)


@given(held(), days)
def test_a_competency_that_lapsed_no_longer_holds(one, day):
    assert not (one.holds_on(day) and one.lapsed_on(day))


def test_levels_rise_from_watching_to_teaching():
    assert sorted(Level, key=RANKS.__getitem__) == ["observed", "assisted", "independent", "instructor"]
