"""Parts of addresses that the inventory understands."""

from urllib.parse import quote

from openhtm.core.text import control_number_key
from openhtm.inventory.rules.control_numbers import refuse_control_number


class ControlNumberConverter:
    """``<control_number:…>``: any control number, percent-encoded where needed, given on in its canonical form.

    A text that can be no control number does not match, so that the address answers 404.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the canonical control number. Raises ValueError."""
        if sentence := refuse_control_number(value):
            raise ValueError(sentence)
        return control_number_key(value)

    def to_url(self, value: str) -> str:
        return quote(value, safe="")
