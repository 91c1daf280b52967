"""The law of unifying models, and of choosing the one that is meant."""

from hypothesis import given
from hypothesis import strategies as st

from openhtm.catalog.rules.matching import Candidate, choose_model
from openhtm.catalog.rules.mergers import ModelFacts, unify

facts = st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["", "1"]), st.sampled_from([None, 7, 8]))


@given(source=st.lists(facts, unique=True, max_size=8), target=st.lists(facts, unique=True, max_size=8))
def test_unifying_never_joins_models_that_differ_and_leaves_no_two_alike(source, target):
    ours = [ModelFacts(number, *one) for number, one in enumerate(source)]
    theirs = [ModelFacts(100 + number, *one) for number, one in enumerate(target)]
    by_id = {one.model_id: one for one in (*ours, *theirs)}
    pairs = unify(ours, theirs)
    assert len({old for old, _ in pairs}) == len(pairs)
    types = {one.model_id: one.device_type_id for one in theirs}
    for old, new in pairs:
        assert by_id[old][1:3] == by_id[new][1:3]
        kinds = {by_id[old].device_type_id, types[new]} - {None}
        assert len(kinds) <= 1
        types[new] = types[new] or by_id[old].device_type_id
    staying = [by_id[one.model_id][1:] for one in ours if one.model_id not in {old for old, _ in pairs}]
    staying += [(*by_id[pk][1:3], kind) for pk, kind in types.items()]
    assert len(staying) == len(set(staying))  # the unique constraint would refuse the merger otherwise


def test_the_model_meant_is_the_one_a_technician_would_pick():
    exact, other_number = Candidate(1, 7, True), Candidate(2, 7, False)
    assert choose_model([exact, other_number], catalog_number="X", device_type_id=7) == exact
    assert choose_model([other_number], catalog_number="X", device_type_id=7) is None
    assert choose_model([other_number], catalog_number="", device_type_id=7) == other_number
    assert choose_model([Candidate(3, None, True)], catalog_number="", device_type_id=7) == Candidate(3, None, True)
    assert choose_model([exact], catalog_number="X", device_type_id=8) is None
    assert choose_model([exact, Candidate(4, 8, True)], catalog_number="X", device_type_id=None) is None
