"""The shipped lists hold what the sources say, and a broken file is refused."""

import pytest
import yaml

from openhtm.workorders.rules.codes import DATA, CodeFileError, read_shipped
from openhtm.workorders.rules.kinds import Kind

FAILURES = {  # corrective, scheduled, who can act
    "npf": (True, True, "none"),
    "batt": (True, True, "indirect"),
    "acc": (True, True, "indirect"),
    "net": (True, True, "indirect"),
    "use": (True, True, "indirect"),
    "upf": (True, False, "none"),
    "ppf": (True, False, "direct"),
    "sif": (True, True, "direct"),
    "ef": (False, True, "indirect"),
    "pf": (False, True, "direct"),
    "hf": (False, True, "direct"),
}


def test_the_failure_codes_are_those_of_the_literature():
    shipped = [entry for entry in read_shipped().entries if entry.list == "failure"]
    assert {entry.code: (entry.for_corrective, entry.for_scheduled, entry.group) for entry in shipped} == FAILURES
    assert all(entry.meaning for entry in shipped)


def test_every_kind_of_work_has_a_template_and_every_priority_a_target():
    shipped = read_shipped()
    assert {template.kind for template in shipped.templates} == set(Kind)
    assert len(shipped.templates) >= 12
    assert [(t.priority, t.response_min < t.completion_min) for t in shipped.targets] == [(1, True), (2, True), (3, True), (4, True)]
    assert any(entry.list == "hold" and entry.stops_clock for entry in shipped.entries)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("lists", "failure", "codes", 0, "group"), "nobody", "group must be one of"),
        (("lists", "hold", "codes", 0, "label"), "", "missing or too long"),
        (("lists", "hold", "codes", 1, "code"), "parts", "code given twice"),
        (("templates", 0, "kind"), "magic", "unknown kind"),
        (("targets", "lines", 0, "priority"), 2, "target given twice"),
        (("lists", "hold"), None, "hold"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, path, value, told):
    document = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    broken = tmp_path / "codes.yaml"
    broken.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(CodeFileError, match=told):
        read_shipped(broken)
