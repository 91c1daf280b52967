import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.procedures.rules.content import parse
from openhtm.procedures.rules.packs import MOST_BYTES, MOST_DEPTH, PackError, dump_pack, pack_hash, read_pack, seal, write_pack
from openhtm.procedures.tests.strategies import packs

GOLDEN = Path(__file__).parent / "golden"
TEXT = (GOLDEN / "pack.yaml").read_text(encoding="utf-8")
SMALL = """format: openhtm-procedures/1
pack: small
title: Small
version: "1"
source: Tests
procedures:
- code: one
  name: One
  content:
    purpose: x
    steps: [{key: a, kind: pass_fail, title: A}]
"""
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def problems(data):
    with pytest.raises(PackError) as refused:
        read_pack(data)
    return [str(problem) for problem in refused.value.problems]


def test_the_golden_file_is_read_as_recorded():
    read = read_pack(TEXT)
    assert dump_pack(read.pack) == json.loads((GOLDEN / "pack.json").read_text(encoding="utf-8"))
    assert not read.sealed


def test_the_golden_file_is_written_as_recorded():
    assert write_pack(read_pack(TEXT).pack) == (GOLDEN / "pack.written.yaml").read_text(encoding="utf-8")


@SLOW
@given(pack=packs())
def test_writing_and_reading_gives_the_same_pack_and_text(pack):
    text = write_pack(pack)
    read = read_pack(text.encode())
    assert read.pack == pack
    assert (read.sha256, read.sealed) == (pack_hash(pack), True)
    assert write_pack(read.pack) == text


@SLOW
@given(pack=packs())
def test_the_content_of_a_pack_is_what_content_alone_reads(pack):
    for one, dumped in zip(pack.procedures, dump_pack(pack)["procedures"], strict=True):
        assert parse(dumped["content"]) == one.content


@SLOW
@given(data=st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_refused_in_words(data):
    assert problems(data)


@SLOW
@given(
    place=st.integers(0, len(TEXT)),
    cut=st.integers(0, 40),
    put=st.text(max_size=6) | st.sampled_from(["\0", "&a ", "*a", "{", "]", "\t", "!!int ", "? ", "1e999"]),
)
def test_a_damaged_pack_is_read_or_refused_but_never_breaks(place, cut, put):
    try:
        read = read_pack(TEXT[:place] + put + TEXT[place + cut :])
    except PackError as refused:
        assert refused.problems
    else:
        assert read_pack(write_pack(read.pack)).pack == read.pack


@SLOW
@given(data=st.data())
def test_one_changed_byte_of_a_sealed_pack_is_noticed_or_means_the_same(data):
    sealed = seal(SMALL)
    place = data.draw(st.integers(0, len(sealed) - 1))
    put = data.draw(st.sampled_from("abc019 :-"))
    try:
        read = read_pack(sealed[:place] + put + sealed[place + 1 :])
    except PackError as refused:
        assert refused.problems
    else:
        assert read.sha256 == pack_hash(read_pack(SMALL).pack) or not read.sealed


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "document: A mapping of fields is expected, not nothing."),
        (b"- 1", "document: A mapping of fields is expected, not a list."),
        (b"\xff\xfe", "file: Byte 0 is not UTF-8 text."),
        (b"a: ]", "line 1: This is not YAML: "),
        (b"a: 1\n---\nb: 2", "line 2: This is not YAML: "),
        (b"a: &x [1]\nb: [*x, *x]", "line 1: Anchors and aliases are not allowed."),
        (b"a: *x", "line 1: Anchors and aliases are not allowed."),
        (b"a: !!python/object/apply:os.system [ls]", "line 1: Tags are not allowed."),
        (b"a: !!binary aGk=", "line 1: Tags are not allowed."),
        (b"\na: 1\na: 2", "line 3: This is not YAML: the field a is written twice."),
        (b"1: a", "line 1: This is not YAML: a field name must be plain text."),
        (b"? [a]\n: 1", "line 1: This is not YAML: a field name must be plain text."),
        (b"a: " + b"9" * 5000, "line 1: This is not YAML: the number is too long."),
        (b"[" * 5000, f"line 1: The file is nested deeper than {MOST_DEPTH} levels."),
        (b"a\0b", "file: This is not readable YAML."),
        (b" " * (MOST_BYTES + 1), "file: The file is larger than 8 MiB."),
        (b"[" + b"1," * 500_000 + b"]", "line 1: The file has more than 400000 values."),
    ],
)
def test_files_that_are_no_packs(data, sentence):
    assert [problem for problem in problems(data) if problem.startswith(sentence)]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("procedures/1", "procedures/2", "format: This is not a procedure pack this program can read."),
        ("pack: small", "pack: Small Pack", "pack: Small Pack is not a code."),
        ('version: "1"', "version: 1", "version: A text is expected, not a number."),
        ("source: Tests", "", "source: It is missing."),
        ("source: Tests", "sourc: Tests", "sourc: There is no such field here. Did you mean source?"),
        ("source: Tests", "source: Tests\nconfidence: sure", "confidence: sure is not known."),
        ("source: Tests", "source: Tests\neffective_from: 1.5.2026", "effective_from: This is not a day."),
        ("source: Tests", f"source: Tests\nsha256: {'f' * 64}", f"sha256: The hash is {'f' * 64}, but this content has"),
        ("code: one", "code: one\n  kind: repair", "procedures[0].kind: repair is not known."),
        (
            "code: one",
            "code: one\n  interval: {months: 0, source: x, confidence: site}",
            "procedures[0].interval.months: 0 is not a whole number",
        ),
        ("code: one", "code: one\n  interval: {source: x, confidence: site}", "procedures[0].interval.months: It is missing."),
        ("kind: pass_fail", "kind: true", "procedures[0].content.steps[0].kind: True is not known."),
        ("title: A}", "title: no}", None),
        ("steps: [", "stepz: [", "procedures[0].content.steps: There is no step that asks for anything."),
    ],
)
def test_a_mistake_is_named_with_its_path(old, new, sentence):
    text = SMALL.replace(old, new)
    assert text != SMALL
    if sentence is None:
        assert read_pack(text).pack.procedures[0].content.steps[0].title == "no"
    else:
        assert [problem for problem in problems(text) if problem.startswith(sentence)]


def test_all_mistakes_are_listed_at_once():
    text = SMALL.replace("source: Tests", "").replace("pass_fail", "pasfail").replace("name: One", "nam: One")
    assert len(problems(text)) == 4


def test_two_procedures_may_not_share_code_or_name():
    twice = SMALL + SMALL[SMALL.index("- code") :]
    assert problems(twice)[:1] == ["procedures: Two procedures have the code one. Each needs its own."]
    assert len(problems(twice)) == 2


def test_sealing_puts_the_right_hash_and_leaves_the_rest():
    sealed = seal(TEXT)
    assert read_pack(sealed).sealed
    assert [line for line in sealed.splitlines() if not line.startswith("sha256:")] == TEXT.splitlines()
    assert seal(sealed) == sealed
    assert read_pack(seal(sealed.replace("est_minutes: 40", "est_minutes: 41"))).pack.procedures[0].content.est_minutes == 41


def test_the_hash_covers_everything_that_is_said():
    pack = read_pack(SMALL).pack
    one = pack.procedures[0]
    others = [
        replace(pack, title="Other"),
        replace(pack, licence="MIT"),
        replace(pack, procedures=(replace(one, device_types=("x",)),)),
        replace(pack, procedures=(replace(one, content=replace(one.content, est_minutes=31)),)),
    ]
    assert len({pack_hash(pack), *map(pack_hash, others)}) == 5


def test_a_byte_order_mark_and_other_line_ends_do_not_matter():
    assert read_pack(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()).pack == read_pack(SMALL).pack
