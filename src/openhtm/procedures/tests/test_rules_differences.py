"""What changed between two versions."""

from hypothesis import given

from openhtm.procedures.rules.content import content_hash, parse
from openhtm.procedures.rules.differences import differences
from openhtm.procedures.tests.factories import CONTENT, changed
from openhtm.procedures.tests.strategies import contents


@given(contents, contents)
def test_contents_differ_exactly_when_there_are_differences(one, other):
    assert bool(differences(before=one, after=other)) == (content_hash(one) != content_hash(other))


@given(contents)
def test_nothing_differs_from_itself(content):
    assert differences(before=content, after=content) == ()


def test_a_reviewer_reads_what_changed():
    after = parse(changed(high=220) | {"est_minutes": 45})
    found = [(one.step, one.what, one.before, one.after) for one in differences(before=parse(CONTENT), after=after)]
    assert found == [
        ("", "Estimated minutes", "30", "45"),
        ("Delivered energy at 200 J", "Limit", "170 to 230 J", "170 to 220 J"),
        ("Delivered energy at 200 J", "Limit as written", "low 170, high 230", "low 170, high 220"),
    ]


def test_steps_come_go_and_move():
    first, second = CONTENT["steps"]
    after = parse(CONTENT | {"steps": [second, {"key": "label", "kind": "text", "title": "Label"}, first]})
    found = [(one.what, one.before, one.after) for one in differences(before=parse(CONTENT), after=after)]
    assert found == [
        ("Step added", "", "Label (Text)"),
        ("Order of the steps", "Physical condition, Delivered energy at 200 J", "Delivered energy at 200 J, Physical condition"),
    ]
