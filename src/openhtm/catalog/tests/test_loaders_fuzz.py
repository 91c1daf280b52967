"""Readers meet any bytes: rows, problems, or UnreadableError; never anything else."""

import gzip
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.rules.official.code_lists import read_emdn, read_fda_classification, read_gmdn
from openhtm.catalog.rules.official.gudid import read_gudid
from openhtm.catalog.rules.official.source import Reading, Source, UnreadableError

READERS = (read_fda_classification, read_emdn, read_gmdn, read_gudid)
HEADERS = {
    read_fda_classification: "REVIEW_PANEL|PRODUCTCODE|DEVICENAME|DEVICECLASS|REGULATIONNUMBER|Implant_Flag\n",
    read_emdn: "CODE\tTERM\tLEVEL\tTERMINAL LEVEL YES/NO\n",
    read_gmdn: "code,description,relatedEmdnCodes\n",
}
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "publicDeviceRecordKey": json_values,
        "identifiers": json_values
        | st.fixed_dictionaries(
            {
                "identifier": st.fixed_dictionaries(
                    {
                        "deviceId": json_values | st.sampled_from(["00844588018923", "A999X11"]),
                        "deviceIdType": st.sampled_from(["Primary", "Package", "x"]) | json_values,
                        "deviceIdIssuingAgency": st.sampled_from(["GS1", "HIBCC", "ICCBBA"]) | json_values,
                        "pkgQuantity": json_values,
                    }
                )
            }
        ),
        "devicePublishDate": json_values,
        "gmdnTerms": json_values,
        "productCodes": json_values,
        "sterilization": json_values,
        "rx": json_values,
    },
)


def outcome(read, content):
    """Return rows and problems, or None for an unreadable file."""
    problems = []
    reading = Reading(problems.append)
    try:
        rows = list(read(Source(io.BytesIO(content)), reading))
    except UnreadableError as refusal:
        assert str(refusal)
        return None
    refused = [problem for problem in problems if problem.refused]
    assert len(rows) + len(refused) == reading.read
    assert all(problem.message for problem in problems)
    return rows


@pytest.mark.parametrize("read", READERS)
@given(content=st.binary(max_size=400), packed=st.booleans())
@SETTINGS
def test_any_bytes_are_answered(read, content, packed):
    assert not outcome(read, gzip.compress(content) if packed else content)


@pytest.mark.parametrize("read", list(HEADERS))
@given(body=st.text(max_size=300))
@SETTINGS
def test_any_text_below_a_good_header_is_answered_and_storable(read, body):
    for row in outcome(read, (HEADERS[read] + body).encode("utf-8", "replace")) or []:
        assert row.code
        assert "\0" not in repr(row)


@given(found=st.lists(records, max_size=4), as_list=st.booleans())
@SETTINGS
def test_any_json_objects_are_answered_and_storable(found, as_list):
    text = json.dumps(found) if as_list else "\n".join(json.dumps(one) for one in found)
    for row in outcome(read_gudid, text.encode()) or []:
        assert 0 < len(row.primary_di) <= 30
        assert row.identifiers
        assert "\\x00" not in repr(row)


@given(name=st.from_regex(r"[a-z]{1,8}", fullmatch=True), text=st.text(max_size=50), cut=st.integers(0, 200))
@SETTINGS
def test_any_xml_like_text_is_answered(name, text, cut):
    whole = f"<gudid><device><{name}>{text}</{name}></device></gudid>"
    assert outcome(read_gudid, whole[:cut].encode("utf-8", "replace")) in (None, [])
