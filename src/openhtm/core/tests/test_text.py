"""Keys as people and programs send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.text import key_of


@given(st.integers(0, 10**17 - 1))
def test_a_key_comes_back_as_the_number_it_is(key):
    assert key_of(str(key)) == key


@given(st.text())
def test_whatever_else_is_sent_is_no_key_or_one_that_the_database_holds(text):
    found = key_of(text)
    assert found is None or 0 <= found < 10**17


@pytest.mark.parametrize("text", [None, "", "-1", "1.0", "१", "²", " 7", "9" * 18])
def test_what_is_no_key(text):
    assert key_of(text) is None
