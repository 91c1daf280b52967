import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.procedures.rules.content import ContentError, canonical_json, changed_meanings, content_hash, dump, parse
from openhtm.procedures.rules.fields import MOST_PROBLEMS, exact, plain
from openhtm.procedures.tests.strategies import contents, documents

NUMBER = {"key": "energy", "kind": "number", "title": "Energy", "number": {"unit": "J"}}
CLAIM = {"source": "IEC 60601-2-4", "edition": "2010", "confidence": "GK-med"}
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("purpose", "steps", "oem", "tools", "tester_kinds", "est_minutes", "skill", "format")
STEP_FIELDS = ("key", "kind", "title", "required", "number", "options", "photo", "consumable", "electrical_safety", "images", "phase")


def document(*steps, **more):
    return {"purpose": "Show that it works.", "steps": list(steps)} | more


def step(**fields):
    return {"key": "a", "kind": "pass_fail", "title": "A"} | fields


def number(limit):
    return NUMBER | {"number": {"unit": "J", "limit": limit}}


def problems(raw):
    with pytest.raises(ContentError) as refused:
        parse(raw)
    return {problem.path: problem for problem in refused.value.problems}


@SETTINGS
@given(content=contents)
def test_the_canonical_form_reads_back_as_the_same_content(content):
    assert parse(dump(content)) == content


@SETTINGS
@given(content=contents)
def test_the_canonical_form_survives_json_and_keeps_its_hash(content):
    stored = json.loads(json.dumps(dump(content)))
    assert dump(parse(stored)) == dump(content)
    assert content_hash(parse(stored)) == content_hash(content)


@SETTINGS
@given(raw=documents())
def test_what_is_written_in_another_way_but_means_the_same_has_the_same_hash(raw):
    untidy = raw | {"purpose": f"  {raw['purpose']}\r\n", "tools": raw.get("tools")}
    assert content_hash(parse(untidy)) == content_hash(parse(dict(reversed(untidy.items()))))


@SETTINGS
@given(content=contents, other=contents)
def test_different_contents_have_different_hashes(content, other):
    assert (content == other) == (content_hash(content) == content_hash(other))


@SETTINGS
@given(raw=st.dictionaries(st.sampled_from(FIELDS), json_values) | json_values)
def test_anything_is_either_content_or_a_list_of_problems(raw):
    try:
        content = parse(raw)
    except ContentError as refused:
        assert refused.problems
        assert all(problem.path and problem.sentence for problem in refused.problems)
    else:
        assert parse(dump(content)) == content


@SETTINGS
@given(raw=documents(), field=st.sampled_from(STEP_FIELDS), value=json_values)
def test_one_wrong_field_of_a_step_never_breaks_the_reader(raw, field, value):
    raw["steps"][0] = raw["steps"][0] | {field: value}
    try:
        content = parse(raw)
    except ContentError as refused:
        assert all(problem.path.startswith("steps") for problem in refused.problems)
    else:
        assert parse(dump(content)) == content


def test_every_problem_is_listed_with_its_path_and_remedy():
    found = problems(
        {
            "purpos": "x",
            "est_minutes": 0,
            "tester_kinds": ["safety_analyser"],
            "steps": [step(kind="numbr"), step(number={"unit": "joule"}), number({"low": 3, "high": 1} | CLAIM)],
        }
    )
    assert set(found) == {
        "purpose",
        "purpos",
        "est_minutes",
        "tester_kinds[0]",
        "steps",
        "steps[0].kind",
        "steps[1].number",
        "steps[1].number.unit",
        "steps[2].number.limit.low",
    }
    assert found["purpos"].remedy == "Did you mean purpose?"
    assert found["steps[0].kind"].remedy == "Did you mean number?"
    assert found["tester_kinds[0]"].remedy == "Did you mean safety_analyzer?"
    assert found["steps"].sentence == "The key a is used 2 times."


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("steps", document()),
        ("steps", document({"key": "a", "kind": "heading", "title": "A"})),
        ("steps", document(step(), step())),
        ("purpose", document(step(), purpose=" ")),
        ("purpose", document(step(), purpose="\0")),
        ("est_minutes", document(step(), est_minutes=True)),
        ("est_minutes", document(step(), est_minutes=10**30)),
        ("format", document(step(), format=2)),
        ("oem.title", document(step(), oem={"revision": "C"})),
        ("skill", document(step(), skill="Life support")),
        ("steps[0].key", document(step(key="Flow 100"))),
        ("steps[0].title", document(step(title="two\nlines"))),
        ("steps[0].required", document(step(required="yes"))),
        ("steps[0].options", document(step(kind="choice", options=[{"code": "a", "label": "A", "verdict": "pass"}]))),
        ("steps[0].options", document(step(kind="choice"))),
        ("steps[0].options", document(step(kind="choice", options=[{"code": "a", "label": "A", "verdict": "pass"}] * 2))),
        ("steps[0].number", document(step(kind="number"))),
        ("steps[0].photo", document(step(photo={"min_count": 1}))),
        ("steps[0].photo.min_count", document(step(kind="photo", photo={"min_count": 0}))),
        ("steps[0].phase", document(step(kind="text", phase="as_found_as_left"))),
        ("steps[0].images[0].sha256", document(step(images=[{"sha256": "A" * 64}]))),
        (
            "steps[0].consumable.replace_every.count",
            document(step(kind="consumable", consumable={"part": "x", "replace_every": {"period": "month"}})),
        ),
        (
            "steps[0].electrical_safety.edition",
            document(
                step(
                    kind="electrical_safety",
                    electrical_safety={"standard": "NFPA 99", "edition": "2013", "device_class": "I", "applied_parts": ["BF"]},
                )
            ),
        ),
    ],
)
def test_refused_with_its_path(path, raw):
    assert set(problems(raw)) == {path}


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("", CLAIM),
        ("", {"from": "ifu", "percent": 5}),
        ("nominal", CLAIM | {"nominal": 5}),
        ("nominal", CLAIM | {"nominal": 5, "percent": 5, "low": 1}),
        ("percent", CLAIM | {"high": 5, "percent": 5}),
        ("percent", CLAIM | {"nominal": 5, "percent": -5}),
        ("percent", CLAIM | {"nominal": 0, "percent": 5}),
        ("low_inclusive", CLAIM | {"nominal": 5, "percent": 5, "low_inclusive": False}),
        ("low", CLAIM | {"low": 5, "high": 5, "high_inclusive": False}),
        ("high", CLAIM | {"low": 5, "high": float("nan")}),
        ("high", CLAIM | {"low": 5, "high": float("inf")}),
        ("high", CLAIM | {"low": 5, "high": 10**13}),
        ("high", CLAIM | {"low": 5, "high": 10.123456789012345}),
        ("high", CLAIM | {"low": 5, "high": "10"}),
        ("source", {"high": 5, "edition": "1", "confidence": "GK-med"}),
        ("edition", {"high": 5, "source": "x", "confidence": "GK-med"}),
        ("confidence", {"high": 5, "source": "x", "edition": "1"}),
        ("confidence", CLAIM | {"high": 5, "confidence": "certain"}),
        ("from", CLAIM | {"high": 5, "from": "heaven"}),
    ],
)
def test_a_limit_without_its_numbers_or_its_source_is_refused(field, limit):
    path = "steps[0].number.limit"
    assert f"{path}.{field}".rstrip(".") in problems(document(number(limit)))


def test_a_limit_of_the_manufacturer_may_stay_open():
    limit = parse(document(number({"from": "ifu"}))).steps[0].number.limit
    assert limit.is_open
    assert (limit.source, limit.confidence) == ("Manufacturer's instructions for use", "ifu")


def test_a_hopeless_document_lists_so_many_problems_and_counts_the_rest():
    with pytest.raises(ContentError) as refused:
        parse(document(step(), **{f"field{position}": 1 for position in range(MOST_PROBLEMS + 50)}))
    assert len(refused.value.problems) == MOST_PROBLEMS + 1
    assert refused.value.problems[-1].sentence == "50 more problems are not listed."


def test_the_hash_of_a_known_document_does_not_change_between_releases():
    content = parse(document(number({"nominal": 200, "percent": 15, "absolute": 3} | CLAIM), step()))
    assert content_hash(content) == "209f967739fc8c2d1c5c7edc78bb75a4575fc702521b86ad1ab5098601eb8727"
    assert canonical_json({"b": 1, "a": "µ"}) == '{"a":"µ","b":1}'.encode()


def test_a_key_may_not_come_to_mean_something_else():
    released = parse(document(step(), NUMBER))
    kept = parse(document(step(title="Other words"), NUMBER | {"number": {"unit": "J", "decimals": 0}}, step(key="new")))
    turned = parse(document(step(kind="text"), NUMBER | {"number": {"unit": "W"}}))
    assert changed_meanings(released=released, draft=kept) == ()
    assert [problem.path for problem in changed_meanings(released=released, draft=turned)] == ["steps[0].key", "steps[1].key"]
    assert changed_meanings(released=released, draft=turned)[1].sentence == "energy was number in energy before and is now number in power."


@SETTINGS
@given(value=st.integers(-(10**6), 10**6) | st.decimals(-(10**6), 10**6, places=4))
def test_a_number_comes_back_from_json_as_it_was(value):
    assert exact(plain(exact(value))) == Decimal(value)
