"""What changed between two versions."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from openhtm.procedures.rules.content import content_hash, parse
from openhtm.procedures.rules.differences import differences
from openhtm.procedures.tests.factories import CONTENT, changed
from openhtm.procedures.tests.strategies import contents


def _with_step(content, **change):
    return replace(content, steps=(replace(content.steps[0], **change), *content.steps[1:]))


CHANGES = {
    "nothing": lambda content: content,
    "purpose": lambda content: replace(content, purpose=content.purpose + "x"),
    "minutes": lambda content: replace(content, est_minutes=content.est_minutes + 1),
    "tools": lambda content: replace(content, tools=(*content.tools, "Torch")),
    "document": lambda content: replace(content, oem=None),
    "order": lambda content: replace(content, steps=content.steps[::-1]),
    "fewer steps": lambda content: replace(content, steps=content.steps[1:]),
    "title": lambda content: _with_step(content, title=content.steps[0].title + "x"),
    "severity": lambda content: _with_step(content, on_fail="minor"),
    "reason": lambda content: _with_step(content, na_needs_reason=not content.steps[0].na_needs_reason),
    "previous": lambda content: _with_step(content, show_previous=not content.steps[0].show_previous),
    "decimals": lambda content: _with_step(content, number=_other_decimals(content.steps[0].number)),
    "note": lambda content: _with_step(content, number=_other_note(content.steps[0].number)),
    "safety": lambda content: _with_step(content, electrical_safety=_other_class(content.steps[0].electrical_safety)),
}


def _other_decimals(number):
    return number and replace(number, decimals=(number.decimals + 1) % 7)


def _other_note(number):
    return replace(number, limit=replace(number.limit, note=number.limit.note + "x")) if number and number.limit else number


def _other_class(block):
    return block and replace(block, device_class={"I": "II"}.get(block.device_class, "I"))


@given(contents, st.sampled_from(sorted(CHANGES)))
def test_contents_differ_exactly_when_there_are_differences(before, change):
    after = CHANGES[change](before)
    assert bool(differences(before=before, after=after)) == (content_hash(before) != content_hash(after))


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
