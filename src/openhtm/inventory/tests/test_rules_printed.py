"""Whatever address is printed is read back, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.text import control_number_key
from openhtm.inventory.addresses import device_url
from openhtm.inventory.converters import ControlNumberConverter
from openhtm.inventory.rules.control_numbers import MAX_LENGTH, refuse_control_number
from openhtm.inventory.rules.printed import Address, place_url, read_address

control_numbers = st.text(max_size=MAX_LENGTH).map(control_number_key).filter(lambda text: refuse_control_number(text) is None)


@given(number=control_numbers)
def test_a_printed_device_address_is_read_back(number):
    found = read_address("https://htm.example.org/openhtm" + device_url(number))
    assert found == Address("device", control_number_key(number), "htm.example.org")
    assert ControlNumberConverter().to_python(number) == control_number_key(number)
    assert "/" not in ControlNumberConverter().to_url(number)


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reader(text):
    for scanned in (text, f"/d/{text}", f"http://{text}", f"https://h/d/{text}"):
        found = read_address(scanned)
        assert found is None or found.kind in ("device", "place")


@pytest.mark.parametrize(
    "text",
    ["BME-00001", "https://example.org/devices/BME-1", "https://example.org/d/", "/d/a/b", "/d/..", "javascript:/d/x", "http://[::1/d/X"],
)
def test_other_texts_are_no_address(text):
    assert read_address(text) is None


def test_a_place_address_is_read_back():
    assert read_address("https://h" + place_url("AB12CD34")) == Address("place", "AB12CD34", "h")
    assert read_address("/l/ab12cd34") == Address("place", "AB12CD34", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Give"),
        ("  ", "Give"),
        ("A/1", "slashes"),
        ("A\\1", "slashes"),
        ("A\t1", "invisible"),
        ("A\u200b1", "invisible"),
        ("..", "letter"),
        ("X" * 41, "at most 40"),
    ],
)
def test_control_numbers_that_are_refused(text, words):
    assert words in (refuse_control_number(text) or "")


@pytest.mark.parametrize("text", ["BME-00001", "bme 1", "Ünit 7", "A.1", "#17", "50%", "a?b=c"])
def test_control_numbers_that_are_not(text):
    assert refuse_control_number(text) is None
