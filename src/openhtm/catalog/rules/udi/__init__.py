"""Unique device identification: one parser for GS1, HIBCC and ICCBBA. Reference: docs/reference/udi.md."""

from openhtm.catalog.rules.udi.build import digital_link, gs1_brackets, gs1_element_string, gs1_elements, gs1_raw, hibc_string, hrf
from openhtm.catalog.rules.udi.checks import gtin_check_digit, has_valid_gtin_check, mod43_check
from openhtm.catalog.rules.udi.messages import MESSAGES
from openhtm.catalog.rules.udi.model import MAX_LENGTH, Issuer, ParsedUdi, UdiError, UdiWarning
from openhtm.catalog.rules.udi.parse import parse, parse_di

__all__ = [
    "MAX_LENGTH",
    "MESSAGES",
    "Issuer",
    "ParsedUdi",
    "UdiError",
    "UdiWarning",
    "digital_link",
    "gs1_brackets",
    "gs1_element_string",
    "gs1_elements",
    "gs1_raw",
    "gtin_check_digit",
    "has_valid_gtin_check",
    "hibc_string",
    "hrf",
    "mod43_check",
    "parse",
    "parse_di",
]
